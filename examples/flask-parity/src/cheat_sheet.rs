//! What a cheat sheet lists: ways to register, arguments and their acknowledgement, private messages, rooms, broadcasts.
//!
//! | Flask-SocketIO | here |
//! |---|---|
//! | `@socketio.on("my event")` | `io.on("my event", ..)` |
//! | `@socketio.event`, named after the function | the same, with the name written out |
//! | `socketio.on_event("my event", f, namespace="/test")`, later | `io.of("/test").on("my event", f)`, later |
//! | as many parameters as the event has arguments; others are an error | a tuple; too many are ignored, too few are an error |
//! | `return "one", 2` | `Ack(("one", 2))` |
//! | `emit(.., to=request.sid)` | `io.to(id)`: every socket is in a room of its id |

use serde::Deserialize;
use socketio_server::{Ack, Data, EmitError, Listener, Server, Socket, SocketId, Value};

#[derive(Deserialize)]
struct Announced {
    data: String,
}

#[derive(Deserialize)]
struct Options {
    c: i32,
}

pub(crate) fn server() -> Server {
    let io = crate::builder().build();
    io.on(
        "message",
        async |socket: Socket, Data(text): Data<String>| socket.send(&text),
    );
    io.on("json", async |socket: Socket, Data(object): Data<Value>| {
        socket.emit("json", &object)
    });
    io.on("my event", async |Data(announced): Data<Announced>| {
        println!("my event: {}", announced.data);
        Ack(announced.data)
    });
    io.on(
        "custom_event1",
        async |Data((number, list, options)): Data<(i32, Vec<i32>, Options)>| {
            let sum = number + list.iter().sum::<i32>() + options.c;
            Ack(("one", sum))
        },
    );
    io.on("handle_my_custom_event2", handle_my_custom_event2);

    // Registered while clients are connected: it counts from the next event on.
    let later = io.clone();
    io.on("register", async move || {
        let _registered: Listener = later.of("/test").on("my event", my_function_handler);
        Ack(true)
    });

    // To one client, by its id, or to all in a room; from the socket, the sender is left out.
    io.on(
        "private",
        async |socket: Socket, Data((to, text)): Data<(SocketId, String)>| {
            let there = socket.namespace().socket(to.as_str()).is_some();
            socket
                .namespace()
                .to_socket(&to)
                .emit("private", &(socket.id(), text))?;
            Ok::<_, EmitError>(Ack(there))
        },
    );
    io.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(&room);
        Ack(socket.rooms().len())
    });
    io.on("leave", async |socket: Socket, Data(room): Data<String>| {
        socket.leave(&room);
        Ack(socket.rooms().len())
    });
    io.on(
        "to room",
        async |socket: Socket, Data((room, what)): Data<(String, Value)>| {
            socket
                .namespace()
                .to(&room)
                .emit("from room", &(room, socket.id(), what))
        },
    );
    io.on("to all", async |socket: Socket, Data(what): Data<Value>| {
        socket.namespace().emit("to all", &what)
    });
    crate::answer_errors(&io);
    io
}

async fn handle_my_custom_event2(Data(what): Data<Value>) -> Ack<Value> {
    Ack(what)
}

async fn my_function_handler(socket: Socket, Data(what): Data<Value>) -> Result<(), EmitError> {
    socket.emit("from my_function_handler", &what)
}
