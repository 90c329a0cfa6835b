//! Rules that take more than one step. Each test is a sentence about both ends of the wire.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engineio_proto::jsonp::JsonpIndex;
use engineio_proto::server::{Config, Event, OnFull, Opening, Session};
use engineio_proto::{
    CloseReason, ContentType, Frame, LinkId, Message, Payload, Reject, Revision, SendError, Sid,
    Text, Time, Transport, TransportFault, client,
};

/// So many milliseconds after the start.
fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn sid() -> Sid {
    Sid::new("CutEdQFlYU6blFeZAAAB").unwrap()
}

fn polling(change: impl FnOnce(&mut Config)) -> Session {
    polling_as(Opening::new(sid()), change)
}

fn polling_as(opening: Opening, change: impl FnOnce(&mut Config)) -> Session {
    let mut config = Config::default();
    change(&mut config);
    let mut session = Session::accept_polling(Arc::new(config), opening, at(0));
    session.handle_get(at(0)).unwrap();
    assert!(payload(&mut session).is_some());
    session
}

fn link(transport: Transport) -> (Session, LinkId) {
    let (mut session, link) = Session::accept_link(
        Arc::new(Config::default()),
        Opening::new(sid()),
        transport,
        at(0),
    );
    assert!(session.poll_frame(link).is_some());
    (session, link)
}

fn payload(session: &mut Session) -> Option<String> {
    let mut out = BytesMut::new();
    session.poll_payload(&mut out)?;
    Some(String::from_utf8(out.to_vec()).unwrap())
}

fn poll(session: &mut Session, now: Time) -> Option<String> {
    session.handle_get(now).unwrap();
    payload(session)
}

