//! The profiles `eio4` and `eio3`: raw messages, each sent back as it came.

use std::time::Duration;

use socketio_server::engine::{Engine, Origins, Socket};

use crate::arguments::Arguments;
use crate::host;

pub(crate) async fn serve(arguments: &Arguments, revision_3: bool) -> Result<(), String> {
    let engine = Engine::builder()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000_000)
        .revision_3(revision_3)
        .origins(Origins::any())
        .fallback(host::Pages::new(arguments))
        .serve(echo);
    host::serve(arguments, move |listener| {
        let engine = engine.clone();
        async move { engine.serve(listener).await }
    })
    .await
}

async fn echo(socket: Socket) {
    while let Some(message) = socket.recv().await {
        if socket.send(message).is_err() {
            break;
        }
    }
}
