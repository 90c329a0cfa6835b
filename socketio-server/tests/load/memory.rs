//! What a connection that does nothing costs, and that a burst is given back: in bytes that are allocated, which repeat.
//!
//! What the process takes from the system is more, and depends on the allocator: `bench/engine/run.sh memory` measures it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use socketio_server::engine::{Engine, Message, Payload};
use tokio::runtime::Builder;

use super::bytes_client::{Client, Pending, Received, WebSocket};
use super::{ALONE, heap_bytes};

const CONNECTIONS: usize = 300;
const BURST: usize = 20;
const MESSAGE: usize = 10_240;

struct Server {
    client: Client,
    engine: Engine,
    _runtime: tokio::runtime::Runtime,
}

fn start() -> Server {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let engine = Engine::builder().serve(async |socket| {
        while let Some(message) = socket.recv().await {
            if !matches!(message.payload(), Payload::Text("burst")) {
                let _ = socket.send(message);
                continue;
            }
            for _ in 0..BURST {
                let _ = socket.send(Message::text(&"x".repeat(MESSAGE)));
            }
        }
    });
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let client = Client::new(listener.local_addr().unwrap());
    let serving = engine.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    Server {
        client,
        engine,
        _runtime: runtime,
    }
}

/// Bytes of heap for each of the connections, when everything that is under way is done.
fn each(before: usize) -> usize {
    std::thread::sleep(Duration::from_millis(300));
    heap_bytes().saturating_sub(before) / CONNECTIONS
}

#[test]
fn an_idle_websocket_takes_3_kib_and_gives_a_burst_back() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = start();
    drop(server.client.websocket("EIO=4"));
    let mut websockets = Vec::with_capacity(CONNECTIONS);
    std::thread::sleep(Duration::from_millis(300));
    let before = heap_bytes();
    for _ in 0..CONNECTIONS {
        let mut websocket = server.client.websocket("EIO=4");
        websocket.text();
        websockets.push(websocket);
    }
    let idle = each(before);
    websockets
        .iter_mut()
        .for_each(|websocket| websocket.send("4burst"));
    websockets.iter_mut().for_each(read_burst);
    let after = each(before);
    report("WebSocket", idle, after);
    assert_eq!(server.engine.sessions(), CONNECTIONS);
    assert!(idle <= 3 * 1024, "{idle} bytes each");
    assert!(
        after <= idle + 256,
        "{idle} bytes each before, {after} after"
    );
}

fn read_burst(websocket: &mut WebSocket) {
    for _ in 0..BURST {
        match websocket.receive() {
            Received::Text(text) => assert_eq!(text.len(), 1 + MESSAGE),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_idle_polling_session_takes_5_kib_and_gives_a_burst_back() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = start();
    let target = |sid: &str| format!("/engine.io/?EIO=4&transport=polling&sid={sid}");
    let poll = |sid: &str| -> Pending { server.client.begin(&format!("GET {}", target(sid)), b"") };
    let sid = server.client.open("EIO=4");
    server.client.post(&target(&sid), "1");
    let mut sids: Vec<String> = Vec::with_capacity(CONNECTIONS);
    let mut polls: Vec<Pending> = Vec::with_capacity(CONNECTIONS);
    std::thread::sleep(Duration::from_millis(300));
    let before = heap_bytes();
    for _ in 0..CONNECTIONS {
        let sid = server.client.open("EIO=4");
        polls.push(poll(&sid));
        sids.push(sid);
    }
    let idle = each(before);
    for (sid, waiting) in sids.iter().zip(&mut polls) {
        server.client.post(&target(sid), "4burst");
        let mut received = 0;
        while received < BURST {
            let answer = std::mem::replace(waiting, poll_later(&server.client)).answer();
            received += answer.body.split(|byte| *byte == 0x1e).count();
            *waiting = poll(sid);
        }
    }
    let after = each(before);
    report("polling", idle, after);
    assert_eq!(server.engine.sessions(), CONNECTIONS);
    assert!(idle <= 5 * 1024, "{idle} bytes each");
    assert!(
        after <= idle + 256,
        "{idle} bytes each before, {after} after"
    );
}

/// A client that has one connection for all its polls.
struct Poller {
    stream: TcpStream,
    target: String,
}

impl Poller {
    fn open(client: Client) -> Self {
        let stream = TcpStream::connect(client.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let target = "/engine.io/?EIO=4&transport=polling".to_owned();
        let mut poller = Self { stream, target };
        poller.poll();
        let open = poller.answer();
        let (_, rest) = open.split_once("\"sid\":\"").unwrap();
        poller.target += &format!("&sid={}", rest.split('"').next().unwrap());
        poller
    }

    fn poll(&mut self) {
        let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", self.target);
        self.stream.write_all(request.as_bytes()).unwrap();
    }

    /// The body of an answer.
    fn answer(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head.push(char::from(self.bytes(1)[0]));
        }
        let (_, rest) = head.split_once("content-length: ").unwrap();
        let len = rest.lines().next().unwrap().parse().unwrap();
        String::from_utf8(self.bytes(len)).unwrap()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }
}

/// Bytes of heap for each, as soon as they are at most so many; what they are after half a minute, if they are not.
fn each_when_at_most(most: usize, before: usize) -> usize {
    let begun = Instant::now();
    loop {
        let each = heap_bytes().saturating_sub(before) / CONNECTIONS;
        if each <= most || begun.elapsed() > Duration::from_secs(30) {
            return each;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What all have for a moment, in a burst to all, the allocator may never give back: whatever stays lies behind it.
#[test]
fn a_connection_has_no_buffers_between_two_polls_and_a_poll_that_waits_has_no_memory_of_its_own() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = start();
    let warm = Poller::open(server.client);
    server.client.post(&warm.target, "4warm");
    let before = heap_bytes();
    let mut pollers: Vec<Poller> = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        pollers.push(Poller::open(server.client));
    }
    let opened = each_when_at_most(4 * 1024, before);
    assert!(opened <= 4 * 1024, "{opened} bytes each before they poll");
    // The first message makes room in the inbox.
    let most = opened + 256;
    for round in 0..3 {
        pollers.iter_mut().for_each(Poller::poll);
        let waiting = each_when_at_most(most, before);
        assert!(
            waiting <= most,
            "{opened} bytes each, {waiting} while they poll"
        );
        for poller in &mut pollers {
            server.client.post(&poller.target, &format!("4{round}"));
        }
        let answers = pollers.iter_mut().map(Poller::answer);
        assert!(answers.eq(std::iter::repeat_n(format!("4{round}"), CONNECTIONS)));
        let between = each_when_at_most(most, before);
        assert!(
            between <= most,
            "{opened} bytes each, {between} after an answer"
        );
        report_between(opened, waiting, between);
    }
    assert_eq!(server.engine.sessions(), CONNECTIONS + 1);
}

#[expect(
    clippy::print_stdout,
    reason = "what was measured belongs into the log of the test"
)]
fn report_between(opened: usize, waiting: usize, between: usize) {
    println!(
        "polling: {opened} bytes of heap each, {waiting} while they wait, {between} between polls"
    );
}

/// Stands in for a poll that is about to be made.
fn poll_later(client: &Client) -> Pending {
    client.begin_raw(b"")
}

#[expect(
    clippy::print_stdout,
    reason = "what was measured belongs into the log of the test"
)]
fn report(kind: &str, idle: usize, after: usize) {
    println!("{kind}: {idle} bytes of heap each, {after} after a burst");
}
