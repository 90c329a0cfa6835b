//! Questions and answers in both directions: what a handler returns is the answer, and an answer is waited for, but not for ever.
//!
//! `cargo run -p acknowledgements`, then with any client, here the one of `examples/cli`:
//!
//! ```text
//! sio localhost:3000 ask divide 6 3        the answer of a handler
//! sio localhost:3000 ask divide 6 0        an error is an answer, too
//! sio localhost:3000 --answer Ada watch    the server asks for a name, and greets
//! sio localhost:3000 ask "who is here?"    the server asks everybody else, and answers with their answers
//! ```

#![expect(
    clippy::print_stdout,
    reason = "a program that says where it listens, and who did not answer"
)]

use std::time::Duration;

use serde::Serialize;
use socketio_server::{Ack, AckError, AckSender, Data, FailureKind, Object, Server, Socket, Value};
use tokio::net::TcpListener;

/// A client that does not know the question never answers. Without an end, both sides would keep it for ever.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();

    // 1. What the handler returns is the answer; several arguments are a tuple. An error goes to the hook below.
    io.on("divide", async |Data((a, b)): Data<(i64, i64)>| {
        match (a.checked_div(b), a.checked_rem(b)) {
            (Some(quotient), Some(rest)) => Ok(Ack((quotient, rest))),
            _ => Err("this cannot be divided"),
        }
    });

    // 2. Who cannot answer at once keeps the way to answer.
    io.on("later", async |Data(text): Data<String>, ack: AckSender| {
        std::thread::spawn(move || ack.send(&text.to_uppercase()));
    });

    // 3. The server asks one client.
    io.on_connect(async |socket: Socket| {
        let name = socket
            .emit_with_ack("what is your name?", &())
            .timeout(PATIENCE)
            .await;
        match name {
            Ok(name) => {
                let name: String = name;
                socket.emit("hello", &name)?;
            }
            Err(AckError::Timeout) => println!(
                "{} did not answer: has it a handler for this event?",
                socket.id()
            ),
            Err(AckError::Decode(error)) => {
                println!("{} answered something else: {error}", socket.id())
            }
            Err(AckError::Closed) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    });

    // 4. The server asks many, and takes the answers as they come.
    io.on("who is here?", async |socket: Socket| {
        let mut answers = socket
            .broadcast()
            .timeout(PATIENCE)
            .emit_with_ack::<String>("what is your name?", &());
        let (mut names, mut silent) = (Vec::new(), 0);
        while let Some((_id, answer)) = answers.next().await {
            match answer {
                Ok(name) => names.push(name),
                Err(_) => silent += 1,
            }
        }
        names.sort_unstable();
        Ack(Here { names, silent })
    });

    // Handlers that fail: what this returns is the answer to who asked. Without it there would be none.
    io.on_error(|failure| {
        let words = match failure.kind() {
            FailureKind::Returned | FailureKind::Parameter => failure.error().to_string(),
            _ => "something went wrong".into(),
        };
        Some(Value::Object(Object::from_iter([("error", words)])))
    });

    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    io.serve(listener).await
}

#[derive(Serialize)]
struct Here {
    names: Vec<String>,
    /// How many said nothing in time, or something else.
    silent: usize,
}