fn frames(session: &mut Session, link: LinkId) -> Vec<Text> {
    std::iter::from_fn(|| session.poll_frame(link))
        .map(|frame| frame.to_text().unwrap())
        .collect()
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn closed(session: &mut Session) -> Option<CloseReason> {
    match events(session).last() {
        Some(Event::Close(reason)) => Some(*reason),
        _ => None,
    }
}

fn text(message: &str) -> Message {
    Message::text(message)
}

#[test]
fn the_open_packet_says_what_the_reference_says_in_its_order() {
    let config = Arc::new(Config::default());
    let mut session = Session::accept_polling(Arc::clone(&config), Opening::new(sid()), at(0));
    assert_eq!(
        poll(&mut session, at(0)).unwrap(),
        r#"0{"sid":"CutEdQFlYU6blFeZAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );
    let (mut session, link) =
        Session::accept_link(config, Opening::new(sid()), Transport::WEBSOCKET, at(0));
    assert_eq!(
        session.poll_frame(link).unwrap().to_text().unwrap(),
        r#"0{"sid":"CutEdQFlYU6blFeZAAAB","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );
}

#[test]
fn upgrades_are_listed_in_the_order_of_the_transports_and_not_at_all_when_turned_off() {
    let first_answer = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        let mut session = Session::accept_polling(Arc::new(config), Opening::new(sid()), at(0));
        poll(&mut session, at(0)).unwrap()
    };
    let answer = first_answer(|config| {
        config.transports([
            Transport::POLLING,
            Transport::WEBSOCKET,
            Transport::WEBTRANSPORT,
        ]);
    });
    assert!(
        answer.contains(r#""upgrades":["websocket","webtransport"]"#),
        "{answer}"
    );
    let answer = first_answer(|config| {
        config.upgrades(false);
    });
    assert!(answer.contains(r#""upgrades":[]"#), "{answer}");
}

#[test]
fn one_answer_gathers_all_that_was_sent_since_the_last() {
    let mut session = polling(|_| {});
    session
        .send_all(&[text("51-[]"), Message::binary(vec![1, 2, 3])])
        .unwrap();
    session.send(text("2")).unwrap();
    assert_eq!(
        poll(&mut session, at(1)).unwrap(),
        "451-[]\u{1e}bAQID\u{1e}42"
    );
}

#[test]
fn an_answer_keeps_to_max_payload_unless_one_message_alone_is_larger() {
    let mut session = polling(|config| {
        config.max_payload(20);
    });
    for message in [
        "123456789",
        "123456789",
        "1",
        "a message of more than twenty bytes",
        "2",
    ] {
        session.send(text(message)).unwrap();
    }
    let mut bodies = Vec::new();
    while session.buffered_messages() > 0 {
        bodies.push(poll(&mut session, at(1)).unwrap());
    }
    // The first two take 10 + 1 + 10 bytes, one too many.
    let expected = [
        "4123456789",
        "4123456789\u{1e}41",
        "4a message of more than twenty bytes",
        "42",
    ];
    assert_eq!(bodies, expected);
}

#[test]
fn a_message_that_was_not_fetched_by_polling_leaves_by_the_link() {
    let mut session = polling(|_| {});
    session.send(text("kept")).unwrap();
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(2));
    assert_eq!(frames(&mut session, link), ["3probe"]);
    session.handle_frame(link, Frame::text("5"), at(3));
    assert_eq!(frames(&mut session, link), ["4kept"]);
    assert_eq!(events(&mut session), [Event::Upgrade(Transport::WEBSOCKET)]);
    assert_eq!(session.transport(), Transport::WEBSOCKET);
}

#[test]
fn the_waiting_poll_is_released_as_soon_as_the_probe_is_answered() {
    let mut session = polling(|_| {});
    assert_eq!(poll(&mut session, at(1)), None);
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(2))
        .unwrap();
    assert_eq!(
        payload(&mut session),
        None,
        "a link that has not spoken releases nothing"
    );
    session.handle_frame(link, Frame::text("2probe"), at(3));
    assert_eq!(payload(&mut session).unwrap(), "6");
}

#[test]
fn a_poll_that_comes_after_the_probe_is_released_once_and_after_100_ms() {
    let mut session = polling(|_| {});
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(1));
    assert_eq!(poll(&mut session, at(10)), None);
    assert_eq!(session.poll_timeout(), Some(at(110)));
    session.handle_timeout(at(109));
    assert_eq!(payload(&mut session), None);
    session.handle_timeout(at(110));
    assert_eq!(payload(&mut session).unwrap(), "6");
    assert!(
        session.poll_timeout().unwrap() > at(1_000),
        "no storm of releases"
    );
}

#[test]
fn messages_still_go_by_polling_while_a_link_is_probed() {
    let mut session = polling(|_| {});
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(1));
    session.send(text("out")).unwrap();
    assert_eq!(poll(&mut session, at(2)).unwrap(), "4out");
    session.start_post(ContentType::Text, at(3)).unwrap();
    session.handle_post(Bytes::from("4in"), at(3)).unwrap();
    assert_eq!(events(&mut session), [Event::Message(text("in"))]);
    assert_eq!(frames(&mut session, link), ["3probe"]);
}

#[test]
fn a_failed_probe_leaves_the_session_as_it_was() {
    let mut session = polling(|_| {});
    assert_eq!(poll(&mut session, at(1)), None);
    for (now, end) in [(10, "frame"), (20, "closed"), (30, "timeout")] {
        let link = session
            .open_link(Transport::WEBSOCKET, false, at(now))
            .unwrap();
        match end {
            "frame" => session.handle_frame(link, Frame::text("4too early"), at(now)),
            "closed" => session.handle_link_closed(link, at(now)),
            _ => session.handle_timeout(at(now) + Duration::from_secs(10)),
        }
        assert!(session.is_link_finished(link), "{end}");
        assert_eq!(events(&mut session), [], "{end}");
    }
    session.send(text("out")).unwrap();
    assert_eq!(payload(&mut session).unwrap(), "4out");
}

#[test]
fn links_of_different_transports_are_tried_side_by_side_and_the_first_decision_counts() {
    let mut session = polling(|config| {
        config.transports([
            Transport::POLLING,
            Transport::WEBSOCKET,
            Transport::WEBTRANSPORT,
        ]);
    });
    let websocket = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    let webtransport = session
        .open_link(Transport::WEBTRANSPORT, false, at(1))
        .unwrap();
    let again = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap_err();
    assert_eq!(again.code(), Some(3), "one of each transport at a time");
    for link in [websocket, webtransport] {
        session.handle_frame(link, Frame::text("2probe"), at(2));
        assert_eq!(frames(&mut session, link), ["3probe"]);
    }
    session.handle_frame(webtransport, Frame::text("5"), at(3));
    assert!(session.is_link_finished(websocket));
    assert!(!session.is_link_finished(webtransport));
    session.handle_frame(websocket, Frame::text("4late"), at(4));
    assert_eq!(
        events(&mut session),
        [Event::Upgrade(Transport::WEBTRANSPORT)]
    );
}

#[test]
fn a_pong_that_is_owed_when_the_client_upgrades_is_still_owed_afterwards() {
    let mut session = polling(|_| {});
    session.handle_timeout(at(25_000));
    assert_eq!(poll(&mut session, at(25_000)).unwrap(), "2");
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(25_001))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(25_001));
    session.handle_frame(link, Frame::text("5"), at(25_002));
    assert_eq!(frames(&mut session, link), [] as [&str; 0]);
    session.handle_timeout(at(44_999));
    assert!(session.is_open());
    session.handle_timeout(at(45_000));
    assert_eq!(closed(&mut session), Some(CloseReason::PingTimeout));
}

#[test]
fn heartbeats_go_on_after_an_upgrade() {
    for revision in [Revision::V4, Revision::V3] {
        let mut session = polling_as(Opening::new(sid()).revision(revision), |_| {});
        let link = session
            .open_link(Transport::WEBSOCKET, false, at(1))
            .unwrap();
        session.handle_frame(link, Frame::text("2probe"), at(1));
        session.handle_frame(link, Frame::text("5"), at(2));
        while session.is_open() {
            let now = session.poll_timeout().expect("a deadline");
            assert!(now <= at(45_002), "{revision:?}");
            session.handle_timeout(now);
            while session.poll_frame(link).is_some() {}
        }
        assert_eq!(closed(&mut session), Some(CloseReason::PingTimeout));
        assert!(session.is_link_finished(link));
    }
}

