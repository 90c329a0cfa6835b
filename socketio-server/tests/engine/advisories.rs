//! What went wrong in software of this kind before, each with the input that did it. `behaviour.md` names the reports.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::poll;
use crate::support::client::{Received, frame};
use crate::support::dialect::{BOTH, Dialect};
use crate::support::{Server, serve};

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The head of a WebSocket request with more headers.
fn upgrade_head(query: &str, headers: &str) -> String {
    format!(
        "GET /engine.io/?{query}&transport=websocket HTTP/1.1\r\nHost: x\r\n{UPGRADE}{headers}\r\n"
    )
}

/// Whatever was tried, others are served.
fn is_well(server: &Server) {
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket.send("4x");
    assert_eq!(websocket.text(), "4x");
    let sid = server.open("EIO=4");
    assert_eq!(server.post(&poll(&sid), "4x").said(), (200, "ok"));
}

#[test]
fn session_ids_have_no_part_that_counts_or_repeats() {
    let server = serve(|engine| engine);
    let ids: Vec<_> = (0..200).map(|_| server.open("EIO=4")).collect();
    for range in [0..5, 5..10, 10..15, 15..20] {
        let parts: HashSet<_> = ids.iter().map(|id| &id[range.clone()]).collect();
        assert_eq!(parts.len(), ids.len(), "characters {range:?}");
    }
}

#[test]
fn without_an_option_no_page_of_another_origin_is_told_anything() {
    let server = serve(|engine| engine);
    for request in [
        "GET /engine.io/?EIO=4&transport=polling",
        "OPTIONS /engine.io/?EIO=4&transport=polling",
    ] {
        let request = format!("{request}\nOrigin: https://evil.example\nCookie: io=1");
        let answer = server.request(&request, b"");
        assert!(answer.status >= 400, "{answer:?}");
        for header in [
            "access-control-allow-origin",
            "access-control-allow-credentials",
        ] {
            assert_eq!(answer.header(header), None);
        }
    }
}

#[test]
fn a_bad_frame_in_the_segment_of_the_handshake_ends_that_connection_only() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        for bad in [frame(0xa1, b"4x"), frame(0x83, b""), vec![0x81, 0x01, b'4']] {
            let head = upgrade_head(&dialect.query(), "");
            let pending = server.begin_raw(&[head.as_bytes(), &bad].concat());
            let (answer, _) = pending.answer_and_end();
            assert_eq!(answer.status, 101);
            let sid = server.open(&dialect.query());
            let head = upgrade_head(&format!("{}&sid={sid}", dialect.query()), "");
            let pending = server.begin_raw(&[head.as_bytes(), &bad].concat());
            assert_eq!(pending.answer_and_end().0.status, 101);
            server.post(&dialect.poll(&sid), &dialect.payload(&["1"]));
        }
    }
    server.wait_until_empty();
    is_well(&server);
}

#[test]
fn a_reset_after_a_refused_upgrade_harms_nobody() {
    let server = serve(|engine| engine);
    for _ in 0..50 {
        let head = upgrade_head("EIO=4&sid=nobody", "");
        server.begin_raw(head.as_bytes()).reset_when_answered();
    }
    assert_eq!(server.engine.sessions(), 0);
    is_well(&server);
}

#[test]
fn nothing_is_done_for_an_upgrade_that_was_refused() {
    let server = serve(|engine| engine);
    for query in ["EIO=4&sid=nobody", "EIO=3", "EIO=4&sid=__proto__"] {
        let head = upgrade_head(query, "");
        let bytes = [head.as_bytes(), &frame(0x81, b"2probe")].concat();
        let (answer, ended) = server.begin_raw(&bytes).answer_and_end();
        assert_eq!(answer.status, 400, "{query}");
        assert!(ended);
    }
    assert_eq!(server.engine.sessions(), 0);
}

#[test]
fn every_body_is_answered_also_the_one_that_is_refused() {
    let server = serve(|engine| engine);
    for _ in 0..100 {
        let sid = server.open("EIO=4");
        let request = format!(
            "POST {}\nContent-Type: application/octet-stream",
            poll(&sid)
        );
        assert_eq!(server.request(&request, b"4x").said(), (400, ""));
    }
    server.wait_until_empty();
}

#[test]
fn pings_by_the_thousand_start_no_tasks_and_owe_one_pong() {
    let server = serve(|engine| engine.revision_3(true));
    let mut websocket = server.websocket("EIO=3");
    websocket.text();
    let tasks = server.runtime.metrics().num_alive_tasks();
    let pings = frame(0x89, b"x").repeat(1_000);
    let own = frame(0x81, b"2").repeat(1_000);
    let mut most = 0;
    for _ in 0..20 {
        websocket.write(&pings);
        websocket.write(&own);
        most = most.max(server.runtime.metrics().num_alive_tasks());
    }
    assert!(most <= tasks, "{most} tasks instead of {tasks}");
    websocket.send("4end");
    let mut pongs = 0;
    loop {
        match websocket.receive() {
            Received::Text(text) if text == "4end" => break,
            Received::Pong(_) | Received::Text(_) => pongs += 1,
            other => panic!("{other:?}"),
        }
    }
    // One of each kind for what one read brought.
    assert!(pongs < 20_000, "{pongs} pongs for 40,000 pings");
}

