//! The test kit, used as applications use it: what it promises is shown on a server that does a little of everything.

use std::time::Duration;

use socketio_server::testing::{TestError, TestServer};
use socketio_server::{
    Ack, AckError, Bytes, ConnectError, Data, DisconnectReason, Handshake, Server, Socket,
    Transport,
};
use tokio::time::{Instant, sleep, timeout};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn server() -> Server {
    let io = Server::new();
    io.of("/")
        .on("echo", async |Data(text): Data<String>| Ack(text));
    io.of("/").on("ask", async |socket: Socket| {
        let answer = socket.emit_with_ack::<String>("question", &"why");
        let answer = answer.timeout(Duration::from_secs(60)).await;
        let told = match answer {
            Ok(answer) => answer,
            Err(AckError::Timeout) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        };
        socket.emit("answered", &told)
    });
    let guarded = io.of("/guarded").auth(async |handshake: Handshake| {
        let shown = handshake.auth_object();
        match shown.get("key").and_then(socketio_server::Value::as_u64) {
            Some(42) => Ok(handshake.query("name").map(std::borrow::Cow::into_owned)),
            _ => Err(ConnectError::new("no key").with_data(401)),
        }
    });
    guarded.on("name", async |socket: Socket<Option<String>>| {
        Ack(socket.data().clone())
    });
    io
}

/// `{"key": 42}`
fn key() -> std::collections::BTreeMap<&'static str, u64> {
    [("key", 42)].into()
}

#[tokio::test]
async fn clients_emit_and_are_answered() -> Result {
    let server = TestServer::new(&server());
    let client = server.client("/").await?;
    assert_eq!(client.id().as_str().len(), 20);
    assert_eq!(client.emit_with_ack::<String>("echo", &"x").await?, "x");
    let wrong: std::result::Result<u8, _> = client.emit_with_ack("echo", &"x").await;
    assert!(matches!(wrong, Err(TestError::Arguments(_))));
    Ok(())
}

#[tokio::test]
async fn the_server_asks_and_clients_answer() -> Result {
    let server = TestServer::new(&server());
    let client = server.client("/").await?;
    client.emit("ask", &())?;
    let question = client.recv().await?;
    assert_eq!((question.name(), question.wants_ack()), ("question", true));
    assert_eq!(question.data::<String>()?, "why");
    question.ack(&"because")?;
    assert_eq!(client.next::<String>("answered").await?, "because");
    Ok(())
}

#[tokio::test]
async fn who_is_let_in_is_decided_by_what_is_shown() -> Result {
    let server = TestServer::new(&server());
    let refused = server.client("/guarded").await.unwrap_err();
    assert_eq!(
        refused,
        TestError::Refused(ConnectError::new("no key").with_data(401))
    );
    let client = server
        .client("/guarded")
        .auth(&key())
        .query("name", "ü&=")
        .await?;
    assert_eq!(client.emit_with_ack::<String>("name", &()).await?, "ü&=");

    let invalid = server.client("/nowhere").await.unwrap_err();
    assert_eq!(
        invalid,
        TestError::Refused(ConnectError::new("Invalid namespace"))
    );
    let listed = server.client("/").auth(&[1, 2]).await;
    assert!(matches!(listed, Err(TestError::Encode(_))));
    Ok(())
}

