//! What a server's connection does with namespaces, by what it writes and what it reports.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::server::{Config as EngineConfig, Opening, Session};
use engineio_proto::{CloseReason, ContentType, Frame, LinkId, Revision, Sid, Time, Transport};
use socketio_proto::server::{
    Accept, Config, ConnectRequest, Connection, Event, Gone, ProtocolError,
};
use socketio_proto::{
    AckError, AckId, Arguments, Bytes, Codec, ConnectError, DecodeError, DisconnectReason, Emit,
    Encoded, ExpectError, Json, Limits, Namespace, SendError, SocketId, Value,
};

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn nsp(name: &str) -> Namespace {
    Namespace::new(name).unwrap()
}

fn event(namespace: &str, name: &str, id: Option<u64>) -> Encoded {
    let mut emit = Emit::new(name, Arguments::new(&()));
    if let Some(id) = id {
        emit = emit.with_id(AckId(id));
    }
    Json::new().encode(&nsp(namespace), &emit.into()).unwrap()
}

/// A connection over a WebSocket, and what happens on it.
struct Peer {
    connection: Connection,
    link: LinkId,
    now: Time,
}

impl Peer {
    fn new() -> Self {
        Self::with(Revision::V4, |_| {}, |_| {})
    }

    fn of_revision_3() -> Self {
        Self::with(Revision::V3, |_| {}, |_| {})
    }

    fn with(
        revision: Revision,
        change: impl FnOnce(&mut Config),
        engine: impl FnOnce(&mut EngineConfig),
    ) -> Self {
        let (mut config, mut engine_config) = (Config::default(), EngineConfig::default());
        change(&mut config);
        engine(engine_config.ping_interval(Duration::from_secs(3_600)));
        let opening = Opening::new(Sid::new("session").unwrap()).revision(revision);
        let (session, link) = Session::accept_link(
            Arc::new(engine_config),
            opening,
            Transport::WEBSOCKET,
            at(0),
        );
        let mut connection = Connection::new(session, Arc::new(config), at(0));
        assert!(connection.poll_frame(link).is_some(), "the open packet");
        Self {
            connection,
            link,
            now: at(1),
        }
    }

    /// In these namespaces, with their names as ids.
    fn joined(mut self, names: &[&str]) -> Self {
        for name in names {
            let request = self.ask(name);
            self.connection
                .accept(request, Accept::new(SocketId::from(*name)))
                .unwrap();
            assert_eq!(self.written().len(), 1);
        }
        self
    }

    fn ask(&mut self, name: &str) -> ConnectRequest {
        let packet = if name == "/" {
            "40".to_owned()
        } else {
            format!("40{name},")
        };
        self.receive(&packet);
        match self.connection.poll_event() {
            Some(Event::Connect(request)) => request,
            other => panic!("{other:?} instead of a request for {name}"),
        }
    }

    fn receive(&mut self, packet: &str) {
        self.connection
            .handle_frame(self.link, Frame::text(packet), self.now);
    }

    fn receive_bytes(&mut self, bytes: &'static [u8]) {
        self.connection
            .handle_frame(self.link, Frame::binary(bytes), self.now);
    }

    fn wait(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.connection.handle_timeout(self.now);
        let deadline = self.connection.poll_timeout();
        assert!(
            deadline.is_none_or(|deadline| deadline > self.now),
            "no spinning"
        );
    }

