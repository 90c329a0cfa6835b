//! The client without asynchronous code.
#![cfg(feature = "blocking")]

mod support;

use std::time::Duration;

use socketio_client::{AckError, Error};
use support::serve;

#[test]
fn a_program_without_a_runtime_talks_to_a_server() {
    let servers = tokio::runtime::Runtime::new().unwrap();
    let server = servers.block_on(serve());
    let second = Duration::from_secs(1);
    let socket = server.client().connect_blocking().unwrap();
    assert_eq!(socket.recv().unwrap().name(), "welcome");
    let back: String = socket.call("echo", "hello", second).unwrap();
    assert_eq!(back, "hello");
    let never: Result<(), _> = socket.call("never", (), Duration::from_millis(20));
    assert_eq!(never, Err(AckError::Timeout));
    assert!(socket.recv_timeout(Duration::from_millis(20)).is_none());

    let chat = socket.of("/chat").unwrap();
    let taker = chat.clone();
    let taking = std::thread::spawn(move || {
        let names: Vec<_> = std::iter::from_fn(|| taker.recv())
            .map(|event| event.name().to_owned())
            .collect();
        names
    });
    chat.emit("echo", 1).unwrap();
    assert_eq!(chat.call::<u8>("echo", 2, second), Ok(2));
    chat.inner().disconnect();
    assert_eq!(taking.join().unwrap(), ["welcome", "echo"]);
    assert!(matches!(socket.of("/admin"), Err(Error::Refused(_))));

    socket.emit("last", ()).unwrap();
    drop(chat);
    socket.close();
    servers.block_on(support::until("the server is alone", || {
        server.engine.sessions() == 0
    }));
    assert_eq!(server.seen.events.lock().unwrap().last().unwrap(), "last");
}