#[test]
fn every_ping_of_a_client_that_reads_is_answered_before_what_came_after_it() {
    let server = serve(|engine| engine);
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    let mut bytes = Vec::new();
    for at in 0..10 {
        bytes.extend(frame(0x89, &[at]));
    }
    bytes.extend(frame(0x81, b"4x"));
    websocket.write(&bytes);
    for at in 0..10 {
        assert_eq!(websocket.receive(), Received::Pong(vec![at]));
    }
    assert_eq!(websocket.text(), "4x");
}

#[test]
fn headers_may_hold_any_bytes() {
    let server = serve(|engine| engine);
    let names = [
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Origin",
        "Content-Type",
        "Cookie",
        "User-Agent",
        "Forwarded",
        "X-Forwarded-For",
        "Accept-Encoding",
        "Access-Control-Request-Headers",
    ];
    for name in names {
        for value in [
            &b"\xff\xfe"[..],
            b"\x80",
            "€".as_bytes(),
            b",",
            b"",
            b" , ,",
        ] {
            for method in ["GET", "OPTIONS", "POST"] {
                for upgrade in ["", UPGRADE] {
                    let transport = if upgrade.is_empty() {
                        "polling"
                    } else {
                        "websocket"
                    };
                    let head = format!(
                        "{method} /engine.io/?EIO=4&transport={transport} HTTP/1.1\r\nHost: x\r\n{upgrade}{name}: "
                    );
                    let bytes = [head.as_bytes(), value, b"\r\n\r\n"].concat();
                    let status = server.begin_raw(&bytes).answer_and_status();
                    assert!(matches!(status, 101 | 200 | 400 | 403), "{name}: {status}");
                }
            }
        }
    }
    is_well(&server);
}

#[test]
fn a_long_list_of_subprotocols_costs_no_more_than_its_length() {
    let server = serve(|engine| engine);
    for value in [" ".repeat(15_000), "a,".repeat(7_500), "\t".repeat(15_000)] {
        let header = format!("Sec-WebSocket-Protocol: b{value}b\r\n");
        let start = Instant::now();
        let head = upgrade_head("EIO=4", &header);
        let status = server.begin_raw(head.as_bytes()).answer_and_status();
        assert!(matches!(status, 101 | 400 | 431), "{status}");
        assert!(start.elapsed() < Duration::from_millis(500));
    }
}

#[test]
fn heads_with_too_many_headers_or_bytes_are_refused() {
    let server = serve(|engine| engine);
    let many: String = (0..100).map(|at| format!("X-{at}: 1\r\n")).collect();
    let large = format!("X-Large: {}\r\n", "x".repeat(40_000));
    for headers in [many, large] {
        for head in [
            format!("GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n{headers}\r\n"),
            upgrade_head("EIO=4", &headers),
        ] {
            let status = server.begin_raw(head.as_bytes()).answer_and_status();
            assert_eq!(status, 431);
        }
    }
    assert_eq!(server.engine.sessions(), 0);
    is_well(&server);
}

#[test]
fn the_limit_that_is_configured_is_enforced_on_every_transport() {
    for max in [100, 10_000, 2_000_000] {
        let server = serve(|engine| engine.max_payload(max).revision_3(true));
        let fits = format!("4{}", "x".repeat(max - 1));
        let mut websocket = server.websocket("EIO=4");
        assert!(
            websocket
                .text()
                .ends_with(&format!("\"maxPayload\":{max}}}"))
        );
        websocket.send(&fits);
        assert_eq!(websocket.text(), fits);
        websocket.send(&format!("{fits}x"));
        assert_eq!(websocket.receive(), Received::Close(Some(1009)));

        let mut fragmented = server.websocket("EIO=4");
        fragmented.text();
        fragmented.send_frame(0x01, &fits.as_bytes()[..50]);
        fragmented.send_frame(0x80, &vec![b'x'; max - 49]);
        assert_eq!(fragmented.receive(), Received::Close(Some(1009)));

        let sid = server.open("EIO=4");
        assert_eq!(server.post(&poll(&sid), &fits).said(), (200, "ok"));
        assert_eq!(server.post(&poll(&sid), &format!("{fits}x")).status, 413);

        let sid = server.open("EIO=4");
        let mut upgraded = server.websocket(&format!("EIO=4&sid={sid}"));
        upgraded.send("5");
        upgraded.send(&fits);
        assert_eq!(upgraded.text(), fits);
        upgraded.send(&format!("{fits}x"));
        assert_eq!(upgraded.receive(), Received::Close(Some(1009)));
    }
}

