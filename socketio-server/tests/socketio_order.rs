//! In which order things happen: what a client sends, what handlers do about it, and what the client gets.

mod client;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, serve, until};
use socketio_server::{
    Ack, AckError, AckSender, Data, DisconnectReason, Event, FromEvent, Server, Socket,
};
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_events_start_in_order_though_each_handler_waits() {
    const EVENTS: usize = 100_000;
    let io = Server::new();
    let started = Arc::new(Mutex::new(Vec::with_capacity(EVENTS)));
    let ended = Arc::new(AtomicUsize::new(0));
    {
        let (started, ended) = (Arc::clone(&started), Arc::clone(&ended));
        io.on("n", async move |Data(n): Data<usize>| {
            started.lock().unwrap().push(n);
            tokio::task::yield_now().await;
            ended.fetch_add(1, Ordering::Relaxed);
        });
    }
    let address = serve(&io).await;
    let mut client = Client::joined(address).await;
    for first in (0..EVENTS).step_by(500) {
        let events: Vec<_> = (first..first + 500)
            .map(|n| format!("42[\"n\",{n}]"))
            .collect();
        client.send_all(&events).await;
    }
    until(|| ended.load(Ordering::Relaxed) == EVENTS).await;
    let started = started.lock().unwrap();
    assert!(started.iter().copied().eq(0..EVENTS));
}

#[tokio::test]
async fn a_client_that_floods_leaves_others_their_turn() {
    const EVENTS: usize = 50_000;
    let io = Server::new();
    let worked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&worked);
    io.on("work", async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        // Something that takes a while, and the only thread that there is.
        std::hint::black_box((0..1000).fold(0_u64, |sum, n| sum ^ std::hint::black_box(n)));
    });
    io.on("quick", async || Ack(()));
    let address = serve(&io).await;
    let mut quick = Client::joined(address).await;
    let flood = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let mut client = Client::joined(address).await;
            let padding = "x".repeat(300);
            let events = vec![format!("42[\"work\",\"{padding}\"]"); 1000];
            for _ in 0..EVENTS / events.len() {
                client.send_all(&events).await;
            }
        });
    });
    let mut most = 0;
    while worked.load(Ordering::Relaxed) < EVENTS && !flood.is_finished() {
        let before = worked.load(Ordering::Relaxed);
        quick.send("420[\"quick\"]").await;
        assert_eq!(quick.recv().await, "430[]");
        most = most.max(worked.load(Ordering::Relaxed) - before);
    }
    // Counted in work and not in time, since the machine may have other things to do.
    assert!(
        most < EVENTS / 10,
        "one answer had to wait for {most} events"
    );
}

