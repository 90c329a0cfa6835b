//! Runs the example, and has it echo everything that an event can carry.

#[path = "../../http.rs"]
mod http;
#[path = "../../program.rs"]
mod program;

use http::request;
use program::Program;
use socketio_client::{Bytes, Client, Value, Values};

#[tokio::test]
async fn what_was_sent_comes_back_twice() {
    let program = Program::start(env!("CARGO_BIN_EXE_echo"), &["0"]);
    let socket = Client::builder(&program.url("")).connect().await.unwrap();
    for values in [
        vec![],
        vec![
            Value::from("é😀"),
            Value::Null,
            Value::from_json(r#"{"a":[1,-2.5,true]}"#).unwrap(),
        ],
        vec![Value::Binary(Bytes::from_static(b"\0\xff")), Value::from(1)],
    ] {
        let values = Values(values);
        let answer: Values = socket.emit_with_ack("echo", &values).await.unwrap();
        assert_eq!(answer, values);
        let event = socket.recv().await.unwrap();
        assert_eq!(event.name(), "echo");
        assert_eq!(event.data::<Values>().unwrap(), values);
    }
    assert!(request(&program.address, "GET /", "").starts_with("HTTP/1.1 404"));
}