#[test]
fn bodies_of_very_many_small_packets_are_read_in_time_that_their_length_explains() {
    let server = serve(|engine| engine.revision_3(true).inbox(1_000_000));
    let four = ["6"; 400_000].join("\u{1e}");
    let bodies = [
        (Dialect(4), "\u{1e}".repeat(900_000), 400),
        (Dialect(4), four, 200),
        (Dialect(3), "1:6".repeat(300_000), 200),
        (Dialect(3), "1".repeat(900_000), 400),
        (Dialect(3), "0000000001:6".repeat(80_000), 200),
    ];
    for (dialect, body, status) in bodies {
        let sid = server.open(&dialect.query());
        let start = Instant::now();
        let answer = server.post(&dialect.poll(&sid), &body);
        assert_eq!(answer.status, status, "{:?}", &body[..20]);
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(2),
            "{took:?} for {:?}",
            &body[..20]
        );
    }
    let sid = server.open("EIO=3");
    let body = [0u8, 1, 0xff, b'6'].repeat(240_000);
    let request = format!(
        "POST {}\nContent-Type: application/octet-stream",
        Dialect(3).poll(&sid)
    );
    let start = Instant::now();
    assert_eq!(server.request(&request, &body).status, 200);
    assert!(start.elapsed() < Duration::from_secs(2));
    is_well(&server);
}

#[test]
fn tiny_fragments_are_counted_and_coalesced() {
    let server = serve(|engine| engine);
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    let mut bytes = frame(0x01, b"4");
    bytes.extend(frame(0x00, b"x").repeat(10_000));
    bytes.extend(frame(0x80, b""));
    websocket.write(&bytes);
    assert_eq!(websocket.text(), format!("4{}", "x".repeat(10_000)));
    let mut bytes = frame(0x01, b"4");
    bytes.extend(frame(0x00, b"").repeat(20_000));
    websocket.write(&bytes);
    assert_eq!(websocket.receive(), Received::Close(Some(1008)));
}

#[test]
fn frame_lengths_beyond_all_memory_are_refused_by_their_header() {
    let server = serve(|engine| engine);
    for length in [u64::MAX >> 1, 1 << 62, 1 << 32, u64::from(u32::MAX)] {
        for first in [0x81, 0x82, 0x01] {
            let mut websocket = server.websocket("EIO=4");
            websocket.text();
            let header = [&[first, 0xff][..], &length.to_be_bytes(), &[1, 2, 3, 4]].concat();
            websocket.write(&header);
            assert_eq!(websocket.receive(), Received::Close(Some(1009)));
        }
    }
    // RFC 6455, 5.2: the highest bit must be 0.
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket.write(&[&[0x82, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat());
    assert!(matches!(
        websocket.receive(),
        Received::Close(Some(1002 | 1009))
    ));
}

#[test]
fn http_that_two_parsers_could_read_differently_is_refused_or_ends_the_connection() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    for headers in [
        "Content-Length: +5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5,6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n",
        "Bad Header: 1\r\n",
    ] {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\n{headers}\r\n4abcd",
            poll(&sid)
        );
        let status = server.begin_raw(head.as_bytes()).answer_and_status();
        assert!(matches!(status, 400 | 413 | 501), "{headers}: {status}");
    }
    is_well(&server);
}

#[test]
fn chunks_that_announce_too_much_or_never_end_are_refused() {
    let server = serve(|engine| engine);
    for chunk in [
        "fffffffffffffffff\r\nx".to_owned(),
        "ffffffffffffffff\r\nx".to_owned(),
        format!("1;{}\r\nx\r\n", "e".repeat(100_000)),
        "1;a\r\nx\r\n".repeat(40_000),
        "x\r\n".to_owned(),
        "-1\r\nx".to_owned(),
    ] {
        let sid = server.open("EIO=4");
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}",
            poll(&sid)
        );
        let mut pending = server.begin_raw(head.as_bytes());
        // What is announced and does not come is waited for; then the client gives up.
        if pending.is_held(300) {
            pending.write(b"4");
            pending.abort();
        }
    }
    server.wait_until_empty();
    is_well(&server);
}

#[test]
fn compressed_bodies_are_not_inflated() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    // "4x", compressed by gzip: the bytes are no payload.
    let gzip = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x33, 0xa9, 0, 0, 0x5c, 0x0b, 0xa7, 0x4b, 2, 0, 0, 0,
    ];
    let request = format!("POST {}\nContent-Encoding: gzip", poll(&sid));
    assert_eq!(server.request(&request, &gzip).said(), (400, ""));
}

#[test]
fn ids_and_transports_are_looked_up_and_never_reached_into() {
    let server = serve(|engine| engine);
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
        let sid = server.get(&poll(name));
        assert_eq!(sid.status, 400);
        let transport = server.get(&format!("/engine.io/?EIO=4&transport={name}"));
        assert_eq!(transport.status, 400);
    }
}
