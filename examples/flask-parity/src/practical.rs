//! Three namespaces: events with and without a name, a callback, rooms, a chat.
//!
//! | Flask-SocketIO | here |
//! |---|---|
//! | `@socketio.on("message")`, `@socketio.on("json")`, "unnamed" events | `on("message", ..)`, `on("json", ..)`: names like any other |
//! | `send(x)`, `send(x, json=True)` | `socket.send(&x)`, `socket.emit("json", &x)` |
//! | `emit(.., broadcast=True)` | `namespace.emit(..)`: another method, not another mode |
//! | `emit(.., to=room)` after `join_room(room)`: the joiner is told too | `namespace.to(room)`; `socket.to(room)` leaves the sender out |
//! | `emit(.., callback=f)`, which may never be called | `emit_with_ack(..).await`, which has an end |
//! | `def on_connect(auth)` | `auth(async \|handshake\| ..)`, whose result every handler has |
//!
//! Unlike there, what `on_connect` sends arrives after the client knows that it is connected.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use socketio_server::{
    Ack, AckError, ConnectError, Data, EmitError, Handshake, Server, Socket, Value, Values,
};

#[derive(Debug, Deserialize)]
struct Connected {
    id: String,
    user: User,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct User {
    username: String,
    email: String,
    id: u64,
}

/// Who a socket of `/user` is: with a token, or nobody in particular.
#[derive(Clone)]
struct Visitor {
    token: Option<String>,
}

#[derive(Deserialize)]
struct Auth {
    token: Option<String>,
}

/// Pages write `roomName` in one place and `room` in another; where that is a mistake, it is one that is said.
#[derive(Deserialize)]
struct Room {
    #[serde(rename = "roomName", alias = "room")]
    room: String,
    user: User,
}

#[derive(Serialize)]
struct Said<'a> {
    data: &'a str,
}

pub(crate) fn server() -> Server {
    let io = crate::builder().build();
    unnamed_and_named(&io);
    users(&io);
    let chat = io.of("/chat");
    chat.on(
        "message",
        async |socket: Socket, Data(text): Data<String>| {
            // To everybody, the sender too: the page shows its own message when it comes back.
            socket.namespace().emit("new-message", &text)
        },
    );
    crate::answer_errors(&io);
    io
}

fn unnamed_and_named(io: &Server) {
    io.on("message", async |Data(message): Data<Value>| {
        println!("message: {message}")
    });
    io.on("json", async |socket: Socket, Data(object): Data<Value>| {
        socket.emit("json", &object)
    });
    io.on(
        "user-connected",
        async |socket: Socket, Data(who): Data<Connected>| {
            println!("{} is {}", who.id, who.user.username);
            // A client knows its id; in its namespace it is the one that we know.
            Ack(who.id == socket.id().as_str())
        },
    );
}

fn users(io: &Server) {
    let users = io.of("/user").auth(async |handshake: Handshake| {
        let Auth { token } = handshake.auth()?;
        Ok::<_, ConnectError>(Visitor { token })
    });
    users.on_connect(async |socket: Socket<Visitor>| {
        let words = socket.data().token.as_deref().unwrap_or("no token");
        socket.emit("my response", &Said { data: words })
    });
    // The server asks, and its client calls back: with any number of arguments, or never.
    users.on(
        "register",
        async |socket: Socket<Visitor>, Data(user): Data<User>| {
            let answered = socket
                .emit_with_ack::<Values>("new-user", &user)
                .timeout(Duration::from_secs(5))
                .await;
            match answered {
                Ok(answer) => Ok(Ack(Value::Array(answer.0))),
                Err(AckError::Timeout) => Ok(Ack(Value::from("nobody called back"))),
                Err(error) => Err(error),
            }
        },
    );
    users.on(
        "join-room",
        async |socket: Socket<Visitor>, Data(wish): Data<Room>| {
            socket.join(&wish.room);
            socket
                .namespace()
                .to(&wish.room)
                .emit("new-user", &wish.user)
        },
    );
    users.on(
        "leave-room",
        async |socket: Socket<Visitor>, Data(wish): Data<Room>| {
            socket.leave(&wish.room);
            // A whole sentence may be a name, and an event need not carry anything. Text that people write should not become one.
            let sentence = format!("{} has left the room.", wish.user.username);
            socket.namespace().to(&wish.room).emit(&sentence, &())?;
            Ok::<_, EmitError>(Ack(socket.rooms().len()))
        },
    );
}
