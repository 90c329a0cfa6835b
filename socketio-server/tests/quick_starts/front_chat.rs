use socketio_server::{Ack, Data, DisconnectReason, EmitError, Server, Socket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder().cors("https://example.com").build();

    io.on_connect(async |socket: Socket| socket.join("lobby"));
    io.on("message", async |socket: Socket, Data(text): Data<String>| {
        socket.to("lobby").emit("message", &(socket.id(), text))?; // a tuple is several arguments
        Ok::<_, EmitError>(Ack("delivered"))
    });
    io.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
        println!("{} left: {reason}", socket.id());
    });

    io.listen(address()).await
}
