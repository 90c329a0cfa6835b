//! What a client's connection does, against a server's connection in the same process and against packets by hand.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::{Frame, LinkId, Revision, Sid, Time, Transport};
use engineio_proto::{client as engine_client, server as engine_server};
use socketio_proto::client::{AuthError, Config, Connection, Event, Retry};
use socketio_proto::{
    AckError, AckId, Arguments, Codec, Emit, Encoded, Json, Namespace, Outgoing, RawValue,
    SendError, Value, server,
};

const ROOT: Namespace = Namespace::ROOT;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn nsp(name: &str) -> Namespace {
    Namespace::new(name).unwrap()
}

fn event(namespace: &Namespace, name: &str, id: Option<u64>) -> Encoded {
    let mut emit = Emit::new(name, Arguments::new(&()));
    if let Some(id) = id {
        emit = emit.with_id(AckId(id));
    }
    Json::new().encode(namespace, &emit.into()).unwrap()
}

fn object(json: &str) -> RawValue {
    RawValue::from_value(&Value::from_json(json).unwrap()).unwrap()
}

/// A client over a WebSocket whose other end is played by the test.
struct Peer {
    connection: Connection,
    revision: Revision,
    link: LinkId,
    now: Time,
}

impl Peer {
    fn new() -> Self {
        Self::with(Revision::V4, |_| {})
    }

    fn with(revision: Revision, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let mut connection = Connection::new(session(revision, at(0)), Arc::new(config), at(0));
        let link = connection.poll_connect().unwrap().link;
        Self {
            connection,
            revision,
            link,
            now: at(1),
        }
    }

    /// The link is open and the server has opened the session.
    fn open(&mut self) {
        self.connection.handle_link_open(self.link, self.now);
        self.receive(
            r#"0{"sid":"session","upgrades":[],"pingInterval":3600000,"pingTimeout":20000}"#,
        );
        let events = self.events();
        assert_eq!(events, ["open"]);
    }

    /// The session is open and the root namespace joined.
    fn joined() -> Self {
        let mut peer = Self::new();
        peer.connection.connect(&ROOT, None).unwrap();
        peer.open();
        assert_eq!(peer.written(), ["40"]);
        peer.receive(r#"40{"sid":"a","pid":"secret"}"#);
        assert_eq!(peer.events(), ["connect / a"]);
        peer
    }

    /// The session ends, and another one begins.
    fn restart(&mut self) {
        self.connection.handle_link_closed(self.link, self.now);
        self.now = self.now + Duration::from_secs(1);
    }

    fn begin_again(&mut self) {
        self.connection
            .restart(session(self.revision, self.now), self.now);
        self.link = self.connection.poll_connect().unwrap().link;
    }

    fn receive(&mut self, packet: &str) {
        self.connection
            .handle_frame(self.link, Frame::text(packet), self.now);
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
            .map(|frame| frame.to_text().unwrap().to_string())
            .collect()
    }

    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.connection.poll_event())
            .map(|event| words(&event))
            .collect()
    }
}

fn session(revision: Revision, now: Time) -> engine_client::Session {
    let mut config = engine_client::Config::default();
    config.transports([Transport::WEBSOCKET]).revision(revision);
    engine_client::Session::new(Arc::new(config), now)
}

