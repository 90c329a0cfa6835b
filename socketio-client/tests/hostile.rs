//! Servers that break every rule: a typed error each, in time, and nothing is kept or spun for them.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use socketio_client::{Builder, Cause, Client, DisconnectReason, Error, Lifecycle, Transport};
use support::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const OPEN: &str =
    r#"0{"sid":"abc","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#;

/// A server that does with each connection, counted from zero, what it is told to.
async fn hostile<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for n in 0.. {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            tokio::spawn(serve(stream, n));
        }
    });
    address
}

/// Reads a request up to its end; the head as text. `None` at the end of the connection.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.to_ascii_lowercase();
    let length = length
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

fn answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn handshake(head: &str) -> String {
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .unwrap();
    let accept = tungstenite_accept(key);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn tungstenite_accept(key: &str) -> String {
    tungstenite::handshake::derive_accept_key(key.trim().as_bytes())
}

fn text_frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(len @ 0..126) => frame.push(len),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(text.as_bytes());
    frame
}

fn client(address: SocketAddr, transport: Transport) -> Builder {
    Client::builder(&format!("http://{address}"))
        .transports([transport])
        .connect_timeout(Duration::from_millis(500))
        .max_payload(100_000)
}

async fn cause(builder: Builder) -> Cause {
    let started = Instant::now();
    let error = tokio::time::timeout(Duration::from_secs(5), builder.connect())
        .await
        .expect("an end")
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3), "{error}");
    match error {
        Error::Connect(failure) => failure.cause,
        other => panic!("{other:?}"),
    }
}

/// What the server answers to the first request, byte for byte.
async fn cause_of(transport: Transport, bytes: Vec<u8>) -> Cause {
    let bytes = Arc::new(bytes);
    let address = hostile(move |mut stream, _| {
        let bytes = Arc::clone(&bytes);
        async move {
            if request(&mut stream).await.is_some() {
                let _ = stream.write_all(&bytes).await;
                // Half closed, so that a client that waits for more learns that there is none.
                let _ = stream.shutdown().await;
                let _ = stream.read(&mut [0; 1024]).await;
            }
        }
    })
    .await;
    cause(client(address, transport)).await
}

macro_rules! assert_cause {
    ($found:expr, $expected:pat $(if $guard:expr)?) => {
        let found = $found;
        assert!(matches!(&found, $expected $(if $guard)?), "{found:?} instead of {}", stringify!($expected));
    };
}

#[tokio::test]
async fn what_is_no_session_is_told_apart() {
    let polling = |bytes: &str| cause_of(Transport::POLLING, bytes.as_bytes().to_vec());
    assert_cause!(polling("").await, Cause::Http(_));
    assert_cause!(polling("SSH-2.0-OpenSSH_9.2\r\n").await, Cause::Http(_));
    assert_cause!(
        polling("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx").await,
        Cause::Http(_)
    );
    assert_cause!(
        polling("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx").await,
        Cause::Http(_)
    );
    assert_cause!(
        polling(&answer("<html><body>It works!</body></html>")).await,
        Cause::Engine(_)
    );
    assert_cause!(polling(&answer("")).await, Cause::Engine(_));
    assert_cause!(polling(&answer("4hello")).await, Cause::Engine(_));
    assert_cause!(polling(&answer("0{\"sid\":1}")).await, Cause::Engine(_));
    assert_cause!(
        polling(&answer(&format!("0{}", "[".repeat(50_000)))).await,
        Cause::Engine(_)
    );
    assert_cause!(
        polling(&answer(&"x".repeat(200_000))).await,
        Cause::TooLarge
    );
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
    assert_cause!(polling(redirect).await, Cause::Redirect { status: 302, .. });
    let refused = "{\"code\":5,\"message\":\"Unsupported protocol version\"}";
    let found = polling(&format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{refused}",
        refused.len()
    ))
    .await;
    assert_cause!(found.clone(), Cause::Status(refusal) if refusal.code == Some(5));
    assert_eq!(
        found.to_string(),
        "the server answered with status 400: Unsupported protocol version (code 5)"
    );
    assert_cause!(
        polling("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>").await,
        Cause::Status(_)
    );
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    assert_cause!(polling(&many).await, Cause::Http(_));
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(1_000_000));
    assert_cause!(polling(&large).await, Cause::Http(_));
}

