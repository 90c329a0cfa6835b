//! Two hundred clients on both transports send, upgrade, dawdle, give up polls and vanish, all at once.
//!
//! On a connection that stays up nothing is lost, doubled or reordered, in either direction; one that is cut has had a
//! beginning of the sequence. Afterwards nothing is left: no session, no task of the server and with it no timer, no memory.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use socketio_server::engine::{Engine, Message, Payload, Socket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::client::{Http, Incoming, Outgoing, Reading, WebSocket, open, poll, post, websocket};
use super::{ALONE, Random, heap_bytes, setting};

const CLIENTS: u64 = 200;

/// What a client waits for at most. The machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is wrong, and how often each kind of thing happened.
#[derive(Default)]
struct Record {
    faults: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Record {
    fn fault(&self, what: String) {
        self.faults.lock().unwrap().push(what);
    }

    fn count(&self, what: &'static str, n: u64) {
        *self.counts.lock().unwrap().entry(what).or_default() += n;
    }
}

#[test]
fn nothing_is_lost_doubled_or_reordered_and_nothing_is_left() {
    let _alone = ALONE.lock();
    let record = Arc::new(Record::default());
    let server = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (engine, address) = start(&server, &record);
    let clients = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let seed = setting("LOAD_SEED", 1);

    // What is allocated once, such as buffers of threads, is not of interest.
    run(&clients, address, &record, seed, Duration::from_secs(2));
    let before = left(&server, &clients, &engine);
    let duration = Duration::from_secs(setting("LOAD_SECONDS", 10));
    run(&clients, address, &record, seed + 1_000_000, duration);
    let after = left(&server, &clients, &engine);

    let faults = record.faults.lock().unwrap();
    assert!(
        faults.is_empty(),
        "{} faults, the first: {:#?}",
        faults.len(),
        &faults[..faults.len().min(5)]
    );
    let counts = record.counts.lock().unwrap();
    #[expect(
        clippy::print_stdout,
        reason = "what was done belongs into the log of the test"
    )]
    {
        println!("{counts:?}; heap {before} before, {after} after");
    }
    for kind in [
        "lives by polling",
        "lives by websocket",
        "upgrades",
        "upgrades given up",
        "orderly ends",
        "cuts",
        "polls given up",
        "pauses in reading",
    ] {
        assert!(
            counts.get(kind).is_some_and(|n| *n >= 5),
            "{kind}: {counts:?}"
        );
    }
    // Maps and queues of the runtimes keep what they once needed.
    assert!(
        after < before + 64 * 1024,
        "{before} bytes before, {after} after"
    );
}

/// Waits until nothing is left, and says how many bytes are allocated then.
fn left(server: &Runtime, clients: &Runtime, engine: &Engine) -> usize {
    let start = Instant::now();
    loop {
        // The one task that is left accepts connections.
        let tasks = server.metrics().num_alive_tasks();
        let (sessions, others) = (engine.sessions(), clients.metrics().num_alive_tasks());
        if (tasks, sessions, others) == (1, 0, 0) {
            return heap_bytes();
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{sessions} sessions, {} tasks of the server, {others} of clients are left",
            tasks - 1
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run(clients: &Runtime, address: SocketAddr, record: &Arc<Record>, seed: u64, time: Duration) {
    let end = Instant::now() + time;
    let lives: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (record, mut random) = (Arc::clone(record), Random::new(seed + client));
            clients.spawn(async move {
                while Instant::now() < end {
                    let mut life = Life::new(address, Arc::clone(&record), random.next(), end);
                    match timeout(PATIENCE, life.live()).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => record.fault(format!("{error} after {}", life.story)),
                        Err(_) => record.fault(format!("nothing happens after {}", life.story)),
                    }
                }
            })
        })
        .collect();
    clients.block_on(async {
        for life in lives {
            life.await.unwrap();
        }
    });
}

// --- the server's side -----------------------------------------------------------------------------------------------------

fn start(runtime: &Runtime, record: &Arc<Record>) -> (Engine, SocketAddr) {
    let record = Arc::clone(record);
    let engine = Engine::builder()
        .ping_interval(Duration::from_millis(300))
        // Also how long a client is still there that vanished between two polls.
        .ping_timeout(Duration::from_secs(5))
        .upgrade_timeout(Duration::from_secs(20))
        .serve(move |socket| talk(socket, Arc::clone(&record)));
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let serving = engine.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    (engine, address)
}