#[test]
fn bytes_of_an_unfinished_frame_count_as_life() {
    let (mut session, link) = link(Transport::WEBSOCKET);
    session.handle_timeout(at(25_000));
    assert_eq!(frames(&mut session, link), ["2"]);
    for now in (30_000..120_000).step_by(5_000) {
        session.handle_activity(at(now));
        session.handle_timeout(at(now));
        while session.poll_frame(link).is_some() {}
        assert!(session.is_open(), "{now}");
    }
    let mut last = at(0);
    while session.is_open() {
        last = session.poll_timeout().unwrap();
        session.handle_timeout(last);
        while session.poll_frame(link).is_some() {}
    }
    assert!(
        last <= at(115_000 + 45_000),
        "silence is noticed after interval and timeout, {last:?}"
    );
}

#[test]
fn pings_and_pongs_wait_at_most_once() {
    let mut config = Config::default();
    config.revision_3(true);
    let opening = Opening::new(sid()).revision(Revision::V3);
    let (mut session, link) =
        Session::accept_link(Arc::new(config), opening, Transport::WEBSOCKET, at(0));
    assert!(session.poll_frame(link).is_some());
    for _ in 0..1_000 {
        session.handle_frame(link, Frame::text("2"), at(1));
    }
    assert_eq!(frames(&mut session, link), ["3"]);
}

#[test]
fn a_session_that_was_never_polled_is_closed_after_interval_and_timeout() {
    let mut session = polling(|config| {
        config
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200));
    });
    session.handle_timeout(at(300));
    session.handle_timeout(at(499));
    assert!(session.is_open());
    session.handle_timeout(at(500));
    assert_eq!(session.handle_get(at(500)), Err(Reject::UnknownSid));
    assert_eq!(closed(&mut session), Some(CloseReason::PingTimeout));
}

#[test]
fn a_close_packet_is_honoured_on_every_transport() {
    let (mut session, link) = link(Transport::custom("pigeon"));
    session.handle_frame(link, Frame::text("1"), at(1));
    assert_eq!(closed(&mut session), Some(CloseReason::TransportClose));
    assert!(session.is_link_finished(link));

    let mut session = polling(|_| {});
    assert_eq!(poll(&mut session, at(1)), None);
    session.start_post(ContentType::Text, at(2)).unwrap();
    session
        .handle_post(Bytes::from("4last\u{1e}1\u{1e}4never"), at(2))
        .unwrap();
    assert_eq!(
        events(&mut session),
        [
            Event::Message(text("last")),
            Event::Close(CloseReason::TransportClose)
        ]
    );
    assert_eq!(session.finish_post(), Ok(()));
    assert_eq!(
        payload(&mut session).unwrap(),
        "6",
        "who closed is only released"
    );
}

#[test]
fn packets_before_a_bad_one_are_delivered_and_the_body_is_refused() {
    let mut session = polling(|_| {});
    session.start_post(ContentType::Text, at(1)).unwrap();
    session
        .handle_post(Bytes::from("4a\u{1e}4b\u{1e}x\u{1e}4c"), at(1))
        .unwrap();
    let events = events(&mut session);
    assert_eq!(
        events[..2],
        [Event::Message(text("a")), Event::Message(text("b"))]
    );
    assert!(
        matches!(events[2..], [Event::Close(CloseReason::ParseError(_))]),
        "{events:?}"
    );
    assert_eq!(session.finish_post(), Err(Reject::InvalidPayload));
}

#[test]
fn a_graceful_close_lets_everything_leave_first() {
    let (mut session, link) = link(Transport::WEBSOCKET);
    session.send(text("last")).unwrap();
    session.close(at(1));
    assert_eq!(session.send(text("later")), Err(SendError::Closed));
    assert!(!session.is_link_finished(link));
    assert_eq!(frames(&mut session, link), ["4last"]);
    assert!(session.is_link_finished(link));
    assert_eq!(closed(&mut session), Some(CloseReason::Forced));
    assert_eq!(session.undelivered(), 0);
}

#[test]
fn a_polling_close_waits_for_the_next_poll_and_not_for_ever() {
    let mut session = polling(|_| {});
    session.close(at(1));
    assert_eq!(poll(&mut session, at(5_000)).unwrap(), "1");
    assert_eq!(closed(&mut session), Some(CloseReason::Forced));
    assert_eq!(session.handle_get(at(5_001)), Err(Reject::UnknownSid));

    let mut session = polling(|_| {});
    session.send(text("lost")).unwrap();
    session.close(at(1));
    session.handle_timeout(at(20_001));
    assert_eq!(closed(&mut session), Some(CloseReason::Forced));
    assert_eq!(session.undelivered(), 1);
}

