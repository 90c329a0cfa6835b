//! Socket.IO in a bare hyper server, which has pages of its own: who owns the listener and the connections is this program.
//!
//! `cargo run -p hyper-example`, then `curl localhost:3000` and `sio localhost:3000 ask echo hello`. Another port is the first
//! argument.
//!
//! Who does not need hyper for anything else lets the server listen, and gives it the pages as a `fallback`, as `examples/chat`
//! does: then it also limits connections, and keeps polls without what it takes to speak HTTP.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that says where it listens, and what fails"
)]

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socketio_server::{Ack, Data, Peer, Server, Values};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.on("echo", async |Data(values): Data<Values>| Ack(values));

    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many files are open, most often: it goes on when some are closed.
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (socket_io, pages) = (io.service(), io.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (socket_io, pages) = (socket_io.clone(), pages.clone());
            async move {
                if request.uri().path().starts_with("/socket.io") {
                    // From where the client comes: without this the server does not know.
                    request.extensions_mut().insert(Peer::new(address));
                    return Ok(socket_io.call(request).await?.map(Either::Left));
                }
                Ok::<_, std::convert::Infallible>(
                    page(&pages, request.uri().path()).map(Either::Right),
                )
            }
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(15))
                .serve_connection(TokioIo::new(stream), service)
                // Without upgrades there is no WebSocket.
                .with_upgrades();
            if let Err(error) = connection.await {
                eprintln!("{address}: {error}");
            }
        });
    }
}

fn page(io: &Server, path: &str) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        "/" => (StatusCode::OK, format!("{} are connected\n", io.len())),
        _ => (StatusCode::NOT_FOUND, "there is nothing here\n".into()),
    };
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer
}
