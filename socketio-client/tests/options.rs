//! What the options of a client do.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_client::{
    Backoff, Bytes, Cause, Client, EmitError, Error, Event, Jitter, Lifecycle, Socket, Status,
    Transport,
};
use support::{serve, serve_with, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn quick() -> Backoff {
    Backoff::new(Duration::from_millis(20), Duration::from_millis(50)).with_jitter(Jitter::None)
}

/// Notes what happens to the connection of a socket.
fn log_of(socket: &Socket) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    socket.on_lifecycle(async move |lifecycle: Lifecycle| {
        let text = format!("{lifecycle:?}");
        let name = text.split([' ', '(']).next().unwrap_or_default();
        seen.lock().unwrap().push(name.to_owned());
    });
    log
}

#[tokio::test]
async fn a_transport_that_does_not_connect_is_followed_by_the_next_if_that_is_asked_for() {
    let server = serve_with("127.0.0.1:0".parse().unwrap(), |builder| {
        builder.transports([Transport::WEBSOCKET])
    })
    .await;
    let error = server.client().connect().await.unwrap_err();
    assert!(
        matches!(&error, Error::Connect(failure) if matches!(failure.cause, Cause::Status(_))),
        "{error}"
    );
    let socket = server
        .client()
        .try_all_transports(true)
        .connect()
        .await
        .unwrap();
    assert_eq!(socket.client().transport(), Some(Transport::WEBSOCKET));
}

#[tokio::test]
async fn an_upgrade_is_remembered_or_not_made() {
    let server = serve().await;
    let socket = server
        .client()
        .remember_upgrade(true)
        .backoff(quick())
        .idle()
        .unwrap();
    let log = log_of(&socket);
    socket.connect().await.unwrap();
    until("the upgrade", || {
        log.lock().unwrap().iter().any(|name| name == "Upgraded")
    })
    .await;
    socket.client().cut();
    let back = |log: &Vec<String>| log.iter().filter(|name| *name == "Connected").count() == 2;
    until("it is back", || back(&log.lock().unwrap())).await;
    assert_eq!(socket.client().transport(), Some(Transport::WEBSOCKET));
    assert_eq!(
        log.lock()
            .unwrap()
            .iter()
            .filter(|name| *name == "Upgraded")
            .count(),
        1
    );

    let plain = server.client().upgrade(false).connect().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(plain.client().transport(), Some(Transport::POLLING));
}

#[tokio::test]
async fn what_waits_to_be_sent_is_bounded() {
    let server = serve().await;
    let socket = server.client().send_buffer(10_000, 5).idle().unwrap();
    for _ in 0..5 {
        socket.emit("many", ()).unwrap();
    }
    assert_eq!(socket.emit("many", ()), Err(EmitError::Full));
    socket.connect().await.unwrap();
    until("they have left", || {
        server.seen.events.lock().unwrap().len() == 5
    })
    .await;
    socket.disconnect();
    socket.emit("large", "x".repeat(20_000)).unwrap();
    assert_eq!(socket.emit("many", ()), Err(EmitError::Full));
}

#[tokio::test]
async fn a_message_of_the_server_that_is_too_large_ends_the_connection() {
    let server = serve().await;
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        let socket = server
            .client()
            .transports([transport])
            .max_payload(10_000)
            .reconnect(false)
            .connect()
            .await
            .unwrap();
        socket.emit("echo", "x".repeat(20_000)).unwrap();
        until("it is closed", || {
            matches!(&*socket.status().borrow(), Status::Closed { .. })
        })
        .await;
    }
}

#[tokio::test]
async fn nobody_waits_longer_than_they_want() {
    let server = serve().await;
    let address = server.address;
    drop(server);
    let hour = Duration::from_secs(3600);
    let socket = Client::builder(&format!("http://{address}"))
        .backoff(Backoff::new(hour, hour).with_jitter(Jitter::None))
        .open()
        .unwrap();
    until("it waits", || {
        matches!(
            &*socket.status().borrow(),
            Status::Waiting { attempt: 1, .. }
        )
    })
    .await;
    let server = serve_with(address, |builder| builder).await;
    socket.client().reconnect_now();
    until("it is there", || socket.is_connected()).await;
    // And who has enough of waiting stops it.
    server.engine.close();
    drop(server);
    until("it waits again", || {
        matches!(&*socket.status().borrow(), Status::Waiting { .. })
    })
    .await;
    socket.disconnect();
    socket.client().closed().await;
    assert_eq!(
        socket
            .recv()
            .await
            .map(|event: Event| event.name().to_owned()),
        Some("welcome".into())
    );
    assert!(socket.recv().await.is_none());
}

#[tokio::test]
async fn who_emits_is_told_what_cannot_be_sent() {
    let server = serve().await;
    let socket = server.client().connect().await.unwrap();
    for name in ["connect", "disconnect", "connect_error", "newListener"] {
        let refused = socket.emit(name, ());
        assert!(
            matches!(refused, Err(EmitError::Encode(_))),
            "{name}: {refused:?}"
        );
    }
    assert!(matches!(
        socket.emit("x", u128::MAX),
        Err(EmitError::Encode(_))
    ));
    for wrong in [
        Client::builder("no url at all"),
        server.client().header("a header", "x"),
        server.client().namespace("/a,b"),
        server.client().transports([Transport::WEBTRANSPORT]),
        server.client().transports([]),
    ] {
        assert!(wrong.open().is_err());
    }
}

#[tokio::test]
async fn base64_is_asked_for_and_sent_where_that_is_wanted() {
    let server = serve().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    let server_address = server.address;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(server_address).await.unwrap();
        let (mut from_server, mut to_server) = server.split();
        let (mut from_client, mut to_client) = client.split();
        let up = async {
            let mut line = [0; 200];
            let n = from_client.read(&mut line).await.unwrap();
            kept.lock().unwrap().extend_from_slice(&line[..n]);
            to_server.write_all(&line[..n]).await.unwrap();
            tokio::io::copy(&mut from_client, &mut to_server).await
        };
        let down = async {
            let mut buffer = [0; 4_096];
            while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                kept.lock().unwrap().extend_from_slice(&buffer[..n]);
                to_client.write_all(&buffer[..n]).await.unwrap();
            }
        };
        let _ = tokio::join!(up, down);
    });
    let socket = Client::builder(&format!("http://{address}"))
        .transports([Transport::WEBSOCKET])
        .force_base64(true)
        .connect()
        .await
        .unwrap();
    let sent = Bytes::from_static(&[0, 1, 255]);
    let back: Bytes = socket.emit_with_ack("echo", &sent).await.unwrap();
    assert_eq!(back, sent);
    let heard = heard.lock().unwrap();
    // What the client sends is masked; what it is sent is text because it asked for that.
    for expected in [&b"b64=1"[..], b"bAAH/"] {
        let is_there = heard.windows(expected.len()).any(|part| part == expected);
        assert!(is_there, "{}", expected.escape_ascii());
    }
}