/// JavaScript clients of 4.8 see a close packet a moment before they hand on the messages in front of it, if both are in
/// one body, and drop them.
#[test]
fn on_polling_the_close_has_an_answer_of_its_own() {
    let mut session = polling(|_| {});
    session.send(text("last")).unwrap();
    session.close(at(1));
    assert_eq!(poll(&mut session, at(2)).unwrap(), "4last");
    assert_eq!(closed(&mut session), None);
    assert_eq!(poll(&mut session, at(3)).unwrap(), "1");
    assert_eq!(closed(&mut session), Some(CloseReason::Forced));
}

#[test]
fn a_client_that_is_coming_over_gets_the_rest_by_the_link_even_if_the_server_is_closing() {
    let mut session = polling(|_| {});
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(1));
    session.send(text("last")).unwrap();
    session.close(at(2));
    assert_eq!(frames(&mut session, link), ["3probe"]);
    session.handle_frame(link, Frame::text("5"), at(3));
    assert_eq!(frames(&mut session, link), ["4last"]);
    assert!(session.is_link_finished(link));
    assert_eq!(closed(&mut session), Some(CloseReason::Forced));
}

#[test]
fn a_session_that_is_owed_too_much_ends_where_that_is_the_policy() {
    for together in [false, true] {
        let mut config = Config::default();
        config.buffer_limit(100, 3).on_full(OnFull::Disconnect);
        let (mut session, link) = Session::accept_link(
            Arc::new(config),
            Opening::new(sid()),
            Transport::WEBSOCKET,
            at(0),
        );
        assert!(session.poll_frame(link).is_some());
        session.send(text("1")).unwrap();
        session.send_all(&[text("2"), text("3")]).unwrap();
        let sent = if together {
            session.send_all(&[text("4"), text("5")])
        } else {
            session.send(text("4"))
        };
        assert_eq!(sent, Err(SendError::Full));
        assert_eq!(session.send(text("6")), Err(SendError::Closed));
        assert_eq!(
            closed(&mut session),
            Some(CloseReason::TransportError(TransportFault::Slow))
        );
        assert_eq!(session.undelivered(), 3);
        assert!(session.is_link_finished(link));
    }
}

#[test]
fn what_a_session_owes_is_bounded_and_heartbeats_are_not_counted() {
    let (mut session, link) = {
        let mut config = Config::default();
        config.buffer_limit(100, 3);
        let (mut session, link) = Session::accept_link(
            Arc::new(config),
            Opening::new(sid()),
            Transport::WEBSOCKET,
            at(0),
        );
        assert!(session.poll_frame(link).is_some());
        (session, link)
    };
    session
        .send(text(&"x".repeat(1_000)))
        .expect("what is larger than the budget goes alone");
    assert_eq!(session.send(text("y")), Err(SendError::Full));
    assert!(session.is_slow() && !session.wants_input() && !session.is_writable());
    session.send_reserved(&[text("an answer")]).unwrap();
    session.handle_timeout(at(25_000));
    assert_eq!(session.poll_frame(link), Some(Frame::text("2")));
    assert_eq!(frames(&mut session, link).len(), 2);
    assert_eq!(session.buffered_bytes(), 0);

    assert_eq!(session.send_all(&[text("1"), text("2")]), Ok(()));
    assert_eq!(
        session.send_all(&[text("3"), text("4")]),
        Err(SendError::Full),
        "all or none"
    );
    assert_eq!(session.send(text("3")), Ok(()));
    assert_eq!(session.send(text("4")), Err(SendError::Full));
    assert_eq!(frames(&mut session, link), ["41", "42", "43"]);
}

#[test]
fn binary_takes_the_form_that_the_request_asked_for() {
    let bytes = || Message::binary(vec![1, 2, 3]);
    let forms = [
        (Revision::V4, false, &[1, 2, 3][..]),
        (Revision::V4, true, b"bAQID"),
        (Revision::V3, false, &[4, 1, 2, 3]),
        (Revision::V3, true, b"b4AQID"),
    ];
    for (revision, base64, expected) in forms {
        let opening = Opening::new(sid()).revision(revision).base64(base64);
        let (mut session, link) = Session::accept_link(
            Arc::new(Config::default()),
            opening,
            Transport::WEBSOCKET,
            at(0),
        );
        assert!(session.poll_frame(link).is_some());
        session.send(bytes()).unwrap();
        let frame = session.poll_frame(link).unwrap();
        assert_eq!(
            [frame.prefix(), frame.body()].concat(),
            expected,
            "{revision:?} {base64}"
        );
        assert_eq!(frame.is_text(), base64);
        session.handle_frame(link, frame, at(1));
        assert_eq!(events(&mut session), [Event::Message(bytes())]);
    }
}

#[test]
fn a_link_may_take_binary_although_polling_could_not() {
    let mut session = polling_as(
        Opening::new(sid()).revision(Revision::V3).base64(true),
        |_| {},
    );
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(1));
    session.handle_frame(link, Frame::text("5"), at(2));
    session.send(Message::binary(vec![1])).unwrap();
    assert_eq!(session.poll_frame(link), Some(Frame::binary(vec![4, 1])));
}

