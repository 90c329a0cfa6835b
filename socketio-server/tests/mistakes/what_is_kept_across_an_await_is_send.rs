use std::rc::Rc;

use socketio_server::{AckError, Server, Socket};

fn main() {
    let io = Server::new();
    io.on("ask", async |socket: Socket| {
        let question = Rc::new(String::from("?"));
        let answer: String = socket.emit_with_ack("question", &*question).await?;
        println!("{question} {answer}");
        Ok::<_, AckError>(())
    });
}
