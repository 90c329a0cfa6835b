//! The server's application: one for each connection.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::time::Duration;

use engineio_proto::Time;
use engineio_proto::testing::Report;

use super::machine::sort_server;
use super::plan::{Decision, How};
use super::record::{Item, Kind, Stay, answer_delay, decode, encode, encode_answer};
use super::storage::LostSession;
use super::world::World;
use crate::acks::earlier;
use crate::server::{Accept, ConnectRequest, Connection, Event, ProtocolError};
use crate::{AckId, ConnectError, Encoded, Namespace, Protocol, RawValue, SocketId};

/// The application on one connection of the server.
///
/// It lets clients in or refuses them as its [`World`] decides, answers what it is asked (mostly at once, some later,
/// some never), and emits what it is told. It panics when the connection hands out something that it must not.
#[derive(Debug)]
pub struct ServerApp {
    connection: Connection,
    world: Rc<RefCell<World>>,
    now: Time,
    reports: VecDeque<Report<String>>,
    undecided: Vec<(Time, ConnectRequest, Decision)>,
    members: BTreeMap<Namespace, Member>,
    answers: Vec<(Time, Namespace, AckId, Item)>,
}

#[derive(Debug)]
struct Member {
    /// Its place among the stays in the namespace.
    stay: usize,
    id: SocketId,
    private_id: Option<Arc<str>>,
    floor: usize,
}

