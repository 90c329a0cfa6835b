use socketio_server::Server;

fn main() {
    let io = Server::new();
    io.on("name", async |name: String| println!("{name}"));
}
