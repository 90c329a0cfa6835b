use socketio_server::{Ack, Data, Server, Tls};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.on("echo", async |Data(text): Data<String>| Ack(text));

    let tls = Tls::from_pem_files(certificate(), key())?;
    io.listen_tls(address(), tls).await
}
