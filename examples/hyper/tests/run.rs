//! Runs the example: pages and Socket.IO on one port.

#[path = "../../http.rs"]
mod http;
#[path = "../../program.rs"]
mod program;

use http::request;
use program::Program;
use socketio_client::{Client, Transport};

#[tokio::test]
async fn pages_and_both_transports_are_served_on_one_port() {
    let program = Program::start(env!("CARGO_BIN_EXE_hyper-example"), &["0"]);
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        let socket = Client::builder(&program.url(""))
            .transports([transport])
            .connect()
            .await
            .unwrap();
        assert_eq!(socket.client().transport(), Some(transport));
        assert_eq!(
            socket.emit_with_ack::<String>("echo", "x").await.unwrap(),
            "x"
        );
        assert!(request(&program.address, "GET /", "").ends_with("\r\n\r\n1 are connected\n"));
        socket.close().await;
        // The server learns of it soon after.
        while !request(&program.address, "GET /", "").ends_with("\r\n\r\n0 are connected\n") {
            tokio::task::yield_now().await;
        }
    }
    assert!(request(&program.address, "GET /other", "").starts_with("HTTP/1.1 404"));
    let opened = request(
        &program.address,
        "GET /socket.io/?EIO=4&transport=polling",
        "",
    );
    assert!(
        opened.starts_with("HTTP/1.1 200") && opened.contains("0{\"sid\""),
        "{opened}"
    );
}
