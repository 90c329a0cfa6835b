//! Which namespaces there are, and what a client says when it comes.

mod client;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, serve, until};
use serde::Deserialize;
use socketio_server::{
    Ack, ConnectError, Handshake, Object, Params, Room, Server, Socket, SocketId, Value, Watch,
};

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[tokio::test]
async fn an_unknown_namespace_is_refused_and_the_connection_stays() {
    let io = Server::new();
    let mut client = Client::connect(serve(&io).await).await;
    client.send("40/nope,").await;
    assert_eq!(
        client.recv().await,
        r#"44/nope,{"message":"Invalid namespace"}"#
    );
    client.send("40").await;
    assert!(client.recv().await.starts_with("40{\"sid\":"));
}

#[tokio::test]
async fn namespaces_of_a_pattern_come_and_go() {
    let io = Server::new();
    let orders = io.of_pattern("/orders/{customer}/{year}").unwrap();
    let typed = orders.auth(async |params: Params| match params.get("year") {
        Some("2026") => Ok(params.get("customer").unwrap().to_owned()),
        _ => Err(ConnectError::new("not that year")),
    });
    typed.on("who", async |socket: Socket<String>, params: Params| {
        let year = params.get("year").unwrap().to_owned();
        Ack((socket.data().clone(), year))
    });
    let address = serve(&io).await;
    let mut client = Client::connect(address).await;
    client.send("40/orders/ada/1999,").await;
    assert!(client.recv().await.starts_with("44/orders/ada/1999,"));
    client.send("40/orders/ada,").await;
    assert!(client.recv().await.contains("Invalid namespace"));
    client.send("40/orders/ada/2026,").await;
    assert!(client.recv().await.starts_with("40/orders/ada/2026,"));
    client.send("42/orders/ada/2026,1[\"who\"]").await;
    assert_eq!(
        client.recv().await,
        "43/orders/ada/2026,1[\"ada\",\"2026\"]"
    );
    // Everybody of the pattern can be reached.
    let mut other = Client::connect(address).await;
    other.send("40/orders/bob/2026,").await;
    assert!(other.recv().await.starts_with("40/orders/bob/2026,"));
    typed.emit("news", &1).unwrap();
    assert_eq!(client.recv().await, "42/orders/ada/2026,[\"news\",1]");
    assert_eq!(other.recv().await, "42/orders/bob/2026,[\"news\",1]");
    let names = || {
        let mut names: Vec<_> = io
            .namespaces()
            .iter()
            .map(|n| n.name().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["/", "/orders/ada/2026", "/orders/bob/2026"]);
    client.send("41/orders/ada/2026,").await;
    drop(other);
    until(|| names() == ["/"]).await;
}

#[tokio::test]
async fn new_namespaces_and_their_rooms_are_told_of() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    impl Log {
        fn note(&self, what: String) {
            self.0.lock().unwrap().push(what);
        }
    }

    impl Watch for Log {
        fn created(&self, room: &Room) {
            self.note(format!("created {}", room.as_str().len()));
        }
        fn joined(&self, room: &Room, id: &SocketId) {
            assert_eq!(id.as_str().len(), 20);
            self.note(format!("joined {}", room.as_str().len()));
        }
        fn left(&self, room: &Room, _: &SocketId) {
            self.note(format!("left {}", room.as_str().len()));
        }
        fn emptied(&self, room: &Room) {
            self.note(format!("emptied {}", room.as_str().len()));
        }
    }

    let log = Log::default();
    let io = Server::new();
    let noted = log.clone();
    io.on_new_namespace(move |namespace| noted.note(namespace.name().to_owned()));
    io.on_new_namespace(|_| panic!("in the hook"));
    io.of("/static");
    io.of("/static");
    let pattern = io.of_pattern("/{any}").unwrap();
    pattern.watch_rooms(log.clone());
    pattern.on_connect(async |socket: Socket| socket.join("room"));
    let mut client = Client::connect(serve(&io).await).await;
    client.send("40/a,").await;
    assert!(client.recv().await.starts_with("40/a,"));
    client.send("41/a,").await;
    let lines = || log.0.lock().unwrap().clone();
    until(|| lines().len() == 10).await;
    assert_eq!(lines()[..2], ["/static", "/a"]);
    for (at, room) in [(2, 20), (4, 4)] {
        assert_eq!(
            lines()[at..at + 2],
            [format!("created {room}"), format!("joined {room}")]
        );
    }
    for (at, room) in [(6, 20), (8, 4)] {
        assert_eq!(
            lines()[at..at + 2],
            [format!("left {room}"), format!("emptied {room}")]
        );
    }
}

