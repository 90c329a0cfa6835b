//! Runs the example: routes that talk to a room, and Socket.IO on the same port.

#[path = "../../http.rs"]
mod http;
#[path = "../../program.rs"]
mod program;

use http::request;
use program::Program;
use socketio_client::{Client, Transport};

#[tokio::test]
async fn a_route_reaches_a_room_over_every_transport() {
    let program = Program::start(env!("CARGO_BIN_EXE_axum-example"), &["0"]);
    assert!(request(&program.address, "GET /", "").ends_with("try POST /rooms/red"));
    let mut there = Vec::new();
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        let socket = Client::builder(&program.url(""))
            .transports([transport])
            .connect()
            .await
            .unwrap();
        let (room, address): (String, String) = socket.emit_with_ack("join", "red").await.unwrap();
        assert_eq!((room.as_str(), address.as_str()), ("red", "127.0.0.1"));
        there.push(socket);
    }
    let outside = Client::builder(&program.url("")).connect().await.unwrap();
    let _: (String, String) = outside.emit_with_ack("join", "blue").await.unwrap();
    assert!(request(&program.address, "GET /rooms/red", "").ends_with("2 in red\n"));
    assert!(
        request(&program.address, "POST /rooms/red", "dinner is ready").starts_with("HTTP/1.1 200")
    );
    assert!(
        request(&program.address, "POST /rooms/blue", "dinner is ready")
            .starts_with("HTTP/1.1 200")
    );
    for socket in there.iter().chain([&outside]) {
        let event = socket.recv().await.unwrap();
        assert_eq!(event.name(), "news");
        assert_eq!(event.data::<String>().unwrap(), "dinner is ready");
    }
    assert!(request(&program.address, "GET /other", "").starts_with("HTTP/1.1 404"));
}
