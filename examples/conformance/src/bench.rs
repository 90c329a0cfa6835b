//! The profile `bench`: a server as one would be configured for load, with handlers as one would write them.

use std::net::SocketAddr;
use std::process;

use socketio_server::{Ack, Bytes, Data, EmitError, Server, Socket, Value};

use crate::arguments::Arguments;
use crate::host;

pub(crate) async fn serve(arguments: &Arguments) -> Result<(), String> {
    let io = Server::builder()
        .max_payload(16 << 20)
        .buffer_limit(256 << 20, 1 << 20)
        .fallback(host::Pages::new(arguments))
        .build();
    let root = io.of("/");
    root.on("echo", async |Data(value): Data<Value>| Ack(value));
    root.on("ping1", async |socket: Socket, Data(value): Data<Value>| {
        socket.emit("pong1", &value)
    });
    root.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(room);
        Ack("ok")
    });
    root.on("leave", async |socket: Socket, Data(room): Data<String>| {
        socket.leave(room);
        Ack("ok")
    });
    let everybody = io.clone();
    root.on(
        "bcast",
        async move |Data((room, value)): Data<(String, Value)>| {
            everybody.to(room).emit("msg", &value)?;
            Ok::<_, EmitError>(())
        },
    );
    root.on("bin", async |Data(data): Data<Bytes>| Ack(data));
    host::serve(arguments, move |listener| {
        // Not before: whoever reads it connects at once.
        if let Ok(SocketAddr::V4(address)) = listener.local_addr() {
            println!("READY {} {}", process::id(), address.port());
        }
        let io = io.clone();
        async move { io.serve(listener).await }
    })
    .await
}
