//! WebSocket framing, over the ground of Autobahn's sections 1 to 10 and with packets of Engine.IO as text. `interop/autobahn` runs
//! that suite itself.

use crate::support::client::{Received, WebSocket, frame};
use crate::support::{Server, serve};

fn open(server: &Server) -> WebSocket {
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    websocket
}

/// These bytes end the connection with this status; what was sent before them is still answered.
fn is_closed_with(server: &Server, name: &str, bytes: &[u8], status: u16) {
    for cut in [bytes.len().max(1), 1] {
        let mut websocket = open(server);
        websocket.send("4before");
        for piece in bytes.chunks(cut) {
            websocket.write(piece);
        }
        assert_eq!(websocket.text(), "4before", "{name}");
        assert_eq!(
            websocket.receive(),
            Received::Close(Some(status)),
            "{name}, cut {cut}"
        );
    }
}

#[test]
fn reserved_bits_are_refused_in_every_kind_of_frame() {
    let server = serve(|engine| engine);
    for opcode in [0x1, 0x2, 0x8, 0x9, 0xa] {
        for bits in 1..8 {
            let name = format!("opcode {opcode}, bits {bits}");
            let bytes = frame(0x80 | bits << 4 | opcode, b"4x");
            is_closed_with(&server, &name, &bytes, 1002);
        }
    }
}

#[test]
fn opcodes_without_a_meaning_are_refused() {
    let server = serve(|engine| engine);
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in [&b""[..], b"4x"] {
            let name = format!("opcode {opcode}");
            is_closed_with(&server, &name, &frame(0x80 | opcode, payload), 1002);
        }
    }
}

#[test]
fn control_frames_are_short_and_whole() {
    let server = serve(|engine| engine);
    let mut websocket = open(&server);
    for len in [0, 1, 125] {
        websocket.send_frame(0x89, &vec![0xfe; len]);
        assert_eq!(websocket.receive(), Received::Pong(vec![0xfe; len]));
    }
    websocket.send_frame(0x8a, b"nobody asked");
    websocket.send("4x");
    assert_eq!(websocket.text(), "4x");
    for opcode in [0x8, 0x9, 0xa] {
        let name = format!("opcode {opcode}");
        is_closed_with(&server, &name, &frame(0x80 | opcode, &[b'x'; 126]), 1002);
        is_closed_with(&server, &name, &frame(opcode, b""), 1002);
    }
}

#[test]
fn fragments_make_a_message_with_control_frames_between_them() {
    let server = serve(|engine| engine);
    let message = [
        frame(0x01, b"4one"),
        frame(0x89, b"a"),
        frame(0x00, b""),
        frame(0x00, b"two"),
        frame(0x89, b"b"),
        frame(0x8a, b""),
        frame(0x80, b"three"),
    ]
    .concat();
    for cut in [message.len(), 7, 1] {
        let mut websocket = open(&server);
        for piece in message.chunks(cut) {
            websocket.write(piece);
        }
        assert_eq!(websocket.receive(), Received::Pong(b"a".to_vec()));
        assert_eq!(websocket.receive(), Received::Pong(b"b".to_vec()));
        assert_eq!(websocket.text(), "4onetwothree");
    }
    for (name, bytes) in [
        ("a continuation of nothing", frame(0x80, b"x")),
        ("an open continuation of nothing", frame(0x00, b"x")),
        (
            "text in a message",
            [frame(0x01, b"4"), frame(0x81, b"4")].concat(),
        ),
        (
            "binary in a message",
            [frame(0x02, b"4"), frame(0x02, b"4")].concat(),
        ),
        (
            "a continuation after the end",
            [frame(0x89, b""), frame(0x00, b"")].concat(),
        ),
    ] {
        let mut websocket = open(&server);
        websocket.write(&bytes);
        let closed = loop {
            match websocket.receive() {
                Received::Pong(_) => {}
                other => break other,
            }
        };
        assert_eq!(closed, Received::Close(Some(1002)), "{name}");
    }
}

