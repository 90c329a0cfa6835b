//! Runs the example, and asks and answers.

#[path = "../../program.rs"]
mod program;

use std::time::Duration;

use program::Program;
use socketio_client::{Ack, AckError, Builder, Client, Value};

fn client(program: &Program) -> Builder {
    Client::builder(&program.url(""))
}

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_acknowledgements"), &["0"])
}

#[tokio::test]
async fn what_a_handler_returns_is_the_answer_and_so_is_an_error() {
    let program = start();
    let socket = client(&program).connect().await.unwrap();
    assert_eq!(
        socket
            .emit_with_ack::<(i64, i64)>("divide", (7, 2))
            .await
            .unwrap(),
        (3, 1)
    );
    let error: Value = socket.emit_with_ack("divide", (7, 0)).await.unwrap();
    assert_eq!(error["error"], "this cannot be divided");
    let error: Value = socket.emit_with_ack("divide", "seven").await.unwrap();
    assert!(
        error["error"].as_str().unwrap().contains("invalid type"),
        "{error}"
    );
    assert_eq!(
        socket.emit_with_ack::<String>("later", "x").await.unwrap(),
        "X"
    );
}

#[tokio::test]
async fn an_event_that_nobody_handles_is_never_answered_and_the_wait_has_an_end() {
    let program = start();
    let socket = client(&program).connect().await.unwrap();
    let answer = socket
        .emit_with_ack::<Value>("no such event", ())
        .timeout(Duration::from_millis(100));
    assert_eq!(answer.await.unwrap_err(), AckError::Timeout);
}

#[tokio::test]
async fn the_server_asks_one_and_all_and_counts_who_says_nothing() {
    let program = start();
    let ada = client(&program)
        .on("what is your name?", async || Ack("Ada"))
        .connect()
        .await
        .unwrap();
    let greeting = ada.recv().await.unwrap();
    assert_eq!(
        (greeting.name(), greeting.data::<String>().unwrap()),
        ("hello", "Ada".into())
    );
    let _bob = client(&program)
        .on("what is your name?", async || Ack("Bob"))
        .connect()
        .await
        .unwrap();
    let _silent = client(&program).connect().await.unwrap();
    let _odd = client(&program)
        .on("what is your name?", async || Ack(3))
        .connect()
        .await
        .unwrap();
    let here: Value = ada.emit_with_ack("who is here?", ()).await.unwrap();
    assert_eq!(here.to_string(), r#"{"names":["Bob"],"silent":2}"#);
}
