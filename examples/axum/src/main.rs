//! Socket.IO in an application of axum: one port, one shutdown, and routes that talk to the people who are connected.
//!
//! `cargo run -p axum-example`, then `sio localhost:3000 emit join red` in one window and in another one
//! `curl -X POST localhost:3000/rooms/red -d 'dinner is ready'`. Another port is the first argument.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use socketio_server::{Ack, Data, Server, Socket};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder()
        // axum knows from where a client comes, and says it in its own way.
        .peer_address(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0))
        .build();
    io.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(&room);
        let address = socket.handshake().address();
        Ack((room, address.map(|address| address.to_string())))
    });

    let app = Router::new()
        .route("/", get(async || "try POST /rooms/red"))
        .route("/rooms/{room}", post(tell).get(count))
        .with_state(io.clone())
        // Outermost, so that requests for Socket.IO reach it first; all others go to the routes.
        .layer(io.layer());

    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async move {
        // Who is connected is let go first: axum waits for connections, and a WebSocket is one.
        if tokio::signal::ctrl_c().await.is_ok() {
            io.shutdown(Duration::from_secs(5)).await;
        }
    })
    .await
}

/// A handle of the server is state like any other, and `emit` does not wait.
async fn tell(
    State(io): State<Server>,
    Path(room): Path<String>,
    text: String,
) -> Result<(), StatusCode> {
    let told = io.to(&room).emit("news", &text);
    told.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn count(State(io): State<Server>, Path(room): Path<String>) -> String {
    let there = io
        .sockets()
        .iter()
        .filter(|socket| socket.is_in(&room))
        .count();
    format!("{there} in {room}\n")
}
