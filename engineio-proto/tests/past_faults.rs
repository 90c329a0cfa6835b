//! One test for each fault that was found once, so that it does not come back.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engineio_proto::client::{self, Request};
use engineio_proto::open::Open;
use engineio_proto::server::{self, Opening, Session};
use engineio_proto::testing::{Network, Notice, Op, Pair, Setup, Side};
use engineio_proto::{
    CloseReason, ContentType, Message, Revision, Sid, Time, Transport, TransportFault,
};

const MS: Duration = Duration::from_millis(1);

const OPEN: &str =
    r#"0{"sid":"sid","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}"#;

fn connecting() -> client::Session {
    client::Session::new(Arc::new(client::Config::default()), Time::ZERO)
}

/// Asking for requests a second time, as a driver does until there are none, made the session forget that its first
/// `GET` was under way; the answer was ignored, and it never connected.
#[test]
fn a_client_that_is_asked_twice_for_requests_still_waits_for_its_first() {
    let mut session = connecting();
    assert_eq!(session.poll_request(), Some(Request::Get));
    assert_eq!(session.poll_request(), None);
    session.handle_get_response(
        200,
        ContentType::Text,
        Bytes::from_static(OPEN.as_bytes()),
        Time::ZERO,
    );
    assert!(matches!(session.poll_event(), Some(client::Event::Open(_))));
}

/// The event of opening was queued behind the rest of the body that brought it.
#[test]
fn the_messages_of_the_first_body_come_after_the_opening() {
    let mut session = connecting();
    assert_eq!(session.poll_request(), Some(Request::Get));
    let body = Bytes::from(format!("{OPEN}\u{1e}4hello"));
    session.handle_get_response(200, ContentType::Text, body, Time::ZERO);
    assert!(matches!(session.poll_event(), Some(client::Event::Open(_))));
    let hello = client::Event::Message(Message::text("hello"));
    assert_eq!(session.poll_event(), Some(hello));
    assert_eq!(session.poll_event(), None);
}

/// The first body arrived in time, but was fetched only after the time to connect was over: its messages were reported,
/// of a session that had never been opened.
#[test]
fn a_session_that_was_never_opened_has_no_messages() {
    let mut session = connecting();
    assert_eq!(session.poll_request(), Some(Request::Get));
    let body = Bytes::from(format!("{OPEN}\u{1e}4hello"));
    session.handle_get_response(200, ContentType::Text, body, Time::ZERO);
    session.handle_timeout(session.poll_timeout().unwrap());
    let timeout = CloseReason::TransportError(TransportFault::Timeout);
    assert_eq!(session.poll_event(), Some(client::Event::Close(timeout)));
    assert_eq!(session.poll_event(), None);
}

/// An interval of zero was announced as it stood, though the session kept one of 10 ms, and clients refuse it.
#[test]
fn intervals_are_announced_as_they_are_kept() {
    let mut config = server::Config::default();
    config
        .ping_interval(Duration::ZERO)
        .ping_timeout(Duration::ZERO);
    let opening = Opening::new(Sid::new("sid").unwrap());
    let (mut session, link) =
        Session::accept_link(Arc::new(config), opening, Transport::WEBSOCKET, Time::ZERO);
    let frame = session.poll_frame(link).unwrap().to_text().unwrap();
    let open = Open::decode(&frame[1..]).unwrap();
    assert_eq!(open.ping_interval, Duration::from_millis(10));
    assert_eq!(open.ping_timeout, Duration::from_millis(10));
}

/// Requests of polling that hang while the others go on: for ever, since each `GET` that arrived counted as life of the
/// client, and each answer of a `POST` as life of the server. Messages were lost and neither end knew.
#[test]
fn one_direction_of_polling_that_hangs_is_noticed_though_the_other_goes_on() {
    for revision in [Revision::V3, Revision::V4] {
        for (hangs, by) in [
            (Op::AbortPost(Notice::Nobody), Side::Client),
            (Op::AbortGet(Notice::Nobody), Side::Server),
        ] {
            let network = Network::new(1).latency(20 * MS..=20 * MS);
            let mut pair = Pair::new(Setup::polling().revision(revision), network);
            pair.run(&[Op::Advance(100), Op::send(by, 9), Op::Advance(10), hangs]);
            // The other direction is busy all the time: twice interval and timeout, once for each end.
            for _ in 0..9 {
                pair.run(&[Op::send(by.other(), 9), Op::Advance(10_000)]);
            }
            assert!(pair.both_ended(), "{hangs:?} in {revision:?}");
        }
    }
}

/// Where a round trip takes longer than the interval of heartbeats, each body had a ping or pong, and a message that
/// fits into a body alone, but not beside that, was never sent.
#[test]
fn pongs_do_not_hold_back_a_message_that_fills_a_body() {
    let mut session = connecting();
    assert_eq!(session.poll_request(), Some(Request::Get));
    let answer = |session: &mut client::Session, body: &'static str| {
        session.handle_get_response(200, ContentType::Text, Bytes::from(body), Time::ZERO);
        while session.poll_event().is_some() {}
        assert_eq!(session.poll_request(), Some(Request::Get));
    };
    answer(&mut session, OPEN);
    answer(&mut session, "2");
    assert_eq!(
        session.poll_request(),
        Some(Request::Post(Bytes::from("3")))
    );
    session.send(Message::text(&"x".repeat(999))).unwrap(); // with its type, all that the server takes
    let mut lengths = Vec::new();
    for _ in 0..3 {
        answer(&mut session, "2"); // faster than the POST
        session.handle_post_response(200, Time::ZERO);
        if let Some(Request::Post(body)) = session.poll_request() {
            lengths.push(body.len());
        }
    }
    assert_eq!(lengths, [1, 1000, 1]);
}

#[test]
fn pings_do_not_hold_back_a_message_that_fills_a_body() {
    let mut config = server::Config::default();
    config.ping_interval(MS * 100).max_payload(1000);
    let opening = Opening::new(Sid::new("sid").unwrap());
    let mut session = Session::accept_polling(Arc::new(config), opening, Time::ZERO);
    let mut poll = |round: u32, message: Option<Message>| {
        // Between two polls a ping falls due, and something else of the client arrives.
        let now = Time::ZERO + round * 200 * MS;
        session.handle_activity(now);
        session.handle_timeout(now);
        if let Some(message) = message {
            session.send(message).unwrap();
        }
        session.handle_get(now).unwrap();
        let mut body = BytesMut::new();
        session.poll_payload(&mut body).map(|_| body.len())
    };
    assert!(poll(0, None).is_some());
    assert_eq!(poll(1, Some(Message::text(&"x".repeat(999)))), Some(1));
    assert_eq!(poll(2, None), Some(1000));
    assert_eq!(poll(3, None), Some(1));
}
