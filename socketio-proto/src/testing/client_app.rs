//! The client's application.

mod actions;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use engineio_proto::client::Session;
use engineio_proto::testing::Report;
use engineio_proto::{CloseReason, Time};

use super::machine::sort_client;
use super::record::{Item, Record, Stay, answer_delay, decode, encode_answer};
use crate::acks::earlier;
use crate::client::{Connection, Event};
use crate::{
    AckError, AckId, Backoff, Codec, DisconnectReason, Namespace, Object, Protocol, RawValue, Value,
};

/// The application on the client's connection.
///
/// It joins and leaves what it is told, comes back with a [`Backoff`] when a connection was lost that it still wants,
/// and answers what it is asked. It panics when the connection hands out something that it must not.
#[derive(Debug)]
pub struct ClientApp {
    connection: Connection,
    codec: Arc<dyn Codec>,
    now: Time,
    reports: VecDeque<Report<String>>,
    record: Record,
    doors: BTreeMap<Namespace, Door>,
    answers: Vec<(Time, Namespace, AckId, Item)>,
    attempts: u64,
    backoff: Backoff,
    random: u64,
    /// When to come back.
    again: Option<Time>,
    /// The session has ended.
    ended: bool,
    /// What is sent is refused: this side has closed.
    closed: bool,
}

/// One namespace, as the application has it.
#[derive(Debug, Default)]
struct Door {
    state: State,
    /// To be joined again after a loss.
    wanted: bool,
    /// What was sent and could not leave, in order.
    pending: Vec<(Item, Option<AckId>)>,
    /// Events that came before the namespace was joined.
    early: Vec<Item>,
    refused: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Out,
    /// With the number of the attempt.
    Asking(Option<u64>),
    In,
}