#[test]
fn revision_3_answers_in_bytes_only_if_there_are_bytes_in_the_answer() {
    let mut session = polling_as(Opening::new(sid()).revision(Revision::V3), |_| {});
    session.send(text("€")).unwrap();
    session.handle_get(at(1)).unwrap();
    let mut body = BytesMut::new();
    assert_eq!(session.poll_payload(&mut body), Some(ContentType::Text));
    assert_eq!(body, "2:4€".as_bytes());

    session.send(text("€")).unwrap();
    session.send(Message::binary(vec![1, 2, 3])).unwrap();
    session.handle_get(at(2)).unwrap();
    let mut body = BytesMut::new();
    assert_eq!(session.poll_payload(&mut body), Some(ContentType::Binary));
    assert_eq!(
        body[..],
        [&[0, 4, 255][..], "4€".as_bytes(), &[1, 4, 255, 4, 1, 2, 3]].concat()
    );
}

#[test]
fn jsonp_wraps_answers_and_reads_forms() {
    let opening = Opening::new(sid())
        .revision(Revision::V3)
        .base64(true)
        .jsonp(JsonpIndex::parse("7"));
    let mut session = polling_as(opening, |_| {});
    session.send(text("\"quoted\"")).unwrap();
    assert_eq!(
        poll(&mut session, at(1)).unwrap(),
        r#"___eio[7]("9:4\"quoted\"");"#
    );
    session.start_post(ContentType::Text, at(2)).unwrap();
    session
        .handle_post(Bytes::from("d=3%3A4in"), at(2))
        .unwrap();
    assert_eq!(events(&mut session), [Event::Message(text("in"))]);
    session.finish_post().unwrap();
    session.start_post(ContentType::Text, at(3)).unwrap();
    session
        .handle_post(Bytes::from("nothing=here"), at(3))
        .unwrap();
    assert_eq!(events(&mut session), []);
    assert_eq!(session.finish_post(), Ok(()));
}

#[test]
fn a_body_of_very_many_packets_is_decoded_only_as_it_is_fetched() {
    let mut session = polling(|_| {});
    let body = "4\u{1e}".repeat(499_999) + "4";
    session.start_post(ContentType::Text, at(1)).unwrap();
    session.handle_post(Bytes::from(body), at(1)).unwrap();
    let mut count = 0;
    while let Some(event) = session.poll_event() {
        assert_eq!(event, Event::Message(text("")));
        count += 1;
    }
    assert_eq!(count, 500_000);
}

#[test]
fn a_message_built_here_is_a_whole_websocket_frame_and_shared_by_its_recipients() {
    for size in [0, 1, 124, 125, 65_534, 65_535, 70_000] {
        let message = text(&"x".repeat(size));
        let (mut one, link_one) = link(Transport::WEBSOCKET);
        let (mut two, link_two) = link(Transport::WEBSOCKET);
        one.send(message.clone()).unwrap();
        two.send(message.clone()).unwrap();
        let (one, two) = (
            one.poll_frame(link_one).unwrap().to_ws(),
            two.poll_frame(link_two).unwrap().to_ws(),
        );
        assert!(one.header().is_empty());
        assert_eq!(
            one.body().as_ptr(),
            two.body().as_ptr(),
            "one buffer for both"
        );
        // The same bytes as a header of its own in front of a copy.
        let copy = Frame::text(format!("4{}", "x".repeat(size))).to_ws();
        assert_eq!(
            one.body()[..],
            [copy.header(), copy.body()].concat(),
            "{size}"
        );
        assert_eq!(message.payload(), Payload::Text(&"x".repeat(size)));
    }
}

#[test]
fn a_client_makes_no_request_between_the_answer_to_its_probe_and_the_upgrade() {
    use client::{Event, Request};
    let mut session = client::Session::new(Arc::new(client::Config::default()), at(0));
    assert_eq!(session.poll_request(), Some(Request::Get));
    let open = r#"0{"sid":"a+b","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    session.handle_get_response(200, ContentType::Text, Bytes::from(open), at(1));
    assert!(matches!(session.poll_event(), Some(Event::Open(_))));
    assert_eq!(
        session.query(Transport::WEBSOCKET),
        "EIO=4&transport=websocket&sid=a%2Bb"
    );
    let connect = session.poll_connect().unwrap();
    assert_eq!(session.poll_request(), Some(Request::Get));
    session.send(text("first")).unwrap();
    assert_eq!(
        session.poll_request(),
        Some(Request::Post(Bytes::from("4first")))
    );
    session.handle_link_open(connect.link, at(2));
    assert_eq!(
        session.poll_frame(connect.link),
        Some(Frame::text("2probe"))
    );

    session.handle_frame(connect.link, Frame::text("3probe"), at(3));
    session.send(text("second")).unwrap();
    assert_eq!(session.poll_request(), None);
    session.handle_get_response(200, ContentType::Text, Bytes::from("6"), at(4));
    assert_eq!((session.poll_event(), session.poll_request()), (None, None));
    assert_eq!(
        session.poll_frame(connect.link),
        None,
        "the POST is still under way"
    );
    session.handle_post_response(200, at(5));
    assert_eq!(
        session.poll_event(),
        Some(Event::Upgrade(Transport::WEBSOCKET))
    );
    assert_eq!(session.poll_frame(connect.link), Some(Frame::text("5")));
    assert_eq!(
        session.poll_frame(connect.link),
        Some(Frame::text("4second"))
    );
}

