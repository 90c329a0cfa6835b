//! Runs each of the servers, and talks to it as clients of both revisions do. With the JavaScript clients of the tutorials,
//! `interop/flask-parity` does.

#[path = "../../program.rs"]
mod program;

use program::Program;
use socketio_client::{Ack, Bytes, Client, Object, Revision, Socket, Value, Values};

fn start(name: &str) -> Program {
    Program::start(env!("CARGO_BIN_EXE_flask-parity"), &[name, "0"])
}

/// One client of each revision.
async fn clients(program: &Program, path: &str) -> [Socket; 2] {
    let client = |revision| {
        Client::builder(&program.url(path))
            .revision(revision)
            .connect()
    };
    [
        client(Revision::V3).await.unwrap(),
        client(Revision::V4).await.unwrap(),
    ]
}

async fn next(socket: &Socket) -> (String, Value) {
    let event = socket.recv().await.unwrap();
    (
        event.name().to_owned(),
        Value::Array(event.args().to_values()),
    )
}

fn is(event: (String, Value), name: &str, args: &str) {
    assert_eq!(
        (event.0.as_str(), event.1.to_string().as_str()),
        (name, args)
    );
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap()
}

#[tokio::test]
async fn two_languages_answer_only_who_has_asked() {
    let program = start("two-languages");
    let [old, new] = clients(&program, "").await;
    for (one, other) in [(&old, &new), (&new, &old)] {
        one.emit("message", "Hello, server! é😀").unwrap();
        is(
            next(one).await,
            "response",
            r#"[{"response":"my response"}]"#,
        );
        // The other one's next event is its own answer.
        other.emit("message", "x").unwrap();
        is(
            next(other).await,
            "response",
            r#"[{"response":"my response"}]"#,
        );
    }
    let wrong: Value = new.emit_with_ack("message", 3).await.unwrap();
    assert!(
        wrong["error"]
            .as_str()
            .unwrap()
            .contains("expected a string"),
        "{wrong}"
    );
}

