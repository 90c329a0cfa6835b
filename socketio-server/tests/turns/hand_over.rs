//! While one thread hands out what a client has sent, others read from it, send to it, and put it out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::client::until;
use crate::link::Pipe;
use socketio_server::engine::Frame;
use socketio_server::{Ack, Data, DisconnectReason, Server, Socket};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// A server that notes how many are in it when it tells a client that it is put out, and whether its handler was called.
struct Parting {
    io: Server,
    told: Arc<Mutex<Vec<(usize, bool)>>>,
    heard: Arc<AtomicBool>,
}

impl Parting {
    fn new() -> Self {
        let io = Server::new();
        let heard = Arc::new(AtomicBool::new(false));
        let hears = Arc::clone(&heard);
        io.on_disconnect(async move |_: DisconnectReason| hears.store(true, Ordering::Relaxed));
        Self {
            io,
            told: Arc::default(),
            heard,
        }
    }

    async fn client(&self) -> Pipe {
        let (io, told, heard) = (
            self.io.clone(),
            Arc::clone(&self.told),
            Arc::clone(&self.heard),
        );
        let pipe = Pipe::watched(&self.io, move |frame| {
            if frame.to_text().is_some_and(|text| text.as_str() == "41") {
                let told = &mut told.lock().unwrap();
                told.push((io.len(), heard.load(Ordering::Relaxed)));
            }
        });
        let pipe = pipe.await;
        pipe.to_server.send(Frame::text("40")).unwrap();
        until(|| self.io.len() == 1).await;
        pipe
    }
}

/// One thread, so that the driver, which was woken to send the event, runs before anything else can.
#[tokio::test]
async fn who_is_told_that_it_is_put_out_has_left_though_the_driver_is_about_to_write() {
    for how in ["socket", "room", "connection"] {
        let parting = Parting::new();
        let mut pipe = parting.client().await;
        let socket = parting.io.sockets().remove(0);
        socket.emit("last", &()).unwrap();
        match how {
            "socket" => socket.disconnect(),
            "room" => parting.io.disconnect_sockets(false),
            _ => socket.disconnect_connection(),
        }
        let mut said = Vec::new();
        while said.last().is_none_or(|last| last != "41") {
            let frame = pipe.from_server.recv().await.unwrap();
            said.push(frame.to_text().unwrap().as_str().to_owned());
        }
        assert_eq!(said[2..], ["42[\"last\"]", "41"], "{how}");
        assert_eq!(*parting.told.lock().unwrap(), [(0, true)], "{how}");
    }
}

/// A handler puts its own client out, and goes on.
#[tokio::test]
async fn a_handler_that_puts_its_client_out_is_done_before_the_client_hears_of_it() {
    let parting = Parting::new();
    let log: Arc<Mutex<Vec<&str>>> = Arc::default();
    let noted = Arc::clone(&log);
    parting.io.on("bye", async move |socket: Socket| {
        socket.emit("before", &()).unwrap();
        socket.disconnect();
        let after = socket.emit("after", &());
        noted.lock().unwrap().push(match after {
            Ok(()) => "was sent",
            Err(_) => "was not sent",
        });
    });
    let mut pipe = parting.client().await;
    pipe.to_server.send(Frame::text("42[\"bye\"]")).unwrap();
    let mut said = Vec::new();
    while said.last().is_none_or(|last| last != "41") {
        let frame = pipe.from_server.recv().await.unwrap();
        said.push(frame.to_text().unwrap().as_str().to_owned());
    }
    assert_eq!(said[2..], ["42[\"before\"]", "41"]);
    assert_eq!(*log.lock().unwrap(), ["was not sent"]);
    assert_eq!(*parting.told.lock().unwrap(), [(0, true)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_not_read_from_without_end_while_a_handler_holds_up_its_events() {
    const EVENTS: usize = 5_000;
    let io = Server::builder().waiting_events(1, 100 << 20).build();
    let go = Arc::new(Semaphore::new(0));
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let (started, holds) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let may_go = Arc::clone(&go);
    io.on("first", async move || {
        may_go.acquire().await.unwrap().forget();
    });
    // Called by whatever the first one ran in, and not by the driver.
    let is_held = Arc::clone(&holds);
    io.on("second", async move || {
        is_held.store(true, Ordering::Relaxed);
        let _ = block_in_place(|| held.lock().unwrap().recv());
    });
    let counted = Arc::clone(&started);
    io.on("n", async move |Data((n, _)): Data<(usize, String)>| {
        assert_eq!(counted.fetch_add(1, Ordering::Relaxed), n);
    });
    let pipe = Pipe::open(&io).await;
    let say = |text: &str| pipe.to_server.send(Frame::text(text)).unwrap();
    for text in ["40", "42[\"first\"]", "42[\"second\"]"] {
        say(text);
    }
    let taken = || pipe.taken.load(Ordering::Relaxed);
    until(|| taken() == 3).await;
    go.add_permits(1);
    until(|| holds.load(Ordering::Relaxed)).await;
    let padding = "x".repeat(1_000);
    for n in 0..EVENTS {
        say(&format!("42[\"n\",{n},\"{padding}\"]"));
    }
    until(|| taken() > 50).await;
    // 64 KiB and the frame with which that is reached; a server that read on would be done long before this is over.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(200) {
        assert!(taken() < 80, "{}", taken());
        tokio::task::yield_now().await;
    }
    assert_eq!(started.load(Ordering::Relaxed), 0);
    release.send(()).unwrap();
    until(|| started.load(Ordering::Relaxed) == EVENTS).await;
}

#[tokio::test]
async fn what_one_read_brought_is_answered_by_one_write() {
    let io = Server::new();
    io.on("e", async |Data(n): Data<u32>| Ack(n));
    let mut pipe = Pipe::open(&io).await;
    pipe.to_server.send(Frame::text("40")).unwrap();
    until(|| io.len() == 1).await;
    let before = pipe.writes.load(Ordering::Relaxed);
    for n in 0..10 {
        let event = format!("42{n}[\"e\",{n}]");
        pipe.to_server.send(Frame::text(event)).unwrap();
    }
    let mut answers = Vec::new();
    while answers.len() < 12 {
        let frame = pipe.from_server.recv().await.unwrap();
        answers.push(frame.to_text().unwrap().as_str().to_owned());
    }
    let expected: Vec<_> = (0..10).map(|n| format!("43{n}[{n}]")).collect();
    assert_eq!(answers[2..], expected);
    assert_eq!(pipe.writes.load(Ordering::Relaxed), before + 1);
}