#[test]
fn a_client_cuts_its_bodies_by_what_the_server_takes() {
    use client::Request;
    let mut session = client::Session::new(Arc::new(client::Config::default()), at(0));
    assert_eq!(session.poll_request(), Some(Request::Get));
    let open =
        r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":300}"#;
    session.handle_get_response(200, ContentType::Text, Bytes::from(open), at(1));
    assert!(session.poll_event().is_some());
    assert_eq!(session.poll_request(), Some(Request::Get));
    for _ in 0..10 {
        session.send(text(&"x".repeat(69))).unwrap();
    }
    session.send(Message::binary(vec![0; 300])).unwrap();
    session.close(at(2));
    let mut sizes = Vec::new();
    while let Some(Request::Post(body)) = session.poll_request() {
        sizes.push(body.len());
        session.handle_post_response(200, at(3));
    }
    // Four packets of 70 bytes and three separators are 283 bytes; the binary alone is larger than the limit.
    assert_eq!(sizes, [283, 283, 141, 401, 1]);
    assert_eq!(session.close_reason(), Some(CloseReason::Forced));
}

#[test]
fn a_client_posts_no_more_packets_at_once_than_servers_take() {
    use client::Request;
    let bodies = |limit: Option<usize>| {
        let mut config = client::Config::default();
        if let Some(limit) = limit {
            config.post_limit(limit);
        }
        let mut session = client::Session::new(Arc::new(config), at(0));
        assert_eq!(session.poll_request(), Some(Request::Get));
        let open = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
        session.handle_get_response(200, ContentType::Text, Bytes::from(open), at(0));
        while session.poll_event().is_some() {}
        assert_eq!(session.poll_request(), Some(Request::Get));
        session.handle_get_response(200, ContentType::Text, Bytes::from("2"), at(1));
        while session.poll_event().is_some() {}
        for n in 0..31 {
            session.send(text(&n.to_string())).unwrap();
        }
        session.close(at(1));
        let mut bodies = Vec::new();
        while let Some(request) = session.poll_request() {
            if let Request::Post(body) = request {
                bodies.push(String::from_utf8(body.to_vec()).unwrap());
                session.handle_post_response(200, at(2));
            }
        }
        bodies
    };
    let packets = |bodies: &[String]| -> Vec<String> {
        let packets = bodies.iter().flat_map(|body| body.split('\u{1e}'));
        packets.map(str::to_owned).collect()
    };
    let numbers = (0..31).map(|n| format!("4{n}"));
    let all: Vec<_> = ["3".to_owned()]
        .into_iter()
        .chain(numbers)
        .chain(["1".to_owned()])
        .collect();

    let usual = bodies(None);
    let counts: Vec<_> = usual
        .iter()
        .map(|body| body.split('\u{1e}').count())
        .collect();
    assert_eq!(counts, [16, 16, 1], "pong, messages, close");
    assert_eq!(packets(&usual), all);
    assert_eq!(bodies(Some(1_000)), [all.join("\u{1e}")]);
    // Not even here does the pong keep the messages back, or a limit of nothing everything.
    let single = bodies(Some(0));
    assert_eq!(single.len(), all.len());
    assert_eq!(packets(&single), all);
}