impl ServerApp {
    pub(super) fn new(connection: Connection, world: Rc<RefCell<World>>, now: Time) -> Self {
        Self {
            connection,
            world,
            now,
            reports: VecDeque::new(),
            undecided: Vec::new(),
            members: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) fn set_time(&mut self, now: Time) {
        self.now = now;
    }

    // --- what the plan says ---------------------------------------------------------------------------------

    /// Sends a packet that everybody in the namespace gets.
    pub(super) fn send(&mut self, namespace: &Namespace, item: Item, packet: &Encoded) {
        self.fetch();
        let Some(member) = self.members.get(namespace) else {
            return;
        };
        let sent = match item.kind {
            Kind::Volatile => self.connection.send_volatile(namespace, packet),
            _ => {
                let sent = self.connection.send(namespace, packet);
                assert_eq!(sent, Ok(()), "a joined client gets what is sent");
                true
            }
        };
        if sent {
            self.world
                .borrow_mut()
                .stay_mut(namespace, member.stay)
                .sent
                .push(item);
        }
    }

    /// Sends an event whose answer is awaited.
    pub(super) fn ask(&mut self, namespace: &Namespace, timeout: Duration, attachments: u8) {
        self.fetch();
        let Some(member) = self.members.get(namespace) else {
            return;
        };
        let world = &mut *self.world.borrow_mut();
        let item = world.record.next_item(namespace, Kind::Acked);
        let id = world.record.expect(namespace, item);
        let offset = world
            .recovery
            .then(|| world.storage_mut(namespace).latest());
        let packet = encode(
            &*world.codec,
            namespace,
            item,
            attachments,
            Some(id),
            offset.as_deref(),
        );
        let expected = self
            .connection
            .expect_ack(namespace, id, Some(self.now + timeout));
        assert_eq!(expected, Ok(()), "an acknowledgement can be awaited");
        let sent = self.connection.send(namespace, &packet);
        assert_eq!(sent, Ok(()), "a joined client gets what is sent");
        world.stay_mut(namespace, member.stay).sent.push(item);
    }

    pub(super) fn kick(&mut self, namespace: &Namespace) {
        self.fetch();
        self.connection.disconnect(namespace);
        self.fetch();
        assert!(
            !self.members.contains_key(namespace),
            "who was put out is told so"
        );
    }

    pub(super) fn close(&mut self, now: Time) {
        self.now = now;
        self.fetch();
        self.connection.close(now);
        self.fetch();
        assert!(self.members.is_empty(), "a close leaves every namespace");
    }

    pub(super) fn shut_down(&mut self, now: Time) {
        self.now = now;
        self.fetch();
        self.connection.shut_down(now);
        self.fetch();
        assert!(self.members.is_empty(), "a close leaves every namespace");
    }

    pub(super) fn abort(&mut self) {
        self.fetch();
        self.connection.abort();
        self.fetch();
        assert!(self.members.is_empty(), "a close leaves every namespace");
    }

    // --- what the harness drives ----------------------------------------------------------------------------

    pub(super) fn act(&mut self, now: Time) {
        self.now = now;
        self.connection.handle_timeout(now);
        self.fetch();
        while let Some(at) = self.undecided.iter().position(|(at, ..)| *at <= now) {
            let (_, request, decision) = self.undecided.remove(at);
            self.decide(request, decision);
        }
        while let Some(at) = self.answers.iter().position(|(at, ..)| *at <= now) {
            let (_, namespace, id, item) = self.answers.remove(at);
            self.answer(&namespace, id, item);
        }
        self.fetch();
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        let undecided = self.undecided.iter().map(|(at, ..)| *at);
        let answers = self.answers.iter().map(|(at, ..)| *at);
        earlier(
            self.connection.poll_timeout(),
            undecided.chain(answers).min(),
        )
    }

    pub(super) fn next_report(&mut self) -> Option<Report<String>> {
        self.fetch();
        self.reports.pop_front()
    }

    /// Takes what the connection has to report.
    pub(super) fn catch_up(&mut self) {
        self.fetch();
    }

    fn fetch(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match sort_server(event) {
                Report::Other(event) => {
                    self.reports.push_back(Report::Other(format!("{event:?}")));
                    self.on_event(event);
                }
                Report::Closed(reason) => {
                    assert!(
                        self.members.is_empty(),
                        "every namespace is left before the connection ends"
                    );
                    self.reports.push_back(Report::Closed(reason));
                }
                Report::Opened => self.reports.push_back(Report::Opened),
                Report::Upgraded(to) => self.reports.push_back(Report::Upgraded(to)),
                Report::UpgradeFailed(to) => self.reports.push_back(Report::UpgradeFailed(to)),
                Report::Message(message) => self.reports.push_back(Report::Message(message)),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connect(request) => {
                let decision = self.world.borrow().decision;
                match decision.delay() {
                    None => self.decide(request, decision),
                    Some(delay) => self.undecided.push((self.now + delay, request, decision)),
                }
            }
            Event::Event {
                namespace,
                id,
                args,
            } => {
                let item = decode(&namespace, &args);
                let Some(member) = self.members.get(&namespace) else {
                    panic!("{item:?} of {namespace} is handed out to nobody");
                };
                let world = &mut *self.world.borrow_mut();
                match (item.kind, id) {
                    (Kind::Retried, Some(id)) => {
                        let retried = world.record.retried.entry(namespace.clone());
                        retried.or_default().push((item, id));
                    }
                    _ => world.stay_mut(&namespace, member.stay).received.push(item),
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
                assert!(
                    self.members.contains_key(&namespace),
                    "acknowledgements end before their socket"
                );
                self.world
                    .borrow_mut()
                    .record
                    .on_ack(&namespace, id, result);
            }
            Event::Disconnect { namespace, reason } => {
                let Some(member) = self.members.remove(&namespace) else {
                    panic!("{namespace} is left without having been joined");
                };
                self.answers.retain(|(_, of, ..)| *of != namespace);
                let world = &mut *self.world.borrow_mut();
                world.stay_mut(&namespace, member.stay).ended = Some(reason);
                if let Some(private_id) = member.private_id.filter(|_| reason.is_recoverable()) {
                    let session = LostSession {
                        id: member.id,
                        floor: member.floor,
                        since: self.now,
                    };
                    world.storage_mut(&namespace).keep(private_id, session);
                }
            }
            Event::ProtocolError(ProtocolError::ConnectTimeout | ProtocolError::PacketTimeout) => {}
            Event::ProtocolError(error) => panic!("a server finds fault with its client: {error}"),
            Event::Upgrade(_) | Event::Close(_) => unreachable!("they are sorted out before"),
        }
    }

    fn decide(&mut self, request: ConnectRequest, decision: Decision) {
        let namespace = request.namespace().clone();
        if decision.refuses() {
            // A client that has gone needs no refusal.
            let _ = self
                .connection
                .refuse(request, &ConnectError::new("not today"));
            return;
        }
        let attempt = request.auth().and_then(attempt_of);
        let session = self.connection.session().sid().as_str();
        let protocol = self.connection.protocol();
        let world = &mut *self.world.borrow_mut();
        let recovers = world.recovery && protocol == Protocol::V5;
        let shown = request.resume().filter(|_| recovers);
        let storage = world.storage_mut(&namespace);
        if let Some(offset) = shown.as_ref().and_then(|shown| shown.offset.as_ref()) {
            let known = offset
                .parse()
                .is_ok_and(|offset: usize| offset <= storage.end());
            assert!(known, "a client shows {offset:?}, which is no offset");
        }
        let has_shown = shown.is_some();
        let taken = shown.and_then(|shown| {
            let (session, missed) = storage.take(&shown, self.now)?;
            let older =
                |offset: &Arc<str>| offset.parse().is_ok_and(|at: usize| at < session.floor);
            assert!(
                !shown.offset.as_ref().is_some_and(older),
                "a client shows the offset of an older session"
            );
            Some((shown.private_id, session, missed))
        });
        let floor = taken
            .as_ref()
            .map_or(storage.end(), |(_, session, _)| session.floor);
        world.sockets += 1;
        let id = match (&taken, protocol) {
            (Some((_, session, _)), _) => session.id.clone(),
            (None, Protocol::V5) => SocketId::from(format!("socket-{}", world.sockets)),
            (None, Protocol::V4) if namespace.is_root() => SocketId::from(session),
            (None, Protocol::V4) => SocketId::from(format!("{namespace}#{session}")),
        };
        let private_id = match &taken {
            Some((private_id, ..)) => Some(Arc::clone(private_id)),
            None => recovers.then(|| Arc::from(format!("secret-{}", world.sockets))),
        };
        let mut accept = Accept::new(id.clone());
        if let Some(private_id) = &private_id {
            accept = accept.private_id(Arc::clone(private_id));
        }
        let mut sent = Vec::new();
        if let Some((_, _, missed)) = &taken {
            sent.extend(missed.iter().map(|(item, _)| *item));
            accept = accept.missed(missed.iter().map(|(_, packet)| packet.clone()));
        }
        let stay = Stay {
            session: String::from(session),
            attempt,
            id: id.clone(),
            recovered: taken.is_some(),
            shown: has_shown,
            floor,
            missed: sent.len(),
            sent,
            received: Vec::new(),
            ended: None,
        };
        if self.connection.accept(request, accept).is_err() {
            // The session was not taken up after all.
            if let Some((private_id, session, _)) = taken {
                world.storage_mut(&namespace).keep(private_id, session);
            }
            return;
        }
        let stays = world.record.stays.entry(namespace.clone()).or_default();
        stays.push(stay);
        let member = Member {
            stay: stays.len() - 1,
            id,
            private_id,
            floor,
        };
        let before = self.members.insert(namespace, member);
        assert!(
            before.is_none(),
            "one client has two sockets in a namespace"
        );
    }

    fn answer(&mut self, namespace: &Namespace, id: AckId, item: Item) {
        if self.members.contains_key(namespace) {
            let packet = encode_answer(&*self.world.borrow().codec, namespace, id, item);
            let sent = self.connection.send_reserved(namespace, &packet);
            assert_eq!(sent, Ok(()), "a joined client gets its answers");
        }
    }

    /// The namespaces that the client has joined, and where the stays are.
    pub(super) fn joined(&self) -> impl Iterator<Item = (&Namespace, usize)> {
        self.members
            .iter()
            .map(|(namespace, member)| (namespace, member.stay))
    }

    pub(super) fn emit(&mut self, namespace: &Namespace, how: How, attachments: u8) {
        if let How::Acked(timeout) | How::Retried(_, timeout) = how {
            self.ask(
                namespace,
                Duration::from_millis(u64::from(timeout)),
                attachments,
            );
        }
    }
}

/// The number that the harness's client shows with each of its attempts. In protocol 4 all that is shown is text.
fn attempt_of(auth: &RawValue) -> Option<u64> {
    let value = auth.to_value();
    let attempt = value.get("attempt")?;
    attempt.as_u64().or_else(|| attempt.as_str()?.parse().ok())
}