impl ClientApp {
    pub(super) fn new(connection: Connection, codec: Arc<dyn Codec>, now: Time) -> Self {
        let mut app = Self {
            connection,
            codec,
            now,
            reports: VecDeque::new(),
            record: Record::default(),
            doors: BTreeMap::new(),
            answers: Vec::new(),
            attempts: 0,
            backoff: Backoff::reference(),
            random: 0,
            again: None,
            ended: false,
            closed: false,
        };
        app.enter_root_of_protocol_4();
        app
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// What the client remembers.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether the client waits for the answer to a CONNECT, or for its session.
    pub fn is_joining(&self, namespace: &Namespace) -> bool {
        matches!(self.state(namespace), State::Asking(_))
    }

    /// Whether the client is in a namespace.
    pub fn is_joined(&self, namespace: &Namespace) -> bool {
        self.state(namespace) == State::In
    }

    /// How often the server refused.
    pub fn refusals(&self) -> usize {
        self.doors.values().map(|door| door.refused).sum()
    }

    /// What was sent and has not left, because the namespace is not joined.
    pub fn pending(&self, namespace: &Namespace) -> usize {
        self.doors
            .get(namespace)
            .map_or(0, |door| door.pending.len())
    }

    pub(super) fn set_time(&mut self, now: Time) {
        self.now = now;
    }

    // --- what the harness drives ----------------------------------------------------------------------------

    pub(super) fn act(&mut self, now: Time) {
        self.now = now;
        self.connection.handle_timeout(now);
        self.fetch();
        while let Some(at) = self.answers.iter().position(|(at, ..)| *at <= now) {
            let (_, namespace, id, item) = self.answers.remove(at);
            let packet = encode_answer(&*self.codec, &namespace, id, item);
            let sent = self.connection.send_reserved(&namespace, &packet);
            assert_eq!(sent, Ok(()), "a joined client can answer");
        }
        self.fetch();
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        let answers = self.answers.iter().map(|(at, ..)| *at).min();
        let own = earlier(answers, self.again.filter(|at| *at > self.now));
        earlier(self.connection.poll_timeout(), own)
    }

    pub(super) fn wants_to_return(&self, now: Time) -> bool {
        self.ended && self.again.is_some_and(|at| at <= now)
    }

    pub(super) fn go_on(&mut self, session: Session, now: Time) {
        self.now = now;
        self.connection.restart(session, now);
        self.again = None;
        // What the session that ended could not report any more.
        self.fetch();
        for door in self.doors.values_mut() {
            door.early.clear();
            if matches!(door.state, State::Asking(_)) {
                door.state = State::Out;
            }
        }
        self.assert_everything_is_left();
        self.ended = false;
        self.closed = false;
        self.reports.clear();
        self.enter_root_of_protocol_4();
        let wanted: Vec<_> = self
            .doors
            .iter()
            .filter(|(_, door)| door.wanted && door.state == State::Out)
            .map(|(namespace, _)| namespace.clone())
            .collect();
        for namespace in wanted {
            self.attempts += 1;
            self.ask(&namespace, Some(self.attempts));
        }
    }

    pub(super) fn next_report(&mut self) -> Option<Report<String>> {
        self.fetch();
        self.reports.pop_front()
    }

    fn fetch(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match sort_client(event) {
                Report::Other(event) => {
                    self.reports.push_back(Report::Other(format!("{event:?}")));
                    self.on_event(event);
                }
                Report::Closed(reason) => self.on_close(reason),
                Report::Opened => self.reports.push_back(Report::Opened),
                Report::Upgraded(to) => self.reports.push_back(Report::Upgraded(to)),
                Report::UpgradeFailed(to) => self.reports.push_back(Report::UpgradeFailed(to)),
                Report::Message(message) => self.reports.push_back(Report::Message(message)),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connect {
                namespace,
                id,
                recovered,
            } => {
                let session = self.connection.session().sid();
                let session = session.map(|sid| String::from(sid.as_str()));
                let door = self.door(&namespace);
                let State::Asking(attempt) = door.state else {
                    panic!("{namespace} is joined without having been asked for");
                };
                let received = core::mem::take(&mut door.early);
                assert!(
                    recovered || received.is_empty(),
                    "{received:?} of {namespace} came before CONNECT"
                );
                let pending = door.pending.drain(..);
                let sent = pending.map(|(item, _)| item).collect();
                door.state = State::In;
                self.backoff.reset();
                let stays = self.record.stays.entry(namespace).or_default();
                stays.push(Stay {
                    session: session.unwrap_or_default(),
                    attempt,
                    id,
                    recovered,
                    shown: false,
                    floor: 0,
                    missed: received.len(),
                    sent,
                    received,
                    ended: None,
                });
            }
            Event::ConnectError { namespace, .. } => {
                let door = self.door(&namespace);
                assert!(
                    matches!(door.state, State::Asking(_)),
                    "{namespace} is refused without having been asked for"
                );
                assert!(
                    door.early.is_empty(),
                    "{:?} of a namespace that refused",
                    door.early
                );
                door.state = State::Out;
                door.wanted = false;
                door.refused += 1;
            }
            Event::Event {
                namespace,
                id,
                args,
            } => {
                let item = decode(&namespace, &args);
                match self.state(&namespace) {
                    State::In => self.stay_mut(&namespace).received.push(item),
                    State::Asking(_) => self.door(&namespace).early.push(item),
                    State::Out => panic!("{item:?} of {namespace}, which is not joined"),
                }
                if let (Some(id), Some(delay)) = (id, answer_delay(item)) {
                    self.answers.push((self.now + delay, namespace, id, item));
                }
            }
            Event::Ack {
                namespace,
                id,
                result,
            } => {
                let pending = &mut self.door(&namespace).pending;
                let kept = pending.iter().position(|(_, ack)| *ack == Some(id));
                if let Some(at) = kept {
                    // What is given up before it has left does not leave any more.
                    pending.remove(at);
                    assert_eq!(
                        result.as_ref().err(),
                        Some(&AckError::Timeout),
                        "{id} of {namespace} ends, and its event has not left"
                    );
                }
                self.record.on_ack(&namespace, id, result);
            }
            Event::Disconnect { namespace, reason } => {
                assert_eq!(
                    self.state(&namespace),
                    State::In,
                    "{namespace} is left without having been joined"
                );
                self.stay_mut(&namespace).ended = Some(reason);
                self.answers.retain(|(_, of, ..)| *of != namespace);
                let door = self.door(&namespace);
                door.state = State::Out;
                // As in JavaScript: who was put out does not come back by itself.
                if matches!(
                    reason,
                    DisconnectReason::IoServerDisconnect | DisconnectReason::IoClientDisconnect
                ) {
                    door.wanted = false;
                }
            }
            Event::ProtocolError(error) => panic!("a client finds fault with its server: {error}"),
            Event::Open(_) | Event::Upgrade(_) | Event::UpgradeFailed(_) | Event::Close(_) => {
                unreachable!("they are sorted out before")
            }
        }
    }

    fn on_close(&mut self, reason: CloseReason) {
        self.reports.push_back(Report::Closed(reason));
        self.ended = true;
        for door in self.doors.values_mut() {
            door.early.clear();
            if matches!(door.state, State::Asking(_)) {
                door.state = State::Out;
            }
        }
        assert!(
            self.doors.values().all(|door| door.state == State::Out),
            "every namespace is left before the connection ends"
        );
        if self.doors.values().any(|door| door.wanted) {
            // Half of the golden ratio's bits each time: spread, and the same in every run.
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.again = Some(self.now + self.backoff.next_delay(self.random));
        }
    }

    fn is_of_protocol_4(&self) -> bool {
        Protocol::from(self.connection.session().revision()) == Protocol::V4
    }

    /// In protocol 4 a client is in the root from the beginning.
    fn enter_root_of_protocol_4(&mut self) {
        if self.is_of_protocol_4() {
            self.door(&Namespace::ROOT).wanted = true;
            self.ask(&Namespace::ROOT, None);
        }
    }

    fn ask(&mut self, namespace: &Namespace, attempt: Option<u64>) {
        let mut auth = Object::new();
        if let Some(attempt) = attempt {
            auth.insert("attempt", attempt);
        }
        let auth = RawValue::from_value(&Value::Object(auth));
        self.connection.connect(namespace, auth.ok());
        self.door(namespace).state = State::Asking(attempt);
    }

    fn state(&self, namespace: &Namespace) -> State {
        let door = self.doors.get(namespace);
        door.map_or(State::Out, |door| door.state)
    }

    fn door(&mut self, namespace: &Namespace) -> &mut Door {
        self.doors.entry(namespace.clone()).or_default()
    }

    fn stay_mut(&mut self, namespace: &Namespace) -> &mut Stay {
        let stays = self.record.stays.get_mut(namespace);
        match stays.and_then(|stays| stays.last_mut()) {
            Some(stay) => stay,
            None => unreachable!("whoever is in has a stay"),
        }
    }
}
