//! One event each way: `message` comes, `response` goes back to who sent it.
//!
//! ```python
//! @socketio.on("message")
//! def on_message(text):
//!     emit("response", {"response": "my response"})    # to the sender: the context decides
//! ```
//!
//! Here no context decides: `socket.emit` is to this client, `io.emit` to everybody.

use serde::Serialize;
use socketio_server::{Data, DisconnectReason, Server, Socket};

#[derive(Serialize)]
struct Reply {
    response: &'static str,
}

pub(crate) fn server() -> Server {
    let io = crate::builder().build();
    io.on_connect(async || println!("somebody has connected"));
    io.on(
        "message",
        async |socket: Socket, Data(text): Data<String>| {
            println!("message: {text}");
            socket.emit(
                "response",
                &Reply {
                    response: "my response",
                },
            )
        },
    );
    io.on_disconnect(async |reason: DisconnectReason| println!("somebody has left: {reason}"));
    crate::answer_errors(&io);
    io
}
