//! From polling to WebSocket while messages flow.

use std::time::{Duration, Instant};

use crate::BAD_REQUEST;
use crate::support::client::{Received, WebSocket};
use crate::support::dialect::{BOTH, Dialect};
use crate::support::{Server, serve};

/// A WebSocket that applies to follow, before it says anything.
fn candidate(server: &Server, dialect: Dialect, sid: &str) -> WebSocket {
    server.websocket(&format!("{}&sid={sid}", dialect.query()))
}

fn both() -> Server {
    serve(|engine| engine.revision_3(true))
}

#[test]
fn an_upgrade_takes_over_and_polling_is_refused_from_then_on() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let poll = dialect.poll(&sid);
        let held = server.begin(&format!("GET {poll}"), b"");
        assert!(held.is_held(50));
        let mut websocket = candidate(&server, dialect, &sid);
        assert!(
            held.is_held(50),
            "a link that has not spoken releases nothing"
        );
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        assert_eq!(held.answer().said(), (200, &*dialect.payload(&["6"])));
        // Polling still works until the client has decided.
        server.post(&poll, &dialect.payload(&["4by polling"]));
        websocket.send("5");
        assert_eq!(websocket.text(), "4by polling");
        websocket.send("4by websocket");
        assert_eq!(websocket.text(), "4by websocket");
        assert_eq!(server.get(&poll).said(), (400, BAD_REQUEST));
        let posted = server.post(&poll, &dialect.payload(&["4x"]));
        assert_eq!(posted.said(), (400, BAD_REQUEST));
        let again = server.try_websocket(&format!("{}&sid={sid}", dialect.query()), "");
        assert_eq!(again.err().map(|answer| answer.status), Some(400));
        websocket.send("4still here");
        assert_eq!(websocket.text(), "4still here");
    }
}

#[test]
fn a_poll_that_comes_after_the_probe_is_released_within_100_ms() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        let start = Instant::now();
        let poll = server.get(&dialect.poll(&sid));
        assert_eq!(poll.said(), (200, &*dialect.payload(&["6"])));
        assert!(start.elapsed() < Duration::from_millis(250));
        websocket.send("5");
        websocket.send("4over");
        assert_eq!(websocket.text(), "4over");
    }
}

#[test]
fn messages_go_both_ways_by_polling_while_a_link_is_tried() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        for at in 0..10 {
            let payload = dialect.payload(&[&format!("4{at}")]);
            assert_eq!(server.post(&dialect.poll(&sid), &payload).status, 200);
            assert_eq!(server.get(&dialect.poll(&sid)).text(), payload);
        }
        websocket.send("5");
        websocket.send("4over");
        assert_eq!(websocket.text(), "4over");
    }
}

#[test]
fn what_was_not_fetched_by_polling_leaves_by_the_link_in_order() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        server.post(&dialect.poll(&sid), &dialect.payload(&["4!burst 100"]));
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        websocket.send("5");
        websocket.send("4last");
        for at in 0..100 {
            assert_eq!(websocket.text(), format!("4{at}"));
        }
        assert_eq!(websocket.text(), "4last");
    }
}

#[test]
fn a_client_may_decide_without_a_probe() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("5");
        websocket.send("4x");
        assert_eq!(websocket.text(), "4x");
    }
}

#[test]
fn a_poll_that_waits_when_the_client_decides_is_released() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        assert!(held.is_held(50));
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("5");
        websocket.send("4x");
        assert_eq!(websocket.text(), "4x");
        assert_eq!(held.answer().said(), (200, &*dialect.payload(&["6"])));
        websocket.send("4y");
        assert_eq!(websocket.text(), "4y");
    }
}

#[test]
fn a_body_that_is_still_read_when_the_client_decides_ends_the_session() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4half",
            dialect.poll(&sid)
        );
        let half = server.begin_raw(head.as_bytes());
        assert!(half.is_held(50));
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        websocket.send("5");
        assert_eq!(websocket.receive(), Received::Close(None));
        let reason = "transport error: data request connection closed prematurely";
        assert_eq!(server.reason(), reason);
    }
}

#[test]
fn only_one_websocket_is_tried_at_a_time() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let mut first = candidate(&server, dialect, &sid);
        let query = format!("{}&sid={sid}", dialect.query());
        let second = server.try_websocket(&query, "").err().unwrap();
        assert_eq!(second.said(), (400, "Bad request"));
        first.send("2probe");
        assert_eq!(first.text(), "3probe");
        let third = server.try_websocket(&query, "").err().unwrap();
        assert_eq!(third.said(), (400, "Bad request"));
        first.send("5");
        first.send("4x");
        assert_eq!(first.text(), "4x");
    }
}

#[test]
fn a_failed_upgrade_leaves_polling_as_it_was() {
    let server = serve(|engine| {
        engine
            .upgrade_timeout(Duration::from_millis(200))
            .revision_3(true)
    });
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        for first in ["4message", "2", "2other", "3probe", "0", "1", "6", "x", ""] {
            let mut websocket = candidate(&server, dialect, &sid);
            websocket.send(first);
            assert_eq!(websocket.receive(), Received::Close(None), "{first}");
        }
        let mut invalid = candidate(&server, dialect, &sid);
        invalid.send_frame(0x81, &[0xff]);
        assert_eq!(invalid.receive(), Received::Close(Some(1007)));
        let mut silent = candidate(&server, dialect, &sid);
        assert_eq!(
            silent.receive(),
            Received::Close(None),
            "after the upgrade timeout"
        );
        let mut probed = candidate(&server, dialect, &sid);
        probed.send("2probe");
        assert_eq!(probed.text(), "3probe");
        assert_eq!(held.answer().said(), (200, &*dialect.payload(&["6"])));
        assert_eq!(
            probed.receive(),
            Received::Close(None),
            "after the upgrade timeout"
        );
        let mut vanishing = candidate(&server, dialect, &sid);
        vanishing.send("2probe");
        assert_eq!(vanishing.text(), "3probe");
        vanishing.abort();
        let payload = dialect.payload(&["4x"]);
        server.post(&dialect.poll(&sid), &payload);
        assert_eq!(server.get(&dialect.poll(&sid)).text(), payload);
        assert_eq!(server.engine.sessions(), 1);
        server.post(&dialect.poll(&sid), &dialect.payload(&["1"]));
        server.wait_until_empty();
    }
}

#[test]
fn a_session_that_ends_while_a_link_is_tried_closes_it() {
    let server = both();
    for dialect in BOTH {
        for end in ["1", "4!close"] {
            let sid = server.open(&dialect.query());
            let mut websocket = candidate(&server, dialect, &sid);
            let start = Instant::now();
            server.post(&dialect.poll(&sid), &dialect.payload(&[end]));
            assert_eq!(websocket.receive(), Received::Close(None), "{end}");
            // And not only because the link has had ten seconds to take over.
            assert!(start.elapsed() < Duration::from_secs(5), "{end}");
        }
    }
}

#[test]
fn a_client_that_is_coming_over_hears_the_rest_by_the_link_though_the_server_closes() {
    let server = both();
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let mut websocket = candidate(&server, dialect, &sid);
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        let orders = dialect.payload(&["4!burst 3", "4!close"]);
        server.post(&dialect.poll(&sid), &orders);
        websocket.send("5");
        for at in 0..3 {
            assert_eq!(websocket.text(), format!("4{at}"));
        }
        assert_eq!(websocket.receive(), Received::Close(None));
        assert_eq!(server.reason(), "forced close");
    }
}
