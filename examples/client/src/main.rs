//! The smallest Socket.IO client: it sends, asks, and prints what arrives.
//!
//! `cargo run -p echo` in one window, `cargo run -p client` in another. Another server is the first argument.

#![expect(clippy::print_stdout, reason = "a program that prints what arrives")]

use socketio_client::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:3000".into());
    // Joined, or why not. From here on it comes back by itself when the connection is lost.
    let socket = Client::builder(&url).connect().await?;

    socket.emit("echo", "hello")?;
    if let Some(event) = socket.recv().await {
        println!("{}: {}", event.name(), event.data::<String>()?);
    }

    let answer: String = socket.emit_with_ack("echo", "anybody there?").await?;
    println!("answer: {answer}");

    // What was sent leaves before the program ends.
    socket.close().await;
    Ok(())
}
