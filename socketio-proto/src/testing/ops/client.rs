//! Calls to a client's connection.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use engineio_proto::client::{Config as EngineConfig, Session};
use engineio_proto::{Frame, LinkId, Revision, Time, Transport, TransportFault};

use super::{Awaited, INTERVAL, Input, Peer, STEPS, TIMEOUT, assert_later};
use crate::client::{Config, Connection, Event, Retry};
use crate::{Limits, Namespace, Object, RawValue, Value};

/// Whatever a server sends and an application calls, in whatever order and over several sessions: nothing panics,
/// timers do not spin, what is held stays within the limits, namespaces are joined only if they are wanted and left
/// once, acknowledgements end once, what is sent is packets, and a server that falls silent is given up in time.
///
/// Panics if not.
pub fn client_ops(input: &[u8]) {
    let mut input = Input(input);
    let mut subject = Subject::new(&mut input);
    while !input.is_empty() {
        subject.act(&mut input);
        subject.check();
    }
    subject.fall_silent();
}

struct Subject {
    connection: Connection,
    revision: Revision,
    link: LinkId,
    now: Time,
    peer: Peer,
    wanted: BTreeSet<Namespace>,
    joined: BTreeSet<Namespace>,
    /// Events came before the namespace was joined, so that it has to be joined now.
    early: BTreeSet<Namespace>,
    awaited: Awaited,
    closed: bool,
    /// Ids of retried events: each is used once.
    retried: u64,
}

