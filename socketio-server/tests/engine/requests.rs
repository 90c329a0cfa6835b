//! Requests: which are served, how a handshake is answered, what is refused and in which words.

use crate::support::client::Received;
use crate::support::dialect::{BOTH, Dialect};
use crate::support::serve;
use crate::{BAD_REQUEST, UNKNOWN_SID, poll};
use socketio_server::engine::Transport;

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
fn everything_below_the_path_is_served_and_nothing_beside_it() {
    let server = serve(|engine| engine);
    for (target, status) in [
        ("/engine.io/foo/bar?EIO=4&transport=polling", 200),
        ("/engine.io/?EIO=4&transport=polling", 200),
        ("/engine.io?EIO=4&transport=polling", 404),
        ("/engine.iozzz/?EIO=4&transport=polling", 404),
        ("/?EIO=4&transport=polling", 404),
        ("/socket.io/?EIO=4&transport=polling", 404),
    ] {
        assert_eq!(server.get(target).status, status, "{target}");
    }
    let server = serve(|engine| engine.path("/chat/").trailing_slash(false));
    for (target, status) in [
        ("/chat?EIO=4&transport=polling", 200),
        ("/chatter?EIO=4&transport=polling", 200),
        ("/engine.io/?EIO=4&transport=polling", 404),
    ] {
        assert_eq!(server.get(target).status, status, "{target}");
    }
}

#[test]
fn the_last_of_several_parameters_counts_and_unknown_ones_do_not() {
    let server = serve(|engine| engine);
    for query in [
        "EIO=3&EIO=4&transport=pigeon&transport=polling",
        "EIO=4&transport=polling&t=PBxyz.0&more=%ff&more",
        "EIO=4&transport=polling&sid=",
        "EIO=4&transport=polling&sid=nobody&sid=",
    ] {
        let answer = server.get(&format!("/engine.io/?{query}"));
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
    }
}

#[test]
fn whatever_is_not_exactly_4_is_revision_3() {
    let strict = serve(|engine| engine);
    let both = serve(|engine| engine.revision_3(true));
    for eio in ["", "EIO=", "EIO=3", "EIO=5", "EIO=9", "EIO=04", "EIO=four"] {
        let target = format!("/engine.io/?{eio}&transport=polling");
        let refused = strict.get(&target);
        let unsupported = r#"{"code":5,"message":"Unsupported protocol version"}"#;
        assert_eq!(refused.said(), (400, unsupported), "{eio}");
        let open = both.get(&target);
        let (length, packet) = open.text().split_once(':').unwrap();
        assert!(packet.starts_with(r#"0{"sid":""#), "{eio}: {open:?}");
        assert_eq!(length, packet.len().to_string());
    }
}

#[test]
fn both_revisions_are_told_the_same_about_a_session() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let query = dialect.query();
        let polled = server.get(&format!("/engine.io/?{query}&transport=polling"));
        let rest = r#"","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert!(polled.text().ends_with(rest), "{polled:?}");
        let open = server.websocket(&query).text();
        let rest =
            r#"","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert!(
            open.starts_with(r#"0{"sid":""#) && open.ends_with(rest),
            "{open}"
        );
    }
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
    let (key, version) = (
        "Missing or invalid Sec-WebSocket-Key header",
        "Missing or invalid Sec-WebSocket-Version header",
    );
    let good_key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    for (headers, said) in [
        ("Sec-WebSocket-Version: 13", key),
        ("Sec-WebSocket-Version: 13\nSec-WebSocket-Key: short", key),
        (&*format!("Sec-WebSocket-Version: 7\n{good_key}"), version),
        (good_key, version),
    ] {
        let request =
            "GET /engine.io/?EIO=4&transport=websocket\nUpgrade: websocket\nConnection: Upgrade";
        let answer = server.request(&format!("{request}\n{headers}"), b"");
        assert_eq!(answer.said(), (400, said), "{headers}");
        let versions = (said == version).then_some("13, 8");
        assert_eq!(answer.header("sec-websocket-version"), versions);
    }
    assert_eq!(server.engine.sessions(), 1);
}

