//! A server of Socket.IO that a test can look into, on the Engine.IO server of this workspace.
#![allow(dead_code, reason = "each test file uses another part")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_client::{Builder, Client, ConnectError, Value};
use socketio_proto::{Arguments, Body, Codec, Emit, Json, Limits, Namespace, Outgoing, Protocol};
use socketio_server::engine::{Engine, EngineBuilder, Socket};
use tokio::net::TcpListener;

/// What a test wants to see, and to change.
#[derive(Default)]
pub(crate) struct Seen {
    /// What clients showed when they joined.
    pub(crate) auth: Mutex<Vec<Value>>,
    /// Names of events, in order.
    pub(crate) events: Mutex<Vec<String>>,
    pub(crate) disconnects: AtomicUsize,
    /// Do not answer who wants to join.
    pub(crate) silent: AtomicBool,
    /// Keys of events that were counted once.
    pub(crate) keys: Mutex<Vec<String>>,
}

pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) seen: Arc<Seen>,
    pub(crate) address: SocketAddr,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn serve() -> Server {
    serve_with("127.0.0.1:0".parse().unwrap(), |builder| builder).await
}

pub(crate) async fn serve_with(
    address: SocketAddr,
    change: impl FnOnce(EngineBuilder) -> EngineBuilder,
) -> Server {
    let seen = Arc::new(Seen::default());
    let for_sessions = Arc::clone(&seen);
    let builder = Engine::builder()
        .path("/socket.io")
        .revision_3(true)
        .max_payload(5_000_000);
    let engine = change(builder).serve(move |socket| session(socket, Arc::clone(&for_sessions)));
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) if address.port() == 0 => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let address = listener.local_addr().unwrap();
    let serving = engine.clone();
    let task = tokio::spawn(async move { serving.serve(listener).await });
    Server {
        engine,
        seen,
        address,
        task,
    }
}

impl Server {
    pub(crate) fn client(&self) -> Builder {
        Client::builder(&format!("http://{}", self.address))
    }

    pub(crate) fn namespace(&self, namespace: &str) -> Builder {
        Client::builder(&format!("http://{}{namespace}", self.address))
    }
}

async fn session(socket: Socket, seen: Arc<Seen>) {
    let protocol = Protocol::from(socket.revision());
    let codec = Json::new();
    let mut limits = Limits::default();
    limits.max_payload = 5_000_000;
    let mut decoder = codec.decoder(protocol, limits);
    let send = |namespace: &Namespace, packet: Outgoing<'_>| {
        for message in codec.encode(namespace, &packet).unwrap().messages() {
            let _ = socket.send(message.clone());
        }
    };
    if protocol == Protocol::V4 {
        send(&Namespace::ROOT, Outgoing::Connect(None));
    }
    while let Some(message) = socket.recv().await {
        let Some(packet) = decoder.decode(message).unwrap() else {
            continue;
        };
        let namespace = packet.namespace;
        match packet.body {
            Body::Connect(_) if seen.silent.load(Ordering::Acquire) => {}
            Body::Connect(auth) => {
                let auth = auth.map_or(Value::Null, |auth| auth.to_value());
                seen.auth.lock().unwrap().push(auth.clone());
                if namespace == "/admin" && auth["token"] != "secret" {
                    let error = ConnectError::new("not authorized")
                        .with_data(401)
                        .to_payload(protocol);
                    send(
                        &namespace,
                        Outgoing::ConnectError(Some(Arguments::new(&error))),
                    );
                    continue;
                }
                let told = serde_json::json!({ "sid": format!("{}{}", socket.sid().as_str(), namespace.as_str()) });
                let payload = (protocol == Protocol::V5).then(|| Arguments::new(&told));
                send(&namespace, Outgoing::Connect(payload));
                send(
                    &namespace,
                    Emit::new("welcome", Arguments::new(&"hello")).into(),
                );
            }
            Body::Disconnect => {
                seen.disconnects.fetch_add(1, Ordering::AcqRel);
            }
            Body::Event { id, args } => {
                seen.events
                    .lock()
                    .unwrap()
                    .push(args.event_name().to_owned());
                match args.event_name() {
                    "echo" => {
                        let arguments = Arguments::from(&args);
                        match id {
                            Some(id) => send(&namespace, Outgoing::Ack(id, arguments)),
                            None => send(&namespace, Emit::new("echo", arguments).into()),
                        }
                    }
                    "key" => {
                        let (_, key): (String, String) = args.deserialize().unwrap();
                        let mut keys = seen.keys.lock().unwrap();
                        if !keys.contains(&key) {
                            keys.push(key);
                        }
                        send(
                            &namespace,
                            Outgoing::Ack(id.unwrap(), Arguments::new(&keys.len())),
                        );
                    }
                    // Asks for an answer, which comes back as an event.
                    "ask" => {
                        let emit = Emit::new("question", Arguments::from(&args))
                            .with_id(socketio_proto::AckId(7));
                        send(&namespace, emit.into());
                    }
                    "flood" => {
                        let count: u32 = args.deserialize().unwrap();
                        for n in 0..count {
                            while socket.buffered_bytes() > 1 << 18 {
                                tokio::time::sleep(Duration::from_millis(1)).await;
                            }
                            send(&namespace, Emit::new("n", Arguments::new(&n)).into());
                        }
                    }
                    "kick" => send(&namespace, Outgoing::Disconnect),
                    "close" => socket.close(),
                    "bad" => {
                        let _ = socket.send(engineio_proto::Message::text("9"));
                    }
                    _ => {}
                }
            }
            Body::Ack { args, .. } => {
                send(
                    &namespace,
                    Emit::new("answer", Arguments::from(&args)).into(),
                );
            }
            _ => {}
        }
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not so after a minute: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Only what has failed takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
