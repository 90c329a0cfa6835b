//! Runs the example against a server in this process.

use std::process::Command;

use socketio_server::{Ack, Data, EmitError, Server, Socket};
use tokio::net::TcpListener;

#[tokio::test]
async fn it_prints_the_event_and_the_answer_and_ends() {
    let io = Server::new();
    io.on("echo", async |socket: Socket, Data(text): Data<String>| {
        socket.emit("echo", &text)?;
        Ok::<_, EmitError>(Ack(text))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { io.serve(listener).await });
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_client"))
            .arg(url)
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "echo: hello\nanswer: anybody there?\n");
    assert!(output.status.success());
}

#[tokio::test]
async fn without_a_server_it_says_where_it_looked() {
    let run = || {
        Command::new(env!("CARGO_BIN_EXE_client"))
            .arg("http://127.0.0.1:1")
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("127.0.0.1"), "{said}");
}
