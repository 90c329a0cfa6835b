//! Our server: raw messages, sent back.

use std::time::Duration;

use bench_engine::{BURST, BURST_BYTES, BURST_MESSAGES, listen, runtime};
use socketio_server::engine::{Engine, Message, Payload, Socket};

fn main() {
    runtime().block_on(async {
        let engine = Engine::builder()
            .max_payload(16 << 20)
            // The load answers no pings.
            .ping_interval(Duration::from_secs(600))
            .serve(serve);
        engine.serve(listen()).await.expect("serving");
    });
}

async fn serve(socket: Socket) {
    while let Some(message) = socket.recv().await {
        if matches!(message.payload(), Payload::Text(BURST)) {
            for _ in 0..BURST_MESSAGES {
                let _ = socket.send(Message::text(&"x".repeat(BURST_BYTES)));
            }
        } else if socket.send(message).is_err() {
            return;
        }
    }
}
