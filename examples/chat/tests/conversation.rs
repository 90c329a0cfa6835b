//! Runs the chat as a person would, and talks with the Rust client. How the page does, `interop/chat` looks at in a browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use socketio_client::{Bytes, Client, Event, Object, Socket, Value};

/// The program, which ends with the test.
struct Chat {
    process: Child,
    address: String,
}

impl Chat {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_chat"))
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let (_, address) = line.trim().split_once("http://").expect(
            "the chat says where it is; if it says that the JavaScript client is missing: npm has to be there when it is built",
        );
        // Whatever else it says is not read, and may go nowhere.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Self {
            address: address.to_owned(),
            process,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Somebody who comes in, and says for each message that it has arrived.
    async fn person(&self, name: &str, rooms: &[&str]) -> Result<Socket, socketio_client::Error> {
        let login = object([
            ("name", Value::from(name)),
            ("key", Value::from(format!("key of {name}"))),
            (
                "rooms",
                Value::from(
                    rooms
                        .iter()
                        .map(|room| Value::from(*room))
                        .collect::<Vec<_>>(),
                ),
            ),
        ]);
        let socket = Client::builder(&format!("http://{}", self.address))
            .auth(login)
            .connect()
            .await?;
        until(&socket, "welcome", |_| true).await;
        Ok(socket)
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut object = Object::new();
    for (name, value) in members {
        object.insert(name, value);
    }
    Value::Object(object)
}

fn message(id: &str, place: (&str, &str), text: &str) -> Value {
    let place = object([(place.0, Value::from(place.1))]);
    object([
        ("id", Value::from(id)),
        ("place", place),
        ("text", Value::from(text)),
    ])
}

/// The first argument of the next event of this name that is the one; what comes before it is passed over, and messages are
/// acknowledged.
async fn until(socket: &Socket, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        while let Some(event) = socket.recv().await {
            let event: Event = event;
            if event.name() == "message" {
                event.ack(&true).unwrap();
            }
            let value: Value = event.data().unwrap_or_default();
            if event.name() == name && is_it(&value) {
                return value;
            }
        }
        panic!("the connection ended before {name:?} came");
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), looking).await;
    waited.unwrap_or_else(|_| panic!("{name:?} did not come"))
}

