//! How sockets, connections and servers come to their end, and what is left of them.

mod client;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use client::{Client, serve, until};
use socketio_server::{
    Ack, AckError, ConnectError, DisconnectReason, EmitError, Server, Socket, Transport,
};

type Log = Arc<Mutex<Vec<String>>>;

/// A server that writes down how its sockets leave.
fn noting() -> (Server, Log) {
    let io = Server::builder()
        .ping_interval(Duration::from_secs(5))
        .build();
    let log = Log::default();
    let noted = Arc::clone(&log);
    io.on_connect(async |socket: Socket| socket.join("room"));
    io.on_disconnecting(async move |socket: Socket, reason: DisconnectReason| {
        let members = socket.namespace().to("room").fetch_sockets().await.unwrap();
        let (rooms, members) = (socket.rooms().len(), members.len());
        noted
            .lock()
            .unwrap()
            .push(format!("leaving {rooms} {members} {reason}"));
    });
    let noted = Arc::clone(&log);
    io.on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
        let members = socket.namespace().to("room").fetch_sockets().await.unwrap();
        assert!(!socket.is_connected() && socket.transport().is_none_or(Transport::is_link));
        let (rooms, members) = (socket.rooms().len(), members.len());
        noted
            .lock()
            .unwrap()
            .push(format!("left {rooms} {members} {reason}"));
    });
    (io, log)
}

