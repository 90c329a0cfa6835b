//! What fails stays where it failed, and somebody hears of it.

mod client;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, serve, until};
use serde::{Serialize, Serializer};
use socketio_server::{
    Ack, AckError, Data, DisconnectReason, EmitError, EncodeError, Error, Event, FailureKind, Next,
    Room, Server, Socket, SocketId, Value, Watch,
};

/// A server that writes down its failures and answers with them.
fn noting() -> (Server, Arc<Mutex<Vec<String>>>) {
    let io = Server::new();
    let failures = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&failures);
    io.on_error(move |failure| {
        let what = match failure.kind() {
            FailureKind::Parameter => "parameter",
            FailureKind::Returned => "returned",
            FailureKind::Panicked => "panicked",
            _ => "other",
        };
        assert_eq!(failure.namespace(), "/");
        noted
            .lock()
            .unwrap()
            .push(format!("{what} {} {}", failure.event(), failure.error()));
        failure.wants_answer().then(|| Value::from(what))
    });
    (io, failures)
}

#[tokio::test]
async fn every_failure_is_heard_of_and_answered_by_the_hook_alone() {
    let (io, failures) = noting();
    io.on("now", async || -> () { panic!("now") });
    io.on("later", async || {
        tokio::task::yield_now().await;
        panic!("later");
        #[expect(unreachable_code, reason = "gives the closure its type")]
        ()
    });
    io.on("error", async |Data(n): Data<i32>| match n {
        0 => Err(Error::new("is zero")),
        n => Ok(Ack(n)),
    });
    io.on("number", async |Data(text): Data<String>| {
        text.parse::<u8>()?;
        Ok::<_, std::num::ParseIntError>(())
    });
    let mut client = Client::joined(serve(&io).await).await;
    for (event, answer, failure) in [
        ("[\"now\"]", "[\"panicked\"]", "panicked now panicked: now"),
        (
            "[\"later\"]",
            "[\"panicked\"]",
            "panicked later panicked: later",
        ),
        ("[\"error\",0]", "[\"returned\"]", "returned error is zero"),
        (
            "[\"number\",\"x\"]",
            "[\"returned\"]",
            "returned number invalid digit found in string",
        ),
    ] {
        client.send(&format!("421{event}")).await;
        assert_eq!(client.recv().await, format!("431{answer}"));
        assert_eq!(failures.lock().unwrap().pop().unwrap(), failure);
        // Who does not ask gets no answer, and the hook hears of it all the same.
        client.send(&format!("42{event}")).await;
        until(|| {
            failures
                .lock()
                .unwrap()
                .pop()
                .is_some_and(|again| again == failure)
        })
        .await;
    }
    client.send("421[\"error\",{}]").await;
    assert_eq!(client.recv().await, "431[\"parameter\"]");
    let failure = failures.lock().unwrap().pop().unwrap();
    assert!(
        failure.starts_with("parameter error invalid type"),
        "{failure}"
    );
    client.send("421[\"error\",7]").await;
    assert_eq!(client.recv().await, "431[7]");
    assert!(failures.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_hook_a_failure_sends_nothing_and_the_next_event_is_handled() {
    let io = Server::new();
    io.on("e", async |Data(n): Data<u32>| match n {
        0 => panic!("zero"),
        1 => Err(Error::new("one")),
        n => Ok(Ack(n)),
    });
    let mut client = Client::joined(serve(&io).await).await;
    let events = [
        "420[\"e\",0]",
        "421[\"e\",1]",
        "422[\"e\",\"x\"]",
        "423[\"e\",3]",
    ];
    client.send_all(&events).await;
    assert_eq!(client.recv().await, "433[3]");
    client.is_silent().await;
}

#[tokio::test]
async fn one_handler_of_several_may_fail() {
    let (io, failures) = noting();
    io.on("e", async || -> () { panic!("first") });
    io.on("e", async || Ack("second"));
    let mut client = Client::joined(serve(&io).await).await;
    // The answer of the hook is the first one.
    client.send("421[\"e\"]").await;
    assert_eq!(client.recv().await, "431[\"panicked\"]");
    client.is_silent().await;
    assert_eq!(*failures.lock().unwrap(), ["panicked e panicked: first"]);
    // The same within middleware, which sees one outcome.
    io.use_event(async |event: Event, next: Next| next.run(event).await);
    client.send("422[\"e\"]").await;
    assert_eq!(client.recv().await, "432[\"second\"]");
    until(|| failures.lock().unwrap().len() == 2).await;
}

#[tokio::test]
async fn middleware_around_events_may_refuse_change_and_panic() {
    let (io, failures) = noting();
    io.use_event(async |event: Event, next: Next| {
        match event.name() {
            "refused" => return Err(Error::new("not allowed")),
            "panics" => panic!("in middleware"),
            _ => {}
        }
        let args = socketio_server::Args::event("changed", &[Value::from(7)])?;
        Ok(next.run(event.with_args(args)).await)
    });
    io.on("refused", async || Ack("never"));
    io.on("changed", async |Data(n): Data<u32>| Ack(n));
    let mut client = Client::joined(serve(&io).await).await;
    client.send("421[\"refused\"]").await;
    assert_eq!(client.recv().await, "431[\"returned\"]");
    client.send("422[\"panics\"]").await;
    assert_eq!(client.recv().await, "432[\"panicked\"]");
    client.send("423[\"anything\"]").await;
    assert_eq!(client.recv().await, "433[7]");
    let heard = [
        "returned refused not allowed",
        "panicked panics panicked: in middleware",
    ];
    assert_eq!(*failures.lock().unwrap(), heard);
}

#[tokio::test]
async fn a_hook_that_panics_harms_nobody() {
    let io = Server::new();
    io.on_error(|_| panic!("in the hook"));
    io.on("e", async || Err::<(), _>(Error::new("fails")));
    io.on("sync", async || Ack(()));
    let mut client = Client::joined(serve(&io).await).await;
    client.send_all(&["421[\"e\"]", "422[\"sync\"]"]).await;
    assert_eq!(client.recv().await, "432[]");
}

#[tokio::test]
async fn handlers_of_the_server_itself_may_fail_too() {
    let (io, failures) = noting();
    io.on_connect(async || -> () { panic!("connect") });
    io.on_disconnecting(async || Err::<(), _>("disconnecting"));
    io.on_disconnect(async || -> () { panic!("disconnect") });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("41").await;
    until(|| failures.lock().unwrap().len() == 3).await;
    assert_eq!(
        *failures.lock().unwrap(),
        [
            "panicked connect panicked: connect",
            "returned disconnect disconnecting",
            "panicked disconnect panicked: disconnect",
        ]
    );
    assert!(io.is_empty());
}

#[tokio::test]
async fn a_function_that_decides_about_namespaces_may_fail_too() {
    let io = Server::new();
    let failures: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&failures);
    io.on_error(move |failure| {
        let line = format!("{} {}", failure.namespace(), failure.error());
        noted.lock().unwrap().push(line);
        None
    });
    io.of_matching(async |_| panic!("of no use"));
    io.of_matching(async |asking| asking.namespace() == "/x");
    let mut client = Client::connect(serve(&io).await).await;
    client.send("40/y,").await;
    assert!(client.recv().await.contains("Invalid namespace"));
    client.send("40/x,").await;
    assert!(client.recv().await.starts_with("40/x,"));
    let heard = ["/y panicked: of no use", "/x panicked: of no use"];
    assert_eq!(*failures.lock().unwrap(), heard);
}

#[tokio::test]
async fn who_watches_rooms_and_panics_holds_up_nobody() {
    struct Grumpy;
    impl Watch for Grumpy {
        fn created(&self, _: &Room) {
            panic!("created");
        }
        fn joined(&self, _: &Room, _: &SocketId) {
            panic!("joined");
        }
        fn left(&self, _: &Room, _: &SocketId) {
            panic!("left");
        }
        fn emptied(&self, _: &Room) {
            panic!("emptied");
        }
    }

    let io = Server::new();
    io.watch_rooms(Grumpy);
    let ended = Arc::new(AtomicUsize::new(0));
    io.on_connect(async |socket: Socket| {
        socket.join("room");
        socket.emit("joined", &socket.is_in("room"))
    });
    let counted = Arc::clone(&ended);
    io.on_disconnect(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let mut client = Client::joined(serve(&io).await).await;
    assert_eq!(client.recv().await, "42[\"joined\",true]");
    let asked = io.sockets()[0].emit_with_ack::<u32>("q", &());
    assert_eq!(client.recv().await, "420[\"q\"]");
    client.send("41").await;
    assert_eq!(asked.await, Err(AckError::Closed));
    until(|| ended.load(Ordering::Relaxed) == 1).await;
    assert!(io.is_empty() && io.rooms().is_empty());
}

#[tokio::test]
async fn data_that_panics_when_it_is_dropped_does_not_take_the_connection_along() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    let io = Server::new();
    io.of("/grenade")
        .auth(async || Ok::<_, socketio_server::ConnectError>(Grenade));
    io.on("sync", async || Ack(()));
    let mut client = Client::joined(serve(&io).await).await;
    client.send("40/grenade,").await;
    assert!(client.recv().await.starts_with("40/grenade,"));
    client.send_all(&["41/grenade,", "421[\"sync\"]"]).await;
    assert_eq!(client.recv().await, "431[]");
    drop(client);
    until(|| io.connections() == 0).await;
}

/// Serialises to nothing but an error, or panics.
struct Bad(bool);

impl Serialize for Bad {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        assert!(self.0, "in Serialize");
        Err(serde::ser::Error::custom("will not"))
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_the_callers_to_know_and_changes_nothing() {
    let (io, failures) = noting();
    io.on("emit", async |socket: Socket| {
        for name in ["connect", "disconnect", "connect_error", "newListener"] {
            let reserved = EmitError::Encode(EncodeError::ReservedName(name.into()));
            assert_eq!(socket.emit(name, &()), Err(reserved.clone()));
            assert_eq!(socket.namespace().emit(name, &()), Err(reserved.clone()));
            assert_eq!(socket.to("nobody").emit(name, &()), Err(reserved.clone()));
            let asked = socket.emit_with_ack::<Value>(name, &()).await;
            assert_eq!(asked, Err(AckError::Emit(reserved.clone())));
            let all = socket
                .namespace()
                .emit_with_ack::<Value>(name, &())
                .all()
                .await;
            assert_eq!(all, [(None, Err(AckError::Emit(reserved)))]);
        }
        let will_not = EmitError::Encode(EncodeError::Custom("will not".into()));
        assert_eq!(socket.emit("e", &Bad(true)), Err(will_not.clone()));
        assert_eq!(
            socket.namespace().emit("e", &Bad(true)),
            Err(will_not.clone())
        );
        assert_eq!(socket.emit_wait("e", &Bad(true)).await, Err(will_not));
        Ack("went on")
    });
    io.on("answer", async |Data(errs): Data<bool>| Ack(Bad(errs)));
    let mut client = Client::joined(serve(&io).await).await;
    client.send("420[\"emit\"]").await;
    assert_eq!(client.recv().await, "430[\"went on\"]");
    client.send("421[\"answer\",true]").await;
    assert_eq!(client.recv().await, "431[\"returned\"]");
    client.send("422[\"answer\",false]").await;
    assert_eq!(client.recv().await, "432[\"panicked\"]");
    let heard = [
        "returned answer will not",
        "panicked answer panicked: in Serialize",
    ];
    assert_eq!(*failures.lock().unwrap(), heard);
}

#[tokio::test]
async fn handlers_run_on_after_the_end_and_their_failures_are_heard_of() {
    let (io, failures) = noting();
    io.on("slow", async |socket: Socket| {
        socket.closed().await;
        assert!(!socket.is_connected());
        // A moment later than everybody else who hears of the end.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err::<(), _>(socket.emit("too late", &()).unwrap_err())
    });
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&reasons);
    io.on_disconnect(async move |reason: DisconnectReason| noted.lock().unwrap().push(reason));
    let mut client = Client::joined(serve(&io).await).await;
    client.send("421[\"slow\"]").await;
    client.is_silent().await;
    drop(client);
    until(|| failures.lock().unwrap().len() == 1).await;
    assert_eq!(
        *failures.lock().unwrap(),
        ["returned slow the socket is disconnected"]
    );
    assert_eq!(*reasons.lock().unwrap(), [DisconnectReason::TransportClose]);
}
