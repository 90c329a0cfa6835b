//! Everything that can happen around CONNECT, in every order in which it can happen: what the client sends, the decision,
//! handlers that end, what the server does. After each step the server gets to run, or not yet.

use std::sync::{Arc, Mutex};

use crate::link::Pipe;
use socketio_server::engine::Frame;
use socketio_server::{ConnectError, Data, DisconnectReason, Server, Socket};
use tokio::sync::Semaphore;

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Connect,
    Event(u32),
    /// The client leaves the namespace.
    Leave,
    /// The client closes the session.
    Close,
    /// The client is gone.
    Vanish,
    /// The decision is made.
    Decide,
    /// A handler that waits may end.
    Finish,
    /// The server sends to everybody.
    Emit,
    /// The server puts everybody out.
    PutOut,
}

/// All ways to merge scripts, each of which keeps its own order.
fn merges(scripts: &[Vec<Step>]) -> Vec<Vec<Step>> {
    if scripts.iter().all(Vec::is_empty) {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for at in 0..scripts.len() {
        let mut rest = scripts.to_vec();
        if rest[at].is_empty() {
            continue;
        }
        let first = rest[at].remove(0);
        for mut merged in merges(&rest) {
            merged.insert(0, first);
            all.push(merged);
        }
    }
    all
}

/// Lets all tasks run until they wait.
async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

/// What happened, in the order in which handlers were started.
type Log = Arc<Mutex<Vec<String>>>;

fn server(log: &Log, decide: &Arc<Semaphore>, finish: &Arc<Semaphore>) -> Server {
    let io = Server::new();
    let note = |log: &Log, what: String| log.lock().unwrap().push(what);
    let decided = Arc::clone(decide);
    io.auth(async move || {
        decided.acquire().await.unwrap().forget();
        Ok::<_, ConnectError>(())
    });
    let noted = Arc::clone(log);
    io.on_connect(async move |socket: Socket| {
        note(&noted, "connect".into());
        let noted = Arc::clone(&noted);
        // Registered here, and hears of every event.
        socket.on("e", async move |Data(n): Data<u32>| {
            note(&noted, format!("own {n}"))
        });
        tokio::task::yield_now().await;
    });
    let (noted, finished) = (Arc::clone(log), Arc::clone(finish));
    io.on("e", async move |Data(n): Data<u32>| {
        note(&noted, format!("event {n}"));
        finished.acquire().await.unwrap().forget();
    });
    let noted = Arc::clone(log);
    io.on_disconnect(async move |reason: DisconnectReason| {
        note(&noted, format!("disconnect {reason}"));
    });
    io
}

/// Plays one order of steps. `pauses` has a bit for each step after which the server gets to run.
async fn play(steps: &[Step], pauses: u32) -> (Vec<String>, Vec<String>) {
    let log = Log::default();
    let (decide, finish) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let io = server(&log, &decide, &finish);
    let Pipe {
        to_server,
        mut from_server,
        ..
    } = Pipe::open(&io).await;
    settle().await;
    let mut to_server = Some(to_server);
    for (at, step) in steps.iter().enumerate() {
        let say = |text: &str| {
            if let Some(to_server) = &to_server {
                let _ = to_server.send(Frame::text(text));
            }
        };
        match step {
            Step::Connect => say("40"),
            Step::Event(n) => say(&format!("42[\"e\",{n}]")),
            Step::Leave => say("41"),
            Step::Close => say("1"),
            Step::Vanish => to_server = None,
            Step::Decide => decide.add_permits(1),
            Step::Finish => finish.add_permits(1),
            Step::Emit => io.emit("all", &()).unwrap(),
            Step::PutOut => io.disconnect_sockets(false),
        }
        if pauses & (1 << at) != 0 {
            settle().await;
        }
    }
    settle().await;
    // In the end everything has to come to its end.
    finish.add_permits(10);
    drop(to_server);
    settle().await;
    let context = || format!("{steps:?} {pauses:b}: {:?}", log.lock().unwrap());
    assert!(io.is_empty() && io.sockets().is_empty(), "{}", context());
    assert_eq!(io.connections(), 0, "{}", context());
    let down = io.shutdown(std::time::Duration::ZERO).await;
    assert_eq!(down.unfinished, 0, "{}", context());
    let mut sent = Vec::new();
    while let Ok(frame) = from_server.try_recv() {
        sent.push(frame.to_text().unwrap().as_str().to_owned());
    }
    let log = std::mem::take(&mut *log.lock().unwrap());
    (log, sent)
}

/// What has to be so whatever the order.
fn check(steps: &[Step], pauses: u32, log: &[String], sent: &[String]) {
    let context = || format!("{steps:?} {pauses:b}: {log:?}, sent {sent:?}");
    let place = |what: &str| log.iter().position(|line| line.starts_with(what));
    let count = |what: &str| log.iter().filter(|line| line.starts_with(what)).count();
    // Nothing before CONNECT is answered, and it is answered once.
    assert!(sent[0].starts_with("0{"), "{}", context());
    if let Some(first) = sent.get(1) {
        assert!(first.starts_with("40{") || first == "1", "{}", context());
    }
    let answers = sent.iter().filter(|text| text.starts_with("40")).count();
    let connected = count("connect");
    assert!(connected <= 1, "{}", context());
    assert_eq!(count("disconnect"), connected, "{}", context());
    // The answer may find nobody there any more.
    assert!(answers <= connected, "{}", context());
    // Connect, then events in order, each heard by both handlers, then disconnect.
    let mut expected = Vec::new();
    if connected == 1 {
        expected.push("connect".to_owned());
        for n in 1..=2 {
            if place(&format!("event {n}")).is_some() {
                expected.extend([format!("event {n}"), format!("own {n}")]);
            }
        }
    }
    assert_eq!(log[..expected.len()], expected, "{}", context());
    assert!(log.len() <= expected.len() + 1, "{}", context());
    // The second never without the first.
    assert!(
        place("event 2").is_none() || place("event 1").is_some(),
        "{}",
        context()
    );
    // What was sent before the end is delivered, unless the server put the client out.
    let at = |step: Step| steps.iter().position(|other| *other == step);
    let was_put_out = log
        .iter()
        .any(|line| line.ends_with("server namespace disconnect"));
    if connected == 1 && !was_put_out && at(Step::PutOut).is_none() {
        assert_eq!(count("event"), 2, "{}", context());
    }
}

async fn play_all(scripts: &[Vec<Step>]) -> usize {
    let mut played = 0;
    let mut connected = 0;
    for steps in merges(scripts) {
        for pauses in 0..1 << steps.len() {
            let (log, sent) = play(&steps, pauses).await;
            check(&steps, pauses, &log, &sent);
            played += 1;
            connected += usize::from(!log.is_empty());
        }
    }
    // Both came up, so that this showed something.
    assert!(
        connected > 0 && connected < played,
        "{connected} of {played}"
    );
    played
}

#[tokio::test]
async fn whatever_the_order_a_client_that_leaves_has_come_and_was_heard() {
    use Step::{Close, Connect, Decide, Event, Finish, Leave, Vanish};

    for end in [Leave, Close, Vanish] {
        let client = vec![Connect, Event(1), Event(2), end];
        assert_eq!(
            play_all(&[client, vec![Decide], vec![Finish]]).await,
            30 * 64
        );
    }
}

#[tokio::test]
async fn whatever_the_order_a_client_that_is_put_out_was_in() {
    use Step::{Connect, Decide, Emit, Event, PutOut, Vanish};

    let client = vec![Connect, Event(1), Vanish];
    let server = vec![Emit, PutOut];
    assert_eq!(play_all(&[client, server, vec![Decide]]).await, 60 * 64);
}

#[tokio::test]
async fn whatever_the_order_asking_twice_makes_one_socket() {
    use Step::{Connect, Decide, Event, Leave, Vanish};

    for end in [Leave, Vanish] {
        // A second CONNECT after the decision is against the protocol, and ends the connection: then events may be missing.
        let client = vec![Connect, Connect, Event(1), end];
        for steps in merges(&[client, vec![Decide, Decide]]) {
            for pauses in 0..1 << steps.len() {
                let (log, sent) = play(&steps, pauses).await;
                let connected = log.iter().filter(|line| *line == "connect").count();
                let left = log.iter().filter(|line| line.starts_with("disconnect"));
                let answers = sent.iter().filter(|text| text.starts_with("40")).count();
                let context = || format!("{steps:?} {pauses:b}: {log:?}, sent {sent:?}");
                assert!(connected <= 1 && answers <= connected, "{}", context());
                assert_eq!(left.count(), connected, "{}", context());
            }
        }
    }
}
