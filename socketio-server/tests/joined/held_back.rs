//! An adapter that has to wait before it can deliver: everything else that a client is sent waits behind it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::client::{Client, serve, until};
use socketio_adapter::{Adapter, AdapterFactory, Broadcast, Host, Local, Target};
use socketio_server::{Ack, AckError, EmitError, Server, Socket};

/// As one whose log has to be asked for the offset of each event. Here the test answers.
#[derive(Debug)]
struct Holding {
    local: Arc<Local>,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held {
    is_slow: AtomicBool,
    /// The first may be running.
    waiting: Mutex<VecDeque<Option<Deed>>>,
}

type Deed = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Held {
    fn len(&self) -> usize {
        self.waiting.lock().unwrap().len()
    }

    /// From now on the log is slow.
    fn begin(&self) {
        self.is_slow.store(true, Ordering::Relaxed);
    }

    /// The log answers everything. What is being delivered still counts as held back.
    fn end(&self) {
        self.is_slow.store(false, Ordering::Relaxed);
        while let Some(first) = self.first() {
            first();
            self.waiting.lock().unwrap().pop_front();
        }
    }

    fn first(&self) -> Option<Deed> {
        self.waiting.lock().unwrap().front_mut()?.take()
    }

    fn push(&self, what: Deed) {
        self.waiting.lock().unwrap().push_back(Some(what));
    }
}

impl Adapter for Holding {
    fn local(&self) -> &Arc<Local> {
        &self.local
    }

    fn broadcast(&self, event: &mut Broadcast<'_>, target: &Target) {
        let selection = self.local.select(target);
        let is_slow = self.held.is_slow.load(Ordering::Relaxed);
        if is_slow || self.holds_back() {
            let letter = event.to_letter().unwrap();
            self.held.push(Box::new(move || {
                selection.deliver(&letter.open());
            }));
        } else {
            selection.deliver(event);
        }
        if let Some(ack) = event.ack() {
            ack.answers.asked_all(0);
        }
    }

    fn holds_back(&self) -> bool {
        self.held.len() > 0
    }

    fn in_order(&self, send: Deed) {
        match self.holds_back() {
            true => self.held.push(send),
            false => send(),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Factory(Arc<Held>);

impl AdapterFactory for Factory {
    fn create(&self, _host: Arc<dyn Host>, local: Arc<Local>) -> Arc<dyn Adapter> {
        let held = Arc::clone(&self.0);
        Arc::new(Holding { local, held })
    }
}

/// A server with a client in a room.
async fn joined() -> (Server, Arc<Held>, Client, Socket) {
    let factory = Factory::default();
    let held = Arc::clone(&factory.0);
    let io = Server::builder().adapter(factory).build();
    io.on_connect(async |socket: Socket| socket.join("room"));
    io.on("question", async || Ack("answer"));
    let client = Client::joined(serve(&io).await).await;
    until(|| io.sockets().iter().any(|socket| socket.is_in("room"))).await;
    let socket = io.sockets().remove(0);
    held.begin();
    (io, held, client, socket)
}

#[tokio::test]
async fn everything_that_a_client_is_sent_waits_behind_what_the_adapter_holds_back() {
    let (io, held, mut client, socket) = joined().await;
    io.emit("broadcast", &1).unwrap();
    socket.emit("single", &2).unwrap();
    socket.emit_wait("wait", &4).await.unwrap();
    client.send("427[\"question\"]").await;
    until(|| held.len() == 4).await;
    let asked = socket.emit_with_ack::<u32>("asked", &6);
    io.to("room").emit("room", &7).unwrap();
    // What was sent to those in the room is theirs, though they leave it.
    socket.leave("room");
    socket.disconnect();
    assert_eq!(socket.emit("too late", &()), Ok(()));
    client.is_silent().await;
    assert!(socket.is_connected());
    held.end();
    for expected in [
        "42[\"broadcast\",1]",
        "42[\"single\",2]",
        "42[\"wait\",4]",
        "437[\"answer\"]",
        "420[\"asked\",6]",
        "42[\"room\",7]",
        "41",
    ] {
        assert_eq!(client.recv().await, expected);
    }
    assert_eq!(asked.await, Err(AckError::Closed));
    assert_eq!(socket.emit("later", &()), Err(EmitError::Closed));
}

#[tokio::test]
async fn what_is_asked_late_is_answered_and_its_time_runs_from_the_call() {
    let (io, held, mut client, socket) = joined().await;
    io.emit("broadcast", &()).unwrap();
    let answered = socket.emit_with_ack::<u32>("a", &());
    let second = Duration::from_millis(1);
    let late = socket.emit_with_ack::<u32>("b", &()).timeout(second);
    assert_eq!(late.await, Err(AckError::Timeout));
    let all = io.to("room").emit_with_ack::<u32>("c", &());
    held.end();
    assert_eq!(client.recv().await, "42[\"broadcast\"]");
    for (event, answer) in [("a", "430[5]"), ("b", "431[6]"), ("c", "432[7]")] {
        let text = client.recv().await;
        assert!(text.ends_with(&format!("[\"{event}\"]")), "{text}");
        client.send(answer).await;
    }
    assert_eq!(answered.await, Ok(5));
    let all = all.all().await;
    assert_eq!(all, [(Some(socket.id().clone()), Ok(7))]);
}

#[tokio::test]
async fn who_is_put_out_with_others_gets_first_what_was_sent_before() {
    let (io, held, mut client, _) = joined().await;
    io.emit("last", &()).unwrap();
    io.disconnect_sockets(false);
    client.is_silent().await;
    held.end();
    assert_eq!(client.recv().await, "42[\"last\"]");
    assert_eq!(client.recv().await, "41");
}

#[tokio::test]
async fn what_is_volatile_is_sent_in_its_turn_if_it_can_leave_then() {
    let (io, held, mut client, socket) = joined().await;
    // Somebody else is in the way.
    io.to("nobody").emit("broadcast", &()).unwrap();
    socket.volatile().emit("position", &1).unwrap();
    client.is_silent().await;
    held.end();
    assert_eq!(client.recv().await, "42[\"position\",1]");
}

#[tokio::test]
async fn a_shutdown_lets_out_what_is_held_back() {
    let (io, held, mut client, _) = joined().await;
    io.emit("last", &()).unwrap();
    let going = io.clone();
    let going = tokio::spawn(async move { going.shutdown(Duration::from_secs(60)).await });
    until(|| held.len() == 2).await;
    held.end();
    assert_eq!(client.recv().await, "42[\"last\"]");
    client.ends().await;
    assert!(going.await.unwrap().is_clean());
}
