//! The engine from outside, by bytes: each test is a rule of polling, WebSocket or the upgrade between them.

#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use socketio_server::engine::{Origins, Transport};
use support::client::{Received, frame};
use support::serve;

const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

fn poll(sid: &str) -> String {
    format!("/engine.io/?EIO=4&transport=polling&sid={sid}")
}

#[test]
fn a_handshake_by_polling_is_answered_at_once() {
    let server = serve(|engine| engine);
    let answer = server.get("/engine.io/?EIO=4&transport=polling");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = answer.text();
    assert!(text.starts_with(r#"0{"sid":""#), "{text}");
    let rest = r#"","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert!(text.ends_with(rest), "{text}");
    assert_eq!(text.len(), 118, "as long as the reference's");
}

#[test]
fn messages_go_round_by_polling_and_one_answer_gathers_them() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let answer = server.post(&poll(&sid), "4a\u{1e}bAQID\u{1e}4€");
    assert_eq!(answer.said(), (200, "ok"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(server.get(&poll(&sid)).text(), "4a\u{1e}bAQID\u{1e}4€");
    let held = server.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(held.is_held(100));
    server.post(&poll(&sid), "4late");
    assert_eq!(held.answer().said(), (200, "4late"));
}

#[test]
fn every_refusal_of_a_request_says_what_the_reference_says() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let transport_unknown = r#"{"code":0,"message":"Transport unknown"}"#;
    let bad_method = r#"{"code":2,"message":"Bad handshake method"}"#;
    let unsupported = r#"{"code":5,"message":"Unsupported protocol version"}"#;
    let with_sid = |rest: &str| format!("/engine.io/?{rest}&sid={sid}");
    for (method, target, said) in [
        ("GET", "/engine.io/?EIO=4".to_owned(), transport_unknown),
        (
            "GET",
            "/engine.io/?EIO=4&transport=pigeon".into(),
            transport_unknown,
        ),
        (
            "GET",
            "/engine.io/?EIO=4&transport=webtransport".into(),
            transport_unknown,
        ),
        (
            "GET",
            "/engine.io/?EIO=4&transport=__proto__".into(),
            transport_unknown,
        ),
        (
            "GET",
            "/engine.io/?EIO=4&transport=polling&sid=nobody".into(),
            UNKNOWN_SID,
        ),
        (
            "GET",
            "/engine.io/?EIO=4&transport=polling&sid=__proto__".into(),
            UNKNOWN_SID,
        ),
        (
            "POST",
            "/engine.io/?EIO=4&transport=polling".into(),
            bad_method,
        ),
        (
            "PUT",
            "/engine.io/?EIO=4&transport=polling".into(),
            bad_method,
        ),
        (
            "OPTIONS",
            "/engine.io/?EIO=4&transport=polling".into(),
            bad_method,
        ),
        (
            "GET",
            "/engine.io/?EIO=4&transport=websocket".into(),
            BAD_REQUEST,
        ),
        ("GET", with_sid("EIO=4&transport=websocket"), BAD_REQUEST),
        ("GET", with_sid("EIO=3&transport=polling"), BAD_REQUEST),
        (
            "GET",
            "/engine.io/?EIO=3&transport=polling".into(),
            unsupported,
        ),
        ("GET", "/engine.io/?transport=polling".into(), unsupported),
    ] {
        let answer = server.request(&format!("{method} {target}"), b"");
        assert_eq!(answer.said(), (400, said), "{method} {target}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(
        server.request(&format!("PUT {}", poll(&sid)), b"").status,
        500
    );
    assert_eq!(server.get("/elsewhere").status, 404);
    assert_eq!(
        server.post(&poll(&sid), "4x").status,
        200,
        "the session has survived all this"
    );
}

#[test]
fn every_refusal_of_a_websocket_comes_before_the_101() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let websocket = "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let polling = "GET /engine.io/?EIO=4&transport=polling";
    for (request, said) in [
        (
            "GET /engine.io/?EIO=4&transport=pigeon".to_owned(),
            "Transport unknown",
        ),
        (
            "GET /engine.io/?EIO=4&transport=websocket&sid=nobody".into(),
            "Session ID unknown",
        ),
        (
            "POST /engine.io/?EIO=4&transport=websocket".into(),
            "Bad handshake method",
        ),
        (
            "GET /engine.io/?EIO=3&transport=websocket".into(),
            "Unsupported protocol version",
        ),
        (polling.into(), "Bad request"),
        (format!("{polling}&sid={sid}"), "Bad request"),
    ] {
        let answer = server.request(&format!("{request}\n{websocket}"), b"");
        assert_eq!(answer.said(), (400, said), "{request}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    for headers in [
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13",
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: short",
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 7\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ] {
        let answer = server.request(
            &format!("GET /engine.io/?EIO=4&transport=websocket\n{headers}"),
            b"",
        );
        assert_eq!(answer.status, 400, "{headers}");
    }
    assert_eq!(server.engine.sessions(), 1);
}

#[test]
fn a_second_poll_ends_the_session_and_answers_the_first() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let first = server.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(first.is_held(50));
    assert_eq!(server.get(&poll(&sid)).said(), (400, ""));
    assert_eq!(first.answer().said(), (200, "1"));
    assert_eq!(server.get(&poll(&sid)).said(), (400, UNKNOWN_SID));
    server.wait_until_empty();
}

#[test]
fn a_second_body_while_one_is_read_ends_the_session() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4half",
        poll(&sid)
    );
    let mut first = server.begin_raw(head.as_bytes());
    assert!(first.is_held(100));
    assert_eq!(server.post(&poll(&sid), "4x").said(), (400, ""));
    first.write(b" more");
    assert_eq!(first.answer().status, 400);
    server.wait_until_empty();
}