#[tokio::test]
async fn namespaces_share_a_connection() -> Result {
    let io = server();
    let server = TestServer::new(&io);
    let root = server.client("/").await?;
    let guarded = root.of_with("/guarded", &key()).await?;
    assert_eq!(io.connections(), 1);
    guarded.disconnect();
    assert_eq!(
        guarded.disconnected().await,
        DisconnectReason::IoClientDisconnect
    );
    assert_eq!(
        root.emit_with_ack::<String>("echo", &"still here").await?,
        "still here"
    );
    let again = root.of_with("/guarded", &key()).await?;
    assert_ne!(again.id(), guarded.id());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_waiting_takes_no_time() -> Result {
    let (real, paused) = (std::time::Instant::now(), Instant::now());
    let server = TestServer::new(&server());
    let client = server.client("/").await?;
    client.emit("ask", &())?;
    assert_eq!(client.recv().await?.name(), "question");
    assert_eq!(client.next::<String>("answered").await?, "nothing");
    assert!(paused.elapsed() >= Duration::from_secs(60));
    // Pings have gone to and fro for an hour.
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(client.emit_with_ack::<String>("echo", &"x").await?, "x");
    assert!(real.elapsed() < Duration::from_secs(20));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_is_given_up_by_the_server() -> Result {
    let io = server();
    let (ended, mut reasons) = tokio::sync::mpsc::unbounded_channel();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = ended.send(reason);
        });
    let server = TestServer::new(&io);
    let client = server.client("/").await?;
    client.pause(true);
    assert_eq!(reasons.recv().await, Some(DisconnectReason::PingTimeout));
    assert_eq!(io.connections(), 0);
    client.pause(false);
    assert!(
        timeout(Duration::from_secs(100), client.disconnected())
            .await
            .is_ok()
    );
    Ok(())
}

#[tokio::test]
async fn each_way_to_end_has_its_reason() -> Result {
    let io = server();
    let (ended, mut reasons) = tokio::sync::mpsc::unbounded_channel();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = ended.send(reason);
        });
    let server = TestServer::new(&io);

    let client = server.client("/").await?;
    client.disconnect();
    assert_eq!(
        reasons.recv().await,
        Some(DisconnectReason::ClientNamespaceDisconnect)
    );

    let client = server.client("/").await?;
    client.cut();
    assert_eq!(reasons.recv().await, Some(DisconnectReason::TransportClose));
    assert_eq!(
        client.disconnected().await,
        DisconnectReason::TransportClose
    );

    let client = server.client("/").await?;
    io.of("/")
        .socket(client.id().as_str())
        .unwrap()
        .disconnect();
    assert_eq!(
        reasons.recv().await,
        Some(DisconnectReason::ServerNamespaceDisconnect)
    );
    assert_eq!(
        client.disconnected().await,
        DisconnectReason::IoServerDisconnect
    );

    drop(server.client("/").await?);
    assert_eq!(reasons.recv().await, Some(DisconnectReason::TransportClose));
    Ok(())
}

#[tokio::test]
async fn what_is_large_passes_and_so_does_what_is_much() -> Result {
    let io = Server::builder().max_payload(2_000_000).build();
    io.of("/")
        .on("bytes", async |Data(bytes): Data<Bytes>| Ack(bytes));
    io.of("/")
        .on("flood", async |socket: Socket, Data(n): Data<u32>| {
            (0..n).try_for_each(|i| socket.emit("i", &i))
        });
    let server = TestServer::new(&io);
    let client = server.client("/").await?;
    let bytes = Bytes::from(vec![7; 1_500_000]);
    assert_eq!(client.emit_with_ack::<Bytes>("bytes", &bytes).await?, bytes);
    client.emit("flood", &5000)?;
    for i in 0..5000 {
        assert_eq!(client.next::<u32>("i").await?, i);
    }
    assert!(client.try_recv().is_none());
    Ok(())
}

