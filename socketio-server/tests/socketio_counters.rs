//! What somebody sees who counts what happens in namespaces.

#![cfg(feature = "metrics")]

mod client;
#[path = "watching/recorder.rs"]
mod recorder;

use std::time::Duration;

use client::{Client, serve, until};
use socketio_server::{Ack, AckError, ConnectError, Data, Params, Server, Socket};

/// One test, because the recorder belongs to the process.
#[tokio::test]
async fn everything_that_happens_in_a_namespace_is_counted() {
    let counted = recorder::install();
    let io = Server::builder()
        .ack_timeout(Duration::from_millis(30))
        .build();
    io.on_error(|_| None);
    io.on("e", async |Data(n): Data<u32>| match n {
        0 => panic!("zero"),
        1 => Err("one"),
        n => Ok(Ack(n)),
    });
    io.on("ask", async |socket: Socket| {
        let answer = socket.emit_with_ack::<u32>("q", &()).await;
        Ack(matches!(answer, Err(AckError::Timeout)))
    });
    io.on("join", async |socket: Socket| {
        socket.join("room");
        Ack(())
    });
    let orders = io.of_pattern("/orders/{id}").unwrap();
    orders.auth(async |params: Params| match params.get("id") {
        Some("0") => Err(ConnectError::new("no")),
        _ => Ok(()),
    });
    let address = serve(&io).await;
    let mut client = Client::joined(address).await;
    for event in ["42[\"e\",0]", "42[\"e\",1]", "42[\"e\",\"x\"]"] {
        client.send(event).await;
    }
    client.send("422[\"e\",2]").await;
    assert_eq!(client.recv().await, "432[2]");
    client.send("423[\"ask\"]").await;
    assert_eq!(client.recv().await, "420[\"q\"]");
    client.send("430[1]").await;
    assert_eq!(client.recv().await, "433[false]");
    client.send("424[\"ask\"]").await;
    assert_eq!(client.recv().await, "421[\"q\"]");
    assert_eq!(client.recv().await, "434[true]");
    client.send("425[\"join\"]").await;
    assert_eq!(client.recv().await, "435[]");
    for id in 0..3 {
        client.send(&format!("40/orders/{id},")).await;
        client.recv().await;
    }
    let get = |key: &str| counted.get(key);
    for (key, value) in [
        ("socketio_events_received_total namespace=/", 7),
        ("socketio_events_sent_total namespace=/", 2),
        ("socketio_acks_total namespace=/ outcome=answered", 1),
        ("socketio_acks_total namespace=/ outcome=timeout", 1),
        ("socketio_failures_total kind=panicked namespace=/", 1),
        ("socketio_failures_total kind=returned namespace=/", 1),
        ("socketio_failures_total kind=parameter namespace=/", 1),
        ("socketio_sockets namespace=/", 1),
        ("socketio_rooms namespace=/", 2),
        // One label for all of a pattern, or clients could make labels without end.
        ("socketio_sockets namespace=/orders/{id}", 2),
        ("socketio_connects_refused_total namespace=/orders/{id}", 1),
    ] {
        assert_eq!(get(key), value, "{key}");
    }
    drop(io.sockets().remove(0).emit_with_ack::<()>("forgotten", &()));
    let asked = tokio::spawn(io.sockets().remove(0).emit_with_ack::<()>("q", &()));
    drop(client);
    assert_eq!(asked.await.unwrap(), Err(AckError::Closed));
    until(|| get("socketio_sockets namespace=/") == 0).await;
    for key in [
        "socketio_rooms namespace=/",
        "socketio_sockets namespace=/orders/{id}",
        "socketio_rooms namespace=/orders/{id}",
    ] {
        until(|| get(key) == 0).await;
    }
    assert_eq!(
        get("socketio_acks_total namespace=/ outcome=disconnected"),
        1
    );
}
