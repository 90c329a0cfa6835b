use serde_json::json;
use socketio_client::{Ack, Client, Data};

pub(crate) async fn example() -> Result<(), Box<dyn std::error::Error>> {
let socket = Client::builder(&crate::url())          // the path is the namespace
    .auth(json!({ "token": "secret" }))
    .on("message", async |Data((from, text)): Data<(String, String)>| println!("{from}: {text}"))
    .on("are you there?", async || Ack(true))                     // what a handler returns is the answer
    .connect()
    .await?;                                                      // joined, or why not

socket.emit("message", "hello")?;                                 // never waits
let stored: u64 = socket.emit_with_ack("store", ("a.txt", 3)).await?; // a tuple is several arguments
println!("stored as {stored}");
while let Some(event) = socket.recv().await {                     // what no handler took
    println!("{} {:?}", event.name(), event.args());
}
Ok(())
}
