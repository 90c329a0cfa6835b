//! What a client does with a server that behaves.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use socketio_client::{
    Ack, AckError, AckSender, Backoff, Bytes, Closed, Data, DisconnectReason, EmitError, Error,
    Event, Jitter, Lifecycle, Socket, Status, Transport, Value,
};
use support::{Server, serve, serve_with, until};

const TRANSPORTS: [&[Transport]; 3] = [
    &[Transport::POLLING],
    &[Transport::WEBSOCKET],
    &[Transport::POLLING, Transport::WEBSOCKET],
];

fn quick() -> Backoff {
    Backoff::new(Duration::from_millis(20), Duration::from_millis(100)).with_jitter(Jitter::None)
}

async fn recv(socket: &Socket) -> Event {
    tokio::time::timeout(Duration::from_secs(5), socket.recv())
        .await
        .expect("an event in time")
        .expect("an event")
}

#[tokio::test]
async fn events_and_answers_go_both_ways_on_every_transport() {
    let server = serve().await;
    for transports in TRANSPORTS {
        let socket = server
            .client()
            .transports(transports.iter().copied())
            .on("question", async |Data(text): Data<String>| Ack((text, 42)))
            .connect()
            .await
            .unwrap();
        assert!(socket.is_connected() && socket.id().is_some());
        assert_eq!(recv(&socket).await.data::<&str>().unwrap(), "hello");

        let data = (
            json!({ "text": "gr\u{fc}\u{df}e \u{1f980}", "list": [1, [2, null]] }),
            Bytes::from_static(&[0, 30, 255]),
        );
        socket.emit("echo", &data).unwrap();
        let event = recv(&socket).await;
        assert_eq!(event.name(), "echo");
        assert_eq!(event.data::<(serde_json::Value, Bytes)>().unwrap(), data);

        let answer: (String, u32) = socket.emit_with_ack("echo", ("x", 7)).await.unwrap();
        assert_eq!(answer, ("x".into(), 7));

        socket.emit("ask", "how?").unwrap();
        let event = recv(&socket).await;
        assert_eq!(
            (event.name(), event.data::<(&str, u32)>().unwrap()),
            ("answer", ("how?", 42))
        );

        let large = "x".repeat(1_000_000);
        let back: String = socket.emit_with_ack("echo", &large).await.unwrap();
        assert!(back == large);
        if transports.len() == 2 {
            until("the upgrade", || {
                socket.client().transport() == Some(Transport::WEBSOCKET)
            })
            .await;
            assert_eq!(socket.emit_with_ack::<u32>("echo", 1).await.unwrap(), 1);
        }
        socket.close().await;
    }
    until("no session is left", || server.engine.sessions() == 0).await;
}

#[tokio::test]
async fn order_holds_across_the_upgrade() {
    let server = serve().await;
    let socket = server.client().connect().await.unwrap();
    assert_eq!(recv(&socket).await.name(), "welcome");
    for n in 0..2_000u32 {
        socket.emit("echo", n).unwrap();
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    for n in 0..2_000u32 {
        assert_eq!(recv(&socket).await.data::<u32>().unwrap(), n);
    }
    assert_eq!(socket.client().transport(), Some(Transport::WEBSOCKET));
}

#[tokio::test]
async fn a_refusal_comes_with_its_data() {
    let server = serve().await;
    let error = server
        .namespace("/admin")
        .auth(json!({ "token": "wrong" }))
        .connect()
        .await
        .unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(
        (refusal.message(), refusal.data()),
        ("not authorized", Some(&Value::from(401)))
    );

    let socket = server
        .namespace("/admin")
        .auth(json!({ "token": "wrong" }))
        .open()
        .unwrap();
    let Err(Error::Refused(_)) = socket.connect().await else {
        panic!()
    };
    // It is not asked again until the program does.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(
        &*socket.status().borrow(),
        Status::Closed {
            reason: Closed::Refused(_)
        }
    ));
    socket
        .open_with_auth(&json!({ "token": "secret" }))
        .unwrap();
    socket.connect().await.unwrap();
    assert!(socket.is_connected());
}