#[test]
fn webtransport_has_a_head_start_of_200_ms_and_opens_with_the_session_it_is_for() {
    use client::Event;
    let mut config = client::Config::default();
    config.transports([
        Transport::POLLING,
        Transport::WEBSOCKET,
        Transport::WEBTRANSPORT,
    ]);
    let mut session = client::Session::new(Arc::new(config), at(0));
    assert!(session.poll_request().is_some());
    let open = r#"0{"sid":"s","upgrades":["websocket","webtransport"],"pingInterval":25000,"pingTimeout":20000}"#;
    session.handle_get_response(200, ContentType::Text, Bytes::from(open), at(0));
    assert!(matches!(session.poll_event(), Some(Event::Open(_))));
    let first = session.poll_connect().unwrap();
    assert_eq!(first.transport, Transport::WEBTRANSPORT);
    assert_eq!(session.poll_connect(), None);
    assert_eq!(session.poll_timeout(), Some(at(200)));
    session.handle_timeout(at(200));
    assert_eq!(
        session.poll_connect().unwrap().transport,
        Transport::WEBSOCKET
    );
    session.handle_link_open(first.link, at(201));
    assert_eq!(
        session.poll_frame(first.link),
        Some(Frame::text(r#"0{"sid":"s"}"#))
    );
    assert_eq!(session.poll_frame(first.link), Some(Frame::text("2probe")));
    assert_eq!(session.poll_frame(first.link), None);
}

#[test]
fn an_answer_that_could_not_be_written_ends_the_session() {
    let mut session = polling(|_| {});
    session.send(text("one")).unwrap();
    assert_eq!(poll(&mut session, at(1)).unwrap(), "4one");
    session.handle_get_aborted(at(2));
    assert!(matches!(
        closed(&mut session),
        Some(CloseReason::TransportError(_))
    ));

    // Who asks again has read the answer.
    let mut session = polling(|_| {});
    session.send(text("one")).unwrap();
    assert_eq!(poll(&mut session, at(1)).unwrap(), "4one");
    assert_eq!(poll(&mut session, at(2)), None);
    assert!(session.is_open());
}

#[test]
fn a_poll_that_the_client_no_longer_needs_may_be_given_up() {
    let mut session = polling(|_| {});
    assert_eq!(poll(&mut session, at(1)), None);
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(2));
    session.handle_frame(link, Frame::text("5"), at(3));
    session.handle_get_aborted(at(4));
    session.handle_frame(link, Frame::text("4on"), at(5));
    assert_eq!(
        events(&mut session),
        [
            Event::Upgrade(Transport::WEBSOCKET),
            Event::Message(text("on"))
        ]
    );
}

#[test]
fn a_client_that_decides_while_a_body_is_read_has_lost_it_and_is_told() {
    let mut session = polling(|_| {});
    session.start_post(ContentType::Text, at(1)).unwrap();
    let link = session
        .open_link(Transport::WEBSOCKET, false, at(1))
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), at(2));
    session.handle_frame(link, Frame::text("5"), at(3));
    assert!(matches!(
        closed(&mut session),
        Some(CloseReason::TransportError(_))
    ));
    assert!(session.is_link_finished(link));
}

#[test]
fn trying_links_for_ever_keeps_no_session_alive() {
    let mut session = polling(|_| {});
    let mut now = 0;
    while session.is_open() {
        now += 1_000;
        assert!(
            now < 60_000,
            "nothing was heard but links that came and went"
        );
        session.handle_timeout(at(now));
        if let Ok(link) = session.open_link(Transport::WEBSOCKET, false, at(now)) {
            session.handle_frame(link, Frame::text("2probe"), at(now));
            session.handle_link_closed(link, at(now));
        }
    }
    assert_eq!(closed(&mut session), Some(CloseReason::PingTimeout));
}

#[test]
fn text_that_would_be_two_packets_is_refused_where_the_session_polls() {
    let mut session = polling(|_| {});
    let two = || text("one\u{1e}1");
    assert_eq!(session.send(two()), Err(SendError::Separator));
    assert_eq!(
        session.send_all(&[text("a"), two()]),
        Err(SendError::Separator)
    );
    assert_eq!(session.send_reserved(&[two()]), Err(SendError::Separator));
    assert_eq!(session.buffered_messages(), 0);
    let (mut session, link) = link(Transport::WEBSOCKET);
    session.send(two()).unwrap();
    assert_eq!(frames(&mut session, link), ["4one\u{1e}1"]);
    // Lengths need no separator.
    let mut session = polling_as(Opening::new(sid()).revision(Revision::V3), |_| {});
    session.send(two()).unwrap();
    assert_eq!(poll(&mut session, at(1)).unwrap(), "6:4one\u{1e}1");
}

#[test]
fn a_short_message_that_is_owed_keeps_no_long_body_in_memory() {
    let mut session = polling(|_| {});
    let body = Bytes::from(format!("4short\u{1e}4{}", "x".repeat(500_000)));
    let (first, end) = (body.as_ptr() as usize, body.as_ptr() as usize + body.len());
    session.start_post(ContentType::Text, at(1)).unwrap();
    session.handle_post(body, at(1)).unwrap();
    let Some(Event::Message(short)) = session.poll_event() else {
        panic!()
    };
    assert!(
        (first..end).contains(&(short.wire().as_ptr() as usize)),
        "shared while it is only looked at"
    );
    let (mut peer, link) = link(Transport::WEBSOCKET);
    peer.send(short).unwrap();
    let frame = peer.poll_frame(link).unwrap();
    assert!(
        !(first..end).contains(&(frame.body().as_ptr() as usize)),
        "and a copy once it is owed"
    );
}

#[test]
fn intervals_that_no_timer_of_a_client_can_wait_for_are_not_announced() {
    let open = |interval, timeout| {
        let mut config = Config::default();
        config.ping_interval(interval).ping_timeout(timeout);
        let mut session = Session::accept_polling(Arc::new(config), Opening::new(sid()), at(0));
        let packet = poll(&mut session, at(0)).unwrap();
        engineio_proto::open::Open::decode(&packet[1..]).unwrap()
    };
    let open = open(Duration::MAX, Duration::MAX);
    assert!(open.ping_interval + open.ping_timeout <= engineio_proto::open::Open::MAX_PERIOD);
}

