//! Two hundred clients by every transport join, leave, talk to each other, ask and are asked, upgrade, are refused, sent away
//! and cut, all at once.
//!
//! On a connection that stays up no event is lost, doubled or reordered and every answer is the right one; on one that ends
//! every question ends too. Afterwards nothing is left: no session, socket, room, question or task.
//!
//! `LOAD_SECONDS` (10) is how long it goes on, and `LOAD_SEED` (1) what it begins with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use socketio_adapter::{Adapter, AdapterFactory, Host, Local, Memory};
use socketio_client::{AckError as NoAnswer, Client, Error as ClientError, Socket as ClientSocket};
use socketio_server::{
    Ack, AckError, ConnectError, Data, Handshake, Namespace, Server, Socket, Transport,
};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

const CLIENTS: u64 = 200;
/// Clients that hear each other.
const LOBBY: u64 = 10;
/// What anybody waits for at most. The machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is wrong, and how often each kind of thing happened.
#[derive(Default)]
struct Record {
    faults: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Record {
    fn fault(&self, what: impl Into<String>) {
        self.faults.lock().unwrap().push(what.into());
    }

    fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    fn counted(&self, what: &str) -> u64 {
        self.counts.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

#[test]
fn nothing_is_lost_doubled_or_reordered_in_a_crowd_and_nothing_is_left() {
    let setting = |name: &str, default| match std::env::var(name) {
        Ok(value) => value.parse().expect(name),
        Err(_) => default,
    };
    let (seconds, seed) = (setting("LOAD_SECONDS", 10), setting("LOAD_SEED", 1));
    let threads = |number| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(number).enable_all().build().unwrap()
    };
    let (server, clients) = (threads(2), threads(1));
    let record = Arc::new(Record::default());
    let locals = Locals::default();
    let (io, address) = start(&server, &record, &locals);

    let end = Instant::now() + Duration::from_secs(seconds);
    let lives: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (record, mut random) =
                (Arc::clone(&record), Random::new(seed * 1_000_003 + number));
            clients.spawn(async move {
                while Instant::now() < end {
                    let life = Life::new(address, number, Arc::clone(&record), random.next());
                    if timeout(PATIENCE * 2, life.live(end)).await.is_err() {
                        record.fault(format!("client {number} hangs"));
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
    let left = wait_until_nothing_is_left(&server, &io, &locals, &record);

    let faults = record.faults.lock().unwrap();
    let first = &faults[..faults.len().min(5)];
    assert!(
        faults.is_empty(),
        "{} faults, the first: {first:#?}",
        faults.len()
    );
    let counts = record.counts.lock().unwrap();
    #[expect(
        clippy::print_stdout,
        reason = "what was done belongs into the log of the test"
    )]
    {
        println!("{counts:?}");
    }
    assert_eq!(left, Ok(()));
    for kind in [
        "lives by polling",
        "lives by websocket",
        "upgrades",
        "refusals",
        "cuts",
        "kicks",
        "hard kicks",
        "orderly ends",
        "forgotten",
        "questions",
        "answers to the server",
        "heard",
        "rooms compared",
    ] {
        let count = counts.get(kind).copied().unwrap_or(0);
        assert!(count >= 5, "{kind}: {counts:?}");
    }
}

/// What is still there when nothing should be.
fn wait_until_nothing_is_left(
    runtime: &Runtime,
    io: &Server,
    locals: &Locals,
    record: &Record,
) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let rooms: Vec<_> = locals
            .0
            .lock()
            .unwrap()
            .iter()
            .flat_map(|l| l.rooms())
            .collect();
        let sockets: usize = locals.0.lock().unwrap().iter().map(|l| l.len()).sum();
        let open = record.counted("connected") - record.counted("disconnected");
        let asking = record.counted("questions") - record.counted("questions ended");
        // The one task that is left accepts connections.
        let tasks = runtime.metrics().num_alive_tasks() - 1;
        let connections = io.connections();
        if (connections, sockets, rooms.len(), open, asking, tasks) == (0, 0, 0, 0, 0, 0) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(format!(
                "{connections} connections, {sockets} sockets, {open} not told to be gone, {} rooms, {asking} questions and \
                 {tasks} tasks are left",
                rooms.len()
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

// --- the server's side -----------------------------------------------------------------------------------------------------

/// Keeps what the adapters are given, to see that nobody stays in it.
#[derive(Clone, Debug, Default)]
struct Locals(Arc<Mutex<Vec<Arc<Local>>>>);

impl AdapterFactory for Locals {
    fn create(&self, host: Arc<dyn Host>, local: Arc<Local>) -> Arc<dyn Adapter> {
        self.0.lock().unwrap().push(Arc::clone(&local));
        Memory.create(host, local)
    }
}

/// What is kept with a socket: the number that comes next.
#[derive(Default)]
struct Expected(AtomicU64);

fn start(runtime: &Runtime, record: &Arc<Record>, locals: &Locals) -> (Server, SocketAddr) {
    let io = Server::builder()
        .adapter(locals.clone())
        .ping_interval(Duration::from_millis(500))
        // Also how long a client is still there that vanished between two polls.
        .ping_timeout(Duration::from_secs(5))
        .build();
    let root = io.of("/").auth(async |handshake: Handshake| {
        // Some who are refused have to wait for it.
        if handshake.auth_object().get("fail").is_some() {
            sleep(Duration::from_millis(5)).await;
            return Err(ConnectError::new("not you"));
        }
        Ok(Expected::default())
    });
    handle(&root, record);
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let serving = io.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    (io, address)
}

fn handle(root: &Namespace<Expected>, record: &Arc<Record>) {
    let noted = Arc::clone(record);
    root.on_connect(async move |socket: Socket<Expected>| {
        noted.count("connected");
        if let Some(lobby) = socket.handshake().query("lobby") {
            socket.join(lobby.into_owned());
        }
    });
    let noted = Arc::clone(record);
    root.on_disconnect(async move || noted.count("disconnected"));

    let noted = Arc::clone(record);
    root.on(
        "seq",
        async move |socket: Socket<Expected>, Data(n): Data<u64>| {
            let expected = socket.data().0.fetch_add(1, Ordering::Relaxed);
            if n != expected {
                noted.fault(format!("{}: {n} came instead of {expected}", socket.id()));
            }
            // A client that is gone meanwhile need not hear it.
            let _ = socket.emit("back", &n);
            if n % 3 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        },
    );
    root.on(
        "say",
        async |socket: Socket, Data((lobby, n)): Data<(String, u64)>| {
            socket.to(lobby).emit("said", &(socket.id(), n))
        },
    );
    root.on("echo", async |Data(n): Data<u64>| {
        if n % 2 == 0 {
            tokio::task::yield_now().await;
        }
        Ack(n)
    });
    root.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(room);
        Ack(rooms(&socket))
    });
    root.on("leave", async |socket: Socket, Data(room): Data<String>| {
        socket.leave(room);
        Ack(rooms(&socket))
    });
    let noted = Arc::clone(record);
    root.on("ask me", async move |socket: Socket, Data(n): Data<u64>| {
        noted.count("questions");
        let asking = socket
            .emit_with_ack::<u64>("question", &n)
            .timeout(PATIENCE);
        match asking.await {
            Ok(answer) if answer == n => noted.count("answers to the server"),
            Err(AckError::Closed | AckError::Emit(_)) => {}
            other => noted.fault(format!("{other:?} instead of {n}")),
        }
        noted.count("questions ended");
    });
    root.on("kick", async |socket: Socket| socket.disconnect());
    root.on("hard kick", async |socket: Socket| {
        socket.disconnect_connection()
    });
}

/// Those that a client chose.
fn rooms(socket: &Socket) -> BTreeSet<String> {
    let rooms = socket.rooms().into_iter().map(|room| room.to_string());
    rooms.filter(|room| room.starts_with("room ")).collect()
}

// --- the clients' side -----------------------------------------------------------------------------------------------------

/// One connection of one client, from beginning to end.
struct Life {
    address: SocketAddr,
    lobby: String,
    record: Arc<Record>,
    random: Random,
    /// It begins with polling and goes over.
    upgrades: bool,
    /// How many numbers were sent to be sent back, and how many were said.
    sent: u64,
    said: u64,
    rooms: BTreeSet<String>,
}

impl Life {
    fn new(address: SocketAddr, number: u64, record: Arc<Record>, seed: u64) -> Self {
        Self {
            address,
            lobby: format!("lobby {}", number / LOBBY),
            record,
            random: Random::new(seed),
            upgrades: false,
            sent: 0,
            said: 0,
            rooms: BTreeSet::new(),
        }
    }

    async fn live(mut self, end: Instant) {
        let (way, transports): (_, &[Transport]) = match self.random.below(3) {
            0 => ("lives by polling", &[Transport::POLLING]),
            1 => ("lives by websocket", &[Transport::WEBSOCKET]),
            _ => (
                "lives with upgrade",
                &[Transport::POLLING, Transport::WEBSOCKET],
            ),
        };
        self.record.count(way);
        self.upgrades = transports.len() > 1;
        let mut builder = Client::builder(&format!("http://{}", self.address))
            .transports(transports.iter().copied())
            .query("lobby", &self.lobby)
            .reconnect(false);
        let refused = self.random.one_in(10);
        if refused {
            builder = builder.auth(BTreeMap::from([("fail", true)]));
        }
        builder = builder.on("question", async |Data(n): Data<u64>| Ack(n));
        match builder.connect().await {
            Ok(socket) if !refused => self.talk(&socket, end).await,
            Err(ClientError::Refused(_)) if refused => self.record.count("refusals"),
            Ok(_) => self.record.fault("who should be refused was let in"),
            Err(error) => self.record.fault(format!("{way}: no connection: {error}")),
        }
    }

    async fn talk(&mut self, socket: &ClientSocket, end: Instant) {
        let heard = Arc::new(AtomicU64::new(0));
        let listening = tokio::spawn(listen(
            socket.clone(),
            Arc::clone(&heard),
            Arc::clone(&self.record),
        ));
        for _ in 0..self.random.below(40) {
            if Instant::now() > end {
                break;
            }
            if let Err(error) = self.act(socket).await {
                self.record
                    .fault(format!("on a connection that is up: {error}"));
            }
        }
        self.finish(socket, &heard).await;
        listening.abort();
    }

    async fn act(&mut self, socket: &ClientSocket) -> Result<(), NoAnswer> {
        match self.random.below(6) {
            0 => {
                for _ in 0..self.random.below(20) {
                    socket.emit("seq", self.sent)?;
                    self.sent += 1;
                }
            }
            1 => {
                socket.emit("say", (&self.lobby, self.said))?;
                self.said += 1;
            }
            2 => {
                let numbers = [(); 3].map(|()| self.random.next() >> 1);
                let answers = numbers.map(|n| socket.emit_with_ack::<u64>("echo", n));
                for (n, answer) in numbers.into_iter().zip(answers) {
                    let answer = answer.timeout(PATIENCE).await?;
                    if answer != n {
                        self.record.fault(format!("{answer} is the answer to {n}"));
                    }
                }
            }
            3 => {
                let room = format!("room {}", self.random.below(8));
                let event = match self.random.one_in(2) {
                    true => {
                        self.rooms.insert(room.clone());
                        "join"
                    }
                    false => {
                        self.rooms.remove(&room);
                        "leave"
                    }
                };
                let answer = socket.emit_with_ack::<BTreeSet<String>>(event, room);
                let rooms = answer.timeout(PATIENCE).await?;
                self.record.count("rooms compared");
                if rooms != self.rooms {
                    self.record
                        .fault(format!("{rooms:?} instead of {:?}", self.rooms));
                }
            }
            4 => socket.emit("ask me", self.random.next() >> 1)?,
            _ => sleep(Duration::from_millis(self.random.below(30))).await,
        }
        Ok(())
    }

    /// Ends the connection in one of the ways there are.
    async fn finish(&mut self, socket: &ClientSocket, heard: &AtomicU64) {
        match self.random.below(5) {
            0 => {
                self.record.count("cuts");
                // What is on its way may be lost, and what is asked must end.
                let asked = socket.emit_with_ack::<u64>("echo", 1);
                socket.client().cut();
                match asked.timeout(PATIENCE).await {
                    Ok(1) | Err(NoAnswer::Closed | NoAnswer::Emit(_)) => {}
                    other => self.record.fault(format!("{other:?} after a cut")),
                }
            }
            1 => {
                self.record.count("kicks");
                self.is_sent_away(socket, "kick").await;
            }
            2 => {
                self.record.count("hard kicks");
                self.is_sent_away(socket, "hard kick").await;
            }
            3 => {
                self.record.count("forgotten");
                socket.disconnect();
            }
            _ => {
                self.record.count("orderly ends");
                let answer = socket.emit_with_ack::<u64>("echo", 7);
                if answer.timeout(PATIENCE).await != Ok(7) {
                    self.record.fault("the last answer did not come");
                }
                if self.upgrades && socket.client().transport() == Some(Transport::WEBSOCKET) {
                    self.record.count("upgrades");
                }
                // All that was sent back before that answer has been heard.
                let begun = Instant::now();
                while heard.load(Ordering::Relaxed) < self.sent && begun.elapsed() < PATIENCE {
                    sleep(Duration::from_millis(2)).await;
                }
                let heard = heard.load(Ordering::Relaxed);
                if heard != self.sent {
                    self.record
                        .fault(format!("{heard} of {} came back", self.sent));
                }
                socket.clone().close().await;
            }
        }
    }

    async fn is_sent_away(&self, socket: &ClientSocket, how: &str) {
        if let Err(error) = socket.emit(how, ()) {
            self.record.fault(format!("{how}: {error}"));
        }
        let mut status = socket.status();
        let away = status.wait_for(|_| !socket.is_connected());
        if timeout(PATIENCE, away).await.is_err() {
            self.record.fault(format!("not sent away by a {how}"));
        }
    }
}

/// Checks what a client hears: its own numbers, each once and in order, and those of others without a gap from the first that
/// it heard.
async fn listen(socket: ClientSocket, heard: Arc<AtomicU64>, record: Arc<Record>) {
    let mut others: HashMap<String, u64> = HashMap::new();
    while let Some(event) = socket.recv().await {
        match event.name() {
            "back" => {
                let expected = heard.fetch_add(1, Ordering::Relaxed);
                let n: Option<u64> = event.args().deserialize().ok();
                if n != Some(expected) {
                    record.fault(format!("{n:?} came back instead of {expected}"));
                }
            }
            "said" => {
                let Ok((who, n)) = event.args().deserialize::<(String, u64)>() else {
                    record.fault("somebody said something else");
                    continue;
                };
                record.count("heard");
                if let Some(before) = others.insert(who, n)
                    && n != before + 1
                {
                    record.fault(format!("{n} was said after {before}"));
                }
            }
            other => record.fault(format!("nobody sends {other}")),
        }
    }
}

/// Numbers that look random and are the same again for the same seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