#[tokio::test]
async fn a_handler_that_waits_does_not_hold_up_the_next_one() {
    let io = Server::new();
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    io.on("wait", async move || {
        waiting.acquire().await.unwrap().forget();
        Ack("waited")
    });
    io.on("go", async move || {
        gate.add_permits(1);
        Ack("went")
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send_all(&["421[\"wait\"]", "422[\"go\"]"]).await;
    assert_eq!(client.recv().await, "432[\"went\"]");
    assert_eq!(client.recv().await, "431[\"waited\"]");
}

#[tokio::test]
async fn a_sequential_namespace_starts_the_next_handler_when_the_one_before_has_ended() {
    let io = Server::new();
    io.sequential();
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    io.on("n", async move |Data(n): Data<u32>| {
        noted.lock().unwrap().push(format!("+{n}"));
        tokio::time::sleep(Duration::from_millis(u64::from(10 - n))).await;
        noted.lock().unwrap().push(format!("-{n}"));
        Ack(n)
    });
    let mut client = Client::joined(serve(&io).await).await;
    let events: Vec<_> = (0..5).map(|n| format!("42{n}[\"n\",{n}]")).collect();
    client.send_all(&events).await;
    for n in 0..5 {
        assert_eq!(client.recv().await, format!("43{n}[{n}]"));
    }
    let expected: Vec<_> = (0..5)
        .flat_map(|n| [format!("+{n}"), format!("-{n}")])
        .collect();
    assert_eq!(*log.lock().unwrap(), expected);
}

#[tokio::test]
async fn in_a_sequential_namespace_a_handler_can_wait_for_an_acknowledgement_of_its_client() {
    let io = Server::new();
    io.sequential();
    io.on("ask", async |socket: Socket| {
        Ack(socket.emit_with_ack::<u32>("question", &()).await.unwrap())
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send_all(&["421[\"ask\"]", "422[\"ask\"]"]).await;
    assert_eq!(client.recv().await, "420[\"question\"]");
    client.is_silent().await;
    client.send("430[7]").await;
    assert_eq!(client.recv().await, "431[7]");
    assert_eq!(client.recv().await, "421[\"question\"]");
    client.send("431[8]").await;
    assert_eq!(client.recv().await, "432[8]");
}

#[tokio::test]
async fn on_connect_has_started_before_the_first_event_and_its_listeners_hear_that() {
    let io = Server::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    // Auth takes its time, and the client does not wait.
    io.auth(async || {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Ok::<_, socketio_server::ConnectError>(())
    });
    io.on_connect(async move |socket: Socket| {
        noted.lock().unwrap().push("connected".to_owned());
        let noted = Arc::clone(&noted);
        socket.on("first", async move |Data(n): Data<u32>| {
            noted.lock().unwrap().push(format!("first {n}"));
        });
        tokio::task::yield_now().await;
    });
    let mut client = Client::connect(serve(&io).await).await;
    client
        .send_all(&["40", "42[\"first\",1]", "42[\"first\",2]"])
        .await;
    assert!(client.recv().await.starts_with("40{"));
    until(|| log.lock().unwrap().len() == 3).await;
    assert_eq!(*log.lock().unwrap(), ["connected", "first 1", "first 2"]);
}

#[tokio::test]
async fn an_event_with_a_disconnection_right_behind_it_is_delivered_first() {
    for end in ["41", "\0close"] {
        let io = Server::new();
        let log = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&log);
        io.on("last", async move |Data(n): Data<u32>| {
            noted.lock().unwrap().push(format!("event {n}"));
        });
        let noted = Arc::clone(&log);
        io.on_disconnect(async move |reason: DisconnectReason| {
            noted.lock().unwrap().push(reason.to_string());
        });
        let mut client = Client::joined(serve(&io).await).await;
        let reason = if end == "41" {
            client
                .send_all(&["42[\"last\",1]", "42[\"last\",2]", "41"])
                .await;
            "client namespace disconnect"
        } else {
            client
                .send_all(&["42[\"last\",1]", "42[\"last\",2]", "1"])
                .await;
            "transport close"
        };
        until(|| log.lock().unwrap().len() == 3).await;
        assert_eq!(*log.lock().unwrap(), ["event 1", "event 2", reason]);
    }
}

#[tokio::test]
async fn beyond_256_handlers_that_wait_events_wait_and_acknowledgements_do_not() {
    let io = Server::new();
    let started = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&started);
    io.on("ask", async move |socket: Socket| {
        counted.fetch_add(1, Ordering::SeqCst);
        let answer = socket.emit_with_ack::<u32>("question", &()).await;
        Ack(answer.unwrap())
    });
    let mut client = Client::joined(serve(&io).await).await;
    let events: Vec<_> = (0..300).map(|n| format!("42{n}[\"ask\"]")).collect();
    client.send_all(&events).await;
    for n in 0..256 {
        assert_eq!(client.recv().await, format!("42{n}[\"question\"]"));
    }
    client.is_silent().await;
    assert_eq!(started.load(Ordering::SeqCst), 256);
    // The answer stands behind 44 events that wait, and is read.
    client.send("430[7]").await;
    let both = [client.recv().await, client.recv().await];
    assert!(both.contains(&"430[7]".to_owned()), "{both:?}");
    assert!(both.contains(&"42256[\"question\"]".to_owned()), "{both:?}");
    assert_eq!(started.load(Ordering::SeqCst), 257);
}

#[tokio::test]
async fn a_client_that_sends_far_more_than_its_handlers_take_is_disconnected() {
    let io = Server::builder().waiting_events(1, 10_000).build();
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    io.on(
        "n",
        async move |socket: Socket, Data((n, _)): Data<(u32, String)>| {
            socket.closed().await;
            noted.lock().unwrap().push(n);
        },
    );
    let mut client = Client::joined(serve(&io).await).await;
    let much = "x".repeat(1000);
    let events: Vec<_> = (0..20)
        .map(|n| format!("42[\"n\",{n},\"{much}\"]"))
        .collect();
    client.send_all(&events).await;
    client.ends().await;
    // What was taken before is delivered.
    until(|| io.connections() == 0 && log.lock().unwrap().len() > 5).await;
    let log = log.lock().unwrap();
    assert!(log.len() < 12, "{log:?}");
}

#[tokio::test]
async fn events_that_wait_are_delivered_when_the_client_leaves() {
    let io = Server::builder().waiting_events(1, 10_000).build();
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    io.on("n", async move |socket: Socket, Data(n): Data<u32>| {
        noted.lock().unwrap().push(n);
        socket.closed().await;
    });
    let mut client = Client::joined(serve(&io).await).await;
    client
        .send_all(&["42[\"n\",1]", "42[\"n\",2]", "42[\"n\",3]"])
        .await;
    until(|| log.lock().unwrap().len() == 1).await;
    client.is_silent().await;
    assert_eq!(*log.lock().unwrap(), [1]);
    client.send("41").await;
    until(|| log.lock().unwrap().len() == 3).await;
    assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
}

#[tokio::test]
async fn in_a_sequential_namespace_events_go_on_one_by_one_when_the_client_has_left() {
    for end in ["41", "drop"] {
        let io = Server::new();
        io.sequential();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noted, may_end) = (Arc::clone(&log), Arc::new(Semaphore::new(0)));
        let ends = Arc::clone(&may_end);
        io.on("n", async move |socket: Socket, Data(n): Data<u32>| {
            let note = |what: &str| noted.lock().unwrap().push(format!("{what} {n}"));
            note("start");
            socket.closed().await;
            ends.acquire().await.unwrap().forget();
            note("end");
        });
        for which in ["disconnecting", "disconnected"] {
            let noted = Arc::clone(&log);
            let note = async move |socket: Socket| {
                let rooms = socket.rooms().len();
                noted.lock().unwrap().push(format!("{which} {rooms}"));
            };
            match which {
                "disconnecting" => io.on_disconnecting(note),
                _ => io.on_disconnect(note),
            }
        }
        let mut client = Client::joined(serve(&io).await).await;
        let events = ["42[\"n\",1]", "42[\"n\",2]", "42[\"n\",3]"];
        client.send_all(&events).await;
        let lines = || log.lock().unwrap().clone();
        until(|| lines() == ["start 1"]).await;
        match end {
            "drop" => drop(client),
            text => client.send(text).await,
        }
        until(|| io.is_empty()).await;
        assert_eq!(lines(), ["start 1"]);
        may_end.add_permits(1);
        until(|| lines().len() == 3).await;
        assert_eq!(lines(), ["start 1", "end 1", "start 2"]);
        // Whoever goes down waits for all of it.
        let going = io.clone();
        let going = tokio::spawn(async move { going.shutdown(Duration::from_secs(60)).await });
        may_end.add_permits(2);
        assert!(going.await.unwrap().is_clean());
        let rest = [
            "end 2",
            "start 3",
            "end 3",
            "disconnecting 1",
            "disconnected 1",
        ];
        assert_eq!(lines()[3..], rest);
    }
}

#[tokio::test]
async fn what_is_sent_arrives_in_the_order_of_the_calls_after_connect() {
    let io = Server::new();
    io.middleware(async |socket: Socket| {
        socket.emit("early", &1).unwrap();
        socket.join("room");
        Ok::<_, socketio_server::ConnectError>(())
    });
    io.on_connect(async |socket: Socket| {
        socket.emit("connected", &socket.is_in("room")).unwrap();
        socket.namespace().to("room").emit("room", &()).unwrap();
        socket.emit("last", &()).unwrap();
    });
    let mut client = Client::joined(serve(&io).await).await;
    for expected in [
        "[\"early\",1]",
        "[\"connected\",true]",
        "[\"room\"]",
        "[\"last\"]",
    ] {
        assert_eq!(client.recv().await, format!("42{expected}"));
    }
}

#[tokio::test]
async fn several_handlers_start_in_order_and_the_first_answer_counts() {
    let io = Server::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let log = Arc::clone(&log);
        move || log.lock().unwrap().push(what)
    };
    let (any, one, two, own, wrap) = (note("any"), note("1"), note("2"), note("own"), note("wrap"));
    io.on_any(async move || any());
    io.on("e", async move || one());
    io.on("e", async move || {
        two();
        Ack(2)
    });
    io.on_connect(async move |socket: Socket| {
        let own = own.clone();
        socket.on("e", async move || {
            own();
            Ack(3)
        });
        let wrap = wrap.clone();
        socket.use_event(async move |event: Event, next: socketio_server::Next| {
            wrap();
            next.run(event).await
        });
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("427[\"e\"]").await;
    assert_eq!(client.recv().await, "437[2]");
    client.is_silent().await;
    assert_eq!(*log.lock().unwrap(), ["any", "wrap", "1", "2", "own"]);
}

#[tokio::test]
async fn once_is_once_and_off_is_off() {
    let io = Server::new();
    let count = Arc::new(AtomicUsize::new(0));
    let adding = |n: usize| {
        let count = Arc::clone(&count);
        async move || {
            count.fetch_add(n, Ordering::SeqCst);
        }
    };
    io.once("e", adding(1));
    let tens = io.on("e", adding(10));
    io.on("off", adding(1000));
    let hundred = adding(100);
    io.on_connect(async move |socket: Socket| {
        socket.once("e", hundred);
    });
    io.on("sync", async || Ack(()));
    let mut client = Client::joined(serve(&io).await).await;
    client
        .send_all(&["42[\"e\"]", "42[\"e\"]", "421[\"sync\"]"])
        .await;
    assert_eq!(client.recv().await, "431[]");
    assert_eq!(count.load(Ordering::SeqCst), 1 + 20 + 100);
    tens.remove();
    io.off("off");
    client
        .send_all(&["42[\"e\"]", "42[\"off\"]", "421[\"sync\"]"])
        .await;
    assert_eq!(client.recv().await, "431[]");
    assert_eq!(count.load(Ordering::SeqCst), 121);
}

#[tokio::test]
async fn an_answer_can_come_later_and_only_once() {
    let io = Server::new();
    let kept = Arc::new(Mutex::new(None::<AckSender>));
    let keep = Arc::clone(&kept);
    io.on("later", async move |ack: AckSender| {
        *keep.lock().unwrap() = Some(ack);
    });
    let mut client = Client::joined(serve(&io).await).await;
    client.send("425[\"later\"]").await;
    until(|| kept.lock().unwrap().is_some()).await;
    let ack = kept.lock().unwrap().take().unwrap();
    assert!(ack.is_wanted());
    ack.send(&("a", 1)).unwrap();
    assert!(!ack.is_wanted());
    let again = ack.send(&2).unwrap_err();
    assert_eq!(again, socketio_server::EmitError::Answered);
    assert_eq!(client.recv().await, "435[\"a\",1]");
    // Nobody asked: nothing is sent, and that is no error.
    client.send("42[\"later\"]").await;
    until(|| kept.lock().unwrap().is_some()).await;
    kept.lock().unwrap().take().unwrap().send(&3).unwrap();
    client.is_silent().await;
}

#[tokio::test]
async fn a_parameter_of_the_applications_own_is_made_from_the_event() {
    struct Probe(String);

    impl FromEvent<Event> for Probe {
        fn from_event(event: &Event) -> Result<Self, socketio_server::Error> {
            let socket = event.socket();
            let probe = socket.handshake().header("x-probe").ok_or("no probe")?;
            Ok(Self(format!("{probe} by {}", event.name())))
        }
    }

    let io = Server::new();
    io.on("e", async |Probe(probe): Probe| Ack(probe));
    let mut client = Client::joined(serve(&io).await).await;
    client.send("421[\"e\"]").await;
    assert_eq!(client.recv().await, "431[\"seen by e\"]");
}

#[tokio::test]
async fn acknowledgements_end_with_the_time_the_socket_or_the_answer() {
    let io = Server::builder()
        .ack_timeout(Duration::from_millis(50))
        .build();
    let results = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&results);
    io.on(
        "ask",
        async move |socket: Socket, Data(ms): Data<Option<u64>>| {
            let mut asking = socket.emit_with_ack::<u32>("q", &());
            if let Some(ms) = ms {
                asking = asking.timeout(Duration::from_millis(ms));
            }
            let result = asking.await;
            noted.lock().unwrap().push(result);
        },
    );
    let mut client = Client::joined(serve(&io).await).await;
    let wait_for = async |n: usize| until(|| results.lock().unwrap().len() == n).await;
    client.send("42[\"ask\",null]").await;
    assert_eq!(client.recv().await, "420[\"q\"]");
    wait_for(1).await;
    client.send("430[1]").await; // too late
    client.send("42[\"ask\",10000]").await;
    assert_eq!(client.recv().await, "421[\"q\"]");
    tokio::time::sleep(Duration::from_millis(80)).await;
    client.send("431[2]").await;
    wait_for(2).await;
    client.send("42[\"ask\",10000]").await;
    assert_eq!(client.recv().await, "422[\"q\"]");
    client.send("432[\"text\"]").await;
    wait_for(3).await;
    client.send_all(&["42[\"ask\",10000]", "41"]).await;
    wait_for(4).await;
    let results = results.lock().unwrap();
    assert_eq!(results[0], Err(AckError::Timeout));
    assert_eq!(results[1], Ok(2));
    assert!(matches!(results[2], Err(AckError::Decode(_))));
    assert_eq!(results[3], Err(AckError::Closed));
}
