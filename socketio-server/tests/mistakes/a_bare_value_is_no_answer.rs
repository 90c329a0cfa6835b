use socketio_server::{Data, Server};

fn main() {
    let io = Server::new();
    io.on("add", async |Data((a, b)): Data<(i32, i32)>| a + b);
}