#[test]
fn a_session_is_only_found_by_requests_of_its_own_revision() {
    let server = serve(|engine| engine.revision_3(true));
    let sessions = BOTH.map(|dialect| (dialect, server.open(&dialect.query())));
    for ((dialect, sid), other) in sessions.iter().zip([Dialect(3), Dialect(4)]) {
        assert_eq!(server.get(&other.poll(sid)).said(), (400, BAD_REQUEST));
        let posted = server.post(&other.poll(sid), &other.payload(&["4x"]));
        assert_eq!(posted.said(), (400, BAD_REQUEST));
        let refused = server.try_websocket(&format!("{}&sid={sid}", other.query()), "");
        assert_eq!(refused.err().unwrap().said(), (400, "Bad request"));
        let posted = server.post(&dialect.poll(sid), &dialect.payload(&["4x"]));
        assert_eq!(posted.said(), (200, "ok"), "the session has survived");
    }
}

#[test]
fn a_session_takes_no_method_but_get_and_post() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"] {
            let request = format!("{method} {}", dialect.poll(&sid));
            let answer = server.request(&request, b"");
            assert_eq!(answer.said(), (500, ""), "{method}");
        }
        let posted = server.post(&dialect.poll(&sid), &dialect.payload(&["4x"]));
        assert_eq!(posted.said(), (200, "ok"));
    }
}

#[test]
fn a_refused_websocket_ends_its_connection_and_leaves_its_session_alone() {
    let server = serve(|engine| engine.revision_3(true));
    for dialect in BOTH {
        let sid = server.open(&dialect.query());
        let request = format!(
            "GET /engine.io/?{}&transport=polling&sid={sid}\nConnection: Upgrade\nUpgrade: websocket\n\
             Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            dialect.query()
        );
        let (answer, ended) = server.begin(&request, b"").answer_and_end();
        assert_eq!(answer.said(), (400, "Bad request"));
        assert_eq!(answer.header("content-type"), Some("text/html"));
        assert!(ended, "the connection is of no more use");
        let posted = server.post(&dialect.poll(&sid), &dialect.payload(&["4x"]));
        assert_eq!(posted.said(), (200, "ok"));
    }
}

#[test]
fn an_upgrade_to_something_else_is_a_plain_request() {
    let server = serve(|engine| engine);
    let answer = server.request(
        "GET /engine.io/?EIO=4&transport=websocket\nConnection: Upgrade\nUpgrade: h2c",
        b"",
    );
    assert_eq!(answer.said().0, 400);
    assert_eq!(server.engine.sessions(), 0);
}

#[test]
fn an_upgrade_beside_the_path_is_not_found() {
    let server = serve(|engine| engine);
    let answer = server.request(
        "GET /elsewhere\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"",
    );
    assert_eq!(answer.status, 404);
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
fn versions_13_and_8_are_taken_and_the_first_subprotocol_is_echoed() {
    let server = serve(|engine| engine);
    for version in ["13", "8"] {
        let request = format!(
            "GET /engine.io/?EIO=4&transport=websocket\nConnection: keep-alive, Upgrade\nUpgrade: WebSocket\n\
             Sec-WebSocket-Version: {version}\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\
             Sec-WebSocket-Protocol: first, second"
        );
        let answer = server.request(&request, b"");
        assert_eq!(answer.status, 101, "{version}");
        assert_eq!(answer.header("sec-websocket-protocol"), Some("first"));
        assert_eq!(answer.header("sec-websocket-extensions"), None);
    }
}

#[test]
fn what_the_application_sends_at_once_comes_after_the_open_packet() {
    use socketio_server::engine::{Engine, Message};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let engine = Engine::builder().serve(async |socket| {
        let _ = socket.send(Message::text("welcome"));
        while socket.recv().await.is_some() {}
    });
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let client = crate::support::client::Client::new(listener.local_addr().unwrap());
    runtime.spawn(async move { engine.serve(listener).await });
    let mut websocket = client.websocket("EIO=4");
    assert!(websocket.text().starts_with("0{"));
    assert_eq!(websocket.receive(), Received::Text("4welcome".into()));
    let mut polled = client.get("/engine.io/?EIO=4&transport=polling");
    let (_, rest) = polled.text().split_once("\"sid\":\"").unwrap();
    let sid = rest.split('"').next().unwrap().to_owned();
    if !polled.text().ends_with("4welcome") {
        polled = client.get(&poll(&sid));
        assert_eq!(polled.text(), "4welcome");
    }
    assert_ne!(client.get(&poll("x")).said(), (200, UNKNOWN_SID));
}
