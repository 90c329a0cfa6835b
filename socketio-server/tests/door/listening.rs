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
    let mut stream = TcpStream::connect(client.address()).unwrap();
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
    let mut stuck = TcpStream::connect(server.address()).unwrap();
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
    (Client::new(address), end, runtime)
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
    let idle = TcpStream::connect(client.address()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(end.try_recv().is_err());
    engine.close();
    assert_eq!(held.answer().said(), (200, "1"));
    assert_eq!(websocket.receive(), Received::Close(None));
    drop(websocket);
    end.recv_timeout(Duration::from_secs(5))
        .expect("listening ends");
    assert!(TcpStream::connect(client.address()).is_err());
    while engine.sessions() > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
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

/// Polls that wait are answered without what speaks HTTP otherwise: nobody must notice.
mod waiting {
    use super::*;

    fn read_answer(stream: &mut TcpStream) -> String {
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a head");
            read.push(byte[0]);
        }
        let head = String::from_utf8(read).unwrap();
        let len = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; len.unwrap().parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        head + std::str::from_utf8(&body).unwrap()
    }

    fn connect(client: Client) -> TcpStream {
        let stream = TcpStream::connect(client.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    }

    fn get(sid: &str, more: &str) -> String {
        format!("GET {} HTTP/1.1\r\nHost: x\r\n{more}\r\n", poll(sid))
    }

    #[test]
    fn one_connection_carries_any_number_of_polls_that_wait() {
        let server = serve(|engine| engine);
        let sid = server.open("EIO=4");
        let mut stream = connect(*server);
        for number in 0..12 {
            stream.write_all(get(&sid, "").as_bytes()).unwrap();
            // Some wait for long, some for a moment, and some do not wait.
            if number % 3 > 0 {
                std::thread::sleep(Duration::from_millis(if number % 3 == 1 { 5 } else { 150 }));
            }
            server.post(&poll(&sid), &format!("4{number}"));
            let answer = read_answer(&mut stream);
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.ends_with(&format!("\r\n\r\n4{number}")), "{answer}");
            for header in [
                "date: ",
                "cache-control: no-store\r\n",
                "content-type: text/plain; charset=UTF-8\r\n",
            ] {
                assert_eq!(answer.matches(header).count(), 1, "{header} in {answer}");
            }
        }
    }

    #[test]
    fn requests_that_come_while_one_waits_are_answered_after_it() {
        let server = serve(|engine| engine);
        let sid = server.open("EIO=4");
        let mut stream = connect(*server);
        // More than is looked at while the first waits.
        let padding = format!("X-Padding: {}\r\n", "x".repeat(3_000));
        let next = "GET /elsewhere HTTP/1.1\r\nHost: x\r\n".to_owned() + &padding + "\r\n";
        stream.write_all(get(&sid, "").as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        let (first, rest) = next.split_at(100);
        stream.write_all(first.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        stream.write_all(rest.as_bytes()).unwrap();
        stream.write_all(next.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        server.post(&poll(&sid), "4now");
        assert!(read_answer(&mut stream).ends_with("4now"));
        for _ in 0..2 {
            assert!(read_answer(&mut stream).starts_with("HTTP/1.1 404"));
        }
    }

    #[test]
    fn a_client_that_goes_away_while_it_waits_has_ended_its_session() {
        let server = serve(|engine| engine);
        let sid = server.open("EIO=4");
        let mut stream = connect(*server);
        stream.write_all(get(&sid, "").as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(server.engine.sessions(), 1);
        drop(stream);
        server.wait_until_empty();
    }

    #[test]
    fn a_client_that_wants_one_answer_gets_it_and_the_end() {
        let server = serve(|engine| engine);
        let sid = server.open("EIO=4");
        let mut stream = connect(*server);
        stream
            .write_all(get(&sid, "Connection: close\r\n").as_bytes())
            .unwrap();
        std::thread::sleep(Duration::from_millis(150));
        server.post(&poll(&sid), "4last");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.contains("connection: close\r\n") && answer.ends_with("4last"),
            "{answer}"
        );
    }

    #[test]
    fn answers_before_one_that_waits_are_written_to_the_end() {
        let server = serve(|engine| engine.max_payload(20_000_000).buffer_limit(20_000_000, 100));
        let sid = server.open("EIO=4");
        let mut stream = connect(*server);
        // More than the system takes at once, and a poll that waits behind it.
        let large = "x".repeat(8_000_000);
        server.post(&poll(&sid), &format!("4{large}"));
        std::thread::sleep(Duration::from_millis(150));
        stream
            .write_all((get(&sid, "") + &get(&sid, "")).as_bytes())
            .unwrap();
        std::thread::sleep(Duration::from_millis(150));
        let answer = read_answer(&mut stream);
        assert!(answer.ends_with(&large), "{}", answer.len());
        server.post(&poll(&sid), "4small");
        assert!(read_answer(&mut stream).ends_with("\r\n\r\n4small"));
    }
}

#[test]
fn a_client_that_polls_is_not_read_from_while_nobody_listens() {
    let (received, messages) = mpsc::channel();
    let engine = Engine::builder().inbox(2).serve(move |socket| {
        let received = received.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(800)).await;
            while socket.recv().await.is_some() {
                received.send(()).unwrap();
            }
        }
    });
    let (client, _end, _runtime) = run(&engine);
    let sid = client.open("EIO=4");
    assert_eq!(
        client.post(&poll(&sid), "4a\u{1e}4b\u{1e}4c").said(),
        (200, "ok")
    );
    let held = client.begin(&format!("POST {}", poll(&sid)), b"4d");
    assert!(held.is_held(300), "the inbox is full");
    assert_eq!(held.answer().said(), (200, "ok"));
    for _ in 0..4 {
        messages.recv_timeout(Duration::from_secs(5)).unwrap();
    }
}
