//! What the listeners of this crate take from whom, and how they end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use socketio_server::engine::{CloseReason, Engine, Message, OnFull, SendError, TransportFault};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::support::client::{Client, Received};
use crate::support::serve;
use crate::{HANDSHAKE, poll};

/// Connects, writes, and waits for the end. What came, and how long it took.
fn until_closed(client: Client, bytes: &[u8]) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(client.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut answer);
    (
        String::from_utf8_lossy(&answer).into_owned(),
        started.elapsed(),
    )
}

#[test]
fn a_head_that_does_not_come_and_a_connection_without_a_request_end_in_time() {
    let server = serve(|engine| engine.head_timeout(Duration::from_millis(300)));
    for bytes in [
        &b"GET /engine.io/ HTTP/1.1\r\nHost"[..],
        b"",
        &b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"[..],
    ] {
        let (_, took) = until_closed(*server, bytes);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert!(took > Duration::from_millis(200), "{took:?}");
    }
}

#[test]
fn a_request_has_exactly_one_host_header() {
    let server = serve(|engine| engine);
    let target = "/engine.io/?EIO=4&transport=polling";
    for (version, hosts, status) in [
        ("1.1", "", 400),
        ("1.1", "Host: a\r\nHost: b\r\n", 400),
        ("1.1", "Host: a\r\nHost: a\r\n", 400),
        ("1.1", "Host: a\r\n", 200),
        ("1.0", "", 200),
        ("1.0", "Host: a\r\nHost: b\r\n", 400),
    ] {
        let request = format!("GET {target} HTTP/{version}\r\n{hosts}\r\n");
        let answer = server.begin_raw(request.as_bytes()).answer();
        assert_eq!(answer.status, status, "{version} {hosts:?}");
    }
    assert_eq!(server.engine.sessions(), 2);
}

#[test]
fn a_head_that_is_too_large_is_refused_by_bytes_and_by_count() {
    let server = serve(|engine| engine);
    let head = format!("{HANDSHAKE} HTTP/1.1\r\nHost: x\r\n");
    let large = format!("{head}X: {}\r\n\r\n", "x".repeat(17_000));
    assert!(
        until_closed(*server, large.as_bytes())
            .0
            .starts_with("HTTP/1.1 431")
    );
    let many = format!("{head}{}\r\n", "X: y\r\n".repeat(64));
    assert!(
        until_closed(*server, many.as_bytes())
            .0
            .starts_with("HTTP/1.1 431")
    );
    let enough = format!("{head}{}\r\n", "X: y\r\n".repeat(63));
    assert_eq!(server.begin_raw(enough.as_bytes()).answer().status, 200);
    let endless = format!("{HANDSHAKE} HTTP/1.1\r\nX: {}", "x".repeat(100_000));
    let (answer, took) = until_closed(*server, endless.as_bytes());
    assert!(took < Duration::from_secs(5));
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    assert_eq!(server.engine.sessions(), 1);
}

#[test]
fn a_body_that_does_not_come_in_time_ends_the_session() {
    let server = serve(|engine| engine.body_timeout(Duration::from_millis(300)));
    let sid = server.open("EIO=4");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4half",
        poll(&sid)
    );
    let answer = server.begin_raw(head.as_bytes()).answer();
    assert_eq!(answer.said(), (408, ""));
    server.wait_until_empty();
}

#[test]
fn more_connections_than_may_be_wait_their_turn() {
    let server = serve(|engine| engine.max_connections(2));
    let first = server.websocket("EIO=4");
    let second = server.websocket("EIO=4");
    let waiting = server.begin(HANDSHAKE, b"");
    assert!(waiting.is_held(300), "a WebSocket is a connection too");
    drop(first);
    assert_eq!(waiting.answer().status, 200);
    drop(second);
}

