//! What is checked. Each check has a connection of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use socketio_client::{
    Ack, AckError, Args, Backoff, Builder, Bytes, Client, DisconnectReason, Event, FromIncoming,
    HandlerError, Incoming, Lifecycle, MessagePack, Revision, Socket, Status, Transport,
};

use crate::server::{Kind, Server};

/// How long anything may take. No check waits for a moment that can be missed, so this only ends what has failed.
const PATIENCE: Duration = Duration::from_secs(30);

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) applies: fn(&Kind) -> bool,
    pub(crate) run: for<'a> fn(Case<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>,
}

pub(crate) struct Case<'a> {
    pub(crate) server: &'a mut Server,
    pub(crate) transports: &'static [Transport],
}

macro_rules! checks {
    ($($name:ident: $applies:expr;)*) => {
        pub(crate) const CHECKS: &[Check] = &[$(Check {
            name: stringify!($name),
            applies: $applies,
            run: |case| Box::pin($name(case)),
        }),*];
    };
}

checks! {
    values_arrive_as_they_were_sent: |_| true;
    answers_go_both_ways: |_| true;
    large_payloads_go_both_ways: |_| true;
    floods_keep_their_order: |_| true;
    what_is_sent_in_a_burst_arrives_in_order: |_| true;
    headers_and_queries_reach_the_server: |_| true;
    namespaces_share_a_connection: |_| true;
    a_refusal_comes_with_its_data: |_| true;
    answers_that_never_come_time_out: |_| true;
    who_is_kicked_knows_it: |_| true;
    who_is_kicked_hard_knows_it: |kind| kind.is_node;
    the_server_knows_who_left: |kind| kind.is_node;
    a_cut_connection_comes_back: |_| true;
    what_was_missed_is_recovered: |kind| kind.recovery;
    a_server_that_restarts_is_found_again: |_| true;
}

impl Case<'_> {
    fn client(&self, namespace: &str) -> Builder {
        let builder = Client::builder(&self.server.url(namespace))
            .transports(self.transports.iter().copied())
            .backoff(Backoff::new(
                Duration::from_millis(20),
                Duration::from_millis(200),
            ));
        let builder = if self.server.kind.revision_3 {
            builder.revision(Revision::V3)
        } else {
            builder
        };
        if self.server.kind.msgpack {
            builder.codec(MessagePack::new())
        } else {
            builder
        }
    }

    /// With the welcome taken.
    async fn connect(&self) -> Result<Socket, Box<dyn std::error::Error + Send + Sync>> {
        let socket = self.client("/").connect().await?;
        next(&socket, "welcome").await?;
        Ok(socket)
    }
}

