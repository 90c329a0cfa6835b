//! The profile `sio-protocol`: what the protocol suite of Socket.IO 5 asks of a server.

use std::time::Duration;

use socketio_server::engine::Origins;
use socketio_server::{Ack, Args, Arguments, Data, Namespace, Server, Socket, Values};

use crate::arguments::Arguments as CommandLine;
use crate::host;

pub(crate) async fn serve(arguments: &CommandLine) -> Result<(), String> {
    let io = Server::builder()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000_000)
        .origins(Origins::any())
        .fallback(host::Pages::new(arguments))
        .build();
    handle(&io.of("/"));
    handle(&io.of("/custom"));
    host::serve(arguments, move |listener| {
        let io = io.clone();
        async move { io.serve(listener).await }
    })
    .await
}

fn handle(namespace: &Namespace) {
    namespace
        .on_connect(async |socket: Socket| socket.emit("auth", &socket.handshake().auth_object()));
    namespace.on("message", async |socket: Socket, args: Args| {
        socket.emit_arguments("message-back", Arguments::from(&args))
    });
    namespace.on("message-with-ack", async |Data(args): Data<Values>| {
        Ack(args)
    });
}
