use axum::{Router, routing::get};
use socketio_server::engine::Engine;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let engine = Engine::builder()
        .cors("https://example.com")
        .serve(async |socket| while socket.recv().await.is_some() {});
    let app = Router::new()
        .route("/", get(async || "hello"))
        .layer(engine.layer());
    let listener = tokio::net::TcpListener::bind(address()).await?;
    axum::serve(listener, app).await
}
