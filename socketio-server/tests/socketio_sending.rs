//! Who gets what is sent: one, a room, everybody; with acknowledgements, codecs, clients that do not keep up.

mod client;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, serve, until};
use serde::{Deserialize, Serialize};
use socketio_server::{
    Ack, AckError, Bytes, Data, DisconnectReason, EmitError, Json, Room, Server, Socket, SocketId,
    Value,
};

/// Clients that are in these rooms, and their sockets.
async fn clients(io: &Server, rooms: &[&[&str]]) -> (Vec<Client>, Vec<Socket>) {
    let address = serve(io).await;
    let (mut clients, mut sockets) = (Vec::new(), Vec::new());
    for rooms in rooms {
        let mut client = Client::connect(address).await;
        client.send("40").await;
        let answer = client.recv().await;
        let socket = io.socket(answer.split('"').nth(3).unwrap()).unwrap();
        socket.join(*rooms);
        sockets.push(socket);
        clients.push(client);
    }
    (clients, sockets)
}

/// Which of the clients got something, and it was this. All get something else after it, so that nobody has to wait for what
/// does not come.
async fn got(io: &Server, clients: &mut [Client], event: &str) -> Vec<usize> {
    io.emit("that was all", &()).unwrap();
    let mut who = Vec::new();
    for (at, client) in clients.iter_mut().enumerate() {
        loop {
            let text = client.recv().await;
            if text == "42[\"that was all\"]" {
                break;
            }
            assert_eq!(text, event, "to {at}");
            who.push(at);
        }
    }
    who
}

#[tokio::test]
async fn everybody_who_is_addressed_gets_an_event_once() {
    let io = Server::new();
    let rooms: [&[&str]; 4] = [&["a"], &["a", "b"], &["b", "c"], &[]];
    let (mut clients, sockets) = clients(&io, &rooms).await;
    let sender = &sockets[1];
    let third = sockets[2].id().clone();
    let nobody = Vec::<Room>::new();
    for (target, who) in [
        (io.target(), vec![0, 1, 2, 3]),
        (io.to("a"), vec![0, 1]),
        (io.to("a").to("b"), vec![0, 1, 2]),
        (io.to(["a", "b", "c"]), vec![0, 1, 2]),
        (io.to(["a", "b"]).except("c"), vec![0, 1]),
        (io.except("a"), vec![2, 3]),
        (io.except(["a", "c"]), vec![3]),
        (io.to(&third), vec![2]),
        (io.to_socket(&third), vec![2]),
        (io.to(nobody.clone()), vec![]),
        (io.to("nobody is here"), vec![]),
        (io.local().to("a"), vec![0, 1]),
        (sender.target(), vec![1]),
        (sender.to("a"), vec![0]),
        (sender.to("b"), vec![2]),
        (sender.to(["a", "b"]), vec![0, 2]),
        (sender.to(nobody), vec![]),
        (sender.broadcast(), vec![0, 2, 3]),
        (sender.local(), vec![0, 2, 3]),
        (sender.except("a"), vec![2, 3]),
        (sender.volatile(), vec![1]),
        (sender.volatile().to("a"), vec![0]),
        (sender.compress(false), vec![1]),
        (io.volatile(), vec![0, 1, 2, 3]),
        (io.compress(false).to("b"), vec![1, 2]),
    ] {
        // A target can be used again.
        for n in 0..2 {
            target.emit("e", &n).unwrap();
            assert_eq!(
                got(&io, &mut clients, &format!("42[\"e\",{n}]")).await,
                who,
                "{target:?}"
            );
        }
    }
    io.send(&"hi").unwrap();
    assert_eq!(
        got(&io, &mut clients, "42[\"message\",\"hi\"]").await,
        [0, 1, 2, 3]
    );
    sender.send(&()).unwrap();
    assert_eq!(got(&io, &mut clients, "42[\"message\"]").await, [1]);
}