#[tokio::test]
async fn many_namespaces_share_one_connection() {
    let server = serve().await;
    let root = server.client().connect().await.unwrap();
    let chat = root.client().of("/chat").connect().await.unwrap();
    let admin = root
        .client()
        .of("admin")
        .auth(json!({ "token": "secret" }))
        .connect()
        .await
        .unwrap();
    assert_eq!(server.engine.sessions(), 1);
    for socket in [&root, &chat, &admin] {
        assert_eq!(recv(socket).await.name(), "welcome");
        socket.emit("echo", socket.namespace().as_str()).unwrap();
    }
    for socket in [&root, &chat, &admin] {
        assert_eq!(
            recv(socket).await.data::<String>().unwrap(),
            socket.namespace().as_str()
        );
    }
    assert!(root.client().of("/a,b").connect().await.is_err());
    // The connection lasts as long as a namespace needs it.
    drop(chat);
    root.disconnect();
    until("two have left", || {
        server.seen.disconnects.load(Ordering::Acquire) == 2
    })
    .await;
    assert_eq!(admin.emit_with_ack::<u8>("echo", 1).await.unwrap(), 1);
    assert_eq!(server.engine.sessions(), 1);
    admin.disconnect();
    until("no session is left", || server.engine.sessions() == 0).await;
    // And it comes again when one is wanted again.
    root.connect().await.unwrap();
    assert_eq!(server.engine.sessions(), 1);
}

