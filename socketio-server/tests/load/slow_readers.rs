//! Clients that stop reading while the server goes on sending to them: what they cost, and whom.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socketio_server::engine::{Engine, Message, OnFull, Payload, SendError, Socket};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::client::{Frames, Http, Incoming, Outgoing, WebSocket, open, post, websocket_on};
use super::{ALONE, heap_bytes, setting};

const READERS: usize = 200;
/// Of these, how many poll, and stop polling.
const POLLERS: usize = 50;
/// Of the others, how many read on in the end.
const RESUMING: usize = 50;
/// What each may be owed.
const BUDGET: usize = 256 * 1024;
/// Bytes of each message.
const MESSAGE: usize = 16 * 1024;
/// Clients that do read, and want their answers.
const BYSTANDERS: usize = 20;

/// What the flood did, by all sessions together.
#[derive(Default)]
struct Flood {
    taken: AtomicU64,
    refused: AtomicU64,
    done: AtomicUsize,
}

#[test]
fn readers_that_stop_cost_their_budget_and_nobody_else_anything() {
    let (taken, refused, attempted) = flood(OnFull::Refuse);
    assert_eq!(taken + refused, attempted);
    assert!(refused > taken, "the readers have not been slow");
}

#[test]
fn readers_that_stop_are_let_go_when_they_are_owed_too_much() {
    let (taken, refused, attempted) = flood(OnFull::Disconnect);
    assert!(taken + refused < attempted, "nobody was let go");
}

/// How many messages were taken and refused, and how many there would have been.
fn flood(policy: OnFull) -> (u64, u64, u64) {
    let _alone = ALONE.lock();
    let attempts = setting("LOAD_MEGABYTES", 8) * 1_000_000 / MESSAGE as u64;
    let server = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let clients = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let flood = Arc::new(Flood::default());
    let flooding = Arc::clone(&flood);
    let engine = Engine::builder()
        .ping_interval(Duration::from_secs(300))
        .buffer_limit(BUDGET, 10_000)
        .on_full(policy)
        .serve(move |socket| serve(socket, attempts, Arc::clone(&flooding)));
    let listener = server
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let serving = engine.clone();
    server.spawn(async move { serving.serve(listener).await });

    let latencies: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let bystanders: Vec<_> = (0..BYSTANDERS)
        .map(|_| clients.spawn(stand_by(address, Arc::clone(&latencies), Arc::clone(&stop))))
        .collect();
    let (mut readers, pollers) = clients.block_on(async { stopped_readers(address).await });

    latencies.lock().unwrap().clear();
    std::thread::sleep(Duration::from_secs(1));
    let quiet = p99(&latencies);
    let before = heap_bytes();
    // From before the first order on: on a fast machine the flood is over before the last one is given.
    let sampler = Sampler::start(before);
    clients.block_on(async {
        for (writer, _) in &mut readers {
            writer.text("4flood").await.unwrap();
        }
        for sid in &pollers {
            let mut http = Http::connect(address).await.unwrap();
            let order = [Outgoing::Text("4flood".into())];
            post(&mut http, sid, &order).await.unwrap();
        }
    });
    let start = Instant::now();
    while flood.done.load(Ordering::Relaxed) < READERS {
        std::thread::sleep(Duration::from_millis(1));
        assert!(
            start.elapsed() < Duration::from_secs(300),
            "it takes too long"
        );
    }
    let during = p99(&latencies);
    let peak = sampler.stop();

    if policy == OnFull::Refuse {
        clients.block_on(async {
            for (_writer, frames) in readers.drain(..RESUMING) {
                let patience = Duration::from_secs(20);
                timeout(patience, read_on(frames))
                    .await
                    .expect("all that was taken");
            }
        });
    }
    drop((readers, pollers));
    stop.store(true, Ordering::Relaxed);
    clients.block_on(async {
        for bystander in bystanders {
            bystander.await.unwrap();
        }
    });

    let (taken, refused) = (
        flood.taken.load(Ordering::Relaxed),
        flood.refused.load(Ordering::Relaxed),
    );
    #[expect(
        clippy::print_stdout,
        reason = "what was measured belongs into the log of the test"
    )]
    {
        println!(
            "{taken} messages taken, {refused} refused; heap {} KiB more at the peak, {} KiB per reader; p99 {quiet:?} before, {during:?} meanwhile",
            (peak - before) / 1024,
            (peak - before) / 1024 / READERS,
        );
    }
    // What is owed, what the link has taken from it, and the one message more that may be under way in each place.
    let most = READERS * (BUDGET + 64 * 1024 + 3 * MESSAGE) + (4 << 20);
    assert!(
        peak - before < most,
        "{} bytes more than before, {most} are allowed",
        peak - before
    );
    // If nothing was owed to anybody, the flood was not measured.
    assert!(
        peak - before > READERS * BUDGET / 16,
        "{} bytes more than before: were the readers slow?",
        peak - before
    );
    // Where other things run beside this, only what is out of all proportion can be told from them.
    let limit = Duration::from_millis(setting("LOAD_P99_MS", 500));
    assert!(
        during < limit + quiet,
        "99 of 100 answers took {during:?}, without the flood {quiet:?}"
    );
    (taken, refused, attempts * READERS as u64)
}