#[tokio::test]
async fn sockets_can_be_fetched_moved_and_disconnected_together() {
    let io = Server::new();
    let (mut clients, sockets) = clients(&io, &[&["a"], &["a", "b"], &[]]).await;
    sockets[0].attributes().set("name", "Ada").unwrap();
    let ids = |room: &'static str| {
        let io = io.clone();
        async move {
            let sockets = io.to(room).fetch_sockets().await.unwrap();
            let mut ids: Vec<SocketId> = sockets.iter().map(|s| s.id().clone()).collect();
            ids.sort();
            ids
        }
    };
    let sorted = |which: &[usize]| {
        let mut ids: Vec<_> = which.iter().map(|at| sockets[*at].id().clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids("a").await, sorted(&[0, 1]));
    let all = io.fetch_sockets().await.unwrap();
    assert_eq!(all.len(), 3);
    let first = all
        .iter()
        .find(|socket| socket.id() == sockets[0].id())
        .unwrap();
    assert_eq!(first.attributes().get("name"), Some(&Value::from("Ada")));
    assert_eq!(
        first.rooms(),
        [Room::from(sockets[0].id()), Room::from("a")]
    );
    assert_eq!(first.as_local(), Some(&sockets[0]));
    assert_eq!(
        first.handshake().get("address"),
        Some(&Value::from("127.0.0.1"))
    );
    first.emit("e", &1).unwrap();
    assert_eq!(got(&io, &mut clients, "42[\"e\",1]").await, [0]);
    io.to("a").sockets_join(["c", "d"]);
    assert_eq!(ids("c").await, sorted(&[0, 1]));
    io.to("b").sockets_leave("c");
    assert_eq!(ids("c").await, sorted(&[0]));
    assert_eq!(ids("d").await, sorted(&[0, 1]));
    first.leave("d");
    first.join("e");
    assert_eq!(
        (ids("d").await, ids("e").await),
        (sorted(&[1]), sorted(&[0]))
    );
    io.to("c").disconnect_sockets(false);
    assert_eq!(clients[0].recv().await, "41");
    io.except("a").disconnect_sockets(true);
    clients[2].ends().await;
    until(|| io.len() == 1).await;
    assert!(sockets[1].is_connected());
    // The connection of the first one stays, and it may come back.
    clients[0].send("40").await;
    assert!(clients[0].recv().await.starts_with("40{"));
}

#[tokio::test]
async fn a_broadcast_gathers_the_answers_of_all_who_were_asked() {
    let io = Server::new();
    let (mut clients, sockets) = clients(&io, &[&["r"], &["r"], &["r"], &["r"], &[]]).await;
    let mut answers = io
        .to("r")
        .timeout(Duration::from_millis(200))
        .emit_with_ack::<u32>("q", &"?");
    for client in &mut clients[..4] {
        assert_eq!(client.recv().await, "420[\"q\",\"?\"]");
    }
    clients[4].is_silent().await;
    clients[1].send("430[1]").await;
    let (id, answer) = answers.next().await.unwrap();
    assert_eq!((id.as_ref(), answer), (Some(sockets[1].id()), Ok(1)));
    clients[1].send("430[1]").await; // again: ignored
    clients[0].send("430[\"text\"]").await;
    let (id, answer) = answers.next().await.unwrap();
    assert_eq!(id.as_ref(), Some(sockets[0].id()));
    assert!(matches!(answer, Err(AckError::Decode(_))));
    clients[2].send("41").await;
    let (id, answer) = answers.next().await.unwrap();
    assert_eq!(
        (id.as_ref(), answer),
        (Some(sockets[2].id()), Err(AckError::Closed))
    );
    // The last one says nothing, and is named.
    let (id, answer) = answers.next().await.unwrap();
    assert_eq!(
        (id.as_ref(), answer),
        (Some(sockets[3].id()), Err(AckError::Timeout))
    );
    assert!(answers.next().await.is_none() && answers.next().await.is_none());
    assert_eq!(answers.missing_nodes(), 0);
    let nobody = io.to("nobody").emit_with_ack::<u32>("q", &()).all().await;
    assert!(nobody.is_empty());
    // One socket can be asked the same way.
    let asking = sockets[0]
        .timeout(Duration::from_secs(5))
        .emit_with_ack::<u32>("q", &());
    let question = clients[0].recv().await;
    clients[0]
        .send(&question.replace("42", "43").replace("\"q\"", "9"))
        .await;
    assert_eq!(asking.all().await, [(Some(sockets[0].id().clone()), Ok(9))]);
}

