//! A messaging application: what everybody has written, and events whose names are made up at run time.
//!
//! The tutorial calls `emit` in a handler and means everybody; there the context makes it the sender alone. It emits
//! `all_messages` and its page reads `messages`; types that server and clients share would not compile. And it makes an event
//! per room, `newMessage/7`, where one event in a room does: `in-room` below.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use socketio_server::{Ack, Args, Data, EmitError, Server, Socket, State};

/// What was written. A server that runs for long would keep it in a database.
type Messages = Arc<Mutex<Vec<String>>>;

#[derive(Deserialize)]
struct Written {
    content: String,
}

#[derive(Serialize)]
struct All {
    messages: Vec<String>,
}

#[derive(Serialize)]
struct Number {
    text: u32,
}

pub(crate) fn server() -> Server {
    let io = crate::builder().state(Messages::default()).build();
    io.on(
        "send_message",
        async |socket: Socket, Data(written): Data<Written>, State(messages): State<Messages>| {
            let mut kept = messages.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(written.content);
            let all = All {
                messages: kept.clone(),
            };
            drop(kept);
            socket.namespace().emit("all_messages", &all)
        },
    );

    // Without arguments; what comes nevertheless is ignored.
    io.on("my-event-a", async || Ack("done"));

    // A slash in the name of an event is only a character.
    io.on(
        "say",
        async |socket: Socket, Data((room, text)): Data<(u32, String)>| {
            socket
                .namespace()
                .emit(&format!("newMessage/{room}"), &text)
        },
    );
    // The same with a room: nobody listens in vain, and the table of names does not grow.
    io.on("join", async |socket: Socket, Data(room): Data<u32>| {
        socket.join(format!("room-{room}"));
        Ack(true)
    });
    io.on(
        "click",
        async |socket: Socket, Data((room, picture)): Data<(u32, String)>| {
            let room = format!("room-{room}");
            socket.namespace().to(&room).emit("stateChanges", &picture)
        },
    );
    // Whatever nobody has registered for: for logs, or for applications whose events have no fixed names.
    io.on_unhandled(async |args: Args| Ack((args.event_name().to_owned(), args.len())));

    // A handle of the server goes anywhere: another module, another task, a thread.
    let everywhere = io.clone();
    io.on("from outside", async move || {
        let told = std::thread::spawn(move || everywhere.emit("my event", &Number { text: 22 }));
        told.join().unwrap_or(Err(EmitError::Closed))
    });
    crate::answer_errors(&io);
    io
}
