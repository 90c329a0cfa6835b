use socketio_server::{Ack, Server};

fn main() {
    let io = Server::new();
    io.on_connect(async || Ack("welcome"));
}
