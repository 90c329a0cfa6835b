//! What counts as life of the other side and what does not, input by input.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engineio_proto::{CloseReason, ContentType, Frame, LinkId, Time, Transport, client, server};
use server::Opening;

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn opening() -> Opening {
    Opening::new(engineio_proto::Sid::new("sid").unwrap())
}

fn config() -> Arc<server::Config> {
    let mut config = server::Config::default();
    config.ping_interval(INTERVAL).ping_timeout(TIMEOUT);
    Arc::new(config)
}

fn poll(session: &mut server::Session, now: Time) {
    session.handle_get(now).unwrap();
    let _ = session.poll_payload(&mut BytesMut::new());
}

/// A server whose client polls and has been pinged at 25 s; it has until 45 s.
fn polled() -> server::Session {
    let mut session = server::Session::accept_polling(config(), opening(), at(0));
    poll(&mut session, at(0));
    session.handle_timeout(at(25));
    poll(&mut session, at(25));
    session
}

fn survives(session: &mut server::Session) -> bool {
    session.handle_timeout(at(45));
    while session.poll_event().is_some() {}
    assert!(matches!(
        session.close_reason(),
        None | Some(CloseReason::PingTimeout)
    ));
    session.close_reason().is_none()
}

#[test]
fn a_server_takes_bytes_of_packets_for_life_and_nothing_else() {
    type Input = fn(&mut server::Session);
    let inputs: [(&str, bool, Input); 7] = [
        ("nothing", false, |_| {}),
        ("a GET", false, |session| {
            session.handle_get(at(40)).unwrap()
        }),
        ("the head of a POST", false, |session| {
            session.start_post(ContentType::Text, at(40)).unwrap();
        }),
        ("the body of a POST that began long ago", true, |session| {
            session.start_post(ContentType::Text, at(20)).unwrap();
            session.handle_post(Bytes::from("4slow"), at(40)).unwrap();
        }),
        ("a part of a body", true, |session| {
            session.handle_activity(at(40))
        }),
        ("a probe on a new link", false, |session| {
            let link = session
                .open_link(Transport::WEBSOCKET, false, at(39))
                .unwrap();
            session.handle_frame(link, Frame::text("2probe"), at(40));
        }),
        ("a frame on a link that was given up", false, |session| {
            let link = session
                .open_link(Transport::WEBSOCKET, false, at(20))
                .unwrap();
            session.handle_link_closed(link, at(21));
            session.handle_frame(link, Frame::text("4late"), at(40));
        }),
    ];
    for (name, counts, input) in inputs {
        let mut session = polled();
        input(&mut session);
        assert_eq!(survives(&mut session), counts, "{name}");
    }
}

#[test]
fn a_server_takes_any_frame_of_its_link_for_life() {
    for text in ["3", "4hello", "6"] {
        let (mut session, link) =
            server::Session::accept_link(config(), opening(), Transport::WEBSOCKET, at(0));
        session.handle_timeout(at(25));
        session.handle_frame(link, Frame::text(text), at(40));
        assert!(survives(&mut session), "{text}");
    }
}

const OPEN: &str =
    r#"0{"sid":"sid","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;

/// A client that polls since the start, and has until 45 s.
fn polling() -> (client::Session, LinkId) {
    let mut session = client::Session::new(Arc::new(client::Config::default()), at(0));
    assert!(session.poll_request().is_some());
    session.handle_get_response(200, ContentType::Text, Bytes::from(OPEN), at(0));
    while session.poll_event().is_some() {}
    session
        .send(engineio_proto::Message::text("hello"))
        .unwrap();
    while session.poll_request().is_some() {}
    let link = session.poll_connect().unwrap().link;
    (session, link)
}

#[test]
fn a_client_takes_bytes_of_packets_for_life_and_nothing_else() {
    type Input = fn(&mut client::Session, LinkId);
    let inputs: [(&str, bool, Input); 5] = [
        ("nothing", false, |_, _| {}),
        ("the answer of a GET", true, |session, _| {
            session.handle_get_response(200, ContentType::Text, Bytes::from("6"), at(40));
        }),
        ("the answer of a POST", false, |session, _| {
            session.handle_post_response(200, at(40))
        }),
        ("a part of a body", true, |session, _| {
            session.handle_activity(at(40))
        }),
        (
            "a frame on a link that was given up",
            false,
            |session, link| {
                session.handle_link_closed(link, at(1));
                session.handle_frame(link, Frame::text("3probe"), at(40));
            },
        ),
    ];
    for (name, counts, input) in inputs {
        let (mut session, link) = polling();
        input(&mut session, link);
        session.handle_timeout(at(45));
        while session.poll_event().is_some() {}
        assert_eq!(session.close_reason().is_none(), counts, "{name}");
    }
}