#[test]
fn after_its_own_close_a_side_wants_nothing_more_wherever_it_waited() {
    let (mut session, link) = link(Transport::WEBSOCKET);
    for message in ["4a", "4b"] {
        session.handle_frame(link, Frame::text(message), at(1));
    }
    assert_eq!(session.poll_event(), Some(Event::Message(text("a"))));
    session.close(at(1));
    assert_eq!(events(&mut session), [Event::Close(CloseReason::Forced)]);
}

/// A client that polls, whose session is open and whose next `GET` is under way.
fn polling_client() -> client::Session {
    let mut session = client::Session::new(Arc::new(client::Config::default()), at(0));
    assert_eq!(session.poll_request(), Some(client::Request::Get));
    let open =
        r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}"#;
    session.handle_get_response(200, ContentType::Text, Bytes::from(open), at(1));
    assert!(matches!(session.poll_event(), Some(client::Event::Open(_))));
    assert_eq!(session.poll_request(), Some(client::Request::Get));
    session
}

#[test]
fn a_client_that_leaves_before_it_is_let_in_says_goodbye_when_it_is() {
    use client::{Event, Request};
    let mut session = client::Session::new(Arc::new(client::Config::default()), at(0));
    assert_eq!(session.poll_request(), Some(Request::Get));
    session.send(text("first")).unwrap();
    session.close(at(1));
    assert_eq!(session.send(text("later")), Err(SendError::Closed));
    let open = r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;
    session.handle_get_response(200, ContentType::Text, Bytes::from(open), at(2));
    assert_eq!(session.poll_event(), None);
    assert_eq!(session.poll_connect(), None);
    assert_eq!(
        session.poll_request(),
        Some(Request::Post(Bytes::from("4first\u{1e}1")))
    );
    session.handle_post_response(200, at(3));
    assert_eq!(
        session.poll_event(),
        Some(Event::Close(CloseReason::Forced))
    );

    // On a link that is all there is to say.
    let mut config = client::Config::default();
    config.transports([Transport::WEBSOCKET]);
    let mut session = client::Session::new(Arc::new(config), at(0));
    let link = session.poll_connect().unwrap().link;
    session.close(at(1));
    session.handle_link_open(link, at(2));
    session.handle_frame(link, Frame::text(open), at(3));
    assert_eq!(
        session.poll_event(),
        Some(Event::Close(CloseReason::Forced))
    );
    assert_eq!(session.poll_event(), None);
    assert!(session.is_link_finished(link));

    // A server that does not answer is not waited for as long as it may take to connect.
    let mut session = client::Session::new(Arc::new(client::Config::default()), at(0));
    assert_eq!(session.poll_request(), Some(Request::Get));
    session.close(at(1));
    assert_eq!(session.poll_timeout(), Some(at(5_001)));
    session.handle_timeout(at(5_001));
    assert_eq!(
        session.poll_event(),
        Some(Event::Close(CloseReason::Forced))
    );
}

#[test]
fn a_refused_post_waits_for_the_answer_that_says_why() {
    use client::{Event, Request};
    let mut session = polling_client();
    session.send(text("crossing")).unwrap();
    assert!(matches!(session.poll_request(), Some(Request::Post(_))));
    session.handle_post_response(400, at(2));
    assert_eq!((session.poll_event(), session.poll_request()), (None, None));
    session.handle_get_response(
        200,
        ContentType::Text,
        Bytes::from("4last word\u{1e}1"),
        at(3),
    );
    assert_eq!(
        session.poll_event(),
        Some(Event::Message(text("last word")))
    );
    assert_eq!(
        session.poll_event(),
        Some(Event::Close(CloseReason::TransportClose))
    );

    // The answer may have nothing to say about it, or never come.
    for answer in [Some("4only this"), None] {
        let mut session = polling_client();
        session.send(text("crossing")).unwrap();
        assert!(matches!(session.poll_request(), Some(Request::Post(_))));
        session.handle_post_response(400, at(2));
        match answer {
            Some(body) => {
                session.handle_get_response(200, ContentType::Text, Bytes::from(body), at(3));
                assert_eq!(
                    session.poll_event(),
                    Some(Event::Message(text("only this")))
                );
            }
            None => session.handle_timeout(at(5_002)),
        }
        let Some(Event::Close(reason)) = session.poll_event() else {
            panic!()
        };
        assert_eq!(reason.to_string(), "transport error: unexpected status 400");
    }
}

#[test]
fn an_answer_is_not_worth_compressing_if_nothing_in_it_is() {
    let mut session = polling(|_| {});
    let plain = || text("plain").with_compress(false);
    for (messages, compress) in [
        (vec![plain()], false),
        (vec![text("x")], true),
        (vec![plain(), text("x"), plain()], true),
        (vec![plain(), plain()], false),
    ] {
        session.send_all(&messages).unwrap();
        assert!(poll(&mut session, at(1)).is_some());
        assert_eq!(session.compress_payload(), compress);
    }
}
