//! WebSocket: frames, statuses, limits. Conformance of the framing itself has a suite of its own.

use std::time::Duration;

use crate::support::client::{Received, frame};
use crate::support::dialect::BOTH;
use crate::support::serve;

#[test]
fn a_websocket_session_echoes_text_and_binary_of_every_length() {
    let server = serve(|engine| engine);
    let mut websocket = server.websocket("EIO=4");
    assert!(websocket.text().contains(r#""upgrades":[]"#));
    for len in [0, 1, 124, 125, 126, 65_534, 65_535, 65_536, 200_000] {
        let text = format!("4{}", "x".repeat(len));
        websocket.send(&text);
        assert_eq!(websocket.text(), text);
        let bytes = vec![7; len];
        websocket.send_frame(0x82, &bytes);
        assert_eq!(websocket.receive(), Received::Binary(bytes));
    }
    websocket.send_frame(0x89, b"ping");
    assert_eq!(websocket.receive(), Received::Pong(b"ping".to_vec()));
    // Fragments, with a ping between them, and everything in pieces of one byte.
    let bytes = [
        frame(0x01, b"4fr"),
        frame(0x89, b""),
        frame(0x80, b"agments"),
    ]
    .concat();
    for byte in bytes {
        websocket.write(&[byte]);
    }
    assert_eq!(websocket.receive(), Received::Pong(Vec::new()));
    assert_eq!(websocket.text(), "4fragments");
}

#[test]
fn a_websocket_is_closed_with_the_status_that_says_why() {
    let server = serve(|engine| engine.max_payload(1_000).revision_3(true));
    for (name, bytes, status, reason) in [
        (
            "unknown packet",
            frame(0x81, b"abc"),
            None,
            "parse error: unknown packet type",
        ),
        (
            "empty packet",
            frame(0x81, b""),
            None,
            "parse error: empty packet",
        ),
        ("close packet", frame(0x81, b"1"), None, "transport close"),
        (
            "no mask",
            vec![0x81, 1, b'4'],
            Some(1002),
            "transport error: link failed",
        ),
        (
            "reserved bit",
            frame(0xc1, b"4x"),
            Some(1002),
            "transport error: link failed",
        ),
        (
            "not UTF-8",
            frame(0x81, &[b'4', 0xff]),
            Some(1007),
            "transport error: link failed",
        ),
        (
            "too large",
            frame(0x82, &[0; 1_001]),
            Some(1009),
            "transport error: max payload size exceeded",
        ),
        (
            "too large in fragments",
            [frame(0x02, &[4; 600]), frame(0x80, &[0; 600])].concat(),
            Some(1009),
            "transport error: max payload size exceeded",
        ),
        (
            "too large by its header",
            vec![0x82, 0xff, 0x3f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            Some(1009),
            "transport error: max payload size exceeded",
        ),
        (
            "closed by the client",
            frame(0x88, &[0x03, 0xe9]),
            Some(1001),
            "transport close",
        ),
        (
            "closed by the client, without a status",
            frame(0x88, &[]),
            None,
            "transport close",
        ),
    ] {
        for dialect in BOTH {
            let mut websocket = server.websocket(&dialect.query());
            websocket.text();
            websocket.write(&bytes);
            assert_eq!(websocket.receive(), Received::Close(status), "{name}");
            websocket.send_frame(0x88, &[]);
            assert_eq!(websocket.receive(), Received::End, "{name}");
            assert_eq!(server.reason(), reason, "{name}");
            server.wait_until_empty();
        }
    }
}

#[test]
fn a_message_of_exactly_the_limit_passes_on_every_transport() {
    let server = serve(|engine| engine.max_payload(1_000));
    let text = format!("4{}", "x".repeat(999));
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket.send(&text);
    assert_eq!(websocket.text(), text);
    websocket.write(
        &[
            frame(0x01, &text.as_bytes()[..500]),
            frame(0x80, &text.as_bytes()[500..]),
        ]
        .concat(),
    );
    assert_eq!(websocket.text(), text);
    let sid = server.open("EIO=4");
    assert_eq!(server.post(&crate::poll(&sid), &text).status, 200);
    assert_eq!(server.get(&crate::poll(&sid)).text(), text);
}

#[test]
fn a_message_may_be_empty_and_packets_without_a_meaning_are_ignored() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let mut websocket = server.websocket(&dialect.query());
        websocket.text();
        for packet in ["0", "5", "6", "4"] {
            websocket.send(packet);
        }
        assert_eq!(websocket.text(), "4");
        websocket.send_frame(0x82, &dialect.binary(b""));
        let empty = Received::Binary(dialect.binary(b""));
        assert_eq!(websocket.receive(), empty);
    }
}

#[test]
fn binary_is_base64_where_the_request_asks_for_it_and_taken_in_both_forms() {
    let server = serve(|engine| engine.revision_3(true));
    for (dialect, base64) in BOTH.into_iter().zip(["bAQID", "b4AQID"]) {
        let mut websocket = server.websocket(&format!("{}&b64=1", dialect.query()));
        websocket.text();
        websocket.send_frame(0x82, &dialect.binary(&[1, 2, 3]));
        assert_eq!(websocket.text(), base64);
        websocket.send(base64);
        assert_eq!(websocket.text(), base64);
        let mut websocket = server.websocket(&dialect.query());
        websocket.text();
        websocket.send(base64);
        let binary = Received::Binary(dialect.binary(&[1, 2, 3]));
        assert_eq!(websocket.receive(), binary);
    }
}

#[test]
fn a_websocket_that_vanishes_ends_its_session() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let mut websocket = server.websocket(&dialect.query());
        websocket.text();
        assert_eq!(server.engine.sessions(), 1);
        websocket.abort();
        assert_eq!(server.reason(), "transport close");
        server.wait_until_empty();
    }
}

#[test]
fn frames_that_come_with_the_handshake_are_not_lost() {
    let server = serve(|engine| engine);
    let head = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let bytes = [head.as_bytes(), &frame(0x81, b"4early")].concat();
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    std::io::Write::write_all(&mut stream, &bytes).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"4early") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stream, &mut byte).expect("the echo");
        read.push(byte[0]);
    }
}

#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    let server = serve(|engine| engine.buffer_limit(100_000, 1_000).inbox(16));
    let mut websocket = server.websocket("EIO=4");
    let text = format!("4{}", "x".repeat(50_000));
    let sending = frame(0x81, text.as_bytes());
    websocket.set_nonblocking();
    let mut accepted = 0;
    for _ in 0..2_000 {
        accepted += websocket.try_write(&sending);
    }
    // 100 MB were offered. What the sockets of both sides buffer is a few megabytes.
    assert!(
        accepted < 40_000_000,
        "{accepted} bytes were read from somebody who reads nothing"
    );
}