/// Sends numbers of its own at random times, and checks those that come. `bye N` is the last message of a client that sent N.
async fn talk(socket: Socket, record: Arc<Record>) {
    let mut random = Random::new(socket.sid().as_str().bytes().map(u64::from).sum());
    let (mut received, mut sent) = (0, 0);
    loop {
        let message = timeout(Duration::from_millis(1 + random.below(60)), socket.recv()).await;
        match message {
            Err(_) => {
                for _ in 0..random.below(6) {
                    let message = number(sent, 's', &mut random);
                    let message = match &message {
                        Outgoing::Text(text) => Message::text(&text[1..]),
                        Outgoing::Binary(bytes) => Message::binary(bytes.clone()),
                    };
                    if socket.send(message).is_ok() {
                        sent += 1;
                    }
                }
            }
            Ok(None) => break,
            Ok(Some(message)) => {
                let goodbye = match message.payload() {
                    Payload::Text(text) => text.strip_prefix("bye "),
                    Payload::Binary(_) => None,
                };
                if let Some(count) = goodbye {
                    if count != received.to_string() {
                        record.fault(format!("{count} messages were sent, {received} came"));
                    }
                    let _ = socket.send(Message::text(&format!("end {sent}")));
                    socket.close();
                    continue;
                }
                let n = match message.payload() {
                    Payload::Text(text) => number_of_text(text),
                    Payload::Binary(bytes) => number_of_binary(bytes),
                };
                if n != Some(received) {
                    record.fault(format!("{n:?} came to the server instead of {received}"));
                }
                received += 1;
            }
        }
    }
    record.count("messages to the server", received);
}

/// Message `n`: text or binary, short or long. Text is a packet.
fn number(n: u64, side: char, random: &mut Random) -> Outgoing {
    let length = match random.below(100) {
        0 => 40_000,
        1..10 => random.below(4_000),
        _ => random.below(100),
    };
    let padding = usize::try_from(length).unwrap();
    if random.one_in(3) {
        let mut bytes = n.to_be_bytes().to_vec();
        bytes.resize(8 + padding, u8::try_from(n % 251).unwrap());
        return Outgoing::Binary(bytes);
    }
    Outgoing::Text(format!("4{side}{n}:{}", "x".repeat(padding)))
}

fn number_of_text(text: &str) -> Option<u64> {
    let (n, padding) = text.get(1..)?.split_once(':')?;
    padding
        .bytes()
        .all(|byte| byte == b'x')
        .then(|| n.parse().ok())?
}

fn number_of_binary(bytes: &[u8]) -> Option<u64> {
    let (n, padding) = bytes.split_first_chunk::<8>()?;
    let n = u64::from_be_bytes(*n);
    padding
        .iter()
        .all(|byte| u64::from(*byte) == n % 251)
        .then_some(n)
}

// --- the client's side -----------------------------------------------------------------------------------------------------

/// One session of a client, from its handshake to its end.
struct Life {
    address: SocketAddr,
    record: Arc<Record>,
    random: Random,
    /// When the test has gone on for long enough.
    end: Instant,
    sent: u64,
    received: u64,
    incoming: UnboundedReceiver<Incoming>,
    heard: UnboundedSender<Incoming>,
    reading: Arc<Reading>,
    reader: Option<JoinHandle<()>>,
    /// What was done, for the report of a fault.
    story: String,
}

enum Transport {
    Polling { http: Http, sid: String },
    WebSocket(WebSocket),
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.abort();
        }
    }
}

impl Life {
    fn new(address: SocketAddr, record: Arc<Record>, seed: u64, end: Instant) -> Self {
        let (heard, incoming) = unbounded_channel();
        Self {
            address,
            record,
            random: Random::new(seed),
            end,
            sent: 0,
            received: 0,
            incoming,
            heard,
            reading: Arc::default(),
            reader: None,
            story: String::new(),
        }
    }

    async fn live(&mut self) -> io::Result<()> {
        let mut transport = if self.random.one_in(3) {
            self.begin_by_websocket().await?
        } else {
            self.begin_by_polling().await?
        };
        self.act(&mut transport).await?;
        if matches!(transport, Transport::Polling { .. }) && !self.random.one_in(3) {
            transport = self.upgrade(transport).await?;
            self.act(&mut transport).await?;
        }
        self.end(transport).await
    }

    async fn begin_by_websocket(&mut self) -> io::Result<Transport> {
        self.story += " websocket";
        self.record.count("lives by websocket", 1);
        let (socket, frames) = websocket(self.address, None).await?;
        let read = frames.read(Arc::clone(&self.reading), self.heard.clone());
        self.reader = Some(tokio::spawn(read));
        Ok(Transport::WebSocket(socket))
    }

    async fn begin_by_polling(&mut self) -> io::Result<Transport> {
        self.story += " polling";
        self.record.count("lives by polling", 1);
        let mut http = Http::connect(self.address).await?;
        let sid = open(&mut http).await?;
        self.poll(&sid).await?;
        Ok(Transport::Polling { http, sid })
    }

    async fn poll(&mut self, sid: &str) -> io::Result<()> {
        let http = Http::connect(self.address).await?;
        self.reading.stop.store(false, Ordering::Relaxed);
        let (reading, heard) = (Arc::clone(&self.reading), self.heard.clone());
        self.reader = Some(tokio::spawn(poll(http, sid.to_owned(), reading, heard)));
        Ok(())
    }