fn words(event: &Event) -> String {
    match event {
        Event::Open(_) => "open".into(),
        Event::Connect {
            namespace,
            id,
            recovered,
        } => {
            format!(
                "connect {namespace} {id}{}",
                if *recovered { " recovered" } else { "" }
            )
        }
        Event::ConnectError { namespace, error } => {
            let data = error
                .data()
                .map_or(String::new(), |data| format!(" {data}"));
            format!("refused {namespace} {error}{data}")
        }
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
            Ok(args) => format!("ack {namespace} #{id} {}", args.len()),
            Err(AckError::Timeout) => format!("ack {namespace} #{id} timeout"),
            Err(error) => format!("ack {namespace} #{id} {error}"),
        },
        Event::Disconnect { namespace, reason } => format!("disconnect {namespace} {reason}"),
        Event::ProtocolError(error) => format!("error {error}"),
        Event::Close(reason) => format!("close {reason}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn namespaces_are_asked_for_when_the_session_is_open_and_each_is_answered_by_itself() {
    let mut peer = Peer::new();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.connection
        .connect(&nsp("/a"), Some(object(r#"{"token":1}"#)))
        .unwrap();
    assert_eq!(peer.written(), [] as [&str; 0]);
    peer.open();
    peer.connection.connect(&nsp("/b"), None).unwrap();
    peer.connection.connect(&nsp("/b"), None).unwrap();
    assert_eq!(peer.written(), ["40", r#"40/a,{"token":1}"#, "40/b,"]);
    peer.receive(r#"40/b,{"sid":"b"}"#);
    peer.receive(r#"44/a,{"message":"no","data":{"code":401}}"#);
    peer.receive(r#"40{"sid":"root"}"#);
    assert_eq!(
        peer.events(),
        [
            "connect /b b",
            r#"refused /a no {"code":401}"#,
            "connect / root"
        ]
    );
    assert_eq!(peer.connection.id(&ROOT).unwrap().as_str(), "root");
    assert!(!peer.connection.is_connected(&nsp("/a")));
    peer.connection
        .connect(&nsp("/a"), Some(object(r#"{"token":2}"#)))
        .unwrap();
    assert_eq!(peer.written(), [r#"40/a,{"token":2}"#]);
}

#[test]
fn what_is_sent_before_waits_and_leaves_in_order() {
    let mut peer = Peer::new();
    peer.connection
        .send(&ROOT, &event(&ROOT, "early", None))
        .unwrap();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.connection
        .send_with_ack(&ROOT, &event(&ROOT, "asked", Some(0)), AckId(0), None)
        .unwrap();
    assert!(
        !peer
            .connection
            .send_volatile(&ROOT, &event(&ROOT, "volatile", None))
    );
    assert_eq!(peer.written(), ["40"]);
    peer.receive(r#"40{"sid":"a"}"#);
    assert_eq!(peer.events(), ["connect / a"]);
    peer.connection
        .send(&ROOT, &event(&ROOT, "late", None))
        .unwrap();
    assert_eq!(
        peer.written(),
        [r#"42["early"]"#, r#"420["asked"]"#, r#"42["late"]"#]
    );
    peer.receive(r#"430["yes"]"#);
    peer.receive(r#"430["again"]"#);
    peer.receive(r#"437["nobody asked"]"#);
    peer.receive(r#"42/other,["not ours"]"#);
    assert_eq!(peer.events(), ["ack / #0 1"]);
}

#[test]
fn what_waits_to_be_sent_is_bounded() {
    let mut peer = Peer::with(Revision::V4, |config| {
        config.buffer_limit(20, 3);
    });
    for _ in 0..3 {
        peer.connection
            .send(&ROOT, &event(&ROOT, "a", None))
            .unwrap();
    }
    assert_eq!(
        peer.connection.send(&ROOT, &event(&ROOT, "a", None)),
        Err(SendError::Full)
    );
    let mut peer = Peer::with(Revision::V4, |config| {
        config.buffer_limit(20, 3);
    });
    let large = event(&ROOT, &"x".repeat(100), None);
    peer.connection
        .send(&ROOT, &large)
        .expect("what is larger than the room goes alone");
    assert_eq!(
        peer.connection.send(&ROOT, &event(&ROOT, "a", None)),
        Err(SendError::Full)
    );
}

/// Found by random plans: the first attempt on a connection that had been idle was given up at once, since its time was
/// counted from the last thing that had happened.
#[test]
fn an_attempt_has_its_time_from_when_it_is_sent() {
    let mut peer = Peer::joined();
    let event = Retry {
        id: AckId(7),
        packet: event(&ROOT, "a", Some(7)),
        retries: 0,
        timeout: Duration::from_secs(2),
    };
    peer.now = peer.now + Duration::from_secs(20);
    peer.connection
        .send_retried(&ROOT, event, peer.now)
        .unwrap();
    peer.wait(1_999);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(1);
    assert_eq!(peer.events(), ["ack / #7 timeout"]);
}

/// Found by fuzzing: attempts without any time had their deadline at the moment at which they were sent.
#[test]
fn attempts_without_time_do_not_spin() {
    let mut peer = Peer::joined();
    for id in 0..3 {
        let event = Retry {
            id: AckId(id),
            packet: event(&ROOT, "a", Some(id)),
            retries: 1,
            timeout: Duration::ZERO,
        };
        peer.connection
            .send_retried(&ROOT, event, peer.now)
            .unwrap();
    }
    // Time for all attempts; that none spins is checked each time.
    for _ in 0..6 {
        peer.wait(1);
    }
    assert_eq!(
        peer.events(),
        ["ack / #0 timeout", "ack / #1 timeout", "ack / #2 timeout"]
    );
    assert_eq!(peer.written().len(), 6);
}

#[test]
fn what_is_sent_until_it_is_acknowledged_is_bounded() {
    let mut peer = Peer::with(Revision::V4, |config| {
        config.buffer_limit(1_000, 2);
    });
    let retry = |id| Retry {
        id: AckId(id),
        packet: event(&ROOT, "a", Some(id)),
        retries: 0,
        timeout: Duration::from_secs(1),
    };
    peer.connection
        .send_retried(&ROOT, retry(0), peer.now)
        .unwrap();
    peer.connection
        .send_retried(&ROOT, retry(1), peer.now)
        .unwrap();
    assert_eq!(
        peer.connection.send_retried(&ROOT, retry(2), peer.now),
        Err(SendError::Full)
    );
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"a"}"#);
    peer.receive("430[]");
    assert_eq!(peer.events(), ["connect / a", "ack / #0 0"]);
    peer.connection
        .send_retried(&ROOT, retry(2), peer.now)
        .unwrap();
    peer.connection.close(peer.now);
    assert_eq!(
        peer.connection.send_retried(&ROOT, retry(3), peer.now),
        Err(SendError::Closed)
    );
}

/// The loss is known to the session and not yet to the application, which believes that it is connected.
#[test]
fn what_is_sent_before_the_loss_was_fetched_is_kept() {
    let mut peer = Peer::joined();
    peer.restart();
    peer.connection
        .send_with_ack(&ROOT, &event(&ROOT, "a", Some(0)), AckId(0), None)
        .unwrap();
    assert_eq!(
        peer.events(),
        ["disconnect / transport close", "close transport close"]
    );
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"b"}"#);
    assert_eq!(peer.events(), ["connect / b"]);
    assert_eq!(peer.written()[1..], [r#"420["a"]"#]);
}

/// Ids count anew with each socket of a server: a late answer would be one to something else.
#[test]
fn an_answer_is_never_kept_for_another_socket() {
    let mut peer = Peer::joined();
    let answer = Json::new()
        .encode(&ROOT, &Outgoing::Ack(AckId(1), Arguments::new(&())))
        .unwrap();
    peer.connection.send_reserved(&ROOT, &answer).unwrap();
    assert_eq!(peer.written(), ["431[]"]);
    peer.receive("41");
    assert_eq!(peer.events(), ["disconnect / io server disconnect"]);
    assert_eq!(
        peer.connection.send_reserved(&ROOT, &answer),
        Err(SendError::NotConnected)
    );
}

/// One look at what is kept for all that is given up, not one for each: 30,000 times 30,000 took half a minute.
#[test]
fn many_that_are_given_up_at_once_are_dropped_together() {
    let mut peer = Peer::new();
    let deadline = Some(at(10));
    for id in 0..30_000 {
        peer.connection
            .send_with_ack(&ROOT, &event(&ROOT, "a", Some(id)), AckId(id), deadline)
            .unwrap();
    }
    peer.connection
        .send(&ROOT, &event(&ROOT, "kept", None))
        .unwrap();
    peer.wait(10);
    assert_eq!(peer.events().len(), 30_000);
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"a"}"#);
    assert_eq!(peer.events(), ["connect / a"]);
    assert_eq!(peer.written(), ["40", r#"42["kept"]"#]);
}

#[test]
fn a_lost_connection_ends_what_was_sent_and_keeps_what_was_not() {
    let mut peer = Peer::joined();
    peer.connection
        .send_with_ack(
            &ROOT,
            &event(&ROOT, "sent", Some(0)),
            AckId(0),
            Some(at(60_000)),
        )
        .unwrap();
    assert_eq!(peer.written().len(), 1);
    peer.restart();
    assert_eq!(
        peer.events(),
        [
            "ack / #0 socket has been disconnected",
            "disconnect / transport close",
            "close transport close"
        ]
    );
    peer.connection
        .send_with_ack(
            &ROOT,
            &event(&ROOT, "kept", Some(1)),
            AckId(1),
            Some(at(60_000)),
        )
        .unwrap();
    peer.connection
        .send_with_ack(
            &ROOT,
            &event(&ROOT, "too late", Some(2)),
            AckId(2),
            Some(at(5_000)),
        )
        .unwrap();
    assert_eq!(
        peer.connection.poll_timeout(),
        Some(at(5_000)),
        "deadlines run without a session"
    );
    peer.wait(10_000);
    assert_eq!(peer.events(), ["ack / #2 timeout"]);
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(peer.written(), [r#"40{"pid":"secret"}"#]);
    peer.receive(r#"40{"sid":"b","pid":"other"}"#);
    assert_eq!(peer.events(), ["connect / b"]);
    assert_eq!(
        peer.written(),
        [r#"421["kept"]"#],
        "nobody waits for the other one any more"
    );
    peer.receive("431[]");
    assert_eq!(peer.events(), ["ack / #1 0"]);
}

#[test]
fn a_session_is_recovered_by_private_id_and_offset_and_the_missed_come_before_the_rest() {
    let mut peer = Peer::joined();
    peer.receive(r#"42["one","offset-1"]"#);
    peer.receive(r#"42["without an offset",7]"#);
    peer.receive(r#"42["name alone"]"#);
    assert_eq!(peer.events().len(), 3);
    peer.restart();
    assert_eq!(peer.events().len(), 2);
    peer.begin_again();
    peer.connection
        .connect(&ROOT, Some(object(r#"{"token":"t","offset":"mine"}"#)))
        .unwrap();
    peer.open();
    assert_eq!(
        peer.written(),
        [r#"40{"pid":"secret","offset":"mine","token":"t"}"#]
    );
    peer.receive(r#"42["two","offset-2"]"#);
    peer.receive(r#"42["three","offset-3"]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.receive(r#"40{"sid":"a","pid":"secret"}"#);
    assert_eq!(
        peer.events(),
        ["event / two", "event / three", "connect / a recovered"]
    );
    peer.restart();
    peer.events();
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(
        peer.written(),
        [r#"40{"pid":"secret","offset":"offset-3"}"#]
    );
    // The server has forgotten: the old offset means nothing to the new session.
    peer.receive(r#"40{"sid":"c","pid":"new"}"#);
    assert_eq!(peer.events(), ["connect / c"]);
    peer.restart();
    peer.events();
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(peer.written(), [r#"40{"pid":"new"}"#]);
}

#[test]
fn who_leaves_or_is_put_out_comes_back_as_somebody_new() {
    let mut peer = Peer::joined();
    peer.connection.disconnect(&ROOT);
    assert_eq!(peer.written(), ["41"]);
    assert_eq!(peer.events(), ["disconnect / io client disconnect"]);
    assert!(peer.connection.is_idle());
    peer.connection.connect(&ROOT, None).unwrap();
    assert_eq!(peer.written(), ["40"]);
    peer.receive(r#"40{"sid":"b","pid":"p"}"#);
    peer.receive("41");
    assert_eq!(
        peer.events(),
        ["connect / b", "disconnect / io server disconnect"]
    );
    peer.connection.connect(&ROOT, None).unwrap();
    assert_eq!(peer.written(), ["40"]);
}

/// Found by random plans: the server let in who had left before it answered, and kept a socket that nobody had.
#[test]
fn who_leaves_before_the_answer_undoes_it_when_it_comes() {
    let mut peer = Peer::joined();
    let a = nsp("/a");
    peer.connection.connect(&a, None).unwrap();
    peer.connection.disconnect(&a);
    // To leave what is not joined yet would be an error to a server of the reference.
    assert_eq!(peer.written(), ["40/a,"]);
    assert!(!peer.connection.is_connected(&a));
    peer.receive(r#"40/a,{"sid":"x"}"#);
    peer.receive(r#"42/a,["late"]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(peer.written(), ["41/a,"]);

    // Wanted again meanwhile, with something else to show.
    peer.connection.connect(&a, None).unwrap();
    peer.connection.disconnect(&a);
    peer.connection
        .connect(&a, Some(object(r#"{"n":1}"#)))
        .unwrap();
    peer.connection
        .connect(&a, Some(object(r#"{"n":2}"#)))
        .unwrap();
    assert_eq!(peer.written(), ["40/a,"]);
    peer.receive(r#"40/a,{"sid":"y"}"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    assert_eq!(peer.written(), ["41/a,", r#"40/a,{"n":1}"#]);
    peer.receive(r#"40/a,{"sid":"z"}"#);
    assert_eq!(peer.events(), ["connect /a z"]);

    // A refusal needs no undoing.
    let b = nsp("/b");
    peer.connection.connect(&b, None).unwrap();
    peer.connection.disconnect(&b);
    assert_eq!(peer.written(), ["40/b,"]);
    peer.receive(r#"44/b,{"message":"no"}"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.connection.connect(&b, None).unwrap();
    assert_eq!(peer.written(), ["40/b,"]);
}

/// Found by random plans: events for the socket that a client had left were taken for missed events of the next one.
#[test]
fn what_was_sent_to_the_last_socket_does_not_reach_the_next() {
    let mut peer = Peer::joined();
    peer.connection.disconnect(&ROOT);
    peer.connection.connect(&ROOT, None).unwrap();
    assert_eq!(peer.written(), ["41", "40"]);
    peer.receive(r#"42["to","the","last"]"#);
    peer.receive(r#"40{"sid":"b"}"#);
    peer.receive(r#"42["to","the","next"]"#);
    assert_eq!(
        peer.events(),
        [
            "disconnect / io client disconnect",
            "connect / b",
            "event / to"
        ]
    );
}

#[test]
fn a_retried_event_is_sent_one_at_a_time_until_it_is_acknowledged() {
    let mut peer = Peer::joined();
    peer.connection
        .send_retried(&ROOT, retry(1, "a", 3), peer.now)
        .unwrap();
    peer.connection
        .send_retried(&ROOT, retry(2, "b", 1), peer.now)
        .unwrap();
    peer.connection
        .send_retried(&ROOT, retry(3, "c", 0), peer.now)
        .unwrap();
    assert_eq!(peer.written(), [r#"421["a"]"#]);
    peer.wait(2_000);
    assert_eq!(peer.written(), [r#"421["a"]"#], "the same bytes again");
    peer.restart();
    assert_eq!(
        peer.events(),
        ["disconnect / transport close", "close transport close"]
    );
    peer.wait(60_000);
    assert_eq!(
        peer.events(),
        [] as [&str; 0],
        "no attempt is under way without a connection"
    );
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"b"}"#);
    assert_eq!(peer.events(), ["connect / b"]);
    assert_eq!(peer.written(), [r#"40{"pid":"secret"}"#, r#"421["a"]"#]);
    peer.receive(r#"431["done"]"#);
    peer.receive(r#"431["done twice"]"#);
    assert_eq!(peer.events(), ["ack / #1 1"]);
    assert_eq!(peer.written(), [r#"422["b"]"#]);
    peer.wait(2_000);
    assert_eq!(peer.written(), [r#"422["b"]"#]);
    peer.wait(2_000);
    assert_eq!(peer.events(), ["ack / #2 timeout"]);
    assert_eq!(peer.written(), [r#"423["c"]"#]);
    peer.wait(2_000);
    assert_eq!(peer.events(), ["ack / #3 timeout"]);
    assert_eq!(peer.written(), [] as [&str; 0]);
}

#[test]
fn what_a_server_breaks_is_a_parse_error_and_the_connection_can_be_made_again() {
    for packet in [
        "4x",
        r#"42{"a":1}"#,
        r#"451-["a",{"_placeholder":true,"num":7}]"#,
        "4",
    ] {
        let mut peer = Peer::joined();
        peer.receive(packet);
        peer.receive(r#"42["after"]"#);
        let events = peer.events();
        assert!(events[0].starts_with("error "), "{events:?}");
        assert_eq!(
            events[1..],
            ["disconnect / parse error", "close forced close"],
            "{packet}"
        );
        peer.begin_again();
        peer.connection.connect(&ROOT, None).unwrap();
        peer.open();
        assert_eq!(peer.written(), [r#"40{"pid":"secret"}"#]);
    }
}

#[test]
fn a_server_of_an_older_protocol_is_named() {
    let mut peer = Peer::new();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive("40");
    let events = peer.events();
    assert!(
        events[0].starts_with("refused / ") && events[0].contains("2.x"),
        "{events:?}"
    );
}

#[test]
fn protocol_4_is_told_the_root_and_asks_for_the_rest_with_a_query() {
    let mut peer = Peer::with(Revision::V3, |_| {});
    peer.connection
        .connect(&ROOT, Some(object(r#"{"ignored":true}"#)))
        .unwrap();
    peer.connection
        .connect(&nsp("/adm"), Some(object(r#"{"token":"a b","n":7}"#)))
        .unwrap();
    peer.open();
    assert_eq!(peer.written(), ["40/adm?token=a%20b&n=7,"]);
    peer.receive("40");
    peer.receive("40/adm,");
    assert_eq!(
        peer.events(),
        ["connect / session", "connect /adm /adm#session"]
    );
    peer.receive(r#"44/adm,"late""#);
    assert_eq!(peer.events(), [] as [&str; 0]);
}

/// A server of protocol 4 says once that the root is joined. Whoever wants it later, or again, has to ask.
#[test]
fn protocol_4_asks_for_the_root_once_the_server_has_said_its_word() {
    let mut peer = Peer::with(Revision::V3, |_| {});
    peer.open();
    peer.receive("40");
    peer.receive(r#"42["to","nobody"]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    // Late: the client is in already, and begins anew.
    peer.connection.connect(&ROOT, None).unwrap();
    assert_eq!(peer.written(), ["41", "40"]);
    peer.receive(r#"42["to","nobody"]"#);
    peer.receive("40");
    assert_eq!(peer.events(), ["connect / session"]);
    // Again, and after a refusal.
    peer.connection.disconnect(&ROOT);
    peer.connection.connect(&ROOT, None).unwrap();
    assert_eq!(peer.written(), ["41", "40"]);
    peer.receive(r#"44"no""#);
    assert_eq!(
        peer.events(),
        ["disconnect / io client disconnect", "refused / no"]
    );
    peer.connection.connect(&ROOT, None).unwrap();
    assert_eq!(peer.written(), ["40"]);
    peer.receive("40");
    assert_eq!(peer.events(), ["connect / session"]);
    // Anew in the next session.
    peer.restart();
    assert_eq!(
        peer.events(),
        ["disconnect / transport close", "close transport close"]
    );
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(peer.written(), [] as [&str; 0]);
    peer.receive("40");
    assert_eq!(peer.events(), ["connect / session"]);
}

#[test]
fn closing_leaves_everything_and_what_is_sent_afterwards_is_refused() {
    let mut peer = Peer::joined();
    peer.connection
        .send(&ROOT, &event(&ROOT, "last", None))
        .unwrap();
    peer.connection.close(peer.now);
    assert_eq!(peer.written(), [r#"42["last"]"#, "41"]);
    assert_eq!(
        peer.events(),
        ["disconnect / io client disconnect", "close forced close"]
    );
    assert_eq!(
        peer.connection.send(&ROOT, &event(&ROOT, "x", None)),
        Err(SendError::Closed)
    );
    assert_eq!(peer.connection.poll_timeout(), None);
}

#[test]
fn events_before_the_server_agreed_are_bounded() {
    let mut peer = Peer::with(Revision::V4, |config| {
        config.max_waiting(10);
    });
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(peer.written(), ["40"]);
    for _ in 0..11 {
        peer.receive(r#"42["x"]"#);
    }
    assert_eq!(
        peer.events(),
        ["error max payload size exceeded", "close forced close"]
    );
}

#[test]
fn both_ends_understand_each_other() {
    for revision in [Revision::V4, Revision::V3] {
        let mut config = engine_server::Config::default();
        config.revision_3(true);
        let opening = engine_server::Opening::new(Sid::new("session").unwrap()).revision(revision);
        let (session, server_link) = engine_server::Session::accept_link(
            Arc::new(config),
            opening,
            Transport::WEBSOCKET,
            at(0),
        );
        let mut server =
            server::Connection::new(session, Arc::new(server::Config::default()), at(0));
        let mut client = Peer::with(revision, |_| {});
        client.connection.handle_link_open(client.link, at(0));
        client.connection.connect(&ROOT, None).unwrap();
        let a = nsp("/a");
        client.connection.connect(&a, None).unwrap();
        let bytes = socketio_proto::Bytes::from_static(b"bytes");
        let arguments = ("x", &bytes);
        let emit = Emit::new("up", Arguments::new(&arguments)).with_id(AckId(5));
        let packet = Json::new().encode(&a, &emit.into()).unwrap();
        client
            .connection
            .send_with_ack(&a, &packet, AckId(5), None)
            .unwrap();
        let mut seen = Vec::new();
        for _ in 0..10 {
            while let Some(frame) = server.poll_frame(server_link) {
                client.connection.handle_frame(client.link, frame, at(1));
            }
            seen.extend(client.events());
            while let Some(frame) = client.connection.poll_frame(client.link) {
                server.handle_frame(server_link, frame, at(1));
            }
            while let Some(event) = server.poll_event() {
                match event {
                    server::Event::Connect(request) => {
                        let id = match request.namespace().as_str() {
                            "/" => "session".to_owned(),
                            name => format!("{name}#session"),
                        };
                        server
                            .accept(request, server::Accept::new(id.into()))
                            .unwrap();
                    }
                    server::Event::Event {
                        namespace,
                        id,
                        args,
                    } => {
                        let (text, data): (&str, socketio_proto::Bytes) =
                            args.deserialize().unwrap();
                        assert_eq!((text, &data[..]), ("x", &b"bytes"[..]));
                        let answer = Arguments::new(&data);
                        let outgoing = Outgoing::Ack(id.unwrap(), answer);
                        let packet = Json::new().encode(&namespace, &outgoing).unwrap();
                        server.send_reserved(&namespace, &packet).unwrap();
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(
            seen,
            [
                "open",
                "connect / session",
                "connect /a /a#session",
                "ack /a #5 1"
            ],
            "{revision:?}"
        );
    }
}

fn retry(id: u64, name: &str, retries: u32) -> Retry {
    Retry {
        id: AckId(id),
        packet: event(&ROOT, name, Some(id)),
        retries,
        timeout: Duration::from_secs(2),
    }
}

#[test]
fn what_is_kept_stays_kept_if_the_session_ends_right_after_the_server_agreed() {
    let mut peer = Peer::new();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(peer.written(), ["40"]);
    peer.connection
        .send(&ROOT, &event(&ROOT, "first", None))
        .unwrap();
    peer.connection
        .send_with_ack(&ROOT, &event(&ROOT, "second", Some(1)), AckId(1), None)
        .unwrap();
    peer.connection
        .send_retried(&ROOT, retry(2, "third", 0), peer.now)
        .unwrap();
    // Both have happened before the application looks.
    peer.receive(r#"40{"sid":"a"}"#);
    peer.restart();
    assert_eq!(
        peer.events(),
        [
            "connect / a",
            "disconnect / transport close",
            "close transport close"
        ]
    );
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"b"}"#);
    assert_eq!(peer.events(), ["connect / b"]);
    assert_eq!(
        peer.written(),
        [
            "40",
            r#"42["first"]"#,
            r#"421["second"]"#,
            r#"422["third"]"#
        ]
    );
}

#[test]
fn what_cannot_be_shown_is_refused_when_it_is_given() {
    let bytes = Value::from(socketio_proto::Bytes::from_static(b"x"));
    let mut with_bytes = socketio_proto::Object::new();
    with_bytes.insert("token", bytes);
    let with_bytes = RawValue::from_value(&Value::Object(with_bytes)).unwrap();
    for revision in [Revision::V3, Revision::V4] {
        let mut peer = Peer::with(revision, |_| {});
        peer.open();
        for json in ["\"text\"", "[1]", "null", "7"] {
            assert_eq!(
                peer.connection.connect(&nsp("/a"), Some(object(json))),
                Err(AuthError::NotAnObject),
                "{json}"
            );
        }
        if revision == Revision::V4 {
            let error = peer
                .connection
                .connect(&nsp("/a"), Some(with_bytes.clone()));
            assert!(matches!(error, Err(AuthError::Encode(_))), "{error:?}");
        }
        assert!(peer.connection.is_idle(), "nothing was asked for");
        assert_eq!(peer.written(), [] as [&str; 0]);
        peer.connection
            .connect(&nsp("/a"), Some(object("{}")))
            .unwrap();
        assert_eq!(peer.written().len(), 1);
    }
}

#[test]
fn protocol_4_shows_more_than_a_name_holds_and_says_what_is_too_much() {
    let shown = |len: usize| object(&format!(r#"{{"t":"{}"}}"#, "x".repeat(len)));
    let mut peer = Peer::with(Revision::V3, |_| {});
    peer.open();
    assert_eq!(
        peer.connection.connect(&nsp("/a"), Some(shown(65_535))),
        Err(AuthError::TooLong)
    );
    assert_eq!(peer.written(), [] as [&str; 0]);
    peer.connection
        .connect(&nsp("/a"), Some(shown(2_000)))
        .unwrap();
    assert_eq!(peer.written(), [format!("40/a?t={},", "x".repeat(2_000))]);
}

#[test]
fn a_long_text_is_no_offset() {
    let mut peer = Peer::joined();
    peer.receive(r#"42["a","offset"]"#);
    peer.receive(&format!(r#"42["a","{}"]"#, "x".repeat(129)));
    assert_eq!(peer.events().len(), 2);
    peer.restart();
    peer.events();
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    assert_eq!(peer.written(), [r#"40{"pid":"secret","offset":"offset"}"#]);
}

#[test]
fn a_session_that_was_shown_and_not_answered_is_shown_again() {
    let mut peer = Peer::joined();
    peer.receive(r#"42["x","offset"]"#);
    let shown = r#"40{"pid":"secret","offset":"offset"}"#;
    for _ in 0..3 {
        peer.restart();
        peer.events();
        peer.begin_again();
        peer.connection.connect(&ROOT, None).unwrap();
        peer.open();
        assert_eq!(peer.written(), [shown]);
        // What comes before the answer is not handed out, and so comes again.
        peer.receive(r#"42["missed","later"]"#);
        assert_eq!(peer.events(), [] as [&str; 0]);
    }
}

#[test]
fn an_id_that_is_awaited_is_not_used_again() {
    let mut peer = Peer::joined();
    let send = |peer: &mut Peer, id: u64| {
        let packet = event(&ROOT, "x", Some(id));
        peer.connection
            .send_with_ack(&ROOT, &packet, AckId(id), None)
    };
    send(&mut peer, 1).unwrap();
    peer.connection
        .send_retried(&ROOT, retry(2, "y", 0), peer.now)
        .unwrap();
    assert_eq!(peer.written().len(), 2);
    for id in [1, 2] {
        assert_eq!(send(&mut peer, id), Err(SendError::InUse));
        assert_eq!(
            peer.connection
                .send_retried(&ROOT, retry(id, "z", 0), peer.now),
            Err(SendError::InUse)
        );
    }
    assert_eq!(peer.written(), [] as [&str; 0]);
    peer.receive("431[]");
    peer.receive("432[]");
    assert_eq!(peer.events().len(), 2);
    send(&mut peer, 1).unwrap();
    send(&mut peer, 2).unwrap();
}

#[test]
fn what_is_sent_after_a_fault_of_the_server_waits_for_the_next_session() {
    let mut peer = Peer::joined();
    peer.receive("4x");
    assert!(peer.events()[0].starts_with("error "));
    peer.connection
        .send(&ROOT, &event(&ROOT, "kept", None))
        .unwrap();
    peer.connection
        .send_retried(&ROOT, retry(1, "retried", 0), peer.now)
        .unwrap();
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"b"}"#);
    assert_eq!(peer.events(), ["connect / b"]);
    assert_eq!(
        peer.written(),
        [
            r#"40{"pid":"secret"}"#,
            r#"42["kept"]"#,
            r#"421["retried"]"#
        ]
    );
}

#[test]
fn a_last_attempt_that_was_lost_with_the_connection_was_not_too_late() {
    let mut peer = Peer::joined();
    peer.connection
        .send_retried(&ROOT, retry(1, "a", 0), peer.now)
        .unwrap();
    peer.restart();
    assert_eq!(
        peer.events(),
        [
            "ack / #1 socket has been disconnected",
            "disconnect / transport close",
            "close transport close"
        ]
    );
}

#[test]
fn a_retried_event_that_is_forgotten_is_sent_no_more_and_makes_way() {
    let mut peer = Peer::joined();
    for id in 1..=3 {
        peer.connection
            .send_retried(&ROOT, retry(id, "a", 5), peer.now)
            .unwrap();
    }
    assert_eq!(peer.written(), [r#"421["a"]"#]);
    assert!(peer.connection.forget_ack(&ROOT, AckId(2)));
    assert!(peer.connection.forget_ack(&ROOT, AckId(1)));
    assert!(!peer.connection.forget_ack(&ROOT, AckId(1)));
    assert_eq!(peer.written(), [r#"423["a"]"#]);
    peer.receive("431[]");
    peer.receive("432[]");
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.receive("433[]");
    assert_eq!(peer.events(), ["ack / #3 0"]);
    peer.wait(10_000);
    assert_eq!(peer.written(), [] as [&str; 0]);
}

#[test]
fn closing_ends_all_that_is_awaited() {
    for aborts in [false, true] {
        let mut peer = Peer::joined();
        let other = nsp("/other");
        peer.connection
            .send_with_ack(&other, &event(&other, "kept", Some(1)), AckId(1), None)
            .unwrap();
        for id in [2, 3] {
            peer.connection
                .send_retried(&ROOT, retry(id, "retried", 9), peer.now)
                .unwrap();
        }
        if aborts {
            peer.connection.abort();
        } else {
            peer.connection.close(peer.now);
            assert_eq!(peer.written(), [r#"422["retried"]"#, "41"]);
        }
        let reason = if aborts {
            "disconnect / forced close"
        } else {
            "disconnect / io client disconnect"
        };
        let mut events = peer.events();
        events[..3].sort();
        assert_eq!(
            events,
            [
                "ack / #2 socket has been disconnected",
                "ack / #3 socket has been disconnected",
                "ack /other #1 socket has been disconnected",
                reason,
                "close forced close"
            ]
        );
    }
}

#[test]
fn a_server_sends_announced_attachments_in_time() {
    let mut peer = Peer::joined();
    peer.receive(r#"452-["c",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(19_000);
    let attachment = Frame::binary(&[1][..]);
    peer.connection
        .handle_frame(peer.link, attachment, peer.now);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(19_999);
    assert_eq!(peer.events(), [] as [&str; 0]);
    peer.wait(1);
    assert_eq!(
        peer.events(),
        [
            "error attachments did not come in time",
            "disconnect / parse error",
            "close forced close"
        ]
    );
}

#[test]
fn the_limit_of_the_session_is_the_limit_of_packets() {
    let mut engine = engine_client::Config::default();
    engine
        .transports([Transport::WEBSOCKET])
        .max_payload(20 << 20);
    let session = engine_client::Session::new(Arc::new(engine), at(0));
    let mut connection = Connection::new(session, Arc::new(Config::default()), at(0));
    let link = connection.poll_connect().unwrap().link;
    let mut peer = Peer {
        connection,
        revision: Revision::V4,
        link,
        now: at(1),
    };
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"a"}"#);
    peer.receive(&format!(r#"42["big","{}"]"#, "x".repeat(17 << 20)));
    assert_eq!(peer.events(), ["connect / a", "event / big"]);
}

#[test]
fn every_attempt_carries_the_key_that_the_application_put_behind_the_arguments() {
    let mut peer = Peer::joined();
    let arguments = ("coffee", "key-1");
    let emit = Emit::new("order", Arguments::new(&arguments)).with_id(AckId(1));
    let mut order = retry(1, "order", 1);
    order.packet = Json::new().encode(&ROOT, &emit.into()).unwrap();
    peer.connection
        .send_retried(&ROOT, order, peer.now)
        .unwrap();
    let attempt = r#"421["order","coffee","key-1"]"#;
    assert_eq!(peer.written(), [attempt]);
    peer.restart();
    peer.events();
    peer.begin_again();
    peer.connection.connect(&ROOT, None).unwrap();
    peer.open();
    peer.receive(r#"40{"sid":"b"}"#);
    assert_eq!(peer.events(), ["connect / b"]);
    assert_eq!(peer.written(), [r#"40{"pid":"secret"}"#, attempt]);
}
