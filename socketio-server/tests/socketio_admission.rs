//! Who is let in, and what anybody sees of a client before it is.

mod client;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use client::{Client, serve, until};
use serde::Deserialize;
use socketio_server::{Ack, ConnectError, Handshake, Server, Socket, State, Value};
use tokio::sync::Semaphore;

#[derive(Deserialize)]
struct Login {
    token: String,
}

fn closed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

#[tokio::test]
async fn what_auth_returns_is_the_data_of_the_socket() {
    struct User {
        name: String,
    }

    let io = Server::builder().state(40_usize).build();
    let chat = io
        .of("/chat")
        .auth(async |handshake: Handshake, State(n): State<usize>| {
            let login: Login = handshake.auth()?;
            match login.token.as_str() {
                "secret" => Ok(User {
                    name: format!("Ada {}", n + 2),
                }),
                _ => Err(ConnectError::new("bad token").with_data(401)),
            }
        });
    chat.on("who", async |socket: Socket<User>| {
        Ack(socket.data().name.clone())
    });
    // Without its type the socket can be had anywhere.
    chat.on("id", async |socket: Socket| {
        Ack(socket.id().to_string().len())
    });
    let mut client = Client::connect(serve(&io).await).await;
    client.send("40/chat,{\"token\":\"wrong\"}").await;
    let refused = r#"44/chat,{"message":"bad token","data":401}"#;
    assert_eq!(client.recv().await, refused);
    client.send("40/chat,{\"t\":1}").await;
    let refused = client.recv().await;
    assert!(refused.contains("missing field `token`"), "{refused}");
    // It may try again on the same connection.
    client.send("40/chat,{\"token\":\"secret\"}").await;
    assert!(client.recv().await.starts_with("40/chat,{\"sid\":"));
    client
        .send_all(&["42/chat,1[\"who\"]", "42/chat,2[\"id\"]"])
        .await;
    assert_eq!(client.recv().await, "43/chat,1[\"Ada 42\"]");
    assert_eq!(client.recv().await, "43/chat,2[20]");
}

#[tokio::test]
async fn nothing_of_a_client_is_visible_until_it_is_let_in() {
    let io = Server::new();
    let gate = closed();
    let waiting = Arc::clone(&gate);
    let seen = Arc::new(Mutex::new(Vec::<Socket>::new()));
    let see = Arc::clone(&seen);
    io.middleware(async move |socket: Socket| {
        socket.join("room");
        socket.emit("early", &()).unwrap();
        assert!(!socket.is_connected() && socket.is_in("room"));
        see.lock().unwrap().push(socket);
        waiting.acquire().await.unwrap().forget();
        Ok::<_, ConnectError>(())
    });
    let mut client = Client::connect(serve(&io).await).await;
    client.send("40").await;
    until(|| seen.lock().unwrap().len() == 1).await;
    assert!(io.is_empty() && io.sockets().is_empty());
    assert!(io.fetch_sockets().await.unwrap().is_empty());
    let id = seen.lock().unwrap()[0].id().clone();
    assert!(io.socket(id.as_str()).is_none());
    io.emit("missed", &()).unwrap();
    io.to("room").emit("missed", &()).unwrap();
    io.to(&id).emit("missed", &()).unwrap();
    let asked = io.emit_with_ack::<Value>("missed", &()).all().await;
    assert!(asked.is_empty());
    client.is_silent().await;
    gate.add_permits(1);
    assert!(client.recv().await.starts_with("40{"));
    assert_eq!(client.recv().await, "42[\"early\"]");
    assert_eq!(io.len(), 1);
    io.to("room").emit("heard", &()).unwrap();
    assert_eq!(client.recv().await, "42[\"heard\"]");
    assert!(io.socket(id.as_str()).unwrap().is_connected());
}