#[tokio::test]
async fn a_function_may_decide_which_namespaces_there_are() {
    let io = Server::new();
    let dynamic = io.of_matching(async |asking| {
        tokio::task::yield_now().await;
        let number = asking.namespace().strip_prefix("/dyn-");
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    });
    dynamic.on("name", async |socket: Socket| {
        Ack(socket.namespace().name().to_owned())
    });
    io.of_matching(async |_| panic!("in the function"));
    let mut client = Client::connect(serve(&io).await).await;
    client.send("40/dyn-x,").await;
    assert!(client.recv().await.contains("Invalid namespace"));
    client.send("40/dyn-7,").await;
    assert!(client.recv().await.starts_with("40/dyn-7,"));
    client.send("42/dyn-7,0[\"name\"]").await;
    assert_eq!(client.recv().await, "43/dyn-7,0[\"/dyn-7\"]");
    assert_eq!(dynamic.len(), 1);
}

#[tokio::test]
async fn the_handshake_says_what_the_client_said() {
    let io = Server::new();
    io.on("handshake", async |handshake: Handshake| {
        Ack((Value::Object(handshake.to_object()),))
    });
    let address = serve(&io).await;
    let mut client = Client::connect_with(address, "EIO=4&name=a%20b").await;
    client.send("40{\"token\":1}").await;
    client.recv().await;
    client.send("421[\"handshake\"]").await;
    let answer = client.recv().await;
    let handshake = Value::from_json(
        answer
            .strip_prefix("431[")
            .unwrap()
            .strip_suffix(']')
            .unwrap(),
    );
    let handshake = handshake.unwrap();
    let member = |name: &str| handshake.get(name).unwrap().clone();
    assert_eq!(member("address"), Value::from("127.0.0.1"));
    assert_eq!(
        member("url"),
        Value::from("/socket.io/?EIO=4&name=a%20b&transport=websocket")
    );
    assert_eq!(member("query").get("name"), Some(&Value::from("a b")));
    assert_eq!(member("headers").get("x-probe"), Some(&Value::from("seen")));
    assert_eq!(member("auth").get("token"), Some(&Value::from(1)));
    assert_eq!(
        (member("secure"), member("xdomain")),
        (false.into(), false.into())
    );
    let issued = member("issued").as_u64().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert!(now.abs_diff(Duration::from_millis(issued)) < Duration::from_secs(60));
    assert!(
        member("time")
            .as_str()
            .unwrap()
            .ends_with("(Coordinated Universal Time)")
    );
}

#[tokio::test]
async fn who_shows_nothing_shows_an_empty_object() {
    let io = Server::new();
    io.on("auth", async |handshake: Handshake| {
        let object: Object = handshake.auth_object();
        #[derive(Deserialize)]
        struct Optional {
            token: Option<String>,
        }
        let shown: Optional = handshake.auth().unwrap();
        Ack((object.len(), shown.token))
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("421[\"auth\"]").await;
    assert_eq!(client.recv().await, "431[0,null]");
}

#[tokio::test]
async fn a_client_2_is_in_the_root_namespace_without_asking() {
    let io = Server::builder().revision_3(true).build();
    io.of("/chat").auth(async |handshake: Handshake| {
        let login: Login = handshake.auth()?;
        Ok::<_, ConnectError>(login.token)
    });
    io.on_connect(async |socket: Socket| socket.emit("welcome", &socket.id()));
    let mut client = Client::connect_with(serve(&io).await, "EIO=3").await;
    let sid = client.open.split('"').nth(3).unwrap().to_owned();
    assert_eq!(client.recv().await, "40");
    assert_eq!(client.recv().await, format!("42[\"welcome\",\"{sid}\"]"));
    client.send("40/chat?token=abc,").await;
    assert_eq!(client.recv().await, "40/chat,");
    let id = format!("/chat#{sid}");
    assert!(io.of("/chat").socket(&id).is_some());
    client.send("40/nope,").await;
    assert_eq!(client.recv().await, "44/nope,\"Invalid namespace\"");
}