#[test]
fn who_gives_up_a_poll_or_a_body_has_ended_the_session() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let held = server.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(held.is_held(50));
    held.abort();
    server.wait_until_empty();
    assert_eq!(server.get(&poll(&sid)).said(), (400, UNKNOWN_SID));

    let sid = server.open("EIO=4");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4half",
        poll(&sid)
    );
    let half = server.begin_raw(head.as_bytes());
    assert!(half.is_held(50));
    half.abort();
    server.wait_until_empty();
}

#[test]
fn a_body_that_is_no_payload_ends_the_session() {
    let server = serve(|engine| engine);
    for body in ["abc", "4a\u{1e}", "\u{1e}", "2"] {
        let sid = server.open("EIO=4");
        server.post(&poll(&sid), body);
        assert_eq!(server.get(&poll(&sid)).status, 400, "{body:?}");
    }
    let sid = server.open("EIO=4");
    assert_eq!(server.post(&poll(&sid), "abc").said(), (400, ""));
    let sid = server.open("EIO=4");
    let request = format!(
        "POST {}\nContent-Type: application/octet-stream",
        poll(&sid)
    );
    assert_eq!(server.request(&request, b"4x").said(), (400, ""));
    server.wait_until_empty();
}

#[test]
fn a_body_that_is_too_large_is_refused_by_what_it_announces_and_by_what_it_has() {
    let server = serve(|engine| engine.max_payload(1_000));
    let sid = server.open("EIO=4");
    let announced = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000000\r\n\r\n4",
        poll(&sid)
    );
    assert_eq!(
        server.begin_raw(announced.as_bytes()).answer().said(),
        (413, "")
    );
    server.wait_until_empty();

    let sid = server.open("EIO=4");
    let chunked = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        poll(&sid)
    );
    let mut endless = server.begin_raw(chunked.as_bytes());
    for _ in 0..20 {
        endless.write(format!("64\r\n{}\r\n", "4".repeat(100)).as_bytes());
    }
    assert_eq!(endless.answer().said(), (413, ""));
    server.wait_until_empty();

    let sid = server.open("EIO=4");
    let body = format!("4{}", "x".repeat(999));
    assert_eq!(
        server.post(&poll(&sid), &body).status,
        200,
        "exactly the limit passes"
    );
    assert_eq!(server.get(&poll(&sid)).text(), body);
}

#[test]
fn chunked_bodies_are_read() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n4he\r\n3\r\nllo\r\n0\r\n\r\n",
        poll(&sid)
    );
    assert_eq!(
        server.begin_raw(request.as_bytes()).answer().said(),
        (200, "ok")
    );
    assert_eq!(server.get(&poll(&sid)).text(), "4hello");
}

#[test]
fn a_close_by_polling_releases_the_waiting_poll() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let held = server.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(held.is_held(50));
    assert_eq!(server.post(&poll(&sid), "1").said(), (200, "ok"));
    assert_eq!(held.answer().said(), (200, "6"));
    server.wait_until_empty();
}

