//! Runs the example, and uses what it serves.

#[path = "../../program.rs"]
mod program;

use program::Program;
use socketio_client::{Bytes, Client, Event, Object, Socket, Value};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_use-cases"), &["0"])
}

async fn join(program: &Program, namespace: &str, members: &[(&str, Value)]) -> Socket {
    let mut shown = Object::new();
    for (name, value) in members {
        shown.insert(*name, value.clone());
    }
    Client::builder(&program.url(namespace))
        .auth(shown)
        .connect()
        .await
        .unwrap()
}

async fn next(socket: &Socket, name: &str) -> Event {
    loop {
        let event = socket.recv().await.unwrap();
        if event.name() == name {
            return event;
        }
    }
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap()
}

#[tokio::test]
async fn players_of_a_match_see_where_all_of_them_are_and_nobody_else_does() {
    let program = start();
    let player = async |name: &str, game: &str| {
        let socket = join(&program, "/game", &[("name", Value::from(name))]).await;
        assert!(socket.emit_with_ack::<bool>("enter", game).await.unwrap());
        socket
    };
    let (ada, bob) = (player("Ada", "arena").await, player("Bob", "arena").await);
    let cleo = player("Cleo", "garden").await;
    for step in 1..=3 {
        assert_eq!(
            ada.emit_with_ack::<(i32, i32)>("move", (9, 0))
                .await
                .unwrap(),
            (step, 0)
        );
    }
    loop {
        let seen: Value = next(&bob, "positions").await.data().unwrap();
        if seen["players"] == json(r#"{"Ada":[3,0],"Bob":[0,0]}"#) {
            break;
        }
    }
    let seen: Value = next(&cleo, "positions").await.data().unwrap();
    assert_eq!(seen["players"].to_string(), r#"{"Cleo":[0,0]}"#);
    // It goes on, and who leaves is gone.
    ada.close().await;
    loop {
        let seen: Value = next(&bob, "positions").await.data().unwrap();
        if seen["players"] == json(r#"{"Bob":[0,0]}"#) {
            break;
        }
    }
}

#[tokio::test]
async fn of_many_players_those_who_were_right_in_time_have_a_point() {
    let program = start();
    let host = join(
        &program,
        "/quiz",
        &[("name", Value::from("host")), ("host", Value::from(true))],
    )
    .await;
    let mut players = Vec::new();
    for number in 0..50 {
        players.push(
            join(
                &program,
                "/quiz",
                &[("name", Value::from(format!("p{number}")))],
            )
            .await,
        );
    }
    let question = json(r#"{"text":"2 + 2?","choices":["3","4"],"right":1,"seconds":600}"#);
    let refused: Value = players[0].emit_with_ack("ask", &question).await.unwrap();
    assert_eq!(refused["error"], "only the host asks");
    assert!(host.emit_with_ack::<bool>("ask", &question).await.unwrap());
    let refused: Value = host.emit_with_ack("ask", &question).await.unwrap();
    assert_eq!(refused["error"], "one question after the other");

    for (number, player) in players.iter().enumerate() {
        let asked: Value = next(player, "question").await.data().unwrap();
        assert!(
            asked["right"].is_null() && asked["choices"][1] == "4",
            "{asked}"
        );
        assert!(
            player
                .emit_with_ack::<bool>("answer", number % 2)
                .await
                .unwrap()
        );
    }
    let scores: Value = next(&host, "scores").await.data().unwrap();
    assert_eq!(scores.as_object().unwrap().len(), 50);
    assert_eq!(
        (scores["p1"].as_u64(), scores["p2"].as_u64()),
        (Some(1), Some(0))
    );
    for player in &players {
        let seen: Value = next(player, "scores").await.data().unwrap();
        assert_eq!(seen, scores);
    }
    let late: Value = players[45].emit_with_ack("answer", 1).await.unwrap();
    assert_eq!(late["error"], "too late");
    // The clock alone ends the next one.
    let question = json(r#"{"text":"?","choices":[],"right":1,"seconds":1}"#);
    assert!(host.emit_with_ack::<bool>("ask", &question).await.unwrap());
    let seen: Value = next(&players[0], "scores").await.data().unwrap();
    assert_eq!(seen, scores);
}

/// An editor: a text, and the version that it has.
struct Editor {
    socket: Socket,
    text: Vec<char>,
    version: u64,
}

impl Editor {
    async fn open(program: &Program) -> Self {
        let socket = join(program, "/editor", &[]).await;
        let opened: Value = socket.emit_with_ack("open", Value::Null).await.unwrap();
        let text = opened["text"]["text"].as_str().unwrap().chars().collect();
        let version = opened["text"]["version"].as_u64().unwrap();
        Self {
            socket,
            text,
            version,
        }
    }

    fn apply(&mut self, edit: &Value) {
        let version = edit["version"].as_u64().unwrap();
        if version <= self.version {
            return;
        }
        assert_eq!(version, self.version + 1, "nothing is missed");
        let number = |name: &str| usize::try_from(edit[name].as_u64().unwrap()).unwrap();
        let (at, delete) = (number("at"), number("delete"));
        self.text
            .splice(at..at + delete, edit["insert"].as_str().unwrap().chars());
        self.version = version;
    }

    async fn reach(&mut self, version: u64) -> String {
        while self.version < version {
            let edit: Value = next(&self.socket, "edited").await.data().unwrap();
            self.apply(&edit);
        }
        self.text.iter().collect()
    }

    /// Without waiting for what others do.
    fn write(&self, at: usize, insert: &str) {
        let edit = json(&format!(
            r#"{{"version":{},"at":{at},"insert":"{insert}"}}"#,
            self.version
        ));
        self.socket.emit("edit", &edit).unwrap();
    }
}

#[tokio::test]
async fn editors_have_the_same_text_in_the_end_and_who_comes_back_gets_what_it_missed() {
    let program = start();
    let (mut ada, mut bob) = (Editor::open(&program).await, Editor::open(&program).await);
    ada.write(0, "grün");
    for editor in [&mut ada, &mut bob] {
        assert_eq!(editor.reach(1).await, "grün");
    }
    // Both at once, again and again, each on what it has seen so far.
    for round in 0..20u64 {
        ada.write(0, "a");
        bob.write(bob.text.len(), "b");
        assert_eq!(
            ada.reach(round * 2 + 3).await,
            bob.reach(round * 2 + 3).await
        );
    }
    let text = ada.reach(41).await;
    assert_eq!(text, format!("{}grün{}", "a".repeat(20), "b".repeat(20)));

    // Somebody whose connection is lost, while others go on.
    let (back, mut is_back) = tokio::sync::mpsc::unbounded_channel();
    bob.socket.on_connect(async move || back.send(()));
    bob.socket.client().cut();
    ada.write(0, "x");
    ada.reach(42).await;
    is_back.recv().await.unwrap();
    let opened: Value = bob.socket.emit_with_ack("open", bob.version).await.unwrap();
    for edit in opened["missed"]["edits"].as_array().unwrap() {
        bob.apply(edit);
    }
    assert_eq!(bob.reach(42).await, ada.reach(42).await);
    assert_eq!(
        Editor::open(&program).await.reach(42).await,
        ada.reach(42).await
    );
}

#[tokio::test]
async fn who_comes_late_to_a_whiteboard_sees_every_stroke_in_order() {
    let program = start();
    let ada = join(&program, "/whiteboard", &[]).await;
    let refused: Value = ada
        .emit_with_ack("stroke", ("b", Bytes::from_static(b"\x01")))
        .await
        .unwrap();
    assert_eq!(refused["error"], "open the board first");
    assert_eq!(ada.emit_with_ack::<usize>("open", "b").await.unwrap(), 0);
    for stroke in 0..100u8 {
        ada.emit("stroke", ("b", Bytes::from(vec![stroke, 0, 255])))
            .unwrap();
    }
    let stroke = |socket: Socket| async move {
        let (_, bytes): (String, Bytes) = next(&socket, "stroke").await.data().unwrap();
        bytes[0]
    };
    assert_eq!(
        ada.emit_with_ack::<usize>("stroke", ("b", Bytes::from_static(b"\x64")))
            .await
            .unwrap(),
        101
    );
    let bob = join(&program, "/whiteboard", &[]).await;
    assert_eq!(bob.emit_with_ack::<usize>("open", "b").await.unwrap(), 101);
    for expected in 0..=100u8 {
        assert_eq!(stroke(bob.clone()).await, expected);
    }
    // Volatile: it is not kept for a connection that cannot take it in that moment, so it is said until it was seen.
    let pointing = async {
        loop {
            bob.emit("cursor", ("b", 0.5, -1)).unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let seen = tokio::select! {
        seen = next(&ada, "cursor") => seen,
        () = pointing => unreachable!(),
    };
    let (who, x, y): (String, f64, f64) = seen.data().unwrap();
    assert_eq!(
        (who.as_str(), x, y),
        (bob.id().unwrap().as_str(), 0.5, -1.0)
    );
}