#[tokio::test]
async fn what_is_sent_without_a_connection_leaves_with_the_next_one() {
    let server = serve().await;
    let address = server.address;
    for transports in TRANSPORTS {
        let socket = server
            .client()
            .backoff(quick())
            .transports(transports.iter().copied())
            .open()
            .unwrap();
        socket.emit("first", ()).unwrap();
        assert!(matches!(
            socket.volatile().emit("dropped", ()),
            Err(EmitError::Dropped)
        ));
        let second: u8 = socket.emit_with_ack("echo", 2).await.unwrap();
        assert_eq!(second, 2);
        // It may be back a moment later, so that only having been lost can be seen for sure.
        let lost = Arc::new(AtomicBool::new(false));
        let losing = Arc::clone(&lost);
        socket.on_lifecycle(async move |lifecycle: Lifecycle| {
            if matches!(lifecycle, Lifecycle::Disconnected { .. }) {
                losing.store(true, Ordering::Relaxed);
            }
        });
        socket.client().cut();
        until("it is lost", || lost.load(Ordering::Relaxed)).await;
        socket.emit("third", ()).unwrap();
        let fourth: u8 = socket
            .emit_with_ack("echo", 4)
            .timeout(Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(fourth, 4);
    }
    let events = server.seen.events.lock().unwrap().clone();
    assert_eq!(events, ["first", "echo", "third", "echo"].repeat(3));
    assert_eq!(server.address, address);
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let server = serve().await;
    let address = server.address;
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let socket = server
        .client()
        // Requests on a connection that there is would still be answered.
        .transports([Transport::WEBSOCKET])
        .backoff(quick())
        .on_lifecycle(move |lifecycle: Lifecycle| {
            let text = match lifecycle {
                Lifecycle::Connected { .. } => "connect".to_owned(),
                Lifecycle::ConnectError(_) => "connect_error".to_owned(),
                Lifecycle::Disconnected { reason, .. } => reason.to_string(),
                Lifecycle::ReconnectAttempt { attempt } => format!("attempt {attempt}"),
                Lifecycle::Reconnected { .. } => "reconnect".to_owned(),
                _ => return std::future::ready(()),
            };
            seen.lock().unwrap().push(text);
            std::future::ready(())
        })
        .connect()
        .await
        .unwrap();
    let first = socket.id();
    server.engine.close();
    drop(server);
    until("it waits", || {
        matches!(
            &*socket.status().borrow(),
            Status::Waiting { attempt: 3.., .. }
        )
    })
    .await;
    let server = serve_with(address, |builder| builder).await;
    until("it is back", || socket.is_connected()).await;
    assert_ne!(socket.id(), first);
    assert_eq!(server.engine.sessions(), 1);
    until("the handlers were told", || {
        log.lock()
            .unwrap()
            .last()
            .is_some_and(|last| last == "connect")
    })
    .await;
    let log = log.lock().unwrap().clone();
    assert_eq!(
        log[..4],
        ["connect", "transport close", "attempt 1", "connect_error"],
        "{log:?}"
    );
    assert_eq!(log[log.len() - 2..], ["reconnect", "connect"], "{log:?}");
}

#[tokio::test]
async fn attempts_have_a_limit_where_one_is_set_and_the_error_names_host_and_cause() {
    let server = serve().await;
    let address = server.address;
    drop(server);
    let builder =
        || socketio_client::Client::builder(&format!("http://{address}")).backoff(quick());
    let error = builder().connect().await.unwrap_err().to_string();
    assert!(
        error.contains(&address.to_string()) && error.contains("refused"),
        "{error}"
    );

    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let socket = builder()
        .max_reconnect_attempts(3)
        .on_lifecycle(async move |lifecycle: Lifecycle| {
            if matches!(lifecycle, Lifecycle::ReconnectAttempt { .. }) {
                counted.fetch_add(1, Ordering::AcqRel);
            }
        })
        .retry_first(true)
        .open()
        .unwrap();
    assert!(matches!(socket.connect().await, Err(Error::Connect(_))));
    assert!(matches!(
        &*socket.status().borrow(),
        Status::Closed {
            reason: Closed::Failed(_)
        }
    ));
    assert_eq!(attempts.load(Ordering::Acquire), 3);

    let socket = builder().reconnect(false).open().unwrap();
    assert!(socket.connect().await.is_err());
    assert_eq!(
        socket.recv().await.map(|event| event.name().to_owned()),
        None
    );
}

#[tokio::test]
async fn what_is_shown_is_asked_for_at_every_attempt() {
    let server = serve().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let socket = server
        .client()
        .backoff(quick())
        .auth_with(async move || {
            let n = counted.fetch_add(1, Ordering::AcqRel);
            // The second time it fails, and is asked again.
            if n == 1 {
                Err("no token")
            } else {
                Ok(json!({ "n": n }))
            }
        })
        .connect()
        .await
        .unwrap();
    socket.client().cut();
    until("it is back", || {
        asked.load(Ordering::Acquire) == 3 && socket.is_connected()
    })
    .await;
    let shown: Vec<_> = server
        .seen
        .auth
        .lock()
        .unwrap()
        .iter()
        .map(|auth| auth["n"].as_u64())
        .collect();
    assert_eq!(shown, [Some(0), Some(2)]);
    assert!(server.client().auth("no object").connect().await.is_err());
}

#[tokio::test]
async fn answers_end_when_the_connection_does_or_the_time_is_up() {
    let server = serve().await;
    let socket = server.client().backoff(quick()).connect().await.unwrap();
    let started = Instant::now();
    let late = socket
        .emit_with_ack::<()>("never", ())
        .timeout(Duration::from_millis(50))
        .await;
    assert_eq!(late, Err(AckError::Timeout));
    assert!(started.elapsed() >= Duration::from_millis(50));
    let never = socket.emit_with_ack::<()>("never", ());
    socket.emit("close", ()).unwrap();
    assert_eq!(never.await, Err(AckError::Closed));
    let wrong = socket.emit_with_ack::<u8>("echo", "text").await;
    assert!(matches!(wrong, Err(AckError::Decode(_))), "{wrong:?}");
    let reserved = socket.emit_with_ack::<u8>("connect", ()).await;
    assert!(
        matches!(reserved, Err(AckError::Emit(EmitError::Encode(_)))),
        "{reserved:?}"
    );
    // Who asks and does not wait is forgotten, on both sides of the wire.
    drop(socket.emit_with_ack::<()>("echo", 1));
    assert_eq!(socket.emit_with_ack::<u8>("echo", 2).await, Ok(2));
}

#[tokio::test]
async fn handlers_never_hold_up_the_connection() {
    let server = serve_with("127.0.0.1:0".parse().unwrap(), |builder| {
        builder
            .ping_interval(Duration::from_millis(200))
            // As long as a busy machine may take to run both sides once.
            .ping_timeout(Duration::from_secs(4))
    })
    .await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let (asking, failing) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (asked, failed) = (Arc::clone(&asking), Arc::clone(&failing));
    let socket = server
        .client()
        .transports([Transport::WEBSOCKET])
        .on("n", async move |socket: Socket, Data(n): Data<u32>| {
            seen.lock().unwrap().push(n);
            // Far more than may wait at the same time ask the server something, and are answered.
            let back: u32 = socket.emit_with_ack("echo", n).await?;
            assert_eq!(back, n);
            asked.fetch_add(1, Ordering::AcqRel);
            if n == 7 {
                panic!("a handler that fails");
            }
            Ok::<_, AckError>(())
        })
        .on_error(move |incoming, error| {
            assert_eq!(incoming.event().unwrap().name(), "n");
            assert!(
                error.to_string().contains("a handler that fails"),
                "{error}"
            );
            failed.fetch_add(1, Ordering::AcqRel);
        })
        .connect()
        .await
        .unwrap();
    socket.emit("flood", 2_000).unwrap();
    until("all were answered", || {
        asking.load(Ordering::Acquire) == 2_000
    })
    .await;
    assert_eq!(*order.lock().unwrap(), (0..2_000).collect::<Vec<_>>());
    until("the panic was reported", || {
        failing.load(Ordering::Acquire) == 1
    })
    .await;
    // A handler that sleeps holds up nothing: heartbeats go on.
    let id = socket.id();
    socket.on("echo", async || {
        tokio::time::sleep(Duration::from_secs(60)).await
    });
    socket.emit("echo", 1).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(socket.id(), id);
}

#[tokio::test]
async fn handlers_come_and_go() {
    let server = serve().await;
    let log = Arc::new(Mutex::new(Vec::<&str>::new()));
    let note = |text: &'static str| {
        let log = Arc::clone(&log);
        move || {
            log.lock().unwrap().push(text);
            std::future::ready(())
        }
    };
    let socket = server.client().on_any(note("any")).connect().await.unwrap();
    let outgoing = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&outgoing);
    socket.on_any_outgoing(move |emit| {
        shown.lock().unwrap().push((
            emit.name().to_owned(),
            emit.arguments().to_values().unwrap(),
        ))
    });
    socket.once("echo", note("once"));
    let first = socket.on("echo", note("first"));
    socket.on("echo", note("second"));
    socket.emit("echo", 1).unwrap();
    until("three", || log.lock().unwrap().len() >= 5).await;
    assert!(socket.remove(first) && !socket.remove(first));
    socket.emit("echo", 2).unwrap();
    until("two more", || log.lock().unwrap().len() >= 7).await;
    assert!(socket.off("echo") && !socket.off("echo"));
    socket.emit("echo", 3).unwrap();
    until("only the catch-all", || log.lock().unwrap().len() >= 8).await;
    assert_eq!(
        *log.lock().unwrap(),
        [
            "any", "any", "once", "first", "second", "any", "second", "any"
        ]
    );
    let outgoing = outgoing.lock().unwrap();
    assert_eq!(outgoing[0], ("echo".into(), vec![Value::from(1)]));
    assert_eq!(outgoing.len(), 3);
}

