//! Who may come in: by the cookie of a session in `/`, by a token in `/devices`; and what who is refused gets to know.
//!
//! `cargo run -p auth`, then:
//!
//! ```text
//! sio localhost:3000 watch                                   refused: there is no session
//! curl -i -X POST 'localhost:3000/login?name=Ada'            a session, in a cookie
//! sio -H 'Cookie: session=...' localhost:3000 ask whoami
//! curl -X POST localhost:3000/logout -b 'session=...'        the session ends, and so do its connections
//! sio -a token=thermometer-1 localhost:3000/devices ask whoami
//! sio -a token=thermometer-0 localhost:3000/devices watch    refused, with data for the program
//! ```
//!
//! A page of the same origin sends the cookie by itself, with polling and with WebSocket alike, and cannot read it. Pages of
//! other origins are refused before any of this, unless `cors` lets them in.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

mod pages;
mod sessions;

use serde::Deserialize;
use socketio_server::{
    Ack, ConnectError, EmitError, Error, Event, FailureKind, Handshake, Next, Object, Server,
    Socket, State, Value,
};
use tokio::net::TcpListener;

use self::sessions::Sessions;

/// What `auth` returns, and what every handler of the namespace has: typed, and never missing.
struct User {
    name: String,
}

struct Device {
    id: String,
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let sessions = Sessions::default();
    let io = Server::builder()
        .state(sessions.clone())
        // Clients 2.x may come, too: they cannot show a token in a packet, and are refused in their own way.
        .revision_3(true)
        .fallback(pages::Pages::new(sessions.clone()))
        .build();

    // 1. The session that the rest of the site knows, by its cookie.
    let site = io.auth(
        async |handshake: Handshake, State(sessions): State<Sessions>| {
            let session = handshake.cookie("session").and_then(|id| sessions.user(id));
            match session {
                Some(name) => Ok(User { name }),
                None => Err(ConnectError::new("log in first")),
            }
        },
    );
    site.on_connect(async |socket: Socket<User>| {
        // By this room one user is reached, in however many tabs.
        socket.join(room_of(&socket.data().name));
        socket.broadcast().emit("came", &socket.data().name)
    });
    site.on("whoami", async |socket: Socket<User>| {
        Ack(socket.data().name.clone())
    });

    // Not everybody may do everything. A middleware sees each event before its handlers.
    site.use_event(async |event: Event, next: Next| {
        if event.name().starts_with("admin:") && !is_admin(&event.socket()) {
            return Err(Error::new("only Ada may do that"));
        }
        Ok(next.run(event).await)
    });
    site.on("admin:shout", async |socket: Socket<User>| {
        socket.namespace().emit("shout", &())?;
        Ok::<_, EmitError>(Ack(true))
    });

    // When a session ends, so do its connections.
    let everybody = io.clone();
    sessions.on_end(move |name| everybody.to(room_of(name)).disconnect_sockets(true));

    // 2. A token that the client shows when it joins the namespace.
    let devices = io.of("/devices").auth(async |handshake: Handshake| {
        // A client that shows something else, or nothing, is told what is wrong with it.
        let Credentials { token } = handshake.auth()?;
        match token.strip_prefix("thermometer-") {
            Some("0") => {
                let data = Object::from_iter([("code", "expired"), ("renew_at", "/login")]);
                Err(ConnectError::new("this token has expired").with_data(Value::Object(data)))
            }
            Some(id) => Ok(Device { id: id.to_owned() }),
            None => Err(ConnectError::new("this token is unknown")),
        }
    });
    devices.on("whoami", async |socket: Socket<Device>| {
        Ack(socket.data().id.clone())
    });

    // What a middleware or a handler refuses is answered, if an answer is waited for.
    io.on_error(|failure| {
        let told =
            matches!(failure.kind(), FailureKind::Returned).then(|| failure.error().to_string());
        let words = told.unwrap_or_else(|| "something went wrong".into());
        Some(Value::Object(Object::from_iter([("error", words)])))
    });

    let port = std::env::args().nth(1).unwrap_or_else(|| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    io.serve(listener).await
}

fn room_of(name: &str) -> String {
    format!("user:{name}")
}

fn is_admin(socket: &Socket) -> bool {
    socket.is_in(&room_of("Ada"))
}