/// Each is asked whether it reads: `flood` is the only thing that they say.
async fn serve(socket: Socket, attempts: u64, flood: Arc<Flood>) {
    while let Some(message) = socket.recv().await {
        if !matches!(message.payload(), Payload::Text("flood")) {
            let _ = socket.send(message);
            continue;
        }
        let mut number = 0_u64;
        for _ in 0..attempts {
            let mut bytes = vec![0; MESSAGE];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            match socket.send(Message::binary(bytes)) {
                Ok(()) => number += 1,
                Err(SendError::Full) => {
                    flood.refused.fetch_add(1, Ordering::Relaxed);
                }
                // The policy was to let it go.
                Err(_) => break,
            }
            yield_now().await;
        }
        flood.taken.fetch_add(number, Ordering::Relaxed);
        flood.done.fetch_add(1, Ordering::Relaxed);
        let end = Message::text(&format!("end {number}"));
        while socket.send(end.clone()) == Err(SendError::Full) {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Clients that will not read, with sockets that take little.
async fn stopped_readers(address: SocketAddr) -> (Vec<(WebSocket, Frames)>, Vec<String>) {
    let mut readers = Vec::new();
    for _ in POLLERS..READERS {
        let http = Http::connect_narrow(address).await.unwrap();
        let (writer, mut frames) = websocket_on(http, None).await.unwrap();
        frames.next().await.unwrap();
        readers.push((writer, frames));
    }
    let mut pollers = Vec::new();
    for _ in 0..POLLERS {
        let mut http = Http::connect(address).await.unwrap();
        pollers.push(open(&mut http).await.unwrap());
    }
    (readers, pollers)
}

/// What was taken comes, all of it and in order.
async fn read_on(mut frames: Frames) {
    let mut next = 0;
    loop {
        match frames.next().await.unwrap() {
            Incoming::Binary(bytes) => {
                assert_eq!(bytes.len(), MESSAGE);
                assert_eq!(bytes[..8], u64::to_be_bytes(next));
                next += 1;
            }
            Incoming::Text(text) => {
                assert_eq!(text, format!("4end {next}"));
                return;
            }
            Incoming::Ended(how) => panic!("{how} after {next}"),
        }
    }
}

/// Asks for an echo every 10 ms, and notes how long it takes.
async fn stand_by(
    address: SocketAddr,
    latencies: Arc<Mutex<Vec<Duration>>>,
    stop: Arc<AtomicBool>,
) {
    let http = Http::connect(address).await.unwrap();
    let (mut writer, mut frames) = websocket_on(http, None).await.unwrap();
    frames.next().await.unwrap();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        writer.text("4x").await.unwrap();
        match frames.next().await.unwrap() {
            Incoming::Text(text) => assert_eq!(text, "4x"),
            other => panic!("{other:?}"),
        }
        latencies.lock().unwrap().push(start.elapsed());
        sleep(Duration::from_millis(10)).await;
    }
}

/// Looks again and again how much is allocated, and remembers the most.
struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Sampler {
    fn start(mut peak: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                peak = peak.max(heap_bytes());
                std::thread::sleep(Duration::from_micros(200));
            }
            peak.max(heap_bytes())
        });
        Self { stop, thread }
    }

    fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn p99(latencies: &Mutex<Vec<Duration>>) -> Duration {
    let mut latencies = std::mem::take(&mut *latencies.lock().unwrap());
    latencies.sort();
    assert!(latencies.len() > 100, "too few answers to judge");
    latencies[latencies.len() * 99 / 100]
}
