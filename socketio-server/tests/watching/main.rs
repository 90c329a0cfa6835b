//! What somebody sees who watches the server: counters, and the log.

#![cfg(feature = "metrics")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

mod log;
mod recorder;

use std::time::{Duration, Instant};

use socketio_server::engine::{Engine, Message, OnFull};
use support::client::Client;

const HANDSHAKE: &str = "/engine.io/?EIO=4&transport=polling";

/// One test, because recorder and log belong to the process.
#[test]
fn counters_and_log_tell_what_happens_and_no_secrets() {
    let counted = recorder::install();
    let logged = log::install();
    let server = support::serve(|engine| {
        engine.max_payload(10_000).allow_request(async |request| {
            match request.query("token").as_deref() {
                Some("no") => Err("not you"),
                _ => Ok(()),
            }
        })
    });
    let client: Client = *server;

    let sid = client.open("EIO=4");
    let poll = format!("{HANDSHAKE}&sid={sid}");
    client.post(&poll, "4hello");
    assert_eq!(client.get(&poll).text(), "4hello");
    // Who waits costs less.
    let held = client.begin(&format!("GET {poll}"), b"");
    assert!(held.is_held(300));
    assert!(logged.text().contains("parked"), "{}", logged.text());
    client.post(&poll, "4again");
    assert_eq!(held.answer().text(), "4again");
    let mut upgraded = client.websocket(&format!("EIO=4&sid={sid}"));
    upgraded.send("2probe");
    assert_eq!(upgraded.text(), "3probe");
    upgraded.send("5");
    upgraded.send("4very secret");
    assert_eq!(upgraded.text(), "4very secret");

    let mut direct = client.websocket("EIO=4");
    assert!(direct.text().starts_with("0{"));
    assert_eq!(client.get(&format!("{HANDSHAKE}&token=no")).status, 403);
    assert_eq!(client.get(&HANDSHAKE.replace('4', "3")).status, 400);
    assert_eq!(client.get(&format!("{HANDSHAKE}&sid=nobody")).status, 400);
    assert_eq!(
        client
            .request(
                &format!("GET {HANDSHAKE}\nOrigin: https://evil.example"),
                b""
            )
            .status,
        403
    );
    drop((upgraded, direct));
    server.wait_until_empty();

    let total = |name: &str| counted.get(name);
    assert_eq!(
        total("socketio_sessions_opened_total revision=4 transport=polling"),
        1
    );
    assert_eq!(
        total("socketio_sessions_opened_total revision=4 transport=websocket"),
        1
    );
    assert_eq!(
        total("socketio_sessions_closed_total reason=transport close"),
        2
    );
    assert_eq!(total("socketio_upgrades_total outcome=tried"), 1);
    assert_eq!(total("socketio_upgrades_total outcome=done"), 1);
    assert_eq!(total("socketio_received_bytes_total way=polling"), 12);
    assert_eq!(total("socketio_sent_bytes_total way=polling"), 116 + 12);
    let received = "2probe".len() + "5".len() + "4very secret".len();
    assert_eq!(
        total("socketio_received_bytes_total way=link"),
        received as u64
    );
    assert!(total("socketio_sent_bytes_total way=link") > 116);
    for reason in ["allow_request", "revision 3", "unknown sid", "cors"] {
        assert_eq!(
            total(&format!("socketio_refusals_total reason={reason}")),
            1,
            "{reason}"
        );
    }
    assert_eq!(total("socketio_sessions"), 0);

    let log = logged.text();
    for (words, option) in [
        ("not you", "allow_request"),
        ("revision 3", "revision_3"),
        ("forbidden", "cors"),
    ] {
        let names = |line: &&str| line.contains(words) && line.contains(option);
        assert_eq!(log.lines().filter(names).count(), 1, "{option} in {log}");
    }
    assert!(log.contains("upgraded") && log.contains("closed"), "{log}");
    assert!(
        !log.contains(&sid),
        "the id of a session is a secret: {log}"
    );
    assert!(
        !log.contains("very secret"),
        "what clients say is theirs: {log}"
    );

    slow_clients_are_told_apart(&counted, &logged);
}

fn slow_clients_are_told_apart(counted: &recorder::Counted, logged: &log::Logged) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let builder = Engine::builder()
        .on_full(OnFull::Disconnect)
        .buffer_limit(1_000, 10);
    let engine = builder.serve(
        async |socket| {
            while socket.send(Message::text("0123456789")).is_ok() {}
        },
    );
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let client = Client::new(listener.local_addr().unwrap());
    let serving = engine.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    client.get(HANDSHAKE);
    let started = Instant::now();
    while counted.get("socketio_sessions_closed_total reason=slow client") == 0 {
        assert!(started.elapsed() < Duration::from_secs(5), "not counted");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(
        logged.text().contains("`buffer_limit`"),
        "{}",
        logged.text()
    );
}