#[tokio::test]
async fn errors_and_panics_refuse_and_the_panicking_client_alone_suffers() {
    let io = Server::new();
    let failures = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&failures);
    io.on_error(move |failure| {
        let text = format!(
            "{:?} {}: {}",
            failure.kind(),
            failure.event(),
            failure.error()
        );
        noted.lock().unwrap().push(text);
        None
    });
    let auth = io.of("/auth").auth(async |handshake: Handshake| {
        if handshake.auth_object().get("panic").is_some() {
            panic!("in auth");
        }
        tokio::task::yield_now().await;
        if handshake.auth_object().get("later").is_some() {
            panic!("in auth, later");
        }
        Ok::<_, ConnectError>(7_u8)
    });
    auth.middleware(async |socket: Socket<u8>, handshake: Handshake| {
        assert_eq!(*socket.data(), 7);
        if handshake.auth_object().get("middleware").is_some() {
            panic!("in a middleware");
        }
        let refused = handshake.auth_object().get("refuse").is_some();
        if refused {
            Err(ConnectError::new("no"))
        } else {
            Ok(())
        }
    });
    auth.on_connect(async |socket: Socket<u8>| {
        socket.emit("hello", socket.data()).unwrap();
    });
    let mut client = Client::connect(serve(&io).await).await;
    for (shown, answer) in [
        (r#"{"panic":1}"#, r#"44/auth,{"message":"internal error"}"#),
        (r#"{"later":1}"#, r#"44/auth,{"message":"internal error"}"#),
        (
            r#"{"middleware":1}"#,
            r#"44/auth,{"message":"internal error"}"#,
        ),
        (r#"{"refuse":1}"#, r#"44/auth,{"message":"no"}"#),
    ] {
        client.send(&format!("40/auth,{shown}")).await;
        assert_eq!(client.recv().await, answer);
        assert!(io.of("/auth").is_empty());
    }
    client.send("40/auth,").await;
    assert!(client.recv().await.starts_with("40/auth,"));
    assert_eq!(client.recv().await, "42/auth,[\"hello\",7]");
    assert_eq!(
        *failures.lock().unwrap(),
        [
            "Panicked connect: panicked: in auth",
            "Panicked connect: panicked: in auth, later",
            "Panicked connect: panicked: in a middleware",
        ]
    );
}

#[tokio::test]
async fn asking_twice_makes_one_socket() {
    let io = Server::new();
    let gate = closed();
    let waiting = Arc::clone(&gate);
    io.auth(async move || {
        waiting.acquire().await.unwrap().forget();
        Ok::<_, ConnectError>(())
    });
    let connected = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connected);
    io.on_connect(async move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let mut client = Client::connect(serve(&io).await).await;
    client.send_all(&["40", "40", "40"]).await;
    client.is_silent().await;
    gate.add_permits(3);
    assert!(client.recv().await.starts_with("40{"));
    client.is_silent().await;
    assert_eq!((connected.load(Ordering::SeqCst), io.len()), (1, 1));
    // Once it is in, asking again is against the protocol.
    client.send("40").await;
    client.ends().await;
    until(|| io.is_empty()).await;
}

#[tokio::test]
async fn a_decision_is_given_up_when_the_client_changes_its_mind_or_goes() {
    struct OnDrop(Arc<AtomicUsize>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let io = Server::new();
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let left = Arc::new(AtomicBool::new(false));
    let (begin, drops, leaves) = (Arc::clone(&begun), Arc::clone(&dropped), Arc::clone(&left));
    let slow = io.of("/slow");
    slow.middleware(async move |socket: Socket| {
        let _on_drop = OnDrop(drops);
        begin.fetch_add(1, Ordering::SeqCst);
        let leaves = Arc::clone(&leaves);
        // Whoever has a handle hears that nothing came of it.
        tokio::spawn(async move {
            socket.closed().await;
            leaves.store(true, Ordering::SeqCst);
        });
        std::future::pending::<Result<(), ConnectError>>().await
    });
    slow.on_connect(async || -> () { unreachable!() });
    slow.on_disconnect(async || -> () { unreachable!() });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("40/slow,").await;
    until(|| begun.load(Ordering::SeqCst) == 1).await;
    client.send("41/slow,").await;
    until(|| dropped.load(Ordering::SeqCst) == 1 && left.load(Ordering::SeqCst)).await;
    client.send("40/slow,").await;
    until(|| begun.load(Ordering::SeqCst) == 2).await;
    drop(client);
    until(|| dropped.load(Ordering::SeqCst) == 2).await;
    until(|| io.connections() == 0).await;
}

#[tokio::test]
async fn a_client_that_goes_in_the_moment_of_the_decision_leaves_nothing_behind() {
    let io = Server::new();
    io.auth(async || {
        tokio::task::yield_now().await;
        Ok::<_, ConnectError>(())
    });
    let (inside, outside) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (comes, goes) = (Arc::clone(&inside), Arc::clone(&outside));
    io.on_connect(async move || {
        comes.fetch_add(1, Ordering::SeqCst);
    });
    io.on_disconnect(async move || {
        goes.fetch_add(1, Ordering::SeqCst);
    });
    let address = serve(&io).await;
    for n in 0..100_u32 {
        let mut client = Client::connect(address).await;
        client.send("40").await;
        if n % 3 == 0 {
            client.send("41").await;
        }
        for _ in 0..n % 7 {
            tokio::task::yield_now().await;
        }
        drop(client);
    }
    until(|| io.connections() == 0).await;
    until(|| inside.load(Ordering::SeqCst) == outside.load(Ordering::SeqCst)).await;
    assert!(io.is_empty());
}

#[test]
#[should_panic(expected = "has an `auth` already")]
fn a_second_auth_panics_where_it_stands() {
    let io = Server::new();
    io.auth(async || Ok::<_, ConnectError>(1));
    io.auth(async || Ok::<_, ConnectError>("two"));
}

#[test]
#[should_panic(expected = "the state `u64` was never given")]
fn a_handler_whose_state_was_never_given_panics_where_it_is_registered() {
    Server::new().on("e", async |State(_): State<u64>| {});
}

#[test]
#[should_panic(expected = "takes a `Socket<u8>`, and the sockets of this namespace are")]
fn a_handler_with_a_socket_of_another_namespace_panics_where_it_is_registered() {
    Server::new().on("e", async |_: Socket<u8>| {});
}

/// Whoever has a handle from a middleware may use it at any time, also in the moment in which the socket is let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_joined_and_left_in_the_moment_of_the_decision_counts() {
    let io = Server::new();
    let (send, mut handles) = tokio::sync::mpsc::unbounded_channel();
    let (send_back, done) = std::sync::mpsc::channel();
    let handed_out = Arc::new(AtomicUsize::new(0));
    let taken = Arc::clone(&handed_out);
    std::thread::spawn(move || {
        while let Some(socket) = handles.blocking_recv() {
            let socket: Socket = socket;
            taken.fetch_add(1, Ordering::Release);
            let mut count = 0;
            while !socket.is_connected() && count < 5_000 {
                socket.join(format!("joined {count}"));
                socket.join("left");
                socket.leave("left");
                count += 1;
            }
            send_back.send((socket, count)).unwrap();
        }
    });
    let given = Arc::new(AtomicUsize::new(0));
    io.middleware(async move |socket: Socket| {
        let nth = given.fetch_add(1, Ordering::Relaxed) + 1;
        socket.join("first");
        send.send(socket).unwrap();
        // The other thread is at it when this one goes on.
        while handed_out.load(Ordering::Acquire) < nth {
            std::hint::spin_loop();
        }
        Ok::<_, ConnectError>(())
    });
    let address = serve(&io).await;
    for _ in 0..12 {
        let client = Client::joined(address).await;
        let (socket, count) = tokio::task::block_in_place(|| done.recv().unwrap());
        let expected = (0..count).map(|n| format!("joined {n}"));
        let lost: Vec<_> = expected.filter(|room| !socket.is_in(room)).collect();
        assert_eq!(lost, Vec::<String>::new(), "of {count}");
        assert!(socket.is_in("first") && !socket.is_in("left"));
        assert_eq!(socket.rooms().len(), count + 2);
        drop(client);
    }
}
