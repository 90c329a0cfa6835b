//! What a session costs while nothing happens, stack and heap together.

use std::alloc::System;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use engineio_proto::server::{Config, Opening, Session};
use engineio_proto::{ContentType, Frame, Message, Revision, Sid, Time, Transport};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The promise. A server with 100,000 idle sessions holds less than 50 MB of them.
const MOST: usize = 512;

/// Bytes that are held after `make`, per session: its size and what it keeps on the heap.
///
/// One test in this file, so that no other thread allocates meanwhile.
fn held(make: impl Fn(Arc<Config>) -> Session) -> usize {
    const SESSIONS: usize = 100;
    let mut config = Config::default();
    config.revision_3(true);
    let config = Arc::new(config);
    let mut sessions = Vec::with_capacity(SESSIONS);
    let region = Region::new(ALLOCATOR);
    sessions.extend((0..SESSIONS).map(|_| make(Arc::clone(&config))));
    let change = region.change();
    let heap = change.bytes_allocated - change.bytes_deallocated;
    drop(sessions);
    heap / SESSIONS + size_of::<Session>()
}

fn opening(revision: Revision) -> Opening {
    Opening::new(Sid::new("CutEdQFlYU6blFeZAAAB").unwrap()).revision(revision)
}

fn polling(config: Arc<Config>, revision: Revision) -> Session {
    let mut session = Session::accept_polling(config, opening(revision), Time::ZERO);
    session.handle_get(Time::ZERO).unwrap();
    assert!(session.poll_payload(&mut BytesMut::new()).is_some());
    session.handle_get(Time::ZERO).unwrap();
    session
}

fn busy_link(config: Arc<Config>) -> Session {
    let (mut session, link) = Session::accept_link(
        config,
        opening(Revision::V4),
        Transport::WEBSOCKET,
        Time::ZERO,
    );
    for burst in [1, 4, 1_000, 5] {
        for _ in 0..burst {
            session.handle_frame(link, Frame::text("4 some message"), Time::ZERO);
            session.send(Message::text("an answer")).unwrap();
        }
        while session.poll_event().is_some() {}
        while session.poll_frame(link).is_some() {}
    }
    session
}

fn busy_polling(config: Arc<Config>) -> Session {
    let mut session = polling(config, Revision::V3);
    session.start_post(ContentType::Text, Time::ZERO).unwrap();
    session
        .handle_post(Bytes::from("2:4m".repeat(1_000)), Time::ZERO)
        .unwrap();
    while session.poll_event().is_some() {
        session.send(Message::text("an answer")).unwrap();
    }
    session.finish_post().unwrap();
    assert!(session.poll_payload(&mut BytesMut::new()).is_some());
    session
}

fn upgraded(config: Arc<Config>) -> Session {
    let mut session = polling(config, Revision::V4);
    let link = session
        .open_link(Transport::WEBSOCKET, false, Time::ZERO)
        .unwrap();
    session.handle_frame(link, Frame::text("2probe"), Time::ZERO);
    assert!(session.poll_payload(&mut BytesMut::new()).is_some());
    assert!(session.poll_frame(link).is_some());
    session.handle_frame(link, Frame::text("5"), Time::ZERO);
    while session.poll_event().is_some() {}
    session
}

fn a_few_messages_by_polling(config: Arc<Config>) -> Session {
    let mut session = polling(config, Revision::V4);
    for _ in 0..3 {
        session.send(Message::text("something")).unwrap();
    }
    assert!(session.poll_payload(&mut BytesMut::new()).is_some());
    session
}

fn failed_upgrades(config: Arc<Config>) -> Session {
    let mut session = polling(config, Revision::V4);
    let timeout = Time::ZERO + core::time::Duration::from_secs(10);
    session
        .open_link(Transport::WEBSOCKET, false, Time::ZERO)
        .unwrap();
    session.handle_timeout(timeout);
    let link = session
        .open_link(Transport::WEBSOCKET, false, timeout)
        .unwrap();
    session.handle_link_closed(link, timeout);
    session
}

#[test]
fn an_idle_session_takes_at_most_512_bytes() {
    type Make = fn(Arc<Config>) -> Session;
    let cases: [(&str, Make); 6] = [
        ("after a few messages by polling", a_few_messages_by_polling),
        ("after upgrades that failed", failed_upgrades),
        ("polling", |config| polling(config, Revision::V4)),
        ("after a burst on a link", busy_link),
        ("after a burst of polling", busy_polling),
        ("after an upgrade", upgraded),
    ];
    for (name, make) in cases {
        let held = held(make);
        assert!(held <= MOST, "{name}: {held} bytes");
    }
}
