use serde_json::json;
use socketio_client::{Ack, Client, Data};

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = Client::builder(&crate::url())
        .auth(json!({ "token": "secret" }))
        .on("message", async |Data((from, text)): Data<(String, String)>| println!("{from}: {text}"))
        .on("are you there?", async || Ack(true))
        .connect()
        .await?;

    socket.emit("message", "hello")?;
    let stored: u64 = socket.emit_with_ack("store", ("a.txt", 3)).await?;
    println!("stored as {stored}");
    socket.close().await;
    Ok(())
}