#[tokio::test]
async fn an_answer_goes_to_the_connection_that_asked_or_nowhere() {
    let server = serve().await;
    let (keep, mut kept) = tokio::sync::mpsc::unbounded_channel();
    let socket = server
        .client()
        .backoff(quick())
        .on("question", async move |ack: AckSender| {
            keep.send(ack).unwrap()
        })
        .connect()
        .await
        .unwrap();
    assert_eq!(recv_named(&socket, "welcome").await.args().len(), 1);
    socket.emit("ask", ()).unwrap();
    let early = kept.recv().await.unwrap();
    assert!(early.is_open());
    early.send(&"now").unwrap();
    early.send(&"and again, which goes nowhere").unwrap();
    assert_eq!(
        recv_named(&socket, "answer").await.data::<&str>().unwrap(),
        "now"
    );
    socket.emit("ask", ()).unwrap();
    let late = kept.recv().await.unwrap();
    let before = socket.id();
    socket.client().cut();
    until("it is back", || {
        socket.is_connected() && socket.id() != before
    })
    .await;
    assert_eq!(late.send(&"too late"), Err(EmitError::NotConnected));
}

async fn recv_named(socket: &Socket, name: &str) -> Event {
    loop {
        let event = recv(socket).await;
        if event.name() == name {
            return event;
        }
    }
}

#[tokio::test]
async fn who_is_sent_away_stays_away() {
    let server = serve().await;
    for (event, expected) in [("kick", DisconnectReason::IoServerDisconnect)] {
        let reasons = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&reasons);
        let socket = server
            .client()
            .backoff(quick())
            .on_disconnect(async move |reason: DisconnectReason| seen.lock().unwrap().push(reason))
            .connect()
            .await
            .unwrap();
        while let Some(event) = {
            socket.emit(event, ()).unwrap();
            socket.recv().await
        } {
            assert_eq!(event.name(), "welcome");
        }
        until("it was told", || !reasons.lock().unwrap().is_empty()).await;
        assert_eq!(*reasons.lock().unwrap(), [expected]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!socket.is_connected());
        until("the connection is closed", || server.engine.sessions() == 0).await;
        socket.connect().await.unwrap();
        socket.disconnect();
        until("by this side", || reasons.lock().unwrap().len() == 2).await;
        assert_eq!(
            reasons.lock().unwrap()[1],
            DisconnectReason::IoClientDisconnect
        );
    }
}