#[tokio::test]
async fn an_acknowledgement_nobody_waits_for_any_more_is_forgotten() {
    let io = Server::builder().max_acks(2).build();
    let (mut clients, sockets) = clients(&io, &[&[]]).await;
    let (client, socket) = (&mut clients[0], &sockets[0]);
    for n in 0..10 {
        drop(socket.emit_with_ack::<u32>("q", &n));
        assert_eq!(client.recv().await, format!("42{n}[\"q\",{n}]"));
    }
    let waiting = [
        socket.emit_with_ack::<u32>("q", &()),
        socket.emit_with_ack("q", &()),
    ];
    let third = socket.emit_with_ack::<u32>("q", &()).await;
    assert_eq!(third, Err(AckError::Emit(EmitError::TooManyAcks)));
    assert_eq!(client.recv().await, "4210[\"q\"]");
    assert_eq!(client.recv().await, "4211[\"q\"]");
    client.send("4310[1]").await;
    client.send("4311[2]").await;
    let [first, second] = waiting;
    assert_eq!((first.await, second.await), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn binary_travels_in_any_type() {
    #[derive(Serialize, Deserialize)]
    struct Upload {
        name: String,
        data: Bytes,
        thumb: Option<Bytes>,
    }

    let io = Server::new();
    io.on("up", async |socket: Socket, Data(up): Data<Upload>| {
        socket.emit("copy", &up)?;
        Ok::<_, EmitError>(Ack((up.data.len(), up.thumb.is_some())))
    });
    let mut client = Client::joined(serve(&io).await).await;
    client
        .send(r#"451-1["up",{"name":"a","data":{"_placeholder":true,"num":0}}]"#)
        .await;
    client.send_binary(&[1, 2, 255]).await;
    let copy = r#"451-["copy",{"name":"a","data":{"_placeholder":true,"num":0},"thumb":null}]"#;
    assert_eq!(client.recv().await, copy);
    assert_eq!(client.recv().await, "b0102ff");
    assert_eq!(client.recv().await, "431[3,false]");
}

#[tokio::test]
async fn clients_of_both_revisions_share_rooms() {
    let io = Server::builder().revision_3(true).build();
    io.on("shout", async |socket: Socket, Data(text): Data<String>| {
        socket.broadcast().emit("shout", &text)
    });
    let address = serve(&io).await;
    let mut new = Client::joined(address).await;
    let mut old = Client::connect_with(address, "EIO=3").await;
    assert_eq!(old.recv().await, "40");
    new.send("42[\"shout\",\"hi\"]").await;
    assert_eq!(old.recv().await, "42[\"shout\",\"hi\"]");
    old.send("42[\"shout\",\"ho\"]").await;
    assert_eq!(new.recv().await, "42[\"shout\",\"ho\"]");
}

#[tokio::test]
async fn clients_of_different_codecs_share_rooms() {
    // A codec of its own limits, chosen by the query.
    let io = Server::builder()
        .codec_for(Json::new().max_attachments(1), |handshake| {
            handshake.query("few").is_some()
        })
        .build();
    let address = serve(&io).await;
    let mut many = Client::joined(address).await;
    let mut few = Client::connect_with(address, "EIO=4&few=1").await;
    few.send("40").await;
    few.recv().await;
    io.emit("both", &1).unwrap();
    assert_eq!(
        (many.recv().await, few.recv().await),
        ("42[\"both\",1]".into(), "42[\"both\",1]".into())
    );
    // Who cannot be sent it misses it, and the caller hears of it.
    let two = (Bytes::from_static(b"a"), Bytes::from_static(b"b"));
    let error = io.emit("two", &two).unwrap_err();
    assert!(matches!(error, EmitError::Encode(_)), "{error}");
    let both = many.recv().await;
    assert!(both.starts_with("452-"), "{both}");
    few.is_silent().await;
}

#[tokio::test]
async fn what_is_volatile_is_dropped_where_it_would_have_to_wait() {
    let io = Server::new();
    io.on("e", async |socket: Socket| {
        socket.volatile().emit("first", &())?;
        // Something waits to be written now.
        socket.volatile().emit("dropped", &())?;
        socket.namespace().volatile().emit("dropped", &())?;
        socket.emit("second", &())
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("42[\"e\"]").await;
    assert_eq!(client.recv().await, "42[\"first\"]");
    assert_eq!(client.recv().await, "42[\"second\"]");
    io.volatile().emit("taken", &()).unwrap();
    assert_eq!(client.recv().await, "42[\"taken\"]");
}

#[tokio::test]
async fn what_is_sent_can_be_watched() {
    let io = Server::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = Arc::clone(&seen);
    let watch = io.on_any_outgoing(move |socket, event| {
        let arguments = Value::from(event.arguments());
        let what = format!("{} {arguments} {}", event.name(), event.asks_for_ack());
        see.lock().unwrap().push((socket.id().clone(), what));
    });
    let (_clients, sockets) = clients(&io, &[&[], &[]]).await;
    sockets[0].emit("one", &("a", 1)).unwrap();
    io.emit("all", &()).unwrap();
    drop(sockets[1].emit_with_ack::<()>("ask", &()));
    let of = |at: usize| {
        let seen = seen.lock().unwrap();
        let of = seen.iter().filter(|(id, _)| id == sockets[at].id());
        of.map(|(_, what)| what.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(0), ["one [\"a\",1] false", "all [] false"]);
    assert_eq!(of(1), ["all [] false", "ask [] true"]);
    watch.remove();
    // One that panics keeps nothing from anybody.
    io.on_any_outgoing(|_, _| panic!("while looking"));
    io.emit("all", &()).unwrap();
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_disconnected_and_others_miss_nothing() {
    let io = Server::builder().buffer_limit(2_000_000, 65_536).build();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&reasons);
    io.on_disconnect(async move |reason: DisconnectReason| noted.lock().unwrap().push(reason));
    let (mut clients, sockets) = clients(&io, &[&[], &[]]).await;
    let much = "x".repeat(100_000);
    let mut sent = 0;
    while sockets[0].is_connected() && sent < 500 {
        io.emit("much", &much).unwrap();
        assert!(clients[1].recv().await.len() > 100_000);
        sent += 1;
    }
    assert!(sent > 10, "{sent}");
    until(|| !sockets[0].is_connected()).await;
    assert_eq!(sockets[0].emit("e", &()), Err(EmitError::Closed));
    assert!(sockets[1].is_connected());
    until(|| reasons.lock().unwrap().len() == 1).await;
    assert_eq!(*reasons.lock().unwrap(), [DisconnectReason::TransportError]);
}

#[tokio::test]
async fn emit_wait_sends_as_fast_as_the_client_takes() {
    let io = Server::builder().buffer_limit(1_000_000, 65_536).build();
    let much = "x".repeat(50_000);
    io.on("flood", async move |socket: Socket| {
        for n in 0..200 {
            socket.emit_wait("part", &(n, &much)).await?;
        }
        Ok::<_, EmitError>(Ack("sent"))
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("421[\"flood\"]").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let socket = io.sockets().remove(0);
    assert!(socket.buffered_bytes() <= 1_000_000);
    for n in 0..200 {
        let part = client.recv().await;
        assert!(part.starts_with(&format!("42[\"part\",{n},\"x")), "{n}");
    }
    assert_eq!(client.recv().await, "431[\"sent\"]");
}

#[tokio::test]
async fn emit_wait_ends_with_the_socket() {
    let io = Server::builder().buffer_limit(1_000_000, 65_536).build();
    let result = Arc::new(Mutex::new(None));
    let set = Arc::clone(&result);
    io.on("flood", async move |socket: Socket| {
        let much = "x".repeat(50_000);
        let error = loop {
            if let Err(error) = socket.emit_wait("part", &much).await {
                break error;
            }
        };
        *set.lock().unwrap() = Some(error);
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("42[\"flood\"]").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(*result.lock().unwrap(), None);
    drop(client);
    until(|| result.lock().unwrap().is_some()).await;
    assert_eq!(*result.lock().unwrap(), Some(EmitError::Closed));
}

#[tokio::test]
async fn anything_can_be_sent_from_any_thread() {
    let io = Server::new();
    let (mut clients, _) = clients(&io, &[&["lobby"]]).await;
    let from_thread = io.clone();
    let thread = std::thread::spawn(move || {
        from_thread.to("lobby").volatile().emit("tick", &1).unwrap();
        from_thread.disconnect_sockets(false);
    });
    tokio::task::spawn_blocking(|| thread.join().unwrap())
        .await
        .unwrap();
    assert_eq!(clients[0].recv().await, "42[\"tick\",1]");
    assert_eq!(clients[0].recv().await, "41");
    until(|| io.is_empty()).await;
}