#[tokio::test]
async fn practical_has_namespaces_callbacks_and_rooms() {
    let program = start("practical");
    for socket in clients(&program, "").await {
        socket.emit("json", json(r#"{"a":[1]}"#)).unwrap();
        is(next(&socket).await, "json", r#"[{"a":[1]}]"#);
        let mut who = Object::new();
        who.insert("id", socket.id().unwrap().as_str());
        who.insert(
            "user",
            json(r#"{"username":"ann","email":"a@example.com","id":1}"#),
        );
        assert!(
            socket
                .emit_with_ack::<bool>("user-connected", &who)
                .await
                .unwrap()
        );
    }

    let token = json(r#"{"token":"T"}"#);
    let user = json(r#"{"username":"ann","email":"a@example.com","id":1}"#);
    let answering = Client::builder(&program.url("/user"))
        .auth(token)
        .on("new-user", async || Ack(("got", 7)));
    let [ann, bob] = [
        answering.connect().await.unwrap(),
        Client::builder(&program.url("/user"))
            .connect()
            .await
            .unwrap(),
    ];
    is(next(&ann).await, "my response", r#"[{"data":"T"}]"#);
    is(next(&bob).await, "my response", r#"[{"data":"no token"}]"#);
    let called: Value = ann.emit_with_ack("register", &user).await.unwrap();
    assert_eq!(called.to_string(), r#"["got",7]"#);
    let silent: Value = bob.emit_with_ack("register", &user).await.unwrap();
    assert_eq!(silent, "nobody called back");
    is(
        next(&bob).await,
        "new-user",
        r#"[{"username":"ann","email":"a@example.com","id":1}]"#,
    );

    ann.off("new-user");
    let room = |key: &str, name: &str| {
        json(&format!(
            r#"{{"{key}":"r","user":{{"username":"{name}","email":"","id":2}}}}"#
        ))
    };
    bob.emit("join-room", room("roomName", "bob")).unwrap();
    is(
        next(&bob).await,
        "new-user",
        r#"[{"username":"bob","email":"","id":2}]"#,
    );
    ann.emit("join-room", room("roomName", "ann")).unwrap();
    for member in [&ann, &bob] {
        is(
            next(member).await,
            "new-user",
            r#"[{"username":"ann","email":"","id":2}]"#,
        );
    }
    assert_eq!(
        ann.emit_with_ack::<usize>("leave-room", room("room", "ann"))
            .await
            .unwrap(),
        1
    );
    is(next(&bob).await, "ann has left the room.", "[]");
    let wrong: Value = bob
        .emit_with_ack("leave-room", json(r#"{"Room":"r"}"#))
        .await
        .unwrap();
    assert!(
        wrong["error"].as_str().unwrap().contains("roomName"),
        "{wrong}"
    );

    let chatting = clients(&program, "/chat").await;
    chatting[0].emit("message", "<b>hi</b>").unwrap();
    for socket in &chatting {
        is(next(socket).await, "new-message", r#"["<b>hi</b>"]"#);
    }
}

#[tokio::test]
async fn messaging_tells_everybody_or_a_room() {
    let program = start("messaging");
    let [old, new] = clients(&program, "").await;
    for (written, all) in [
        ("a", r#"[{"messages":["a"]}]"#),
        ("b", r#"[{"messages":["a","b"]}]"#),
    ] {
        old.emit(
            "send_message",
            json(&format!(r#"{{"content":"{written}"}}"#)),
        )
        .unwrap();
        for socket in [&old, &new] {
            is(next(socket).await, "all_messages", all);
        }
    }
    assert_eq!(
        new.emit_with_ack::<String>("my-event-a", ()).await.unwrap(),
        "done"
    );
    assert_eq!(
        new.emit_with_ack::<String>("my-event-a", ("more", 1))
            .await
            .unwrap(),
        "done"
    );
    new.emit("say", (7, "seven")).unwrap();
    is(next(&old).await, "newMessage/7", r#"["seven"]"#);
    is(next(&new).await, "newMessage/7", r#"["seven"]"#);
    assert!(old.emit_with_ack::<bool>("join", 7).await.unwrap());
    new.emit("click", (7, "cat")).unwrap();
    new.emit("from outside", ()).unwrap();
    is(next(&old).await, "stateChanges", r#"["cat"]"#);
    is(next(&old).await, "my event", r#"[{"text":22}]"#);
    // It is not in the room.
    is(next(&new).await, "my event", r#"[{"text":22}]"#);
    for name in ["a/b,c", "\"quoted\" ?x=1", "1-[0]", "😀"] {
        let seen: (String, usize) = new.emit_with_ack(name, (1, 2)).await.unwrap();
        assert_eq!(seen, (name.to_owned(), 2));
    }
}

#[tokio::test]
async fn the_cheat_sheet_works() {
    let program = start("cheat-sheet");
    let [old, new] = clients(&program, "").await;
    for socket in [&old, &new] {
        socket.emit("message", "x").unwrap();
        is(next(socket).await, "message", r#"["x"]"#);
        let announced: String = socket
            .emit_with_ack("my event", json(r#"{"data":"I'm connected!"}"#))
            .await
            .unwrap();
        assert_eq!(announced, "I'm connected!");
        let sum: (String, i32) = socket
            .emit_with_ack("custom_event1", (1, [2], json(r#"{"c":3}"#)))
            .await
            .unwrap();
        assert_eq!(sum, ("one".into(), 6));
        let wrong: Value = socket
            .emit_with_ack("custom_event1", (1, [2]))
            .await
            .unwrap();
        assert!(!wrong["error"].is_null(), "{wrong}");
        let bytes = Values(vec![Value::Binary(Bytes::from_static(b"\0\x01"))]);
        assert_eq!(
            socket
                .emit_with_ack::<Values>("handle_my_custom_event2", &bytes)
                .await
                .unwrap(),
            bytes
        );
    }

    let test = new.client().of("/test").connect().await;
    assert!(test.is_err(), "the namespace is not there yet");
    assert!(new.emit_with_ack::<bool>("register", ()).await.unwrap());
    let test = new.client().of("/test").connect().await.unwrap();
    test.emit("my event", 1).unwrap();
    is(next(&test).await, "from my_function_handler", "[1]");

    let (from, to) = (new.id().unwrap(), old.id().unwrap());
    assert!(
        new.emit_with_ack::<bool>("private", (to.as_str(), "psst"))
            .await
            .unwrap()
    );
    is(
        next(&old).await,
        "private",
        &format!(r#"["{from}","psst"]"#),
    );
    assert_eq!(old.emit_with_ack::<usize>("join", "r").await.unwrap(), 2);
    new.emit("to room", ("r", "in")).unwrap();
    new.emit("to all", "all").unwrap();
    is(
        next(&old).await,
        "from room",
        &format!(r#"["r","{from}","in"]"#),
    );
    is(next(&old).await, "to all", r#"["all"]"#);
    is(next(&new).await, "to all", r#"["all"]"#);
    assert_eq!(old.emit_with_ack::<usize>("leave", "r").await.unwrap(), 1);
}

#[tokio::test]
async fn the_overview_sends_to_everybody() {
    let program = start("overview");
    let both = clients(&program, "").await;
    both[0].emit("message", "Hello Server").unwrap();
    for socket in &both {
        is(
            next(socket).await,
            "response",
            r#"[{"msg":"Hello Server"}]"#,
        );
    }
}

#[test]
fn whoever_names_none_is_told_which_there_are() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_flask-parity"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cheat-sheet"));
}
