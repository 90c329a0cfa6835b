use axum::{Router, routing::get};
use socketio_server::{Ack, Data, Server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.on("echo", async |Data(text): Data<String>| Ack(text));

    let app = Router::new().route("/", get(async || "hello")).layer(io.layer());
    let listener = tokio::net::TcpListener::bind(address()).await?;
    axum::serve(listener, app).await
}
