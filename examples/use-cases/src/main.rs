//! What people use Socket.IO for, beside the chat, each in a namespace of its own and in one file: a game (`/game`), a quiz
//! (`/quiz`), a text that several people edit (`/editor`), a whiteboard (`/whiteboard`).
//!
//! `cargo run -p use-cases`, and for example `sio localhost:3000/game -a name=Ada talk` with the lines `? enter arena` and
//! `? move 1 0`. Another port is the first argument.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

mod editor;
mod game;
mod quiz;
mod whiteboard;

use std::error::Error;
use std::fmt;

use socketio_server::{Object, Server, Value};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    game::register(&io);
    quiz::register(&io);
    editor::register(&io);
    whiteboard::register(&io);
    io.on_error(|failure| {
        Some(Value::Object(Object::from_iter([(
            "error",
            failure.error().to_string(),
        )])))
    });

    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    io.serve(listener).await
}

/// Something that somebody may not do, in words for them.
#[derive(Debug)]
struct Refusal(&'static str);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Refusal {}
