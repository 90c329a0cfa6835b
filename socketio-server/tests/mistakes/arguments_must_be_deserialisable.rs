use socketio_server::{Data, Server};

struct Point {
    x: i32,
}

fn main() {
    let io = Server::new();
    io.on("move", async |Data(point): Data<Point>| println!("{}", point.x));
}
