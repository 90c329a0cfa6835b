use socketio_server::{Ack, Data, EmitError, Server, Socket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder().cors("https://example.com").build();

    io.on_connect(async |socket: Socket| socket.join("lobby"));
    io.on("message", async |socket: Socket, Data(text): Data<String>| {
        socket.to("lobby").emit("message", &(socket.id(), text))?;
        Ok::<_, EmitError>(Ack("delivered")) // what a handler returns is the acknowledgement
    });

    io.listen(address()).await
}
