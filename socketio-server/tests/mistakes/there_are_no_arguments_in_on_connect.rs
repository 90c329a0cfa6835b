use socketio_server::{Data, Server, Socket};

fn main() {
    let io = Server::new();
    io.on_connect(async |socket: Socket, Data(name): Data<String>| {
        println!("{} is {name}", socket.id());
    });
}