#[tokio::test]
async fn what_is_no_websocket_is_told_apart() {
    let websocket = |bytes: &str| cause_of(Transport::WEBSOCKET, bytes.as_bytes().to_vec());
    assert_cause!(websocket("").await, Cause::Http(_));
    assert_cause!(websocket(&answer("a page")).await, Cause::WebSocket(_));
    assert_cause!(
        websocket("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await,
        Cause::Redirect { status: 301, .. }
    );
    let refused =
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nForbidden";
    assert_cause!(websocket(refused).await, Cause::Status(refusal) if refusal.status == 403 && refusal.message == "Forbidden");
    let wrong = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";
    assert_cause!(
        websocket(wrong).await,
        Cause::WebSocket("the answer is not to this handshake")
    );
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let masked = vec![0x81, 0x81, 1, 2, 3, 4, b'a'];
    let huge = vec![0x82, 127, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    for (frames, expected) in [
        (masked, "WebSocket(\"a frame breaks the rules\")"),
        (huge, "TooLarge"),
        (
            vec![0xc1, 1, b'0'],
            "WebSocket(\"a frame breaks the rules\")",
        ),
        (vec![0x81, 1, 0xff], "Engine(InvalidUtf8)"),
        (vec![0x88, 2, 0x03, 0xf3], "ClosedWith(1011)"),
        (vec![0x88, 0], "Closed"),
        (vec![0x81], "Closed"),
        (text_frame("4too early"), "Engine(Unexpected)"),
        (text_frame("0no json"), "Engine(InvalidHandshake)"),
        (
            [text_frame(OPEN), text_frame("x")].concat(),
            "Engine(UnknownType)",
        ),
        ([text_frame(OPEN), text_frame("1")].concat(), "Closed"),
        (
            [text_frame(OPEN), text_frame("4nothing")].concat(),
            "Packet(UnknownType)",
        ),
        (
            [
                text_frame(OPEN),
                text_frame("451-[\"x\",{\"_placeholder\":true,\"num\":0}]"),
                text_frame("42[\"y\"]"),
            ]
            .concat(),
            "Packet(UnexpectedText)",
        ),
        (
            [text_frame(OPEN), text_frame("454294967296-[\"x\"]")].concat(),
            "Packet(TooManyAttachments)",
        ),
        (
            [text_frame(OPEN), vec![0x82, 1, 7]].concat(),
            "Packet(UnexpectedBinary)",
        ),
        (
            [
                text_frame(OPEN),
                text_frame(&format!("42[\"x\",{}", "[".repeat(10_000))),
            ]
            .concat(),
            "Packet(TooDeep)",
        ),
    ] {
        let frames = Arc::new(frames);
        let shown = format!(
            "{:?}",
            frames
                .iter()
                .take(40)
                .map(|byte| char::from(*byte))
                .collect::<String>()
        );
        let address = hostile(move |mut stream, _| {
            let frames = Arc::clone(&frames);
            async move {
                let head = request(&mut stream).await.unwrap();
                stream.write_all(handshake(&head).as_bytes()).await.unwrap();
                let _ = stream.write_all(&frames).await;
                let _ = stream.shutdown().await;
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            }
        })
        .await;
        let found = format!("{:?}", cause(client(address, Transport::WEBSOCKET)).await);
        assert_eq!(found, expected, "{shown}");
    }
}

#[tokio::test]
async fn what_never_ends_is_given_up() {
    // Each byte of the head on its own, for ever.
    let dripping = hostile(|mut stream, _| async move {
        let _ = request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"X: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        assert_cause!(
            cause(client(dripping, transport)).await,
            Cause::Timeout | Cause::Http(_)
        );
    }
    // A body that never ends, slowly and as fast as it goes.
    for pause in [0, 20] {
        let endless = hostile(move |mut stream, _| async move {
            let _ = request(&mut stream).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            while stream.write_all(b"5\r\nxxxxx\r\n").await.is_ok() {
                if pause > 0 {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        })
        .await;
        assert_cause!(
            cause(client(endless, Transport::POLLING)).await,
            Cause::Timeout | Cause::TooLarge
        );
    }
    // Nothing at all.
    let silent = hostile(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        assert_cause!(cause(client(silent, transport)).await, Cause::Timeout);
    }
}

#[tokio::test]
async fn a_reset_at_any_byte_of_the_handshake_is_an_error_and_no_panic() {
    let polling = answer(OPEN);
    for end in 0..polling.len() {
        let found = cause_of(Transport::POLLING, polling.as_bytes()[..end].to_vec()).await;
        assert!(matches!(found, Cause::Http(_)), "{end}: {found:?}");
    }
    let length =
        handshake("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n").len() + text_frame(OPEN).len();
    for end in 0..length {
        let address = hostile(move |mut stream, _| async move {
            let head = request(&mut stream).await.unwrap();
            let all = [handshake(&head).into_bytes(), text_frame(OPEN)].concat();
            let _ = stream.write_all(&all[..end]).await;
        })
        .await;
        let found = cause(client(address, Transport::WEBSOCKET)).await;
        assert!(
            matches!(found, Cause::Http(_) | Cause::Closed | Cause::Tcp(_)),
            "{end}: {found:?}"
        );
    }
}

#[tokio::test]
async fn silence_is_noticed() {
    let address = hostile(|mut stream, _| async move {
        let head = request(&mut stream).await.unwrap();
        stream.write_all(handshake(&head).as_bytes()).await.unwrap();
        stream.write_all(&text_frame(OPEN)).await.unwrap();
        stream
            .write_all(&text_frame("40{\"sid\":\"x\"}"))
            .await
            .unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let socket = client(address, Transport::WEBSOCKET)
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = told.send(reason);
        })
        .connect()
        .await
        .unwrap();
    let started = Instant::now();
    assert_eq!(heard.recv().await, Some(DisconnectReason::PingTimeout));
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(socket);
}

#[tokio::test]
async fn an_upgrade_that_fails_costs_nothing() {
    // Refused, cut, silent, or answered with something else: the session goes on by polling.
    for how in 0..4 {
        let address = hostile(move |mut stream, _| async move {
            let mut joined = 0;
            while let Some(head) = request(&mut stream).await {
                if head.contains("transport=websocket") {
                    match how {
                        0 => drop(
                            stream
                                .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                                .await,
                        ),
                        1 => return,
                        2 => tokio::time::sleep(Duration::from_secs(60)).await,
                        _ => {
                            let _ = stream.write_all(handshake(&head).as_bytes()).await;
                            let _ = stream.write_all(&text_frame("3nonsense")).await;
                        }
                    }
                    continue;
                }
                let body = if head.starts_with("POST") {
                    "ok".to_owned()
                } else if !head.contains("sid=") {
                    OPEN.replace("[]", "[\"websocket\"]")
                        .replace("300", "25000")
                } else {
                    joined += 1;
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    if joined == 1 {
                        "40{\"sid\":\"x\"}".into()
                    } else {
                        "42[\"tick\"]".into()
                    }
                };
                let _ = stream.write_all(answer(&body).as_bytes()).await;
            }
        })
        .await;
        let failed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&failed);
        let socket = Client::builder(&format!("http://{address}"))
            .upgrade_timeout(Duration::from_millis(200))
            .on_lifecycle(async move |lifecycle: Lifecycle| match lifecycle {
                Lifecycle::UpgradeFailed(_) => drop(counted.fetch_add(1, Ordering::AcqRel)),
                Lifecycle::Connected { .. } => {}
                other => panic!("{other:?}"),
            })
            .connect()
            .await
            .unwrap();
        until("the upgrade failed", || failed.load(Ordering::Acquire) == 1).await;
        for _ in 0..5 {
            assert_eq!(socket.recv().await.unwrap().name(), "tick", "{how}");
        }
        assert_eq!(socket.client().transport(), Some(Transport::POLLING));
    }
}

#[tokio::test]
async fn attempts_against_a_server_that_resets_are_few() {
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    let address = hostile(move |stream, _| {
        counted.fetch_add(1, Ordering::AcqRel);
        drop(stream);
        std::future::ready(())
    })
    .await;
    let backoff =
        socketio_client::Backoff::new(Duration::from_millis(100), Duration::from_millis(200));
    let socket = client(address, Transport::POLLING)
        .backoff(backoff.with_jitter(socketio_client::Jitter::None))
        .open()
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let attempts = accepted.load(Ordering::Acquire);
    assert!((3..=7).contains(&attempts), "{attempts}");
    drop(socket);
}