    fn written(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.connection.poll_frame(self.link))
            .map(|frame| match frame.to_text() {
                Some(text) => text.to_string(),
                None => format!("{:?}", frame.body()),
            })
            .collect()
    }

    /// What happened, in short words.
    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.connection.poll_event())
            .map(|event| words(&event))
            .collect()
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::Connect(request) => format!("connect {}", request.namespace()),
        Event::Withdrawn { namespace } => format!("withdrawn {namespace}"),
        Event::Event {
            namespace,
            id,
            args,
        } => {
            let id = id.map_or(String::new(), |id| format!(" #{id}"));
            format!("event {namespace} {}{id}", args.event_name())
        }
        Event::Ack {
            namespace,
            id,
            result,
        } => match result {
            Ok(args) => format!("ack {namespace} #{id} {:?}", args.to_values()),
            Err(AckError::Timeout) => format!("ack {namespace} #{id} timeout"),
            Err(error) => format!("ack {namespace} #{id} {error}"),
        },
        Event::Disconnect { namespace, reason } => format!("disconnect {namespace} {reason}"),
        Event::Upgrade(transport) => format!("upgrade {transport}"),
        Event::ProtocolError(error) => format!("error {error}"),
        Event::Close(reason) => format!("close {reason}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_namespace_is_joined_when_the_application_says_so() {
    let mut peer = Peer::new();
    peer.receive(r#"40/chat,{"token":"t"}"#);
    let Some(Event::Connect(request)) = peer.connection.poll_event() else {
        panic!()
    };
    assert_eq!(request.namespace(), &nsp("/chat"));
    assert_eq!(request.auth().unwrap().to_value()["token"], "t");
    assert!(request.resume().is_none());
    assert!(!peer.connection.is_joined(&nsp("/chat")));
    assert_eq!(
        peer.connection
            .send(&nsp("/chat"), &event("/chat", "x", None)),
        Err(SendError::NotConnected)
    );
    assert_eq!(peer.written(), [] as [&str; 0]);

    peer.connection
        .accept(
            request,
            Accept::new(SocketId::from("id")).private_id("secret"),
        )
        .unwrap();
    assert_eq!(peer.written(), [r#"40/chat,{"sid":"id","pid":"secret"}"#]);
    peer.connection
        .send(&nsp("/chat"), &event("/chat", "x", None))
        .unwrap();
    assert_eq!(peer.written(), [r#"42/chat,["x"]"#]);
}

#[test]
fn a_refused_client_hears_why_and_may_ask_again() {
    let mut peer = Peer::new();
    let request = peer.ask("/");
    peer.connection
        .refuse(request, &ConnectError::new("denied").with_data(403))
        .unwrap();
    assert_eq!(peer.written(), [r#"44{"message":"denied","data":403}"#]);
    let request = peer.ask("/");
    peer.connection
        .accept(request, Accept::new(SocketId::from("id")))
        .unwrap();
    assert_eq!(peer.written(), [r#"40{"sid":"id"}"#]);
}

#[test]
fn asking_twice_is_asking_once_and_asking_again_after_joining_is_an_error() {
    let mut peer = Peer::new();
    let request = peer.ask("/");
    peer.receive("40");
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.connection
        .accept(request, Accept::new(SocketId::from("id")))
        .unwrap();
    assert_eq!(peer.written(), [r#"40{"sid":"id"}"#]);
    peer.receive("40");
    assert_eq!(
        peer.events(),
        [
            "error the namespace is joined already",
            "disconnect / forced close",
            "close forced close"
        ]
    );
}

#[test]
fn what_is_sent_before_the_decision_waits_for_it_and_keeps_its_order() {
    let mut peer = Peer::new().joined(&["/other"]);
    let request = peer.ask("/");
    peer.receive(r#"42["a"]"#);
    peer.receive(r#"42/other,["b"]"#);
    peer.receive(r#"451-["c",{"_placeholder":true,"num":0}]"#);
    peer.receive_bytes(&[1]);
    assert_eq!(peer.events(), ["event /other b"]);
    peer.connection
        .accept(request, Accept::new(SocketId::from("id")))
        .unwrap();
    peer.receive(r#"42["d"]"#);
    assert_eq!(peer.events(), ["event / a", "event / c", "event / d"]);
}

#[test]
fn what_waits_for_the_decision_is_bounded() {
    let mut peer = Peer::new();
    let _request = peer.ask("/");
    for _ in 0..256 {
        peer.receive(r#"42["a"]"#);
    }
    assert!(peer.connection.session().is_open());
    peer.receive(r#"42["a"]"#);
    assert_eq!(
        peer.events(),
        [
            "error too much was sent before the namespace was joined",
            "close forced close"
        ]
    );

    let mut peer = Peer::new();
    let _request = peer.ask("/");
    let large = format!(r#"42["a","{}"]"#, "x".repeat(400_000));
    for _ in 0..3 {
        peer.receive(&large);
    }
    assert_eq!(peer.events().len(), 2);
}

#[test]
fn a_client_that_leaves_before_the_decision_was_never_there() {
    let mut peer = Peer::new().joined(&["/other"]);
    let request = peer.ask("/");
    peer.receive(r#"42["never"]"#);
    peer.receive("41");
    assert_eq!(peer.events(), ["withdrawn /"]);
    assert_eq!(
        peer.connection
            .accept(request, Accept::new(SocketId::from("id"))),
        Err(Gone)
    );
    assert_eq!((peer.events(), peer.written()), (vec![], vec![]));

    // It asks again: the old request is not the new one.
    let old = peer.ask("/");
    peer.receive("41");
    assert_eq!(peer.events(), ["withdrawn /"]);
    let new = peer.ask("/");
    assert_eq!(
        peer.connection.refuse(old, &ConnectError::new("no")),
        Err(Gone)
    );
    peer.connection
        .accept(new, Accept::new(SocketId::from("id")))
        .unwrap();
    assert_eq!(peer.written(), [r#"40{"sid":"id"}"#]);

    let request = peer.ask("/third");
    peer.connection.handle_link_closed(peer.link, at(2));
    assert_eq!(peer.events().len(), 3);
    assert_eq!(
        peer.connection
            .accept(request, Accept::new(SocketId::from("id"))),
        Err(Gone)
    );
}

#[test]
fn namespaces_are_apart() {
    let mut peer = Peer::new().joined(&["/", "/a"]);
    peer.receive(r#"42/a,["x"]"#);
    peer.receive("41/a,");
    peer.receive(r#"42["y"]"#);
    assert_eq!(
        peer.events(),
        [
            "event /a x",
            "disconnect /a client namespace disconnect",
            "event / y"
        ]
    );
    assert_eq!(
        peer.connection.namespaces().collect::<Vec<_>>(),
        [&Namespace::ROOT]
    );
    assert!(
        peer.connection.session().is_open(),
        "leaving a namespace leaves the connection"
    );
}

#[test]
fn an_event_and_a_disconnect_in_one_breath_come_in_order() {
    let mut config = EngineConfig::default();
    config.max_payload(1_000);
    let opening = Opening::new(Sid::new("session").unwrap());
    let session = Session::accept_polling(Arc::new(config), opening, at(0));
    let mut connection = Connection::new(session, Arc::new(Config::default()), at(0));
    let post = |connection: &mut Connection, body: &str| {
        connection.start_post(ContentType::Text, at(1)).unwrap();
        connection
            .handle_post(body.to_owned().into(), at(1))
            .unwrap();
    };
    post(&mut connection, "40");
    let Some(Event::Connect(request)) = connection.poll_event() else {
        panic!()
    };
    connection
        .accept(request, Accept::new(SocketId::from("id")))
        .unwrap();
    connection.finish_post().unwrap();
    post(&mut connection, "42[\"a\"]\u{1e}42[\"b\"]\u{1e}41\u{1e}1");
    let events: Vec<_> = std::iter::from_fn(|| connection.poll_event())
        .map(|event| words(&event))
        .collect();
    assert_eq!(
        events,
        [
            "event / a",
            "event / b",
            "disconnect / client namespace disconnect",
            "close transport close"
        ]
    );
}

#[test]
fn what_was_under_way_when_the_client_was_put_out_is_dropped() {
    let mut peer = Peer::new().joined(&["/", "/a"]);
    peer.connection.disconnect(&nsp("/a"));
    peer.connection.disconnect(&nsp("/a"));
    assert_eq!(peer.written(), ["41/a,"]);
    peer.receive(r#"42/a,["late"]"#);
    peer.receive(r#"43/a,7[]"#);
    peer.receive("41/a,");
    assert_eq!(peer.events(), ["disconnect /a server namespace disconnect"]);
    assert_eq!(
        peer.connection.send(&nsp("/a"), &event("/a", "x", None)),
        Err(SendError::NotConnected)
    );
    let request = peer.ask("/a");
    peer.connection
        .accept(request, Accept::new(SocketId::from("again")))
        .unwrap();
    assert_eq!(peer.written(), [r#"40/a,{"sid":"again"}"#]);
}

#[test]
fn packets_that_no_client_may_send_close_the_connection() {
    for (packet, error) in [
        (r#"42/never,["x"]"#, ProtocolError::NotConnected),
        ("41/never,", ProtocolError::NotConnected),
        (r#"43/never,1[]"#, ProtocolError::NotConnected),
        (r#"44{"message":"no"}"#, ProtocolError::WrongDirection),
        (
            r#"44/never,{"message":"no"}"#,
            ProtocolError::WrongDirection,
        ),
        ("4", ProtocolError::Decode(DecodeError::UnknownType)),
        ("4abc", ProtocolError::Decode(DecodeError::UnknownType)),
        (
            r#"42["connect"]"#,
            ProtocolError::Decode(DecodeError::ReservedName),
        ),
    ] {
        let mut peer = Peer::new().joined(&["/", "/a"]);
        peer.receive(packet);
        let expected = [
            format!("error {error}"),
            "disconnect / forced close".into(),
            "disconnect /a forced close".into(),
            "close forced close".into(),
        ];
        assert_eq!(peer.events(), expected, "{packet}");
        peer.receive(r#"42["after"]"#);
        assert_eq!(peer.events(), [] as [&str; 0]);
        assert!(peer.connection.is_link_finished(peer.link));
    }
}

#[test]
fn an_acknowledgement_ends_once_with_the_answer_in_time_or_with_the_socket() {
    let mut peer = Peer::new().joined(&["/", "/a"]);
    for id in 1..=4 {
        peer.connection
            .expect_ack(&Namespace::ROOT, AckId(id), Some(at(100 * id)))
            .unwrap();
    }
    peer.connection
        .expect_ack(&nsp("/a"), AckId(1), None)
        .unwrap();
    assert_eq!(
        peer.connection.expect_ack(&Namespace::ROOT, AckId(1), None),
        Err(ExpectError::InUse)
    );
    assert_eq!(peer.connection.poll_timeout(), Some(at(100)));
    peer.receive(r#"431["late",1]"#);
    peer.receive(r#"431["again"]"#);
    peer.receive(r#"4399["nobody asked"]"#);
    assert_eq!(peer.events(), [r#"ack / #1 [String("late"), Number(1)]"#]);
    peer.wait(250);
    peer.receive("432[]");
    assert!(peer.connection.forget_ack(&Namespace::ROOT, AckId(3)));
    assert_eq!(peer.events(), ["ack / #2 timeout"]);
    peer.receive("41");
    assert_eq!(
        peer.events(),
        [
            "ack / #4 socket has been disconnected",
            "disconnect / client namespace disconnect"
        ]
    );
    peer.connection.handle_link_closed(peer.link, peer.now);
    assert_eq!(
        peer.events(),
        [
            "ack /a #1 socket has been disconnected",
            "disconnect /a transport close",
            "close transport close"
        ]
    );
}

#[test]
fn awaited_acknowledgements_are_bounded() {
    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.max_acks(2);
        },
        |_| {},
    )
    .joined(&["/"]);
    let root = Namespace::ROOT;
    assert_eq!(
        peer.connection.expect_ack(&nsp("/a"), AckId(1), None),
        Err(ExpectError::NotConnected)
    );
    assert_eq!(peer.connection.expect_ack(&root, AckId(1), None), Ok(()));
    assert_eq!(peer.connection.expect_ack(&root, AckId(2), None), Ok(()));
    assert_eq!(
        peer.connection.expect_ack(&root, AckId(3), None),
        Err(ExpectError::TooMany)
    );
}

#[test]
fn a_client_joins_something_in_time() {
    let mut peer = Peer::new();
    let _request = peer.ask("/");
    peer.wait(44_998);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(1);
    assert_eq!(
        peer.events(),
        [
            "error no namespace was joined in time",
            "close forced close"
        ]
    );

    let mut peer = Peer::new().joined(&["/"]);
    peer.receive("41");
    peer.wait(100_000);
    assert_eq!(peer.events(), ["disconnect / client namespace disconnect"]);
}

#[test]
fn announced_attachments_come_in_time_and_each_one_gives_more() {
    let mut peer = Peer::new().joined(&["/"]);
    peer.receive(r#"452-["c",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(19_000);
    peer.receive_bytes(&[1]);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(19_000);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(1_000);
    assert_eq!(
        peer.events(),
        [
            "error attachments did not come in time",
            "disconnect / forced close",
            "close forced close"
        ]
    );
}

#[test]
fn namespaces_of_one_client_are_bounded() {
    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.max_namespaces(2);
        },
        |_| {},
    )
    .joined(&["/", "/a"]);
    peer.receive("40/b,");
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(
        peer.written(),
        [r#"44/b,{"message":"too many namespaces"}"#]
    );
    // As after any refusal: what it has sent before it knew is no fault.
    peer.receive(r#"42/b,["x"]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    // Only the last few that were left are remembered.
    for name in ["/1", "/2", "/3"] {
        peer.receive("41/a,");
        let request = peer.ask_after_events(name);
        peer.connection
            .accept(request, Accept::new(SocketId::from("id")))
            .unwrap();
        peer.connection.disconnect(&nsp(name));
        let request = peer.ask_after_events("/a");
        peer.connection
            .accept(request, Accept::new(SocketId::from("id")))
            .unwrap();
    }
    peer.receive(r#"42/1,["x"]"#);
    assert_eq!(peer.events()[0], "error the namespace is not joined");
}

impl Peer {
    fn ask_after_events(&mut self, name: &str) -> ConnectRequest {
        self.events();
        self.ask(name)
    }
}

#[test]
fn closing_puts_the_client_out_of_every_namespace_and_shutting_down_does_not_say_so() {
    let mut peer = Peer::new().joined(&["/", "/a"]);
    peer.connection
        .send(&nsp("/a"), &event("/a", "last", None))
        .unwrap();
    peer.connection.close(at(5));
    assert_eq!(peer.written(), [r#"42/a,["last"]"#, "41", "41/a,"]);
    assert_eq!(
        peer.events(),
        [
            "disconnect / server namespace disconnect",
            "disconnect /a server namespace disconnect",
            "close forced close"
        ]
    );

    let mut peer = Peer::new().joined(&["/"]);
    peer.connection.shut_down(at(5));
    assert_eq!(peer.written(), [] as [&str; 0]);
    assert_eq!(
        peer.events(),
        ["disconnect / server shutting down", "close forced close"]
    );
}

#[test]
fn reasons_are_in_the_words_of_the_reference() {
    type End = fn(&mut Peer);
    let ends: [(End, &str); 4] = [
        (
            |peer| peer.connection.handle_link_closed(peer.link, peer.now),
            "transport close",
        ),
        (|peer| peer.receive("5"), ""),
        (
            |peer| {
                peer.connection
                    .handle_frame(peer.link, Frame::text("x"), peer.now)
            },
            "parse error",
        ),
        (
            |peer| {
                peer.connection
                    .handle_frame(peer.link, Frame::text("2"), peer.now)
            },
            "transport error",
        ),
    ];
    for (end, reason) in ends {
        let mut peer = Peer::new().joined(&["/"]);
        end(&mut peer);
        let expected = if reason.is_empty() {
            None
        } else {
            Some(format!("disconnect / {reason}"))
        };
        assert_eq!(peer.events().first(), expected.as_ref());
    }
    let mut peer = Peer::with(
        Revision::V4,
        |_| {},
        |engine| {
            engine
                .ping_interval(Duration::from_millis(300))
                .ping_timeout(Duration::from_millis(200));
        },
    )
    .joined(&["/"]);
    peer.wait(300);
    peer.wait(200);
    assert_eq!(
        peer.events(),
        ["disconnect / ping timeout", "close ping timeout"]
    );
    assert_eq!(
        peer.connection.session().close_reason(),
        Some(CloseReason::PingTimeout)
    );
    assert!(DisconnectReason::PingTimeout.is_recoverable());
}

#[test]
fn a_client_of_revision_3_is_in_the_root_without_asking() {
    let mut peer = Peer::of_revision_3();
    let Some(Event::Connect(request)) = peer.connection.poll_event() else {
        panic!()
    };
    assert_eq!(
        (request.namespace(), request.auth().is_none()),
        (&Namespace::ROOT, true)
    );
    peer.connection
        .accept(
            request,
            Accept::new(SocketId::from("session")).private_id("secret"),
        )
        .unwrap();
    assert_eq!(peer.written(), ["40"]);

    peer.receive("40/adm?token=a%20b&token=c,");
    let Some(Event::Connect(request)) = peer.connection.poll_event() else {
        panic!()
    };
    assert_eq!(request.namespace(), &nsp("/adm"));
    assert_eq!(request.auth().unwrap().to_value()["token"], "c");
    peer.connection
        .refuse(request, &ConnectError::new("no way"))
        .unwrap();
    assert_eq!(peer.written(), [r#"44/adm,"no way""#]);
    let request = peer.ask("/adm");
    peer.connection
        .refuse(request, &ConnectError::new("no").with_data(7))
        .unwrap();
    // Data that is a number has no place in protocol 4: it would read as an id.
    assert_eq!(peer.written(), [r#"44/adm,"no""#]);
    let request = peer.ask("/adm");
    peer.connection
        .accept(request, Accept::new(SocketId::from("/adm#session")))
        .unwrap();
    assert_eq!(peer.written(), ["40/adm,"]);
    peer.receive(r#"42/adm,["x"]"#);
    assert_eq!(peer.events(), ["event /adm x"]);
}

#[test]
fn a_client_that_comes_back_shows_its_session_and_gets_what_it_missed_first() {
    let mut peer = Peer::new();
    peer.receive(r#"40{"pid":"secret","offset":"abc","token":1}"#);
    let Some(Event::Connect(request)) = peer.connection.poll_event() else {
        panic!()
    };
    let resume = request.resume().unwrap();
    assert_eq!(
        (&*resume.private_id, resume.offset.as_deref()),
        ("secret", Some("abc"))
    );
    let accept = Accept::new(SocketId::from("old"))
        .private_id("secret")
        .missed([event("/", "m1", None), event("/", "m2", None)]);
    peer.connection.accept(request, accept).unwrap();
    assert_eq!(
        peer.written(),
        [
            r#"42["m1"]"#,
            r#"42["m2"]"#,
            r#"40{"sid":"old","pid":"secret"}"#
        ]
    );

    // Without an offset nothing was received yet.
    for (auth, shown) in [
        (r#"{"pid":"p"}"#, Some(("p", None))),
        (r#"{"pid":"p","offset":null}"#, Some(("p", None))),
        (r#"{"pid":"p","offset":"o"}"#, Some(("p", Some("o")))),
        (r#"{"pid":1,"offset":"o"}"#, None),
        (r#"{"pid":"p","offset":1}"#, None),
        (r#"{"offset":"o"}"#, None),
    ] {
        let mut peer = Peer::new();
        peer.receive(&format!("40{auth}"));
        let Some(Event::Connect(request)) = peer.connection.poll_event() else {
            panic!()
        };
        let resume = request.resume();
        let resume = resume
            .as_ref()
            .map(|resume| (&*resume.private_id, resume.offset.as_deref()));
        assert_eq!(resume, shown, "{auth}");
    }
}

#[test]
fn volatile_packets_leave_at_once_or_never() {
    let mut peer = Peer::new().joined(&["/"]);
    assert!(
        peer.connection
            .send_volatile(&Namespace::ROOT, &event("/", "a", None))
    );
    assert!(
        !peer
            .connection
            .send_volatile(&Namespace::ROOT, &event("/", "b", None))
    );
    assert!(
        !peer
            .connection
            .send_volatile(&nsp("/a"), &event("/a", "c", None))
    );
    assert_eq!(peer.written(), [r#"42["a"]"#]);
}

#[test]
fn a_packet_and_its_attachments_are_never_separated() {
    let mut peer = Peer::with(
        Revision::V4,
        |_| {},
        |engine| {
            engine.buffer_limit(1_000, 2);
        },
    )
    .joined(&["/"]);
    let bytes = Bytes::from_static(&[1, 2]);
    let emit = Emit::new("b", Arguments::new(&bytes));
    let packet = Json::new().encode(&Namespace::ROOT, &emit.into()).unwrap();
    peer.connection
        .send(&Namespace::ROOT, &event("/", "a", None))
        .unwrap();
    assert_eq!(
        peer.connection.send(&Namespace::ROOT, &packet),
        Err(SendError::Full)
    );
    peer.connection
        .send_reserved(&Namespace::ROOT, &packet)
        .unwrap();
    assert_eq!(
        peer.written(),
        [
            r#"42["a"]"#,
            r#"451-["b",{"_placeholder":true,"num":0}]"#,
            "[1, 2]"
        ]
    );
}

#[test]
fn a_packet_is_bounded_with_its_attachments() {
    let mut limits = Limits::default();
    limits.max_payload = 100;
    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.limits(limits);
        },
        |_| {},
    )
    .joined(&["/"]);
    peer.receive(r#"451-["c",{"_placeholder":true,"num":0}]"#);
    peer.receive_bytes(&[0; 80]);
    assert_eq!(peer.events()[0], "error max payload size exceeded");
}

#[test]
fn a_refusal_whose_data_cannot_be_sent_goes_without_it() {
    let bytes = Value::from(Bytes::from_static(b"x"));
    let deep = (0..130).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    for (revision, refusal) in [
        (Revision::V4, r#"44/a,{"message":"no"}"#),
        (Revision::V3, r#"44/a,"no""#),
    ] {
        for data in [bytes.clone(), deep.clone()] {
            let mut peer = Peer::with(revision, |_| {}, |_| {});
            let mut root = None;
            if revision == Revision::V3 {
                root = peer.connection.poll_event();
                assert!(root.is_some());
            }
            let request = peer.ask("/a");
            let error = ConnectError::new("no").with_data(data);
            peer.connection.refuse(request, &error).unwrap();
            assert_eq!(peer.written(), [refusal]);
            drop(root);
        }
    }
}

#[test]
fn undecided_requests_are_bounded_even_if_the_client_withdraws_them() {
    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.max_namespaces(3);
        },
        |_| {},
    );
    let mut undecided = Vec::new();
    for at in 0..3 {
        undecided.push(peer.ask(&format!("/{at}")));
        peer.receive(&format!("41/{at},"));
        assert_eq!(peer.events(), [format!("withdrawn /{at}")]);
    }
    peer.receive("40/more,");
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(
        peer.written(),
        [r#"44/more,{"message":"too many namespaces"}"#]
    );
    // Giving a request back makes room, whichever way.
    let mut undecided = undecided.into_iter();
    let accepted = peer
        .connection
        .accept(undecided.next().unwrap(), Accept::new(SocketId::from("id")));
    assert_eq!(accepted, Err(Gone));
    let refused = peer
        .connection
        .refuse(undecided.next().unwrap(), &ConnectError::new("no"));
    assert_eq!(refused, Err(Gone));
    drop(undecided.next());
    let requests: Vec<_> = ["/a", "/b", "/c"].map(|name| peer.ask(name)).into();
    peer.receive("40/d,");
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(peer.written().len(), 1);
    drop(requests);
}

#[test]
fn a_request_that_is_dropped_is_a_refusal() {
    let mut peer = Peer::new().joined(&["/"]);
    let request = peer.ask("/a");
    peer.receive(r#"42/a,["x"]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(peer.written(), [] as [&str; 0]);
    drop(request);
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(peer.written(), [r#"44/a,{"message":"not decided"}"#]);
    let request = peer.ask("/a");
    peer.connection
        .accept(request, Accept::new(SocketId::from("id")))
        .unwrap();
    assert_eq!(peer.events(), [] as [&str; 0], "what waited is gone");
}

#[test]
fn what_waits_for_decisions_has_one_account() {
    let mut peer = Peer::new();
    let _requests = ["/a", "/b", "/c"].map(|name| peer.ask(name));
    for name in ["/a", "/b", "/c"] {
        let large = format!(r#"42{name},["a","{}"]"#, "x".repeat(400_000));
        peer.receive(&large);
    }
    assert_eq!(
        peer.events(),
        [
            "error too much was sent before the namespace was joined",
            "close forced close"
        ]
    );

    let mut peer = Peer::new();
    let _requests = ["/a", "/b"].map(|name| peer.ask(name));
    for _ in 0..128 {
        peer.receive(r#"42/a,["x"]"#);
        peer.receive(r#"42/b,["x"]"#);
    }
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.receive(r#"42/b,["x"]"#);
    assert_eq!(peer.events().len(), 2);
}

#[test]
fn the_limits_of_the_session_are_those_of_packets_unless_others_are_set() {
    let large = format!(r#"42["a","{}"]"#, "x".repeat(2_000_000));
    let engine = |config: &mut EngineConfig| {
        config
            .max_payload(3_000_000)
            .ping_timeout(Duration::from_secs(5));
    };
    let mut peer = Peer::with(Revision::V4, |_| {}, engine).joined(&["/"]);
    peer.receive(&large);
    assert_eq!(peer.events(), ["event / a"]);
    peer.receive(r#"451-["c",{"_placeholder":true,"num":0}]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(4_999);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(1);
    assert_eq!(peer.events()[0], "error attachments did not come in time");

    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.limits(Limits::default());
        },
        engine,
    )
    .joined(&["/"]);
    peer.receive(&large);
    assert_eq!(peer.events()[0], "error max payload size exceeded");
}

#[test]
fn a_request_of_another_connection_is_not_taken() {
    let (mut one, mut other) = (Peer::new(), Peer::new());
    let (of_one, of_other) = (one.ask("/"), other.ask("/"));
    let accept = Accept::new(SocketId::from("id"));
    assert_eq!(one.connection.accept(of_other, accept.clone()), Err(Gone));
    assert_eq!(one.written(), [] as [&str; 0]);
    one.connection.accept(of_one, accept).unwrap();
    assert_eq!(one.written(), [r#"40{"sid":"id"}"#]);
}

#[test]
fn who_asks_on_after_many_refusals_is_closed() {
    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.max_namespaces(1);
        },
        |_| {},
    )
    .joined(&["/"]);
    for at in 0..64 {
        peer.receive(&format!("40/{at},"));
    }
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(peer.written().len(), 64);
    peer.receive("40/more,");
    assert_eq!(
        peer.events(),
        [
            "error too many namespaces were asked for",
            "disconnect / forced close",
            "close forced close"
        ]
    );
    assert_eq!(peer.written(), [] as [&str; 0]);
}

#[test]
fn an_acknowledgement_without_a_deadline_keeps_its_place_until_the_socket_ends() {
    let mut peer = Peer::with(
        Revision::V4,
        |config| {
            config.max_acks(1);
        },
        |_| {},
    )
    .joined(&["/"]);
    peer.connection
        .expect_ack(&Namespace::ROOT, AckId(1), None)
        .unwrap();
    peer.wait(1_000_000);
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(
        peer.connection.expect_ack(&Namespace::ROOT, AckId(2), None),
        Err(ExpectError::TooMany)
    );
    peer.receive("41");
    assert_eq!(peer.events()[0], "ack / #1 socket has been disconnected");
}