#[test]
fn pings_come_by_polling_and_a_client_that_does_not_answer_is_gone() {
    let quick = |engine: socketio_server::engine::EngineBuilder| {
        engine
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200))
    };
    let server = serve(quick);
    let sid = server.open("EIO=4");
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(server.get(&poll(&sid)).text(), "2");
        assert_eq!(server.post(&poll(&sid), "3").status, 200);
    }
    assert!(start.elapsed() > Duration::from_millis(900));
    assert_eq!(server.get(&poll(&sid)).text(), "2");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.get(&poll(&sid)).said(), (400, UNKNOWN_SID));
    let _never_polled = server.open("EIO=4");
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(server.engine.sessions(), 0);
}

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
    let server = serve(|engine| engine.max_payload(1_000));
    for (name, bytes, status) in [
        ("unknown packet", frame(0x81, b"abc"), None),
        ("empty packet", frame(0x81, b""), None),
        ("ping from a client", frame(0x81, b"2"), None),
        ("close packet", frame(0x81, b"1"), None),
        ("no mask", vec![0x81, 1, b'4'], Some(1002)),
        ("not UTF-8", frame(0x81, &[b'4', 0xff]), Some(1007)),
        ("too large", frame(0x82, &[0; 1_001]), Some(1009)),
        (
            "too large by its header",
            vec![0x82, 0xff, 0x3f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            Some(1009),
        ),
        (
            "closed by the client",
            frame(0x88, &[0x03, 0xe9]),
            Some(1001),
        ),
        (
            "closed by the client, without a status",
            frame(0x88, &[]),
            None,
        ),
    ] {
        let mut websocket = server.websocket("EIO=4");
        websocket.text();
        websocket.write(&bytes);
        assert_eq!(websocket.receive(), Received::Close(status), "{name}");
        websocket.send_frame(0x88, &[]);
        assert_eq!(websocket.receive(), Received::End, "{name}");
        server.wait_until_empty();
    }
}

#[test]
fn a_websocket_that_vanishes_ends_its_session() {
    let server = serve(|engine| engine);
    let mut websocket = server.websocket("EIO=4");
    websocket.text();
    assert_eq!(server.engine.sessions(), 1);
    websocket.abort();
    server.wait_until_empty();
}

#[test]
fn frames_that_come_with_the_handshake_are_not_lost() {
    let server = serve(|engine| engine);
    let head = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let bytes = [head.as_bytes(), &frame(0x81, b"4early")].concat();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
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
fn an_upgrade_takes_over_and_polling_is_refused_from_then_on() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let held = server.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(held.is_held(50));
    let mut websocket = server.websocket(&format!("EIO=4&sid={sid}"));
    assert!(
        held.is_held(50),
        "a link that has not spoken releases nothing"
    );
    websocket.send("2probe");
    assert_eq!(websocket.text(), "3probe");
    assert_eq!(held.answer().said(), (200, "6"));
    // Polling still works until the client has decided.
    server.post(&poll(&sid), "4by polling");
    websocket.send("5");
    assert_eq!(websocket.text(), "4by polling");
    websocket.send("4by websocket");
    assert_eq!(websocket.text(), "4by websocket");
    assert_eq!(server.get(&poll(&sid)).said(), (400, BAD_REQUEST));
    assert_eq!(server.post(&poll(&sid), "4x").said(), (400, BAD_REQUEST));
    let again = server.try_websocket(&format!("EIO=4&sid={sid}"), "");
    assert_eq!(again.err().map(|answer| answer.status), Some(400));
    websocket.send("4still here");
    assert_eq!(websocket.text(), "4still here");
}

#[test]
fn a_failed_upgrade_leaves_polling_as_it_was() {
    let server = serve(|engine| engine.upgrade_timeout(Duration::from_millis(200)));
    let sid = server.open("EIO=4");
    let held = server.begin(&format!("GET {}", poll(&sid)), b"");
    for first in ["4message", "2", "3probe", "x"] {
        let mut websocket = server.websocket(&format!("EIO=4&sid={sid}"));
        websocket.send(first);
        assert_eq!(websocket.receive(), Received::Close(None), "{first}");
    }
    let mut silent = server.websocket(&format!("EIO=4&sid={sid}"));
    assert_eq!(
        silent.receive(),
        Received::Close(None),
        "after the upgrade timeout"
    );
    let mut vanishing = server.websocket(&format!("EIO=4&sid={sid}"));
    vanishing.send("2probe");
    assert_eq!(vanishing.text(), "3probe");
    vanishing.abort();
    assert_eq!(held.answer().said(), (200, "6"));
    server.post(&poll(&sid), "4x");
    assert_eq!(server.get(&poll(&sid)).text(), "4x");
}

