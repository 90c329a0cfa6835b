//! The server of engineioxide: raw messages, sent back.

use std::sync::Arc;
use std::time::Duration;

use bench_engine::{BURST, BURST_BYTES, BURST_MESSAGES, listen, runtime};
use bytes::Bytes;
use engineioxide::config::EngineIoConfig;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use engineioxide::{DisconnectReason, Socket, Str};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;

#[derive(Debug)]
struct Echo;

impl EngineIoHandler for Echo {
    type Data = ();
    fn on_connect(self: Arc<Self>, _socket: Arc<Socket<()>>) {}
    fn on_disconnect(&self, _socket: Arc<Socket<()>>, _reason: DisconnectReason) {}
    fn on_message(self: &Arc<Self>, message: Str, socket: Arc<Socket<()>>) {
        if message.as_str() == BURST {
            for _ in 0..BURST_MESSAGES {
                let _ = socket.emit("x".repeat(BURST_BYTES));
            }
        } else {
            let _ = socket.emit(message);
        }
    }
    fn on_binary(self: &Arc<Self>, data: Bytes, socket: Arc<Socket<()>>) {
        let _ = socket.emit_binary(data);
    }
}

fn main() {
    runtime().block_on(async {
        let config = EngineIoConfig::builder()
            .max_payload(16 << 20)
            // The load answers no pings.
            .ping_interval(Duration::from_secs(600))
            .max_buffer_size(100_000)
            .build();
        let service = EngineIoService::with_config(Arc::new(Echo), config);
        let listener = listen();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            tokio::spawn(async move {
                let io = TokioIo::new(stream);
                let _ = http1::Builder::new()
                    .serve_connection(io, service)
                    .with_upgrades()
                    .await;
            });
        }
    });
}