impl Subject {
    fn new(input: &mut Input<'_>) -> Self {
        let revision = input.revision();
        let mut config = Config::default();
        config
            .buffer_limit(MAX_BUFFERED_BYTES, MAX_BUFFERED)
            .max_waiting(MAX_WAITING)
            .limits(Limits {
                max_payload: MAX_PAYLOAD,
                ..Limits::default()
            });
        let mut connection =
            Connection::new(session(revision, Time::ZERO), Arc::new(config), Time::ZERO);
        let link = connection.poll_connect().expect("a link is opened").link;
        Self {
            connection,
            revision,
            link,
            now: Time::ZERO,
            peer: Peer::new(revision),
            wanted: BTreeSet::new(),
            joined: BTreeSet::new(),
            early: BTreeSet::new(),
            awaited: Awaited::default(),
            closed: false,
            retried: 1 << 32,
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        match input.byte() % 29 {
            0..8 => {
                let frame = input.frame();
                self.connection.handle_frame(self.link, frame, self.now);
            }
            28 => {
                // More than anything may hold.
                let frame = input.frame();
                for _ in 0..2 * MAX_WAITING {
                    self.connection
                        .handle_frame(self.link, frame.clone(), self.now);
                    self.report();
                }
            }
            8..10 => self.open(),
            10..13 => drop(self.report()),
            13 => self.drain(),
            14..17 => {
                let namespace = input.namespace();
                self.drain();
                let auth = input.flag().then(auth);
                self.connection.connect(&namespace, auth);
                self.wanted.insert(namespace);
            }
            17 => {
                let namespace = input.namespace();
                self.connection.disconnect(&namespace);
                self.drain();
                assert!(!self.joined.contains(&namespace), "left, and still in");
                self.wanted.remove(&namespace);
            }
            18 | 19 => {
                let namespace = input.namespace();
                let packet = input.packet(&namespace, None);
                match input.byte() % 3 {
                    0 => drop(self.connection.send(&namespace, &packet)),
                    1 => drop(self.connection.send_reserved(&namespace, &packet)),
                    _ => drop(self.connection.send_volatile(&namespace, &packet)),
                }
            }
            20 | 21 => {
                let (namespace, id) = (input.namespace(), input.ack());
                self.drain();
                if self.awaited.has(&namespace, id) {
                    return;
                }
                let deadline = input.flag().then(|| self.now + input.duration());
                let packet = input.packet(&namespace, Some(id));
                let sent = self
                    .connection
                    .send_with_ack(&namespace, &packet, id, deadline);
                if sent.is_ok() {
                    self.awaited.expect(&namespace, id);
                }
            }
            22 => self.retry(input),
            23 => {
                let (namespace, id) = (input.namespace(), input.ack());
                self.drain();
                let awaited = self.awaited.end(&namespace, id);
                assert_eq!(self.connection.forget_ack(&namespace, id), awaited);
            }
            24 => {
                self.now = self.now + input.duration();
                self.time_out();
            }
            25 => self.write(),
            26 => self.restart(),
            _ => match input.byte() {
                0 => self.connection.close(self.now),
                1 => self.connection.abort(),
                2 => self.connection.handle_link_closed(self.link, self.now),
                3 => {
                    let fault = TransportFault::Link;
                    self.connection
                        .handle_link_failed(self.link, fault, self.now);
                }
                _ => self.connection.handle_activity(self.now),
            },
        }
    }

    fn open(&mut self) {
        self.connection.handle_link_open(self.link, self.now);
        let open = alloc::format!(
            r#"0{{"sid":"s","upgrades":[],"pingInterval":{},"pingTimeout":{}}}"#,
            INTERVAL.as_millis(),
            TIMEOUT.as_millis(),
        );
        self.connection
            .handle_frame(self.link, Frame::text(open.as_str()), self.now);
    }

    fn restart(&mut self) {
        self.drain();
        self.connection
            .restart(session(self.revision, self.now), self.now);
        self.wanted.clear();
        self.closed = false;
        self.drain();
        assert!(self.joined.is_empty(), "sockets outlive their connection");
        self.peer = Peer::new(self.revision);
        self.link = self.connection.poll_connect().expect("a link").link;
    }

    fn retry(&mut self, input: &mut Input<'_>) {
        let namespace = input.namespace();
        self.retried += 1;
        let id = crate::AckId(self.retried);
        let event = Retry {
            id,
            packet: input.packet(&namespace, Some(id)),
            retries: u32::from(input.byte() % 3),
            timeout: input.duration(),
        };
        let sent = self.connection.send_retried(&namespace, event, self.now);
        if sent.is_ok() {
            self.awaited.expect(&namespace, id);
        }
    }

    fn time_out(&mut self) {
        self.connection.handle_timeout(self.now);
        assert_later(self.connection.poll_timeout(), self.now);
    }

    fn write(&mut self) {
        while let Some(frame) = self.connection.poll_frame(self.link) {
            self.peer.read(&frame);
        }
    }

    fn report(&mut self) -> bool {
        let Some(event) = self.connection.poll_event() else {
            return false;
        };
        match event {
            Event::Connect { namespace, .. } => {
                assert!(
                    self.wanted.contains(&namespace),
                    "{namespace} is joined and nobody wants it"
                );
                self.early.remove(&namespace);
                assert!(self.joined.insert(namespace), "joined twice");
            }
            Event::ConnectError { namespace, .. } => {
                assert!(
                    !self.early.contains(&namespace),
                    "events of {namespace}, which refused"
                );
                assert!(
                    self.wanted.remove(&namespace) && !self.joined.contains(&namespace),
                    "{namespace} is refused without having been asked for"
                );
            }
            Event::Event { namespace, .. } => {
                assert!(
                    self.wanted.contains(&namespace),
                    "an event of {namespace} for nobody"
                );
                if !self.joined.contains(&namespace) {
                    self.early.insert(namespace);
                }
            }
            Event::Ack { namespace, id, .. } => assert!(
                self.awaited.end(&namespace, id),
                "{id} of {namespace} is not awaited"
            ),
            Event::Disconnect { namespace, .. } => {
                assert!(self.joined.remove(&namespace), "{namespace} ends twice");
                self.wanted.remove(&namespace);
            }
            Event::Close(_) => {
                assert!(self.joined.is_empty(), "sockets outlive their connection");
                assert!(!self.closed, "a session ends once");
                self.wanted.clear();
                self.closed = true;
            }
            Event::Open(_)
            | Event::Upgrade(_)
            | Event::UpgradeFailed(_)
            | Event::ProtocolError(_) => {}
        }
        true
    }

    fn drain(&mut self) {
        while self.report() {}
        assert!(self.early.is_empty(), "events of what was not joined then");
        let held = self.connection.held();
        assert_eq!(
            held.acks + held.retries,
            self.awaited.0.len(),
            "what is awaited was forgotten, or what is not is held"
        );
    }

    fn check(&self) {
        let held = self.connection.held();
        // As many as the application named: six.
        assert!(held.namespaces <= 6, "{held:?}");
        assert!(held.waiting <= MAX_WAITING, "{held:?}");
        assert!(held.waiting_bytes <= MAX_PAYLOAD, "{held:?}");
        assert!(held.buffered <= MAX_BUFFERED * 6, "{held:?}");
        assert!(held.retries <= MAX_BUFFERED * 6, "{held:?}");
    }

    /// The server is gone. The connection must notice, and all that is open must end.
    fn fall_silent(&mut self) {
        // Before the session is open its own timeout counts.
        let deadline = self.now + (INTERVAL + TIMEOUT).max(CONNECT_TIMEOUT);
        for _ in 0..STEPS {
            self.write();
            self.drain();
            if self.connection.session().close_reason().is_some() {
                assert!(self.now <= deadline, "a silent server was kept");
                assert!(self.closed, "the end is reported");
                return;
            }
            let Some(next) = self.connection.poll_timeout() else {
                panic!("a session without a deadline");
            };
            self.now = self.now.max(next);
            self.time_out();
        }
        panic!("more than {STEPS} deadlines until a silent server was given up");
    }
}

fn session(revision: Revision, now: Time) -> Session {
    let mut config = EngineConfig::default();
    config.transports([Transport::WEBSOCKET]).revision(revision);
    Session::new(Arc::new(config), now)
}

fn auth() -> RawValue {
    let mut object = Object::new();
    object.insert("token", Value::from("a b"));
    RawValue::from_value(&Value::Object(object)).expect("an object")
}

const MAX_BUFFERED: usize = 5;
const MAX_BUFFERED_BYTES: usize = 300;
const MAX_WAITING: usize = 6;
const MAX_PAYLOAD: usize = 400;
const CONNECT_TIMEOUT: core::time::Duration = core::time::Duration::from_secs(60);
