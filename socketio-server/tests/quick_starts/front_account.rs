use serde::Deserialize;
use socketio_server::{Ack, ConnectError, Data, Handshake, Server, Socket, State};

#[derive(Clone)]
struct Db;
impl Db {
    async fn user(&self, token: &str) -> Option<User> { (token == "right").then_some(User { id: 1 }) }
    async fn rename(&self, _: u64, _: &str) -> Result<(), std::fmt::Error> { Ok(()) }
}
struct User {
    id: u64,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
let io = Server::builder().state(Db).build();

let account = io.of("/account").auth(async |handshake: Handshake, State(db): State<Db>| {
    let login: Login = handshake.auth()?;
    db.user(&login.token).await.ok_or_else(|| ConnectError::new("bad token").with_data(401))
});
account.on(
    "rename",
    async |socket: Socket<User>, Data(name): Data<String>, State(db): State<Db>| {
        db.rename(socket.data().id, &name).await?; // an error goes to `Server::on_error`
        Ok::<_, std::fmt::Error>(Ack("renamed"))
    },
);

io.listen(address()).await
}
