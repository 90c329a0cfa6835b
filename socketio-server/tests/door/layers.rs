//! The server inside somebody else's: axum, and hyper without anything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use hyper_util::rt::TokioIo;
use socketio_server::engine::{Engine, EngineBuilder, HttpLayer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::poll;
use crate::support::client::Client;

fn echo(change: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Engine {
    change(Engine::builder()).serve(async |socket| {
        while let Some(message) = socket.recv().await {
            if socket.send(message).is_err() {
                break;
            }
        }
    })
}

fn listener(runtime: &Runtime) -> (TcpListener, Client) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, Client::new(address))
}

/// Everything that a client of Engine.IO does: polling, WebSocket, and the upgrade.
fn try_everything(client: Client) {
    let sid = client.open("EIO=4");
    assert_eq!(client.post(&poll(&sid), "4hello").said(), (200, "ok"));
    assert_eq!(client.get(&poll(&sid)).text(), "4hello");
    let mut upgraded = client.websocket(&format!("EIO=4&sid={sid}"));
    upgraded.send("2probe");
    assert_eq!(upgraded.text(), "3probe");
    upgraded.send("5");
    upgraded.send("4after");
    assert_eq!(upgraded.text(), "4after");
    let mut direct = client.websocket("EIO=4");
    assert!(direct.text().starts_with("0{"));
    direct.send("4direct");
    assert_eq!(direct.text(), "4direct");
}

#[test]
fn a_layer_around_an_axum_router_leaves_it_everything_else() {
    let runtime = Runtime::new().unwrap();
    let (listener, client) = listener(&runtime);
    let engine = echo(|engine| engine);
    let layer: HttpLayer = engine.layer();
    let app = Router::new()
        .route("/hello", get(async || "hello from axum"))
        .fallback(async || (http::StatusCode::IM_A_TEAPOT, "nothing here"))
        .layer(layer);
    runtime.spawn(async move { axum::serve(listener, app).await });
    try_everything(client);
    assert_eq!(client.get("/hello").said(), (200, "hello from axum"));
    assert_eq!(client.get("/engine.iox").said(), (418, "nothing here"));
    assert_eq!(
        client.get("/engine.io/").status,
        400,
        "below the path it is ours"
    );
}

#[test]
fn the_service_is_a_part_of_an_axum_router_too() {
    let runtime = Runtime::new().unwrap();
    let (listener, client) = listener(&runtime);
    let engine = echo(|engine| {
        engine
            .peer_address(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0))
            .allow_request(async |request| {
                let local = request
                    .address()
                    .is_some_and(|address| address.is_loopback());
                if local { Ok(()) } else { Err("no address") }
            })
    });
    let app = Router::new().route_service("/engine.io/", engine.service());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move { axum::serve(listener, app).await });
    try_everything(client);
}

#[test]
fn hyper_alone_serves_it() {
    let runtime = Runtime::new().unwrap();
    let (listener, client) = listener(&runtime);
    let service = echo(|engine| engine).service();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service.clone())
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    try_everything(client);
    assert_eq!(client.get("/elsewhere").status, 404);
}

#[test]
fn an_application_is_served_behind_the_listener_of_this_crate() {
    let runtime = Runtime::new().unwrap();
    let (listener, client) = listener(&runtime);
    let app = Router::new().route(
        "/hello",
        get(async |request: axum::extract::Request| {
            let peer = request.extensions().get::<socketio_server::engine::Peer>();
            format!("hello {}", peer.unwrap().address().ip())
        }),
    );
    let engine = echo(|engine| engine.fallback(app));
    let serving = engine.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    try_everything(client);
    assert_eq!(client.get("/hello").said(), (200, "hello 127.0.0.1"));
    assert_eq!(client.get("/elsewhere").status, 404);
}

/// The answer to a WebSocket of ours leaves with its first frame. The application's own protocols are none of that, also where
/// a WebSocket was asked for on the same connection before: their clients may speak first.
#[test]
fn a_protocol_of_the_application_is_answered_before_anybody_speaks_it() {
    let runtime = Runtime::new().unwrap();
    let (listener, client) = listener(&runtime);
    let app = Router::new().route(
        "/own",
        get(async |request: axum::extract::Request| {
            tokio::spawn(async move {
                let mut spoken = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
                let mut byte = [0];
                spoken.read_exact(&mut byte).await.unwrap();
                spoken.write_all(&[byte[0] + 1]).await.unwrap();
            });
            let headers = [("connection", "upgrade"), ("upgrade", "own")];
            (http::StatusCode::SWITCHING_PROTOCOLS, headers)
        }),
    );
    let engine = echo(|engine| engine.fallback(app));
    runtime.spawn(async move { engine.serve(listener).await });

    let mut stream = TcpStream::connect(client.address()).unwrap();
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    let mut ask = |path: &str, end: &str| {
        let upgrade = "Connection: upgrade\r\nUpgrade: own";
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(end.as_bytes()) {
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        String::from_utf8(answer).unwrap()
    };
    let polling = ask("/engine.io/?EIO=4&transport=polling", "}");
    assert!(polling.starts_with("HTTP/1.1 200"), "{polling}");
    let own = ask("/own", "\r\n\r\n");
    assert!(own.starts_with("HTTP/1.1 101"), "{own}");
    stream.write_all(&[7]).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [8]);
}

/// The first bytes of a connection that are read are one packet: what was written apart would come apart.
#[test]
fn the_answer_to_a_handshake_and_the_first_frame_leave_together() {
    let runtime = Runtime::new().unwrap();
    let (listener, client) = listener(&runtime);
    let engine = echo(|engine| engine);
    runtime.spawn(async move { engine.serve(listener).await });
    let mut stream = TcpStream::connect(client.address()).unwrap();
    let request = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut read = [0; 1024];
    let n = stream.read(&mut read).unwrap();
    let read = String::from_utf8_lossy(&read[..n]);
    let (head, frame) = read.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(frame.contains("0{\"sid\""), "{frame}");
}
