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
    engine.listen(address()).await
}
