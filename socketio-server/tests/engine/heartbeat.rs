//! Heartbeats: who pings, what counts as life, and when a client is gone.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::client::Received;
use crate::support::dialect::{BOTH, Dialect};
use crate::support::{Server, serve};
use crate::{UNKNOWN_SID, poll};

/// Pings after 300 ms, and waits 200 ms.
fn quick() -> Server {
    serve(|engine| {
        engine
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200))
            .revision_3(true)
    })
}

#[test]
fn pings_come_by_polling_and_a_client_that_does_not_answer_is_gone() {
    let server = quick();
    let sid = server.open("EIO=4");
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(server.get(&poll(&sid)).text(), "2");
        assert_eq!(server.post(&poll(&sid), "3").status, 200);
    }
    assert!(start.elapsed() > Duration::from_millis(900));
    assert_eq!(server.get(&poll(&sid)).text(), "2");
    sleep(Duration::from_millis(300));
    assert_eq!(server.get(&poll(&sid)).said(), (400, UNKNOWN_SID));
    assert_eq!(server.reason(), "ping timeout");
}

#[test]
fn a_session_that_is_never_polled_dies_and_a_late_poll_hears_the_ping_first() {
    // There is one ping before the session is over, and it was due long ago: a poll that did not hear of it would wait in vain.
    let patient = serve(|engine| {
        engine
            .ping_interval(Duration::from_millis(100))
            .ping_timeout(Duration::from_secs(60))
    });
    let sid = patient.open("EIO=4");
    sleep(Duration::from_millis(400));
    assert_eq!(patient.get(&poll(&sid)).text(), "2");

    let server = quick();
    for dialect in BOTH {
        server.open(&dialect.query());
        assert_eq!(server.reason(), "ping timeout");
        server.wait_until_empty();
    }
}

#[test]
fn a_silent_session_is_over_exactly_interval_and_timeout_after_its_handshake() {
    let server = serve(|engine| {
        engine
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200))
            .revision_3(true)
    });
    for _ in 0..3 {
        let (four, three) = (server.open("EIO=4"), server.open("EIO=3"));
        sleep(Duration::from_millis(500));
        assert_eq!(server.get(&poll(&four)).said(), (400, UNKNOWN_SID));
        let three = format!("/engine.io/?EIO=3&transport=polling&sid={three}");
        assert_eq!(server.post(&three, "1:2").said(), (400, UNKNOWN_SID));
    }
}

#[test]
fn polls_alone_keep_no_session_alive() {
    let server = quick();
    let sid = server.open("EIO=4");
    let start = Instant::now();
    assert_eq!(server.get(&poll(&sid)).text(), "2");
    let held = server.get(&poll(&sid));
    assert_eq!(held.said(), (200, "1"), "the waiting poll hears the end");
    assert!(start.elapsed() < Duration::from_millis(900));
    assert_eq!(server.reason(), "ping timeout");
}

#[test]
fn an_unasked_pong_puts_off_the_next_ping() {
    let server = quick();
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    let start = Instant::now();
    sleep(Duration::from_millis(150));
    websocket.send("3");
    assert_eq!(websocket.text(), "2");
    let waited = start.elapsed();
    assert!(waited > Duration::from_millis(440), "{waited:?}");
}

#[test]
fn messages_count_as_life_though_no_pong_comes() {
    let server = quick();
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    let start = Instant::now();
    let mut echoed = 0;
    while start.elapsed() < Duration::from_millis(1_500) {
        websocket.send("4x");
        while websocket.text() != "4x" {}
        echoed += 1;
        sleep(Duration::from_millis(50));
    }
    assert!(echoed > 10);
    loop {
        match websocket.receive() {
            Received::Text(ping) => assert_eq!(ping, "2"),
            other => break assert_eq!(other, Received::Close(None)),
        }
    }
    assert_eq!(server.reason(), "ping timeout");
}

#[test]
fn a_heartbeat_in_the_wrong_direction_ends_the_session() {
    let server = quick();
    let reason = "transport error: invalid heartbeat direction";
    for (dialect, wrong) in BOTH.into_iter().zip(["2", "3"]) {
        let mut websocket = server.websocket(&dialect.query());
        websocket.text();
        websocket.send(wrong);
        assert_eq!(websocket.receive(), Received::Close(None));
        assert_eq!(server.reason(), reason);

        let sid = server.open(&dialect.query());
        server.post(&dialect.poll(&sid), &dialect.payload(&[wrong]));
        assert_eq!(server.reason(), reason);
        assert_eq!(server.get(&dialect.poll(&sid)).status, 400);
    }
}

#[test]
fn a_client_of_revision_3_pings_and_is_answered_at_once_without_an_echo() {
    let server = quick();
    let dialect = Dialect(3);
    let mut websocket = server.websocket("EIO=3");
    websocket.text();
    for ping in ["2", "2probe", "2", "2"] {
        websocket.send(ping);
        assert_eq!(websocket.text(), "3");
        sleep(Duration::from_millis(200));
    }
    assert_eq!(websocket.receive(), Received::Close(None));
    assert_eq!(server.reason(), "ping timeout");

    let sid = server.open("EIO=3");
    for _ in 0..3 {
        let posted = server.post(&dialect.poll(&sid), "1:2");
        assert_eq!(posted.said(), (200, "ok"));
        assert_eq!(server.get(&dialect.poll(&sid)).text(), "1:3");
        sleep(Duration::from_millis(250));
    }
    let held = server.get(&dialect.poll(&sid));
    assert_eq!(held.said(), (200, "1:1"));
    assert_eq!(server.reason(), "ping timeout");
}

#[test]
fn a_pong_that_is_owed_at_an_upgrade_is_still_owed_after_it() {
    let server = quick();
    let sid = server.open("EIO=4");
    assert_eq!(server.get(&poll(&sid)).text(), "2");
    let mut websocket = server.websocket(&format!("EIO=4&sid={sid}"));
    websocket.send("2probe");
    assert_eq!(websocket.text(), "3probe");
    websocket.send("5");
    // Nothing more is said: the upgrade packet is no pong.
    assert_eq!(server.reason(), "ping timeout");
}

#[test]
fn heartbeats_go_on_after_an_upgrade_in_both_revisions() {
    let server = quick();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let mut websocket = server.websocket(&format!("{}&sid={sid}", dialect.query()));
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        websocket.send("5");
        for _ in 0..3 {
            if dialect.0 == 4 {
                assert_eq!(websocket.text(), "2");
                websocket.send("3");
            } else {
                sleep(Duration::from_millis(250));
                websocket.send("2");
                assert_eq!(websocket.text(), "3");
            }
        }
        let silent_since = Instant::now();
        assert_eq!(server.reason(), "ping timeout");
        let waited = silent_since.elapsed();
        assert!(
            waited > Duration::from_millis(400) && waited < Duration::from_millis(900),
            "{waited:?}"
        );
    }
}
