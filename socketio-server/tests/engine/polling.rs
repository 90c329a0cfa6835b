//! Long polling: a request that waits, a body that is read, and what ends both.

use crate::support::dialect::BOTH;
use crate::support::serve;
use crate::{UNKNOWN_SID, poll};

#[test]
fn messages_go_round_by_polling_and_one_answer_gathers_them() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let answer = server.post(&poll(&sid), "4a\u{1e}bAQID\u{1e}4€");
    assert_eq!(answer.said(), (200, "ok"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    // The application is another task, and is given the time to answer all three.
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(server.get(&poll(&sid)).text(), "4a\u{1e}bAQID\u{1e}4€");
    let held = server.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(held.is_held(100));
    server.post(&poll(&sid), "4late");
    assert_eq!(held.answer().said(), (200, "4late"));
}

#[test]
fn a_poll_waits_until_there_is_something_to_say() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        assert!(held.is_held(100));
        let posted = server.post(&dialect.poll(&sid), &dialect.payload(&["4late"]));
        assert_eq!(posted.said(), (200, "ok"));
        assert_eq!(posted.header("cache-control"), Some("no-store"));
        let answer = held.answer();
        assert_eq!(answer.said(), (200, &*dialect.payload(&["4late"])));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let text = Some("text/plain; charset=UTF-8");
        assert_eq!(answer.header("content-type"), text);
    }
}

#[test]
fn a_message_may_be_empty() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let payload = dialect.payload(&["4", "4after"]);
        assert_eq!(server.post(&dialect.poll(&sid), &payload).status, 200);
        assert_eq!(server.get(&dialect.poll(&sid)).text(), payload);
    }
}

#[test]
fn packets_without_a_meaning_are_ignored() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let payload = dialect.payload(&["0", "5", "6", "4x"]);
        assert_eq!(server.post(&dialect.poll(&sid), &payload).status, 200);
        let echoed = server.get(&dialect.poll(&sid));
        assert_eq!(echoed.text(), dialect.payload(&["4x"]));
    }
}

#[test]
fn a_second_poll_ends_the_session_and_answers_the_first() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let first = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        assert!(first.is_held(50));
        assert_eq!(server.get(&dialect.poll(&sid)).said(), (400, ""));
        let close = dialect.payload(&["1"]);
        assert_eq!(first.answer().said(), (200, close.as_str()));
        assert_eq!(server.get(&dialect.poll(&sid)).said(), (400, UNKNOWN_SID));
        assert_eq!(server.reason(), "transport error: overlap from client");
        server.wait_until_empty();
    }
}

#[test]
fn a_second_body_while_one_is_read_ends_the_session() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4half",
            dialect.poll(&sid)
        );
        let mut first = server.begin_raw(head.as_bytes());
        assert!(first.is_held(100));
        let second = server.post(&dialect.poll(&sid), &dialect.payload(&["4x"]));
        assert_eq!(second.said(), (400, ""));
        first.write(b" more");
        assert_eq!(first.answer().status, 400);
        let reason = "transport error: data request overlap from client";
        assert_eq!(server.reason(), reason);
        server.wait_until_empty();
    }
}

#[test]
fn a_body_may_come_while_a_poll_waits() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        for at in 0..20 {
            let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
            let payload = dialect.payload(&[&format!("4{at}")]);
            let posted = server.post(&dialect.poll(&sid), &payload);
            assert_eq!(posted.said(), (200, "ok"));
            assert_eq!(held.answer().said(), (200, payload.as_str()));
        }
    }
}

#[test]
fn who_gives_up_a_poll_or_a_body_has_ended_the_session() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let held = server.begin(&format!("GET {}", dialect.poll(&sid)), b"");
        assert!(held.is_held(50));
        held.abort();
        let reason = "transport error: poll connection closed prematurely";
        assert_eq!(server.reason(), reason);
        assert_eq!(server.get(&dialect.poll(&sid)).said(), (400, UNKNOWN_SID));

        let sid = server.open(&dialect.query());
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4half",
            dialect.poll(&sid)
        );
        let half = server.begin_raw(head.as_bytes());
        assert!(half.is_held(50));
        half.abort();
        let reason = "transport error: data request connection closed prematurely";
        assert_eq!(server.reason(), reason);
        server.wait_until_empty();
    }
}

#[test]
fn a_body_that_is_no_payload_is_refused_and_ends_the_session() {
    let server = serve(|engine| engine.revision_3(true));
    for (dialect, bodies) in BOTH.into_iter().zip([
        vec![
            "abc",
            "",
            "4a\u{1e}",
            "\u{1e}",
            "\u{1e}4a",
            "7",
            "4a\u{1e}b!",
        ],
        vec![
            "abc",
            "",
            "4",
            ":4",
            "2:4",
            "3:4ab4",
            "1:4x",
            "-1:4",
            "1e0:4",
            "1:7",
            "2:b4x",
            "99999999999999999999:4",
        ],
    ]) {
        for body in bodies {
            let sid = server.open(&dialect.query());
            let request = format!(
                "POST {}\nContent-Length: {}",
                dialect.poll(&sid),
                body.len()
            );
            let head =
                request.replace("\nContent-Length", " HTTP/1.1\r\nHost: x\r\nContent-Length");
            let bytes = format!("{head}\r\n\r\n{body}");
            let answer = server.begin_raw(bytes.as_bytes()).answer();
            assert_eq!(answer.said(), (400, ""), "{dialect:?} {body:?}");
            let reason = server.reason();
            assert!(reason.starts_with("parse error: "), "{reason}");
            assert_eq!(server.get(&dialect.poll(&sid)).status, 400, "{body:?}");
        }
    }
    server.wait_until_empty();
}

#[test]
fn a_binary_body_is_refused_in_revision_4() {
    let server = serve(|engine| engine);
    let sid = server.open("EIO=4");
    let request = format!(
        "POST {}\nContent-Type: application/octet-stream",
        poll(&sid)
    );
    assert_eq!(server.request(&request, b"4x").said(), (400, ""));
    assert_eq!(server.reason(), "transport error: invalid content");
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
fn a_body_that_comes_slowly_is_read_to_its_end() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let payload = dialect.payload(&["4slowly", "4but all of it"]);
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            dialect.poll(&sid),
            payload.len()
        );
        let mut pending = server.begin_raw(head.as_bytes());
        for byte in payload.bytes() {
            pending.write(&[byte]);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        assert_eq!(pending.answer().said(), (200, "ok"));
        assert_eq!(server.get(&dialect.poll(&sid)).text(), payload);
    }
}
