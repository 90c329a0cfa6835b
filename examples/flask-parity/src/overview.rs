//! The smallest of them: whatever anybody sends, everybody gets.
//!
//! The page of that tutorial emits before it is connected and listens afterwards; that works because clients keep what they are
//! to send until they are.

use serde::Serialize;
use socketio_server::{Data, Server, Socket, Value};

#[derive(Serialize)]
struct Response {
    msg: Value,
}

pub(crate) fn server() -> Server {
    let io = crate::builder().build();
    io.on("message", async |socket: Socket, Data(msg): Data<Value>| {
        socket.namespace().emit("response", &Response { msg })
    });
    crate::answer_errors(&io);
    io
}
