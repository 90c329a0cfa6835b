//! Servers that people write with Flask-SocketIO, in Rust: five small ones, as tutorials show them.
//!
//! `cargo run -p flask-parity -- overview`, or one of the others: `two-languages`, `practical`, `messaging`, `cheat-sheet`. The
//! port is 5000, as there; another one is the second argument. Each module says what is the same, and what is not.
//!
//! Pages of those tutorials load clients from 2.2.0 to 4.5.4; all of them may come to all of these servers, and be in one room.

#![expect(
    clippy::print_stdout,
    reason = "programs that print what arrives, as the tutorials do"
)]

mod cheat_sheet;
mod messaging;
mod overview;
mod practical;
mod two_languages;

use socketio_server::{Object, Origins, Server, ServerBuilder, Value};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let io = match name.as_str() {
        "two-languages" => two_languages::server(),
        "practical" => practical::server(),
        "messaging" => messaging::server(),
        "cheat-sheet" => cheat_sheet::server(),
        "overview" => overview::server(),
        _ => {
            return Err(
                "which one? two-languages, practical, messaging, cheat-sheet or overview".into(),
            );
        }
    };
    let port = arguments.next().unwrap_or_else(|| "5000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    io.serve(listener).await?;
    Ok(())
}

/// What all of them have. `cors_allowed_origins="*"` is `Origins::any()`; clients 2.x, which current versions of Flask-SocketIO
/// refuse, have to be let in by name.
fn builder() -> ServerBuilder {
    Server::builder().revision_3(true).cors(Origins::any())
}

/// A handler that fails, or gets something else than it takes, is heard of here, and whoever waits for an answer gets one.
fn answer_errors(io: &Server) {
    io.on_error(|failure| {
        println!(
            "{} from {:?}: {}",
            failure.event(),
            failure.socket().map(|socket| socket.id().clone()),
            failure.error()
        );
        Some(Value::Object(Object::from_iter([(
            "error",
            failure.error().to_string(),
        )])))
    });
}
