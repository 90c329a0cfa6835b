//! What applications find, each for itself: what sockets and servers tell of themselves, and what goes over the wire for it.

mod client;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Client, serve, until};
use serde::Deserialize;
use socketio_server::testing::TestServer;
use socketio_server::{Ack, Bytes, ConnectError, Data, Handshake, Server, Socket, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// The head and the body of the answer to a request.
async fn http(address: SocketAddr, request: &str, body: &str) -> (String, Vec<u8>) {
    let length = body.len();
    let request = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\
         Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let answer = timeout(Duration::from_secs(30), exchange).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (head, answer[end + 4..].to_vec())
}

#[tokio::test]
async fn what_is_sent_without_compression_is_not_compressed() {
    let io = Server::new();
    let address = serve(&io).await;
    let (_, open) = http(address, "GET /socket.io/?EIO=4&transport=polling", "").await;
    let open = String::from_utf8(open).unwrap();
    let sid = open.split('"').nth(3).unwrap();
    let target = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    let poll = format!("GET {target}");
    http(address, &format!("POST {target}"), "40").await;
    http(address, &poll, "").await;
    let long = "abc".repeat(1000);
    let socket = io.sockets().remove(0);
    for (plain, squeezable, is_squeezed) in [(1, 0, false), (0, 1, true), (2, 1, true)] {
        for _ in 0..plain {
            socket.compress(false).emit("e", &long).unwrap();
        }
        for _ in 0..squeezable {
            io.compress(true).emit("e", &long).unwrap();
        }
        let (head, body) = http(address, &poll, "").await;
        let head = head.to_ascii_lowercase();
        assert_eq!(head.contains("content-encoding: gzip"), is_squeezed);
        assert_eq!(body.len() < 1000, is_squeezed);
    }
    io.compress(false).emit("e", &long).unwrap();
    let (head, _) = http(address, &poll, "").await;
    assert!(!head.to_ascii_lowercase().contains("content-encoding"));
}

#[derive(Clone, Debug, PartialEq)]
struct User(&'static str);

#[derive(Clone)]
struct Unnamed;

#[tokio::test]
async fn what_a_layer_in_front_has_found_out_is_kept_if_it_is_named() {
    let io = Server::builder().keep_extension::<User>().build();
    let typed = io.auth(async |handshake: Handshake| {
        assert!(handshake.extension::<Unnamed>().is_none());
        let user = handshake.extension::<User>().cloned();
        user.ok_or_else(|| ConnectError::new("log in first"))
    });
    typed.on("who", async |socket: Socket<User>, handshake: Handshake| {
        assert_eq!(handshake.extension(), Some(socket.data()));
        Ack(socket.data().0)
    });
    let app = axum::Router::new()
        .layer(io.layer())
        .layer(axum::Extension(User("Ada")))
        .layer(axum::Extension(Unnamed));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = Client::joined(address).await;
    client.send("421[\"who\"]").await;
    assert_eq!(client.recv().await, "431[\"Ada\"]");
    // Nobody is logged in where there is no such layer.
    let mut stranger = Client::connect(serve(&io).await).await;
    stranger.send("40").await;
    assert_eq!(stranger.recv().await, "44{\"message\":\"log in first\"}");
}

#[tokio::test]
async fn a_packet_before_connect_ends_the_connection() {
    for packet in ["42[\"e\"]", "42/other,[\"e\"]", "41", "430[1]", "44{}"] {
        let io = Server::new();
        let mut client = Client::connect(serve(&io).await).await;
        client.send(packet).await;
        client.ends().await;
        until(|| io.connections() == 0).await;
    }
}

#[tokio::test]
async fn a_socket_has_another_id_than_its_session() {
    let io = Server::new();
    let mut client = Client::connect(serve(&io).await).await;
    let session = client.open.split('"').nth(3).unwrap().to_owned();
    client.send("40").await;
    let connected = client.recv().await;
    let id = connected.split('"').nth(3).unwrap();
    assert_eq!(connected, format!("40{{\"sid\":\"{id}\"}}"));
    assert_eq!((id.len(), session.len()), (20, 20));
    assert_ne!(id, session);
    // Nobody can be found by what is secret.
    assert!(io.socket(id).is_some() && io.socket(&session).is_none());
}

#[tokio::test]
async fn acknowledgements_carry_binary_both_ways() {
    let io = Server::new();
    io.on("bytes", async |Data(bytes): Data<Bytes>| Ack((1, bytes)));
    let mut client = Client::joined(serve(&io).await).await;
    client
        .send("451-7[\"bytes\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    client.send_binary(&[0, 255]).await;
    assert_eq!(
        client.recv().await,
        "461-7[1,{\"_placeholder\":true,\"num\":0}]"
    );
    assert_eq!(client.recv().await, "b00ff");
    let answer = io.sockets()[0].emit_with_ack::<(String, Bytes)>("ask", &());
    assert_eq!(client.recv().await, "420[\"ask\"]");
    client
        .send("461-0[\"here\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    client.send_binary(&[1, 2]).await;
    let answer = answer.await.unwrap();
    assert_eq!(answer, ("here".to_owned(), Bytes::from_static(&[1, 2])));
}

#[tokio::test]
async fn an_event_called_error_is_one_like_others() {
    let io = Server::new();
    io.on("error", async |Data(text): Data<String>| Ack(text));
    let mut client = Client::joined(serve(&io).await).await;
    client.send("420[\"error\",\"x\"]").await;
    assert_eq!(client.recv().await, "430[\"x\"]");
    io.emit("error", &"y").unwrap();
    assert_eq!(client.recv().await, "42[\"error\",\"y\"]");
}

#[tokio::test]
async fn attributes_are_typed_here_and_where_sockets_are_fetched() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Player {
        name: String,
        score: u32,
    }

    let io = Server::new();
    let server = TestServer::new(&io);
    let client = server.client("/").await.unwrap();
    let socket = io.socket(client.id().as_str()).unwrap();
    let attributes = socket.attributes();
    assert!(attributes.to_object().is_empty() && attributes.read::<Player>().is_err());
    attributes.set("name", "Ada").unwrap();
    attributes.set("score", &7).unwrap();
    let ada = Player {
        name: "Ada".into(),
        score: 7,
    };
    assert_eq!(attributes.read::<Player>().unwrap(), ada);
    assert_eq!(attributes.get::<u32>("score").unwrap(), Some(7));
    assert!(attributes.get::<u32>("name").is_err());
    let fetched = io.fetch_sockets().await.unwrap().remove(0);
    assert_eq!(fetched.read_attributes::<Player>().unwrap(), ada);
    let score = |name: &str| fetched.attribute::<u32>(name);
    assert_eq!(score("score").unwrap(), Some(7));
    assert_eq!(score("age").unwrap(), None);
    assert!(score("name").is_err());
    // What was fetched is what was there then.
    attributes.remove("score");
    assert_eq!(score("score").unwrap(), Some(7));
    assert!(attributes.read::<Player>().is_err());
}

#[tokio::test]
async fn sockets_and_servers_tell_what_there_is() {
    let io = Server::new();
    let other = io.of("other");
    let server = TestServer::new(&io);
    let root = server.client("/").query("room", "7").await.unwrap();
    let second = root.of("/other").await.unwrap();
    assert_eq!((io.connections(), io.len(), other.len()), (1, 1, 1));
    assert_ne!(root.id(), second.id());
    let socket = io.socket(root.id().as_str()).unwrap();
    assert_eq!(socket.namespace().name(), "/");
    assert_eq!(socket.handshake().query("room").as_deref(), Some("7"));
    assert!(socket.is_connected() && socket.is_in(socket.id().as_str()));
    assert_eq!(socket.transport(), Some(Transport::WEBSOCKET));
    assert_eq!(other.sockets()[0].namespace().name(), "/other");
    assert_eq!(other.sockets()[0].id(), second.id());
    root.close();
    until(|| io.connections() == 0 && other.is_empty()).await;
    assert!(!socket.is_connected() && socket.transport().is_none());
}

#[tokio::test]
async fn a_client_that_is_behind_is_known_to_be_slow_until_it_has_caught_up() {
    let io = Server::builder().buffer_limit(100_000, 1_000).build();
    let server = TestServer::new(&io);
    let client = server.client("/").await.unwrap();
    let socket: Socket = io.socket(client.id().as_str()).unwrap();
    assert!(!socket.is_slow() && socket.buffered_bytes() == 0);
    client.pause(true);
    let kilobyte = "x".repeat(1_000);
    let mut sent = 0;
    // What the connection takes is not waiting here.
    while !socket.is_slow() {
        match socket.emit("e", &kilobyte) {
            Ok(()) => sent += 1,
            Err(error) => panic!("{error} after {sent}"),
        }
        tokio::task::yield_now().await;
    }
    assert!(socket.buffered_bytes() > 50_000);
    socket.volatile().emit("volatile", &()).unwrap();
    client.pause(false);
    for _ in 0..sent {
        assert_eq!(client.recv().await.unwrap().name(), "e");
    }
    until(|| !socket.is_slow()).await;
    socket.volatile().emit("volatile", &2).unwrap();
    assert_eq!(client.next::<u32>("volatile").await.unwrap(), 2);
}
