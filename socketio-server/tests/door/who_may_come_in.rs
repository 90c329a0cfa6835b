//! Who is refused, by what option, and in which words.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_server::engine::{Origins, Proxies};

use crate::support::serve;
use crate::{HANDSHAKE, poll};

#[test]
fn the_application_refuses_clients_in_its_own_words_before_any_101() {
    let server = serve(|engine| {
        engine.allow_request(async |request| match request.query("token").as_deref() {
            Some("sesame") => Ok(()),
            Some("panic") => panic!("asked for"),
            Some("silent") => Err(""),
            _ => Err("who are you?"),
        })
    });
    let answer = server.get("/engine.io/?EIO=4&transport=polling");
    assert_eq!(
        answer.said(),
        (403, r#"{"code":4,"message":"who are you?"}"#)
    );
    let forbidden = (403, r#"{"code":4,"message":"Forbidden"}"#);
    for token in ["silent", "panic"] {
        let answer = server.get(&format!(
            "/engine.io/?EIO=4&transport=polling&token={token}"
        ));
        assert_eq!(answer.said(), forbidden, "{token}");
    }
    let Err(answer) = server.try_websocket("EIO=4", "") else {
        panic!("let in");
    };
    assert_eq!(answer.said(), (403, "who are you?"));
    assert_eq!(server.engine.sessions(), 0);
    server.open("EIO=4&token=sesame");
    assert!(
        server
            .websocket("EIO=4&token=sesame")
            .text()
            .starts_with("0{")
    );
}

#[test]
fn the_application_is_asked_once_per_client_and_may_take_its_time() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = serve(|engine| {
        engine.allow_request(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok::<_, &str>(())
            }
        })
    });
    let sid = server.open("EIO=4");
    server.post(&poll(&sid), "4x");
    let mut websocket = server.websocket(&format!("EIO=4&sid={sid}"));
    websocket.send("2probe");
    assert_eq!(websocket.text(), "3probe");
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    // Who leaves while it takes its time has never been here.
    server.begin(HANDSHAKE, b"").abort();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(server.engine.sessions(), 1);
}