    /// Sends, dawdles and listens for a while.
    async fn act(&mut self, transport: &mut Transport) -> io::Result<()> {
        for _ in 0..self.random.below(30) {
            if Instant::now() > self.end {
                break;
            }
            if self.random.one_in(20) {
                let millis = 20 + self.random.below(150);
                self.reading.pause.store(millis, Ordering::Relaxed);
                self.record.count("pauses in reading", 1);
            }
            let mut packets = Vec::new();
            for _ in 0..self.random.below(5) {
                packets.push(number(self.sent, 'c', &mut self.random));
                self.sent += 1;
            }
            if !packets.is_empty() {
                self.send(transport, &packets).await?;
            }
            sleep(Duration::from_millis(self.random.below(20))).await;
            while let Ok(incoming) = self.incoming.try_recv() {
                self.hear(incoming, transport).await?;
            }
        }
        Ok(())
    }

    async fn send(&self, transport: &mut Transport, packets: &[Outgoing]) -> io::Result<()> {
        match transport {
            Transport::Polling { http, sid } => post(http, sid, packets).await,
            Transport::WebSocket(socket) => socket.send(packets).await,
        }
    }

    async fn hear(&mut self, incoming: Incoming, transport: &mut Transport) -> io::Result<()> {
        let n = match &incoming {
            Incoming::Text(text) if text == "2" => {
                self.record.count("pings", 1);
                let pong = [Outgoing::Text("3".into())];
                return self.send(transport, &pong).await;
            }
            Incoming::Text(text) if text == "6" || text.starts_with('0') => return Ok(()),
            Incoming::Text(text) => text.strip_prefix('4').and_then(number_of_text),
            Incoming::Binary(bytes) => number_of_binary(bytes),
            Incoming::Ended(how) => return Err(io::Error::other(format!("ended: {how}"))),
        };
        if n != Some(self.received) {
            let wrong = format!("{n:?} came to the client instead of {}", self.received);
            return Err(io::Error::other(wrong));
        }
        self.received += 1;
        Ok(())
    }

    async fn upgrade(&mut self, transport: Transport) -> io::Result<Transport> {
        let Transport::Polling { http, sid } = transport else {
            return Ok(transport);
        };
        let (mut socket, mut frames) = websocket(self.address, Some(&sid)).await?;
        let stop_before_probe = self.random.one_in(4);
        if !stop_before_probe {
            socket.text("2probe").await?;
            match frames.next().await? {
                Incoming::Text(text) if text == "3probe" => {}
                other => return Err(io::Error::other(format!("{other:?} to a probe"))),
            }
        }
        if stop_before_probe || self.random.one_in(4) {
            self.story += " upgrade given up";
            self.record.count("upgrades given up", 1);
            return Ok(Transport::Polling { http, sid });
        }
        // The poll that is under way is released, and no other is begun.
        self.reading.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            reader.await.map_err(io::Error::other)?;
        }
        socket.text("5").await?;
        self.story += " upgrade";
        self.record.count("upgrades", 1);
        let read = frames.read(Arc::clone(&self.reading), self.heard.clone());
        self.reader = Some(tokio::spawn(read));
        Ok(Transport::WebSocket(socket))
    }

    async fn end(&mut self, mut transport: Transport) -> io::Result<()> {
        let polls = matches!(transport, Transport::Polling { .. });
        match self.random.below(6) {
            // Without a word; a poll that waits is given up by this.
            0 => self
                .record
                .count(if polls { "polls given up" } else { "cuts" }, 1),
            // In the middle of a body or of a frame.
            1 => {
                self.record.count("cuts", 1);
                match &mut transport {
                    Transport::Polling { http, sid } => {
                        let target = super::client::poll_target(sid);
                        let headers = "X-Cut: 1\r\nContent-Length: 100000\r\nX-Not-";
                        let _ = http.send("POST", &target, headers, b"4half").await;
                    }
                    Transport::WebSocket(socket) => {
                        let _ = socket.cut().await;
                    }
                }
            }
            2 => {
                self.record.count("close packets", 1);
                let close = [Outgoing::Text("1".into())];
                self.send(&mut transport, &close).await?;
            }
            _ => self.end_orderly(&mut transport).await?,
        }
        Ok(())
    }

    async fn end_orderly(&mut self, transport: &mut Transport) -> io::Result<()> {
        self.story += " bye";
        let bye = [Outgoing::Text(format!("4bye {}", self.sent))];
        self.send(transport, &bye).await?;
        loop {
            let incoming = self
                .incoming
                .recv()
                .await
                .ok_or(io::ErrorKind::BrokenPipe)?;
            if let Incoming::Text(text) = &incoming
                && let Some(count) = text.strip_prefix("4end ")
            {
                if count != self.received.to_string() {
                    let wrong = format!("{count} messages were sent, {} came", self.received);
                    return Err(io::Error::other(wrong));
                }
                break;
            }
            if matches!(&incoming, Incoming::Text(text) if text == "2") {
                // The server may have closed already, and takes nothing more.
                continue;
            }
            self.hear(incoming, transport).await?;
        }
        // The goodbye of the transport, after which there is nothing.
        loop {
            match self.incoming.recv().await {
                Some(Incoming::Ended(how)) if how == "closed" => break,
                Some(Incoming::Text(text)) if text == "1" => {}
                other => return Err(io::Error::other(format!("{other:?} after the end"))),
            }
        }
        self.record.count("orderly ends", 1);
        self.record.count("messages to clients", self.received);
        Ok(())
    }
}