#[tokio::test]
async fn a_refused_request_says_how_it_was_answered() {
    let io = Server::new();
    let server = TestServer::new(&io);
    let refused = server
        .client("/")
        .header("Origin", "https://example.com")
        .await;
    let Err(TestError::Http(answer)) = refused else {
        panic!("{refused:?}")
    };
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_told_that_it_is_disconnected_is_in_no_room() -> Result {
    let io = server();
    io.of("/")
        .on_connect(async |socket: Socket| socket.join("room"));
    let server = TestServer::new(&io);
    for _ in 0..300 {
        let client = server.client("/").await?;
        io.to("room").disconnect_sockets(false);
        client.disconnected().await;
        assert!(io.to("room").fetch_sockets().await?.is_empty());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_polls_does_all_that_others_do() -> Result {
    let io = server();
    let (ended, mut reasons) = tokio::sync::mpsc::unbounded_channel();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = ended.send(reason);
        });
    let server = TestServer::new(&io);
    let polling = || server.client("/").transports([Transport::POLLING]);
    let client = polling().await?;
    assert_eq!(client.transport(), Transport::POLLING);
    assert_eq!(client.emit_with_ack::<String>("echo", &"x").await?, "x");
    client.emit("ask", &())?;
    client.recv().await?.ack(&"because")?;
    assert_eq!(client.next::<String>("answered").await?, "because");
    let bytes = Bytes::from_static(&[0, 30, 255]);
    io.emit("bytes", &bytes)?;
    assert_eq!(client.next::<Bytes>("bytes").await?, bytes);
    // An hour of polls and pings.
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(client.emit_with_ack::<String>("echo", &"y").await?, "y");
    assert_eq!(client.upgraded().await, Transport::POLLING);
    assert_eq!(io.sockets()[0].transport(), Some(Transport::POLLING));

    client.close();
    assert_eq!(
        reasons.recv().await,
        Some(DisconnectReason::ClientNamespaceDisconnect)
    );
    let client = polling().await?;
    client.cut();
    assert_eq!(reasons.recv().await, Some(DisconnectReason::TransportError));
    let client = polling().await?;
    client.pause(true);
    assert_eq!(reasons.recv().await, Some(DisconnectReason::PingTimeout));
    drop(client);
    let client = polling().await?;
    io.of("/").disconnect_sockets(true);
    assert_eq!(
        reasons.recv().await,
        Some(DisconnectReason::ServerNamespaceDisconnect)
    );
    assert_eq!(
        client.disconnected().await,
        DisconnectReason::IoServerDisconnect
    );
    let refused = polling().header("Origin", "https://example.com").await;
    let Err(TestError::Http(answer)) = refused else {
        panic!("{refused:?}")
    };
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    drop(polling().await?);
    assert_eq!(reasons.recv().await, Some(DisconnectReason::TransportError));
    assert_eq!(io.connections(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_polls_goes_over_to_a_websocket_if_it_may() -> Result {
    let browser = [Transport::POLLING, Transport::WEBSOCKET];
    let io = server();
    let server = TestServer::new(&io);
    let client = server.client("/").transports(browser).await?;
    // What is said meanwhile arrives once and in order.
    for n in 0..100 {
        io.emit("n", &n)?;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.upgraded().await, Transport::WEBSOCKET);
    for n in 0..100 {
        assert_eq!(client.next::<u32>("n").await?, n);
    }
    assert_eq!(client.emit_with_ack::<String>("echo", &"x").await?, "x");
    assert_eq!(io.sockets()[0].transport(), Some(Transport::WEBSOCKET));
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(client.emit_with_ack::<String>("echo", &"y").await?, "y");

    let polls = Server::builder().upgrades(false).build();
    let server = TestServer::new(&polls);
    let client = server.client("/").transports(browser).await?;
    assert_eq!(client.upgraded().await, Transport::POLLING);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_waits_to_be_let_in_is_told_that_the_connection_has_ended() -> Result {
    let io = server();
    io.of("/slow").auth(async || {
        sleep(Duration::from_secs(10)).await;
        Ok::<_, ConnectError>(())
    });
    let server = TestServer::new(&io);
    let client = server.client("/").await?;
    let (joined, ()) = tokio::join!(client.of("/slow"), async {
        sleep(Duration::from_secs(1)).await;
        client.close();
    });
    assert!(
        matches!(joined, Err(TestError::Disconnected(_))),
        "{joined:?}"
    );
    client.disconnected().await;
    let later = client.of("/slow").await;
    assert!(
        matches!(later, Err(TestError::Disconnected(_))),
        "{later:?}"
    );
    Ok(())
}