#[test]
fn names_that_are_not_listed_are_refused_on_every_transport() {
    let server = serve(|engine| engine.hosts(["127.0.0.1"]));
    server.open("EIO=4");
    let head = "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: evil.example\r\n";
    let answer = server.begin_raw(format!("{head}\r\n").as_bytes()).answer();
    assert_eq!(answer.said(), (403, r#"{"code":4,"message":"Forbidden"}"#));
    let websocket = head.replace("polling", "websocket")
        + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let answer = server.begin_raw(websocket.as_bytes()).answer();
    assert_eq!(answer.said(), (403, "Forbidden"));
}

#[test]
fn a_trusted_proxy_says_who_the_client_is_and_nobody_else_can() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ask = |trusted: Proxies| {
        let seen = Arc::clone(&seen);
        let server = serve(|engine| {
            engine
                .trusted_proxies(trusted)
                .allow_request(move |request| {
                    let address = request.address().unwrap();
                    seen.lock().unwrap().push((address, request.is_secure()));
                    async { Ok::<_, &str>(()) }
                })
        });
        let headers = "X-Forwarded-For: 6.6.6.6, 2.2.2.2\nX-Forwarded-Proto: https\n\
                       Forwarded: for=7.7.7.7;proto=https";
        server.request(&format!("{HANDSHAKE}\n{headers}"), b"");
        let mut headers = headers.to_owned();
        headers += "\nX-Other: 1";
        server.try_websocket("EIO=4", &headers).ok().unwrap();
    };
    ask(Proxies::none());
    ask(Proxies::hops(1));
    ask(Proxies::networks(["127.0.0.0/8"]).standard_header());
    let expected: Vec<(IpAddr, bool)> =
        [("127.0.0.1", false), ("2.2.2.2", true), ("7.7.7.7", true)]
            .into_iter()
            .flat_map(|(address, secure)| [(address.parse().unwrap(), secure); 2])
            .collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn a_page_is_of_the_same_origin_by_the_name_that_a_trusted_proxy_was_asked_for() {
    let headers =
        "Origin: https://example.com\nX-Forwarded-For: 2.2.2.2\nX-Forwarded-Host: example.com";
    let trusting = serve(|engine| engine.trusted_proxies(Proxies::hops(1)));
    let request = format!("{HANDSHAKE}\n{headers}");
    assert_eq!(trusting.request(&request, b"").status, 200);
    let not_trusting = serve(|engine| engine);
    assert_eq!(not_trusting.request(&request, b"").status, 403);
}

#[test]
fn origins_are_given_as_text_as_lists_or_as_a_rule() {
    for (server, allowed) in [
        (serve(|engine| engine.cors("https://a.com")), true),
        (
            serve(|engine| engine.cors(["https://b.com", "https://a.com"])),
            true,
        ),
        (serve(|engine| engine.cors(vec!["https://b.com"])), false),
        (serve(|engine| engine.cors(Origins::any())), true),
    ] {
        let answer = server.request(&format!("{HANDSHAKE}\nOrigin: https://a.com"), b"");
        assert_eq!(answer.status, if allowed { 200 } else { 403 });
    }
}

#[test]
fn more_sessions_than_may_be_are_told_to_come_again() {
    let server = serve(|engine| engine.max_sessions(2));
    let first = server.open("EIO=4");
    server.open("EIO=4");
    let answer = server.request(HANDSHAKE, b"");
    assert_eq!(answer.said(), (503, r#"{"message":"Too many clients"}"#));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let Err(answer) = server.try_websocket("EIO=4", "") else {
        panic!("let in");
    };
    assert_eq!(answer.said(), (503, "Too many clients"));
    assert_eq!(server.engine.sessions(), 2);
    // Those that are in go on, and make room when they leave.
    assert_eq!(server.post(&poll(&first), "1").status, 200);
    while server.engine.sessions() > 1 {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.websocket("EIO=4");
}

#[test]
fn clients_that_are_decided_about_at_the_same_time_are_not_more_than_may_be() {
    let server = serve(|engine| {
        engine.max_sessions(3).allow_request(async |_| {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok::<_, &str>(())
        })
    });
    let asking: Vec<_> = (0..8).map(|_| server.begin(HANDSHAKE, b"")).collect();
    let statuses = asking.into_iter().map(|asking| asking.answer().status);
    assert_eq!(statuses.filter(|status| *status == 200).count(), 3);
    assert_eq!(server.engine.sessions(), 3);
}

#[test]
fn sessions_begin_no_faster_than_they_may() {
    let server = serve(|engine| engine.handshake_rate(3));
    let statuses: Vec<u16> = (0..6)
        .map(|_| server.request(HANDSHAKE, b"").status)
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 503).count(),
        3,
        "{statuses:?}"
    );
    assert_eq!(statuses[..3], [200, 200, 200]);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(server.request(HANDSHAKE, b"").status, 200);
}

#[test]
fn a_closing_server_lets_nobody_in() {
    let server = serve(|engine| engine);
    let service = server.engine.service();
    server.engine.close();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let request = http::Request::builder()
        .uri("/engine.io/?EIO=4&transport=polling")
        .body(String::new())
        .unwrap();
    let answering = hyper::service::Service::call(&service, request);
    assert_eq!(runtime.block_on(answering).unwrap().status(), 503);
}

#[test]
fn the_address_of_a_client_is_found_where_the_application_says() {
    let found = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&found);
    let engine = socketio_server::engine::Engine::builder()
        .peer_address(|extensions| extensions.get::<SocketAddr>().copied())
        .allow_request(move |request| {
            *seen.lock().unwrap() = request.socket_address();
            async { Err("enough") }
        })
        .serve(async |_| {});
    let address: SocketAddr = "192.0.2.1:4000".parse().unwrap();
    let request = http::Request::builder()
        .uri("/engine.io/?EIO=4&transport=polling")
        .extension(address)
        .body(String::new())
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answering = hyper::service::Service::call(&engine.service(), request);
    assert_eq!(runtime.block_on(answering).unwrap().status(), 403);
    assert_eq!(*found.lock().unwrap(), Some(address));
}
