//! The smallest Socket.IO server: it sends back what it is sent.
//!
//! `cargo run -p echo`, then `cargo run -p client`, or any client: `io("http://localhost:3000")` in JavaScript. Another port is
//! the first argument.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

use socketio_server::{Ack, Data, Server, Socket, Values};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    // As an event of the same name, and as an acknowledgement if one is asked for.
    io.on(
        "echo",
        async |socket: Socket, Data(values): Data<Values>| {
            socket.emit("echo", &values)?;
            Ok::<_, socketio_server::EmitError>(Ack(values))
        },
    );

    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    io.serve(listener).await
}