#[test]
fn text_is_utf_8_wherever_it_is_cut() {
    let server = serve(|engine| engine);
    let mut websocket = open(&server);
    for text in [
        "4κόσμε",
        "4\u{feff}",
        "4\u{ffff}\u{fdd0}",
        "4\u{10ffff}",
        "4\u{80}\u{7ff}\u{800}\u{10000}",
        "4\0",
    ] {
        let bytes = text.as_bytes();
        for at in 1..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            websocket.write(&[frame(0x01, head), frame(0x80, tail)].concat());
            assert_eq!(websocket.text(), text);
        }
    }
    for bytes in [
        &b"4\xff"[..],
        b"4\xc0\x80",
        b"4\xc1\xbf",
        b"4\xe0\x80\x80",
        b"4\xed\xa0\x80",
        b"4\xed\xa0\x80\xed\xb0\x80",
        b"4\xf0\x80\x80\x80",
        b"4\xf4\x90\x80\x80",
        b"4\xf8\x88\x80\x80\x80",
        b"4\xce",
        b"4\xf0\x90\x80",
        b"4\x80",
        b"4a\xe2\x82",
    ] {
        let name = format!("{bytes:x?}");
        is_closed_with(&server, &name, &frame(0x81, bytes), 1007);
        let (head, tail) = bytes.split_at(2);
        let fragments = [frame(0x01, head), frame(0x80, tail)].concat();
        is_closed_with(&server, &name, &fragments, 1007);
    }
    // Binary may be anything.
    websocket.send_frame(0x82, b"\xff\xc0\x80");
    assert_eq!(
        websocket.receive(),
        Received::Binary(b"\xff\xc0\x80".to_vec())
    );
}

#[test]
fn a_close_frame_is_echoed_if_its_status_may_be_sent() {
    let server = serve(|engine| engine);
    let close =
        |status: u16, reason: &[u8]| frame(0x88, &[&status.to_be_bytes()[..], reason].concat());
    for status in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        is_closed_with(
            &server,
            "allowed",
            &close(status, "bye ✓".as_bytes()),
            status,
        );
    }
    for status in [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        is_closed_with(&server, &format!("{status}"), &close(status, b""), 1002);
    }
    is_closed_with(&server, "one byte", &frame(0x88, &[3]), 1002);
    is_closed_with(&server, "long", &close(1000, &[b'x'; 123]), 1000);
    is_closed_with(&server, "too long", &close(1000, &[b'x'; 124]), 1002);
    is_closed_with(
        &server,
        "not UTF-8",
        &close(1000, b"\xce\xba\xe1\xbd"),
        1007,
    );
    // What follows is not answered any more.
    let more = [
        close(1000, b""),
        frame(0x81, b"4x"),
        frame(0x89, b""),
        close(1001, b""),
    ]
    .concat();
    let mut websocket = open(&server);
    websocket.write(&more);
    assert_eq!(websocket.receive(), Received::Close(Some(1000)));
    assert_eq!(websocket.receive(), Received::End);
}

#[test]
fn messages_of_16_mib_pass_whole_and_in_pieces() {
    let server = serve(|engine| engine.max_payload(16 << 20).buffer_limit(64 << 20, 100));
    let mut websocket = open(&server);
    let bytes: Vec<u8> = (0..16_u32 << 20)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    websocket.send_frame(0x82, &bytes);
    assert_eq!(websocket.receive(), Received::Binary(bytes.clone()));
    for (len, piece) in [
        (4 << 20, 64),
        (4 << 20, 4_096),
        (16 << 20, 1 << 20),
        (65_536, 1_300),
    ] {
        let mut fragments = frame(0x02, b"");
        for piece in bytes[..len].chunks(piece) {
            fragments.extend(frame(0x00, piece));
        }
        fragments.extend(frame(0x80, b""));
        websocket.write(&fragments);
        assert_eq!(
            websocket.receive(),
            Received::Binary(bytes[..len].to_vec()),
            "{piece}"
        );
    }
    websocket.send_frame(0x82, &vec![0; (16 << 20) + 1]);
    assert_eq!(websocket.receive(), Received::Close(Some(1009)));
}

#[test]
fn a_thousand_messages_in_one_breath_come_back_in_order() {
    let server = serve(|engine| engine);
    for len in [0, 16, 64, 256, 1_024] {
        let mut websocket = open(&server);
        let padding = "x".repeat(len);
        let messages: Vec<_> = (0..1_000).map(|at| format!("4{at}{padding}")).collect();
        let mut bytes = Vec::new();
        for message in &messages {
            bytes.extend(frame(0x81, message.as_bytes()));
        }
        let writing = websocket.write_beside(bytes);
        for message in &messages {
            assert_eq!(&websocket.text(), message);
        }
        writing.join().unwrap();
    }
}