async fn next(socket: &Socket, name: &str) -> Result<Event, String> {
    let event = tokio::time::timeout(PATIENCE, socket.recv()).await;
    match event {
        Ok(Some(event)) if event.name() == name => Ok(event),
        other => Err(format!("{other:?} instead of {name}")),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {expected:?}"))
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        if tokio::time::Instant::now() > deadline {
            return Err(format!("not so after {PATIENCE:?}: {what}"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn values_arrive_as_they_were_sent(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let nested = json!({ "a": [1, 2.5, -3, true, null, { "b": "gr\u{fc}\u{df}e \u{1f980} \u{2028} \"\\" }], "empty": {} });
    socket.emit("echo", ("text", &nested, 42))?;
    let event = next(&socket, "echo-back").await?;
    same(
        event.data::<(String, Json, u32)>()?,
        ("text".into(), nested.clone(), 42),
    )?;

    let bytes = Bytes::from_static(&[0, 1, 30, 255]);
    socket.emit("echo", (&bytes, &nested, Bytes::new()))?;
    let event = next(&socket, "echo-back").await?;
    same(
        event.data::<(Bytes, Json, Bytes)>()?,
        (bytes.clone(), nested, Bytes::new()),
    )?;

    let described: Json = socket.emit_with_ack("describe", (1, "x", &bytes)).await?;
    same(described, json!([1, "x", "bin:4:286"]))?;
    socket.emit("echo", ())?;
    // A server that recovers sessions puts an offset behind the arguments of every event.
    let offset = usize::from(case.server.kind.recovery);
    same(next(&socket, "echo-back").await?.args().len(), offset)?;
    socket.close().await;
    Ok(())
}

/// Everything that an event carries, to be sent back.
struct All(Args);

impl FromIncoming for All {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        let event = incoming.event().ok_or(HandlerError::Missing("an event"))?;
        Ok(Self(event.args().clone()))
    }
}

async fn answers_go_both_ways(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let bytes = Bytes::from_static(&[7; 300]);
    let back: (String, Bytes) = socket.emit_with_ack("echo-ack", ("x", &bytes)).await?;
    same(back, ("x".into(), bytes.clone()))?;
    // Many at a time find their events.
    let asked: Vec<_> = (0..50u32)
        .map(|n| socket.emit_with_ack::<u32>("echo-ack", n))
        .collect();
    for (n, answer) in asked.into_iter().enumerate() {
        same(answer.await?, u32::try_from(n)?)?;
    }
    socket.on("question", async |all: All| {
        Ack((all.0.len(), Bytes::from_static(b"\0\x01")))
    });
    socket.emit("ask-me", ("how", &bytes))?;
    let event = next(&socket, "answer").await?;
    same(
        event.data::<(usize, Bytes)>()?,
        (2, Bytes::from_static(b"\0\x01")),
    )?;
    socket.close().await;
    Ok(())
}

async fn large_payloads_go_both_ways(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    socket.emit("push-binary", 1_000_000)?;
    let bytes: Bytes = next(&socket, "binary").await?.data()?;
    same(bytes.len(), 1_000_000)?;
    same(
        bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| usize::from(*byte) == at % 256),
        true,
    )?;
    socket.emit("push-text", 1_000_000)?;
    let text: String = next(&socket, "text").await?.data()?;
    same(text.len(), 1_000_000)?;
    let sum = bytes
        .iter()
        .fold(0u32, |sum, byte| (sum + u32::from(*byte)) % 65_536);
    let described: Json = socket
        .emit_with_ack("describe", (&bytes, text.len()))
        .timeout(PATIENCE)
        .await?;
    same(described, json!([format!("bin:1000000:{sum}"), 1_000_000]))?;
    let back: String = socket
        .emit_with_ack("echo-ack", &text)
        .timeout(PATIENCE)
        .await?;
    same(back == text, true)?;
    socket.close().await;
    Ok(())
}

async fn floods_keep_their_order(case: Case<'_>) -> Outcome {
    // At once, so that the upgrade falls into it.
    let socket = case.client("/").connect().await?;
    socket.emit("flood", 500)?;
    if !case.server.kind.threads {
        socket.emit("flood-binary", 300)?;
    }
    // Each flood in order, and the welcome somewhere in between.
    let (mut texts, mut binaries, mut ends, mut welcomes) = (0, 0, 0, 0);
    let mut has_all_asked = !case.server.kind.threads;
    while ends < 2 || welcomes < 1 {
        // A server with threads may send something else between an event and its binary data.
        if !has_all_asked && ends == 1 && welcomes == 1 {
            socket.emit("flood-binary", 300)?;
            has_all_asked = true;
        }
        let event = tokio::time::timeout(PATIENCE, socket.recv())
            .await
            .map_err(|_| format!("nothing more after {texts} texts, {binaries} binaries"))?
            .ok_or("closed")?;
        match event.name() {
            "seq" => {
                same(event.data::<u32>()?, texts)?;
                texts += 1;
            }
            "bseq" => {
                let (n, bytes): (u32, Bytes) = event.data()?;
                same(
                    (n, bytes.to_vec()),
                    (binaries, vec![u8::try_from(binaries % 256)?]),
                )?;
                binaries += 1;
            }
            "flood-end" => ends += 1,
            "welcome" => welcomes += 1,
            other => return Err(format!("{other} was not asked for").into()),
        }
    }
    same((texts, binaries, welcomes), (500, 300, 1))?;
    socket.close().await;
    Ok(())
}

async fn what_is_sent_in_a_burst_arrives_in_order(case: Case<'_>) -> Outcome {
    let socket = case.client("/").open()?;
    for n in 0..500 {
        socket.emit("count", n)?;
    }
    counted(&socket, 500).await?;
    socket.close().await;
    Ok(())
}

/// Waits until the server has had this many, in order. Servers with threads handle events side by side, and so the question may
/// overtake what it asks for.
async fn counted(socket: &Socket, expected: u32) -> Outcome {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let result: Json = socket
            .emit_with_ack("count-result", ())
            .timeout(PATIENCE)
            .await?;
        if result == json!({ "n": expected, "ordered": true }) {
            return Ok(());
        }
        // Fewer that are in order may become more.
        let is_early = result["n"].as_u64() < Some(expected.into());
        if !is_early || tokio::time::Instant::now() > deadline {
            return Err(format!("{result} instead of {expected} in order").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn headers_and_queries_reach_the_server(case: Case<'_>) -> Outcome {
    let socket = case
        .client("/")
        .header("x-probe", "a header")
        .query("who", "a b&c")
        .connect()
        .await?;
    let welcome = next(&socket, "welcome").await?.data::<Json>()?;
    if case.server.kind.is_node {
        same(&welcome["query"]["who"], &json!("a b&c"))?;
        same(
            welcome["sid"].as_str().map(str::to_owned),
            socket.id().map(|id| id.as_str().to_owned()),
        )?;
    }
    same(
        socket.emit_with_ack::<String>("header", ()).await?,
        "a header".into(),
    )?;
    socket.close().await;
    Ok(())
}

async fn namespaces_share_a_connection(case: Case<'_>) -> Outcome {
    let root = case.connect().await?;
    let chat = root.client().of("/chat").connect().await?;
    next(&chat, "welcome").await?;
    root.emit("echo", "root")?;
    chat.emit("echo", "chat")?;
    same(
        next(&root, "echo-back").await?.data::<String>()?,
        "root".into(),
    )?;
    same(
        next(&chat, "echo-back").await?.data::<String>()?,
        "chat".into(),
    )?;
    chat.disconnect();
    same(root.emit_with_ack::<u8>("echo-ack", 1).await?, 1)?;
    chat.connect().await?;
    same(chat.emit_with_ack::<u8>("echo-ack", 2).await?, 2)?;
    drop(chat);
    root.close().await;
    Ok(())
}

async fn a_refusal_comes_with_its_data(case: Case<'_>) -> Outcome {
    let refused = case
        .client("/admin")
        .auth(json!({ "token": "wrong" }))
        .connect()
        .await;
    let error = refused.err().ok_or("it was let in")?;
    let refusal = error
        .refusal()
        .ok_or_else(|| format!("no refusal: {error}"))?;
    if case.server.kind.revision_3 {
        // It carries the bare data.
        same(
            refusal.data().map(ToString::to_string),
            Some(json!({ "code": 401 }).to_string()),
        )?;
    } else {
        same(refusal.message(), "unauthorized")?;
        same(
            refusal.data().map(ToString::to_string),
            Some(json!({ "code": 401 }).to_string()),
        )?;
    }
    let socket = case
        .client("/admin")
        .auth(json!({ "token": "secret" }))
        .connect()
        .await?;
    same(socket.emit_with_ack::<u8>("echo-ack", 1).await?, 1)?;
    socket.close().await;
    let unknown = case.client("/unknown").connect().await;
    same(
        unknown.err().is_some_and(|error| error.refusal().is_some()),
        true,
    )?;
    Ok(())
}

async fn answers_that_never_come_time_out(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let late = socket
        .emit_with_ack::<()>("never-ack", ())
        .timeout(Duration::from_millis(100))
        .await;
    same(late, Err(AckError::Timeout))?;
    let never = socket.emit_with_ack::<()>("never-ack", ());
    socket.disconnect();
    same(never.await, Err(AckError::Closed))?;
    Ok(())
}

async fn reason_after(
    case: &Case<'_>,
    event: &str,
) -> Result<DisconnectReason, Box<dyn std::error::Error + Send + Sync>> {
    let socket = case.connect().await?;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    socket.on_disconnect(async move |reason: DisconnectReason| {
        let _ = told.send(reason);
    });
    socket.emit(event, ())?;
    Ok(tokio::time::timeout(PATIENCE, heard.recv())
        .await?
        .ok_or("no reason")?)
}

async fn who_is_kicked_knows_it(case: Case<'_>) -> Outcome {
    same(
        reason_after(&case, "kick").await?,
        DisconnectReason::IoServerDisconnect,
    )?;
    Ok(())
}

async fn who_is_kicked_hard_knows_it(case: Case<'_>) -> Outcome {
    let reason = reason_after(&case, "kick-hard").await?;
    same(
        [
            DisconnectReason::IoServerDisconnect,
            DisconnectReason::TransportClose,
        ]
        .contains(&reason),
        true,
    )?;
    Ok(())
}

async fn the_server_knows_who_left(case: Case<'_>) -> Outcome {
    let watcher = case.connect().await?;
    let socket = case.connect().await?;
    let id = socket.id().ok_or("no id")?;
    socket.close().await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let reason: Option<String> = watcher.emit_with_ack("reason-of", id.as_str()).await?;
        if let Some(reason) = reason {
            same(reason, "client namespace disconnect".into())?;
            watcher.close().await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the server has not noticed".into())
}

async fn a_cut_connection_comes_back(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let connects = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connects);
    socket.on_connect(async move || {
        counted.fetch_add(1, Ordering::AcqRel);
    });
    for n in 1..=3 {
        let before = connects.load(Ordering::Acquire);
        socket.client().cut();
        socket.emit("echo", n)?;
        until("it is back", || connects.load(Ordering::Acquire) > before).await?;
        // What was sent before the loss was noticed may be lost with the connection; this is not.
        same(
            socket
                .emit_with_ack::<u8>("echo-ack", 1)
                .timeout(PATIENCE)
                .await?,
            1,
        )?;
    }
    socket.close().await;
    Ok(())
}

async fn what_was_missed_is_recovered(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    same(socket.emit_with_ack::<bool>("join", "room").await?, true)?;
    let id = socket.id();
    // Another client makes the server send while this one is away.
    let other = case.connect().await?;
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let lost = Arc::new(AtomicBool::new(false));
    let losing = Arc::clone(&lost);
    socket.on_lifecycle(async move |lifecycle: Lifecycle| match lifecycle {
        Lifecycle::Connected { recovered, .. } => {
            if let Ok(mut log) = seen.lock() {
                log.push(format!("connect {recovered}"));
            }
        }
        Lifecycle::Disconnected { .. } => losing.store(true, Ordering::Relaxed),
        _ => {}
    });
    let seen = Arc::clone(&log);
    socket.on("missed", async move |_: Event| {
        if let Ok(mut log) = seen.lock() {
            log.push("missed".into());
        }
    });
    other.emit("later", ("room", 0))?;
    until("the first came", || {
        log.lock().is_ok_and(|log| log.len() == 1)
    })
    .await?;
    socket.client().cut();
    // It may be back a moment later, so that only having been lost can be seen for sure.
    until("it is lost", || lost.load(Ordering::Relaxed)).await?;
    other.emit("later", ("room", 0))?;
    until("it is back", || log.lock().is_ok_and(|log| log.len() >= 3)).await?;
    let log = log.lock().map_err(|error| error.to_string())?.clone();
    // What was missed comes before the connection is reported, unless the client was back before it was sent.
    let expected = ["missed", "missed", "connect true"];
    let sooner = ["missed", "connect true", "missed"];
    same(log == expected || log == sooner, true).map_err(|_| format!("{log:?}"))?;
    same(socket.id(), id)?;
    same(
        matches!(
            &*socket.status().borrow(),
            Status::Connected { recovered: true }
        ),
        true,
    )?;
    other.close().await;
    socket.close().await;
    Ok(())
}

async fn a_server_that_restarts_is_found_again(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let (kind, port) = (case.server.kind, case.server.port);
    let before = socket.id();
    // The old process is killed when it is dropped, so the port is taken again a little later.
    let replacement = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let placeholder = Server::start(kind, replacement).await?;
    drop(std::mem::replace(case.server, placeholder));
    until("it is lost", || !socket.is_connected()).await?;
    socket.emit("count", 0)?;
    for attempt in 0.. {
        match Server::start(kind, port).await {
            Ok(server) => {
                *case.server = server;
                break;
            }
            Err(error) if attempt > 20 => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    until("it is back", || socket.is_connected()).await?;
    same(socket.id() != before, true)?;
    counted(&socket, 1).await?;
    socket.close().await;
    Ok(())
}
