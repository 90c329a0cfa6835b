//! An echo server with rooms, for trying things out with real clients.

use socketio_server::{Ack, Args, Data, DisconnectReason, EmitError, Server, Socket, Value};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder().revision_3(true).build();
    io.on_connect(async |socket: Socket| {
        socket.emit("welcome", &socket.id()).ok();
    });
    io.on("echo", async |Data(v): Data<Value>| Ack(v));
    io.on("args", async |socket: Socket, args: Args| {
        socket.emit_arguments("args-back", (&args).into())
    });
    io.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(&room);
        Ack(socket.rooms().iter().map(|r| r.to_string()).collect::<Vec<_>>())
    });
    io.on("say", async |socket: Socket, Data((room, v)): Data<(String, Value)>| {
        socket.to(&room).emit("said", &(socket.id(), v))?;
        Ok::<_, EmitError>(Ack(()))
    });
    io.on("ask", async |socket: Socket| {
        let r: Value = match socket.emit_with_ack("question", &1).await {
            Ok(v) => v,
            Err(e) => Value::from(e.to_string()),
        };
        socket.emit("answer", &r).ok();
    });
    io.on("poll", async |socket: Socket, Data(room): Data<String>| {
        let all = socket.namespace().to(room).emit_with_ack::<Value>("question", &2).all().await;
        Ack(all.into_iter().filter_map(|(_, r)| r.ok()).collect::<Vec<_>>())
    });
    io.on("kick", async |socket: Socket| socket.disconnect());
    io.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
        println!("{} left: {reason}, {:?}", socket.id(), socket.rooms());
    });
    io.of("/chat").auth(async |h: socketio_server::Handshake| {
        let auth = h.auth_object();
        match auth.get("token").and_then(Value::as_str) {
            Some("secret") => Ok(String::from("ada")),
            _ => Err(socketio_server::ConnectError::new("bad token").with_data(401)),
        }
    }).on("who", async |s: Socket<String>| Ack(s.data().clone()));
    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    io.listen(format!("127.0.0.1:{port}")).await
}
