//! The profiles `interop`, `interop-msgpack`, `interop-csr`, `interop-proxied` and `abuse`: what a chat, a game and a
//! dashboard use, with clients of every version.

mod describe;
mod ends;
mod events;
mod rooms;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use socketio_server::engine::{Origins, Proxies};
use socketio_server::{
    ConnectError, EmitError, Handshake, MessagePack, Namespace, Object, Server, Socket, Value,
};

use self::ends::Ends;
use crate::arguments::Arguments;
use crate::host;

/// Which of the profiles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Plain,
    MessagePack,
    /// For pages of its own only, and behind a proxy on the same machine.
    Proxied,
    ShortTimers,
}

/// What is kept with each socket.
#[derive(Default)]
struct Client(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// How many numbers came with `count`, and whether each was the next.
    numbers: u64,
    disordered: bool,
    /// The event that came last and the one before, with the number of arguments.
    last: Option<(String, usize)>,
    before: Option<(String, usize)>,
}

impl Client {
    fn with<R>(&self, act: impl FnOnce(&mut Kept) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) async fn serve(arguments: &Arguments, variant: Variant) -> Result<(), String> {
    let mut builder = Server::builder()
        .fallback(host::Pages::new(arguments))
        .ping_interval(Duration::from_millis(2000))
        .ping_timeout(Duration::from_millis(4000))
        .max_payload(5_000_000)
        // A flood, or an echo of the largest message, is owed to a client for a moment.
        .buffer_limit(16 << 20, 1 << 20)
        .revision_3(true)
        .origins(Origins::ask(|_| true).credentials(true));
    builder = match variant {
        Variant::Plain => builder,
        Variant::MessagePack => builder.codec(MessagePack::new()),
        Variant::Proxied => builder
            .origins(Origins::same())
            .trusted_proxies(Proxies::networks(["127.0.0.1", "::1"]))
            .max_payload(1_000_000),
        Variant::ShortTimers => builder
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(300))
            .max_payload(100_000)
            .buffer_limit(4 << 20, 1 << 16)
            .connect_timeout(Duration::from_millis(1000))
            .upgrade_timeout(Duration::from_millis(500)),
    };
    let io = builder.build();
    let ends = Ends::default();
    let anybody = async |_: Handshake| Ok::<_, ConnectError>(Client::default());
    handle(&io.of("/").auth(unless_it_should_fail), &ends);
    handle(&io.of("/admin").auth(with_the_secret), &ends);
    handle(&io.of("/chat").auth(anybody), &ends);
    let dynamic = io.of_matching(async |asking| is_dynamic(asking.namespace()));
    handle(&dynamic.auth(anybody), &ends);
    host::serve(arguments, move |listener| {
        let io = io.clone();
        async move { io.serve(listener).await }
    })
    .await
}

fn is_dynamic(name: &str) -> bool {
    let number = name.strip_prefix("/dyn-");
    number.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

async fn unless_it_should_fail(handshake: Handshake) -> Result<Client, ConnectError> {
    let shown = handshake.auth_object();
    let fails = shown.get("fail").is_some_and(is_truthy)
        || handshake
            .query("fail")
            .is_some_and(|value| !value.is_empty());
    if !fails {
        return Ok(Client::default());
    }
    let mut data = Object::new();
    data.insert("code", 403);
    data.insert("why", "fail");
    Err(ConnectError::new("denied").with_data(data))
}

async fn with_the_secret(handshake: Handshake) -> Result<Client, ConnectError> {
    let shown = handshake.auth_object();
    if shown.get("token").and_then(Value::as_str) == Some("secret") {
        return Ok(Client::default());
    }
    let mut data = Object::new();
    data.insert("code", 401);
    Err(ConnectError::new("unauthorized").with_data(data))
}

/// As JavaScript has it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != 0.0,
        _ => true,
    }
}

fn handle(namespace: &Namespace<Client>, ends: &Ends) {
    namespace.on_connect(welcome);
    events::register(namespace);
    rooms::register(namespace);
    ends::register(namespace, ends);
}

async fn welcome(socket: Socket<Client>) -> Result<(), EmitError> {
    let handshake = socket.handshake();
    let mut hello = Object::new();
    hello.insert("sid", socket.id().as_str());
    hello.insert("ns", socket.namespace().name());
    hello.insert("eio", u64::from(handshake.revision().number()));
    hello.insert("transport", events::transport(&socket));
    hello.insert("auth", handshake.auth_object());
    hello.insert("query", own_query(handshake));
    hello.insert("recovered", false);
    socket.emit("welcome", &hello)
}

/// The parameters of the query that are not those of the protocol.
fn own_query(handshake: &Handshake) -> Object {
    let mut query = Object::new();
    for (name, value) in handshake.query_pairs() {
        if !["EIO", "transport", "sid", "t", "b64", "j"].contains(&&*name) {
            query.insert(name, value.into_owned());
        }
    }
    query
}

/// The rooms of a socket, without the one of its own id.
fn rooms_of(socket: &Socket<Client>) -> Vec<String> {
    let rooms = socket.rooms().into_iter();
    let others = rooms.filter(|room| *room != *socket.id());
    let mut names: Vec<String> = others.map(|room| room.to_string()).collect();
    names.sort();
    names
}