#[test]
fn the_page_is_there_with_the_client_and_its_licence() {
    let chat = Chat::start();
    let page = chat.get("/");
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("/client/socket.io.min.js"),
        "{page}"
    );
    assert!(
        page.contains("content-security-policy: default-src 'none'"),
        "{page}"
    );
    let client = chat.get("/client/socket.io.min.js");
    assert!(client.contains("Released under the MIT License") && client.len() > 20_000);
    assert!(
        chat.get("/client/LICENSE")
            .contains("Permission is hereby granted")
    );
    assert!(chat.get("/chat.js").starts_with("HTTP/1.1 200"));
    assert!(chat.get("/../Cargo.toml").starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_message_is_delivered_to_the_room_and_its_author_is_told_to_whom() {
    let chat = Chat::start();
    let ada = chat.person("Ada", &["Lobby"]).await.unwrap();
    let bob = chat.person("Bob", &["Lobby"]).await.unwrap();
    let cleo = chat.person("Cleo", &["Music"]).await.unwrap();
    until(&ada, "people", |people| people["came"] == "Bob").await;

    let at: u64 = ada
        .emit_with_ack("message", message("1", ("room", "Lobby"), " hello "))
        .await
        .unwrap();
    assert!(at > 1_700_000_000_000);
    let heard = until(&bob, "message", |_| true).await;
    assert_eq!(
        (&heard["from"], &heard["text"]),
        (&Value::from("Ada"), &Value::from("hello"))
    );
    let delivered = until(&ada, "delivered", |delivered| delivered["id"] == "1").await;
    assert_eq!(delivered["to"].to_string(), r#"["Bob"]"#);
    assert_eq!(delivered["of"].as_u64(), Some(1));

    // Sent once more, because an acknowledgement was lost: acknowledged again, and not said again.
    let again: u64 = ada
        .emit_with_ack("message", message("1", ("room", "Lobby"), "hello"))
        .await
        .unwrap();
    assert!(again >= at);
    let entered: Value = cleo.emit_with_ack("enter", "Lobby").await.unwrap();
    assert_eq!(entered["history"].as_array().unwrap().len(), 1);
    assert_eq!(entered["people"].to_string(), r#"["Ada","Bob","Cleo"]"#);
}

#[tokio::test]
async fn a_private_message_and_who_types_reach_one_person() {
    let chat = Chat::start();
    let ada = chat.person("Ada", &["Lobby"]).await.unwrap();
    let bob = chat.person("Bob", &["Lobby"]).await.unwrap();
    let cleo = chat.person("Cleo", &["Lobby"]).await.unwrap();
    // Volatile: it is not kept for a connection that cannot take it in that moment, so it is said until it was heard.
    let typing = async {
        loop {
            let _ = ada
                .volatile()
                .emit("typing", object([("person", Value::from("Bob"))]));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        heard = until(&bob, "typing", |_| true) => assert_eq!(heard, Value::from("Ada")),
        () = typing => {}
    }
    let _: u64 = ada
        .emit_with_ack("message", message("1", ("person", "Bob"), "psst"))
        .await
        .unwrap();
    assert_eq!(until(&bob, "message", |_| true).await["text"], "psst");
    let _: u64 = ada
        .emit_with_ack("message", message("2", ("room", "Lobby"), "all"))
        .await
        .unwrap();
    // What is sent later arrives later, so the private one would have been the first.
    assert_eq!(until(&cleo, "message", |_| true).await["text"], "all");
    let refused: Value = ada
        .emit_with_ack("message", message("3", ("person", "Dan"), "?"))
        .await
        .unwrap();
    assert_eq!(refused["error"], "Dan is not here");
}

#[tokio::test]
async fn pictures_are_passed_on_as_bytes_and_anything_else_is_refused() {
    let chat = Chat::start();
    let ada = chat.person("Ada", &["Lobby"]).await.unwrap();
    let bob = chat.person("Bob", &["Lobby"]).await.unwrap();
    let picture = |id: &str, bytes: Bytes| {
        let Value::Object(mut draft) = message(id, ("room", "Lobby"), "") else {
            unreachable!()
        };
        draft.insert("picture", Value::Binary(bytes));
        Value::Object(draft)
    };
    let png = Bytes::from_static(b"\x89PNG\r\n\x1a\n\0\xff");
    let _: u64 = ada
        .emit_with_ack("message", picture("1", png.clone()))
        .await
        .unwrap();
    let heard = until(&bob, "message", |_| true).await;
    assert_eq!(heard["picture"]["data"].as_bytes(), Some(&png));
    assert_eq!(heard["picture"]["media"], "image/png");
    let refused: Value = ada
        .emit_with_ack("message", picture("2", Bytes::from_static(b"<svg/>")))
        .await
        .unwrap();
    assert_eq!(refused["error"], "that is not a picture");
}

#[tokio::test]
async fn a_name_belongs_to_who_has_its_key() {
    let chat = Chat::start();
    let first = chat.person("Ada", &[]).await.unwrap();
    let url = format!("http://{}", chat.address);
    let other = object([
        ("name", Value::from("Ada")),
        ("key", Value::from("another")),
    ]);
    let refused = Client::builder(&url)
        .auth(other)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(
        refused.refusal().unwrap().message(),
        "Somebody called Ada is here already."
    );
    // The same person in a second tab, who stays when the first one goes.
    let second = chat.person("Ada", &[]).await.unwrap();
    let bob = chat.person("Bob", &[]).await.unwrap();
    first.close().await;
    let _: u64 = bob
        .emit_with_ack("message", message("1", ("person", "Ada"), "still there?"))
        .await
        .unwrap();
    until(&second, "message", |_| true).await;
    second.close().await;
    until(&bob, "everybody", |everybody| {
        everybody.as_array() == Some(&[Value::from("Bob")][..])
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let chat = Chat::start();
    let nameless = object([("name", Value::from("  ")), ("key", Value::from("k"))]);
    let url = format!("http://{}", chat.address);
    let refused = Client::builder(&url)
        .auth(nameless)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(
        refused.refusal().unwrap().message(),
        "a name has at least one character"
    );
    let ada = chat.person("Ada", &[]).await.unwrap();
    for (draft, words) in [
        (
            message("1", ("room", "Lobby"), "hello"),
            "you are not in Lobby",
        ),
        (
            message("1", ("room", "Lobby"), "  "),
            "there is nothing in this message",
        ),
        (Value::from(3u8), "something went wrong"),
    ] {
        let refused: Value = ada.emit_with_ack("message", draft).await.unwrap();
        assert_eq!(refused["error"], words);
    }
}