#[test]
fn revision_3_is_spoken_where_it_is_allowed() {
    let server = serve(|engine| engine.revision_3(true));
    let poll = |sid: &str| format!("/engine.io/?EIO=3&transport=polling&sid={sid}");
    let sid = server.open("EIO=3&b64=1");
    assert_eq!(server.post(&poll(&sid), "2:4€6:b4AQID").said(), (200, "ok"));
    assert_eq!(server.get(&poll(&sid)).text(), "2:4€6:b4AQID");
    server.post(&poll(&sid), "1:2");
    assert_eq!(server.get(&poll(&sid)).text(), "1:3");

    let sid = server.open("EIO=3");
    let body = [1, 4, 0xff, 4, 1, 2, 3];
    let request = format!(
        "POST {}\nContent-Type: application/octet-stream",
        poll(&sid)
    );
    assert_eq!(server.request(&request, &body).said(), (200, "ok"));
    let answer = server.get(&poll(&sid));
    assert_eq!(
        answer.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(answer.body, body);

    let mut websocket = server.websocket("EIO=3");
    websocket.text();
    websocket.send_frame(0x82, &[4, 1, 2]);
    assert_eq!(websocket.receive(), Received::Binary(vec![4, 1, 2]));
    websocket.send("2");
    assert_eq!(websocket.text(), "3");
}

#[test]
fn jsonp_answers_with_the_first_index_and_reads_forms() {
    let server = serve(|engine| engine.revision_3(true));
    let answer = server.get("/engine.io/?EIO=3&transport=polling&b64=1&j=12abc");
    assert!(answer.text().starts_with(r#"___eio[12]("#), "{answer:?}");
    let (_, rest) = answer.text().split_once(r#"\"sid\":\""#).unwrap();
    let sid = rest.split('\\').next().unwrap();
    let poll = format!("/engine.io/?EIO=3&transport=polling&b64=1&j=99&sid={sid}");
    assert_eq!(server.post(&poll, "d=3%3A4in").said(), (200, "ok"));
    assert_eq!(server.get(&poll).text(), r#"___eio[12]("3:4in");"#);
}

#[test]
fn pages_of_other_origins_are_refused_on_every_transport_before_any_101() {
    let server = serve(|engine| engine);
    let forbidden = r#"{"code":4,"message":"Forbidden"}"#;
    let polling = "GET /engine.io/?EIO=4&transport=polling";
    for origin in ["https://evil.example", "null", "file://"] {
        let answer = server.request(&format!("{polling}\nOrigin: {origin}"), b"");
        assert_eq!(answer.said(), (403, forbidden), "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let refused = server
            .try_websocket("EIO=4", &format!("Origin: {origin}"))
            .err()
            .unwrap();
        assert_eq!(refused.said(), (403, "Forbidden"), "{origin}");
    }
    assert_eq!(server.engine.sessions(), 0);
    let own = format!("{polling}\nOrigin: http://{}", server.address);
    assert_eq!(server.request(&own, b"").status, 200);

    let server =
        serve(|engine| engine.origins(Origins::list(["https://app.example"]).credentials(true)));
    let answer = server.request(&format!("{polling}\nOrigin: https://app.example"), b"");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert!(
        server
            .try_websocket("EIO=4", "Origin: https://app.example")
            .is_ok()
    );
    assert!(
        server
            .try_websocket("EIO=4", "Origin: https://app.example.evil")
            .is_err()
    );
    let preflight = "OPTIONS /engine.io/?EIO=4&transport=polling\nOrigin: https://app.example\n\
                     Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: x-token";
    let answer = server.request(preflight, b"");
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("x-token")
    );
}

#[test]
fn a_transport_that_is_not_offered_is_unknown() {
    let server = serve(|engine| engine.transports([Transport::POLLING]));
    let answer = server.get("/engine.io/?EIO=4&transport=polling");
    assert!(answer.text().contains(r#""upgrades":[]"#));
    assert_eq!(
        server
            .try_websocket("EIO=4", "")
            .err()
            .map(|answer| answer.status),
        Some(400)
    );
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
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(server.get(&poll(&four)).said(), (400, UNKNOWN_SID));
        let three = format!("/engine.io/?EIO=3&transport=polling&sid={three}");
        assert_eq!(server.post(&three, "1:2").said(), (400, UNKNOWN_SID));
    }
}
