use socketio_server::{Ack, Server};

fn main() {
    let io = Server::new();
    let names = vec![String::from("Ada")];
    io.on("names", async || Ack(names.len()));
}