#[tokio::test]
async fn retries_deliver_every_event_and_a_key_tells_repeats() {
    let server = serve().await;
    let socket = server.client().backoff(quick()).connect().await.unwrap();
    let keyed = socket
        .retries(1_000)
        .timeout(Duration::from_millis(200))
        .unique_key();
    let cutter = socket.client().clone();
    let cutting = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            cutter.cut();
        }
    });
    for n in 0..200u32 {
        let answer: usize = keyed.emit_with_ack("key", n.to_string()).await.unwrap();
        assert_eq!(answer, n as usize + 1);
    }
    cutting.await.unwrap();
    assert_eq!(server.seen.keys.lock().unwrap().len(), 200);
    // Nobody answers: the attempts have an end.
    let failed: Result<(), _> = socket
        .retries(2)
        .timeout(Duration::from_millis(20))
        .emit_with_ack("never", ())
        .await;
    assert_eq!(failed, Err(AckError::Timeout));
    let sent = server
        .seen
        .events
        .lock()
        .unwrap()
        .iter()
        .filter(|name| *name == "never")
        .count();
    assert_eq!(sent, 3);
}

#[tokio::test]
async fn a_server_that_never_answers_for_the_namespace_is_given_up() {
    let server = serve().await;
    server.seen.silent.store(true, Ordering::Release);
    let error = server
        .client()
        .connect_timeout(Duration::from_millis(200))
        .connect()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did not answer for the namespace"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_packet_ends_the_connection_which_comes_back() {
    let server = serve().await;
    let socket = server.client().backoff(quick()).connect().await.unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    socket.on_lifecycle(async move |lifecycle: Lifecycle| {
        let _ = told.send(lifecycle);
    });
    socket.emit("bad", ()).unwrap();
    loop {
        match heard.recv().await.unwrap() {
            Lifecycle::Disconnected { reason, cause } => {
                assert_eq!(reason, DisconnectReason::ParseError);
                assert!(cause.is_some_and(|cause| cause.to_string().contains("no Socket.IO")));
                break;
            }
            Lifecycle::Upgraded(_) | Lifecycle::Connected { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    until("it is back", || socket.is_connected()).await;
}

#[tokio::test]
async fn revision_3_is_spoken_on_every_transport() {
    let server = serve().await;
    for transports in TRANSPORTS {
        let socket = server
            .namespace("/chat")
            .revision(socketio_client::Revision::V3)
            .transports(transports.iter().copied())
            .auth(json!({ "token": "a b" }))
            .connect()
            .await
            .unwrap();
        let data = (
            Bytes::from_static(&[1, 2, 3]),
            "gr\u{fc}n \u{1f980}".to_owned(),
        );
        let back: (Bytes, String) = socket.emit_with_ack("echo", &data).await.unwrap();
        assert_eq!(back, data);
        socket.close().await;
    }
}

#[tokio::test]
async fn an_application_that_does_not_take_its_events_slows_the_server_down() {
    let server = serve().await;
    let socket = server
        .client()
        .transports([Transport::WEBSOCKET])
        .connect()
        .await
        .unwrap();
    assert_eq!(recv(&socket).await.name(), "welcome");
    socket.emit("flood", 200_000).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 0..200_000u32 {
        assert_eq!(recv(&socket).await.data::<u32>().unwrap(), n);
    }
    assert!(socket.is_connected());
}

#[tokio::test]
async fn the_last_handle_closes_the_connection_and_nothing_stays() {
    let server = serve().await;
    for transports in TRANSPORTS {
        let alone = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        let held = Arc::new(());
        let captured = Arc::clone(&held);
        let socket = server
            .client()
            .transports(transports.iter().copied())
            .on("echo", move |_: Socket| {
                let captured = Arc::clone(&captured);
                async move { drop(captured) }
            })
            .connect()
            .await
            .unwrap();
        let chat = socket.client().of("/chat").connect().await.unwrap();
        for socket in [&socket, &chat] {
            socket.emit("echo", 1).unwrap();
            socket.emit("last", ()).unwrap();
        }
        drop(socket);
        drop(chat);
        until("no session is left", || server.engine.sessions() == 0).await;
        until("no task is left", || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
                <= alone
        })
        .await;
        until("nothing is held", || Arc::strong_count(&held) == 1).await;
    }
    // What was sent before the end has left.
    let last = server
        .seen
        .events
        .lock()
        .unwrap()
        .iter()
        .filter(|name| *name == "last")
        .count();
    assert_eq!(last, 6);
}

#[tokio::test]
async fn a_program_that_ends_waits_until_everything_has_left() {
    let server: Server = serve().await;
    for transports in TRANSPORTS {
        server.seen.events.lock().unwrap().clear();
        let socket = server
            .client()
            .transports(transports.iter().copied())
            .connect()
            .await
            .unwrap();
        for _ in 0..500 {
            socket.emit("many", "x".repeat(1_000)).unwrap();
        }
        socket.close().await;
        until("all have arrived", || {
            server.seen.events.lock().unwrap().len() == 500
        })
        .await;
    }
}
