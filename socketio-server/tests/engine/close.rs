//! How sessions end, from both sides.

use std::time::{Duration, Instant};

use crate::UNKNOWN_SID;
use crate::support::client::Received;
use crate::support::dialect::BOTH;
use crate::support::serve;

#[test]
fn a_close_by_polling_releases_the_waiting_poll() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        assert!(held.is_held(50));
        let closed = server.post(&dialect.poll(&sid), &dialect.payload(&["4last", "1"]));
        assert_eq!(closed.said(), (200, "ok"));
        let noop = dialect.payload(&["6"]);
        assert_eq!(held.answer().said(), (200, noop.as_str()));
        assert_eq!(server.get(&dialect.poll(&sid)).said(), (400, UNKNOWN_SID));
        assert_eq!(server.reason(), "transport close");
        server.wait_until_empty();
    }
}

#[test]
fn what_follows_a_close_packet_is_not_read() {
    let server = serve(|engine| engine);
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket.send("1");
    websocket.send("4never");
    assert_eq!(websocket.receive(), Received::Close(None));
    let sid = server.open("EIO=4");
    assert_eq!(
        server.post(&crate::poll(&sid), "1\u{1e}no packet").status,
        200
    );
    assert_eq!(server.reason(), "transport close");
    assert_eq!(server.reason(), "transport close");
}

#[test]
fn a_websocket_that_the_server_closes_gets_everything_first_and_no_status() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        for order in ["!close", "!leave"] {
            let mut websocket = server.websocket(&dialect.query());
            websocket.text();
            websocket.send("4!burst 1000");
            websocket.send(&format!("4{order}"));
            for at in 0..1000 {
                assert_eq!(websocket.text(), format!("4{at}"));
            }
            assert_eq!(websocket.receive(), Received::Close(None));
            websocket.send_frame(0x88, &[]);
            assert_eq!(websocket.receive(), Received::End);
            server.wait_until_empty();
        }
        assert_eq!(server.reason(), "forced close");
    }
}

#[test]
fn a_websocket_that_does_not_answer_a_close_is_dropped_after_five_seconds() {
    let server = serve(|engine| engine);
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket.send("4!close");
    assert_eq!(websocket.receive(), Received::Close(None));
    let start = Instant::now();
    assert_eq!(websocket.receive(), Received::End);
    let waited = start.elapsed();
    assert!(
        waited > Duration::from_millis(4_500) && waited < Duration::from_secs(8),
        "{waited:?}"
    );
}

#[test]
fn a_waiting_poll_hears_that_the_server_closes() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        assert!(held.is_held(50));
        server.post(&dialect.poll(&sid), &dialect.payload(&["4!close"]));
        let close = dialect.payload(&["1"]);
        assert_eq!(held.answer().said(), (200, close.as_str()));
        assert_eq!(server.reason(), "forced close");
        assert_eq!(server.get(&dialect.poll(&sid)).said(), (400, UNKNOWN_SID));
    }
}

#[test]
fn a_close_waits_for_the_poll_after_what_was_sent_before_it() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let orders = dialect.payload(&["4!burst 2", "4!close"]);
        server.post(&dialect.poll(&sid), &orders);
        for body in [&["40", "41"][..], &["1"]] {
            let polled = server.get(&dialect.poll(&sid));
            assert_eq!(polled.said(), (200, dialect.payload(body).as_str()));
        }
        assert_eq!(server.get(&dialect.poll(&sid)).said(), (400, UNKNOWN_SID));
        server.wait_until_empty();
    }
}

#[test]
fn a_close_that_nobody_fetches_is_over_after_the_ping_timeout() {
    let server = serve(|engine| {
        engine
            .ping_timeout(Duration::from_millis(300))
            .revision_3(true)
    });
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let start = Instant::now();
        server.post(&dialect.poll(&sid), &dialect.payload(&["4!close"]));
        assert_eq!(server.reason(), "forced close");
        let waited = start.elapsed();
        assert!(
            waited > Duration::from_millis(280) && waited < Duration::from_millis(800),
            "{waited:?}"
        );
        server.wait_until_empty();
    }
}

#[test]
fn a_handler_that_panics_closes_its_session_only() {
    let server = serve(|engine| engine);
    let mut bystander = server.websocket("EIO=4");
    bystander.text();
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket.send("4!panic");
    assert_eq!(websocket.receive(), Received::Close(None));
    bystander.send("4x");
    assert_eq!(bystander.text(), "4x");
}

#[test]
fn closing_the_engine_closes_every_session() {
    let server = serve(|engine| engine.revision_3(true));
    let mut websockets: Vec<_> = BOTH
        .iter()
        .map(|dialect| server.websocket(&dialect.query()))
        .collect();
    let polls: Vec<_> = BOTH
        .iter()
        .map(|dialect| {
            let sid = server.open(&dialect.query());
            server.begin(&format!("GET {}", dialect.poll(&sid)), b"")
        })
        .collect();
    for poll in &polls {
        assert!(poll.is_held(30));
    }
    let _inside = server.runtime.enter();
    server.engine.close();
    for websocket in &mut websockets {
        websocket.text();
        assert_eq!(websocket.receive(), Received::Close(None));
    }
    for (poll, dialect) in polls.into_iter().zip(BOTH) {
        assert_eq!(poll.answer().text(), dialect.payload(&["1"]));
    }
}
