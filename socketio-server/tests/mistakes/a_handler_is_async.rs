use socketio_server::{Server, Socket};

fn main() {
    let io = Server::new();
    io.on("hello", |socket: Socket| println!("{}", socket.id()));
}