#[tokio::test]
async fn each_end_has_its_reason_and_rooms_are_there_while_it_leaves() {
    for (how, reason) in [
        ("41", "client namespace disconnect"),
        ("1", "transport close"),
        ("drop", "transport close"),
        ("4x", "forced close"),
        ("42{}", "forced close"),
        ("40", "forced close"),
        ("xyz", "parse error"),
        ("2", "transport error"),
        ("disconnect", "server namespace disconnect"),
        ("close", "server namespace disconnect"),
    ] {
        let (io, log) = noting();
        let mut client = Client::joined(serve(&io).await).await;
        until(|| io.len() == 1).await;
        let socket = io.sockets().remove(0);
        match how {
            "drop" => drop(client),
            "disconnect" => {
                socket.disconnect();
                assert_eq!(client.recv().await, "41");
                // The connection stays.
                client.send("40").await;
                assert!(client.recv().await.starts_with("40{"));
            }
            "close" => {
                socket.disconnect_connection();
                assert_eq!(client.recv().await, "41");
                client.ends().await;
            }
            text => {
                client.send(text).await;
                if text != "41" {
                    client.ends().await;
                }
            }
        }
        until(|| log.lock().unwrap().len() == 2).await;
        let expected = [
            format!("leaving 2 1 {reason}"),
            format!("left 2 0 {reason}"),
        ];
        assert_eq!(*log.lock().unwrap(), expected, "{how}");
        socket.closed().await;
        assert_eq!(socket.emit("e", &()), Err(EmitError::Closed));
        let asked = socket.emit_with_ack::<()>("e", &()).await;
        assert_eq!(asked, Err(AckError::Emit(EmitError::Closed)));
        socket.join("nothing happens");
        assert_eq!(socket.rooms().len(), 2);
        assert!(
            io.to("nothing happens")
                .fetch_sockets()
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn leaving_one_namespace_leaves_the_others() {
    let io = Server::new();
    let chat = io.of("/chat");
    let mut client = Client::joined(serve(&io).await).await;
    client.send("40/chat,").await;
    client.recv().await;
    assert_eq!((io.len(), chat.len(), io.connections()), (1, 1, 1));
    chat.sockets().remove(0).disconnect();
    assert_eq!(client.recv().await, "41/chat,");
    until(|| chat.is_empty()).await;
    assert_eq!((io.len(), io.connections()), (1, 1));
    // What was under way to it is no fault.
    client.send("42/chat,[\"late\"]").await;
    io.emit("still", &()).unwrap();
    assert_eq!(client.recv().await, "42[\"still\"]");
}

#[tokio::test]
async fn a_kept_handle_keeps_nothing_open() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let io = Server::new();
    let dropped = Arc::new(AtomicUsize::new(0));
    let drops = Arc::clone(&dropped);
    io.on_connect(async move |socket: Socket| {
        let captured = Arc::new(Counted(drops));
        socket.on("e", async move || drop(captured));
    });
    let mut client = Client::joined(serve(&io).await).await;
    let kept = io.sockets();
    client.send("41").await;
    until(|| io.is_empty()).await;
    client.send("1").await;
    client.ends().await;
    drop(client);
    until(|| io.connections() == 0).await;
    assert!(!kept[0].is_connected());
    // The task of the connection has a few more steps to go.
    until(|| kept[0].transport().is_none()).await;
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!((kept[0].buffered_bytes(), kept[0].is_slow()), (0, false));
    assert_eq!(io.fetch_sockets().await.unwrap().len(), 0);
    drop(kept);
    drop(io);
}

#[tokio::test]
async fn who_joins_no_namespace_in_time_is_closed() {
    let io = Server::builder()
        .connect_timeout(Duration::from_millis(100))
        .build();
    let mut client = Client::connect(serve(&io).await).await;
    let begun = Instant::now();
    client.ends().await;
    assert!(begun.elapsed() >= Duration::from_millis(90));
    until(|| io.connections() == 0).await;
}

#[tokio::test]
async fn a_shutdown_lets_everybody_go_and_waits_for_handlers() {
    let (io, log) = noting();
    let finished = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&finished);
    io.on("work", async move |socket: Socket| {
        socket.emit("working", &()).unwrap();
        socket.closed().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let address = serve(&io).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = Client::joined(address).await;
        client.send("42[\"work\"]").await;
        assert_eq!(client.recv().await, "42[\"working\"]");
        clients.push(client);
    }
    io.emit("last words", &()).unwrap();
    let down = tokio::spawn({
        let io = io.clone();
        async move { io.shutdown(Duration::from_secs(5)).await }
    });
    for client in &mut clients {
        assert_eq!(client.recv().await, "42[\"last words\"]");
        // No DISCONNECT, so that clients connect again.
        assert_eq!(client.next().await, None);
    }
    let down = down.await.unwrap();
    assert!(down.is_clean(), "{down:?}");
    assert_eq!(finished.load(Ordering::SeqCst), 20);
    assert_eq!(io.connections(), 0);
    // Nobody comes in any more, and the listener has ended.
    let ended = tokio::net::TcpStream::connect(address).await;
    assert!(ended.is_err(), "{ended:?}");
    let log = log.lock().unwrap();
    let went = log
        .iter()
        .filter(|line| line.ends_with("server shutting down"));
    assert_eq!(went.count(), 40);
}

#[tokio::test]
async fn a_shutdown_says_what_it_cut_off() {
    let io = Server::new();
    io.on("stuck", async || std::future::pending::<()>().await);
    let mut client = Client::joined(serve(&io).await).await;
    client.send_all(&["42[\"stuck\"]", "42[\"stuck\"]"]).await;
    client.is_silent().await;
    let begun = Instant::now();
    let down = io.shutdown(Duration::from_millis(200)).await;
    assert!(!down.is_clean());
    assert_eq!(down.unfinished, 2);
    assert!(begun.elapsed() < Duration::from_secs(2));
    client.ends().await;
}

#[tokio::test]
async fn handlers_find_no_lock_held_whatever_they_do() {
    let io = Server::new();
    let chat = io.of_pattern("/chat/{room}").unwrap();
    let server = io.clone();
    chat.on_disconnect(async move |socket: Socket| {
        // Everything that takes a lock somewhere.
        server.of("/made in a handler").on("x", async || {});
        socket.on("y", async || {});
        socket.namespace().emit("z", &()).unwrap();
        socket.disconnect_connection();
        server.sockets().iter().for_each(Socket::disconnect);
        server.on_error(|_| None);
        assert!(socket.namespace().fetch_sockets().await.unwrap().is_empty());
    });
    chat.middleware(async |socket: Socket| {
        socket.disconnect();
        drop(socket.emit_with_ack::<()>("early", &()));
        Ok::<_, ConnectError>(())
    });
    chat.on("bye", async |socket: Socket| {
        socket.disconnect();
        socket.disconnect();
        assert!(socket.emit("too late", &()).is_err());
        Ack("never arrives")
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("40/chat/a,").await;
    assert!(client.recv().await.starts_with("40/chat/a,"));
    client.send("42/chat/a,1[\"bye\"]").await;
    assert_eq!(client.recv().await, "41/chat/a,");
    until(|| io.is_empty()).await;
    assert_eq!(io.namespaces().len(), 2);
}