#[test]
fn a_client_that_takes_nothing_of_an_answer_loses_its_connection() {
    let server = serve(|engine| {
        engine
            .write_timeout(Duration::from_millis(300))
            .max_connections(2)
            .max_payload(20_000_000)
    });
    let sid = server.open("EIO=4");
    let mut stuck = TcpStream::connect(server.address).unwrap();
    // Requests without end, whose answers are never read.
    stuck
        .set_write_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let request = b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        match stuck.write(&request) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "it was not closed"
    );
    assert_eq!(server.post(&poll(&sid), "4x").status, 200);
}

/// Runs an engine until it is closed.
fn run(engine: &Engine) -> (Client, mpsc::Receiver<()>, Runtime) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (ended, end) = mpsc::channel();
    let serving = engine.clone();
    runtime.spawn(async move {
        serving.serve(listener).await.unwrap();
        ended.send(()).unwrap();
    });
    (Client { address }, end, runtime)
}

#[test]
fn a_server_that_closes_says_goodbye_to_everybody_and_then_stops_listening() {
    let engine = Engine::builder().serve(async |socket| while socket.recv().await.is_some() {});
    let (client, end, _runtime) = run(&engine);
    let sid = client.open("EIO=4");
    let held = client.begin(&format!("GET {}", poll(&sid)), b"");
    assert!(held.is_held(100));
    let mut websocket = client.websocket("EIO=4");
    assert!(websocket.text().starts_with("0{"));
    let idle = TcpStream::connect(client.address).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(end.try_recv().is_err());
    engine.close();
    assert_eq!(held.answer().said(), (200, "1"));
    assert_eq!(websocket.receive(), Received::Close(None));
    drop(websocket);
    end.recv_timeout(Duration::from_secs(5))
        .expect("listening ends");
    assert!(TcpStream::connect(client.address).is_err());
    assert_eq!(engine.sessions(), 0);
    drop(idle);
}

#[test]
fn a_client_that_is_owed_too_much_is_closed_or_the_sender_is_told() {
    for policy in [OnFull::Disconnect, OnFull::Refuse] {
        let (seen, sent) = mpsc::channel();
        let builder = Engine::builder()
            .on_full(policy)
            .buffer_limit(100_000, 1_000);
        let engine = builder.serve(move |socket| {
            let seen = seen.clone();
            async move {
                let message = Message::text(&"x".repeat(10_000));
                while socket.send(message.clone()).is_ok() {}
                let refused = socket.send(message);
                tokio::time::sleep(Duration::from_millis(50)).await;
                seen.send((refused, socket.close_reason())).unwrap();
            }
        });
        let (client, _end, _runtime) = run(&engine);
        // It may be over before this is answered.
        let _ = client.request(HANDSHAKE, b"");
        let expected = match policy {
            OnFull::Disconnect => {
                let slow = CloseReason::TransportError(TransportFault::Slow);
                (Err(SendError::Closed), Some(slow))
            }
            _ => (Err(SendError::Full), None),
        };
        assert_eq!(sent.recv_timeout(Duration::from_secs(5)).unwrap(), expected);
    }
}

#[test]
fn an_answer_that_never_left_ends_the_session() {
    let service = {
        let engine = Engine::builder().serve(async |socket| while socket.recv().await.is_some() {});
        (engine.service(), engine)
    };
    let (service, engine) = service;
    let runtime = Runtime::new().unwrap();
    let request = || {
        http::Request::builder()
            .uri("/engine.io/?EIO=4&transport=polling")
            .body(String::new())
            .unwrap()
    };
    let call = || hyper::service::Service::call(&service, request());
    // The answer is there, and whoever serves drops it: the connection was gone.
    let answer = runtime.block_on(call()).unwrap();
    assert_eq!(engine.sessions(), 1);
    drop(answer);
    let started = Instant::now();
    while engine.sessions() > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "the session goes on"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    // One that was taken does not.
    let answer = runtime.block_on(call()).unwrap();
    let body = runtime.block_on(http_body_util::BodyExt::collect(answer.into_body()));
    assert!(body.unwrap().to_bytes().starts_with(b"0{"));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(engine.sessions(), 1);
}
