//! The smallest Engine.IO server: it sends every message back.
//!
//! `cargo run -p engine-echo`, then connect an `engine.io-client` to `ws://127.0.0.1:3000`. Another port is the first argument.

use socketio_server::engine::Engine;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let engine = Engine::builder().serve(async |socket| {
        while let Some(message) = socket.recv().await {
            if socket.send(message).is_err() {
                break;
            }
        }
    });
    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    engine.listen(format!("127.0.0.1:{port}")).await
}
