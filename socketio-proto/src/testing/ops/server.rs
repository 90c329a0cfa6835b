//! Calls to a server's connection.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use engineio_proto::server::{Config as EngineConfig, Opening, Session};
use engineio_proto::{Frame, LinkId, Sid, Time, Transport, TransportFault};

use super::{Awaited, INTERVAL, Input, Peer, STEPS, TIMEOUT, assert_later, encoded};
use crate::server::{Accept, Config, ConnectRequest, Connection, Event, Gone};
use crate::{Arguments, ConnectError, Limits, Namespace, Outgoing, SendError, SocketId};

/// Whatever a client sends and an application calls, in whatever order: nothing panics, timers do not spin, what is
/// held stays within the limits, every CONNECT can be decided once or its client has gone, events come only between the
/// acceptance and the end of a socket, acknowledgements and sockets end once, what is sent is packets, and a client
/// that falls silent is given up in time.
///
/// Panics if not.
pub fn server_ops(input: &[u8]) {
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
    link: LinkId,
    now: Time,
    peer: Peer,
    /// Requests, and whether the client has changed its mind: it asked again, which it can do only then.
    requests: Vec<(ConnectRequest, bool)>,
    /// The sockets that were accepted, in the order of acceptance, whose end was not reported.
    joined: BTreeMap<Namespace, usize>,
    awaited: Awaited,
    closed: bool,
    accepted: usize,
}

impl Subject {
    fn new(input: &mut Input<'_>) -> Self {
        let mut engine = EngineConfig::default();
        engine.ping_interval(INTERVAL).ping_timeout(TIMEOUT);
        let revision = input.revision();
        let sid = Sid::new("s").expect("a valid id");
        let opening = Opening::new(sid).revision(revision);
        let (session, link) =
            Session::accept_link(Arc::new(engine), opening, Transport::WEBSOCKET, Time::ZERO);
        let mut config = Config::default();
        config
            .max_namespaces(MAX_NAMESPACES)
            .max_acks(MAX_ACKS)
            .max_waiting(MAX_WAITING)
            .limits(Limits {
                max_payload: MAX_PAYLOAD,
                ..Limits::default()
            });
        Self {
            connection: Connection::new(session, Arc::new(config), Time::ZERO),
            link,
            now: Time::ZERO,
            peer: Peer::new(revision),
            requests: Vec::new(),
            joined: BTreeMap::new(),
            awaited: Awaited::default(),
            closed: false,
            accepted: 0,
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        match input.byte() % 25 {
            0..8 => {
                let frame = input.frame();
                self.connection.handle_frame(self.link, frame, self.now);
            }
            24 => {
                // More than anything may hold: packets, or namespaces that come and go.
                let frame = input.frame();
                let comes_and_goes = input.flag();
                for count in 0..2 * MAX_WAITING {
                    let frame = match (comes_and_goes, count % 2) {
                        (false, _) => frame.clone(),
                        (true, 0) => Frame::text(format!("40/{}", count / 2).as_str()),
                        (true, _) => Frame::text(format!("41/{}", count / 2).as_str()),
                    };
                    self.connection.handle_frame(self.link, frame, self.now);
                    self.report();
                }
            }
            8..11 => drop(self.report()),
            11 => self.drain(),
            12 | 13 => self.accept(input),
            14 => self.refuse(input),
            15 => {
                self.drain();
                let namespace = input.namespace();
                let packet = input.packet(&namespace, None);
                let sent = match input.byte() % 3 {
                    0 => self.connection.send(&namespace, &packet),
                    1 => self.connection.send_reserved(&namespace, &packet),
                    _ => {
                        self.connection.send_volatile(&namespace, &packet);
                        return;
                    }
                };
                let joined = self.joined.contains_key(&namespace);
                assert!(
                    joined || sent == Err(SendError::NotConnected),
                    "something was sent to nobody"
                );
            }
            16 | 17 => self.ask(input),
            18 => {
                let (namespace, id) = (input.namespace(), input.ack());
                self.drain();
                let awaited = self.awaited.end(&namespace, id);
                assert_eq!(self.connection.forget_ack(&namespace, id), awaited);
            }
            19 => {
                let namespace = input.namespace();
                self.connection.disconnect(&namespace);
                self.drain();
                assert!(!self.joined.contains_key(&namespace));
            }
            20 | 21 => {
                self.now = self.now + input.duration();
                self.time_out();
            }
            22 => {
                while let Some(frame) = self.connection.poll_frame(self.link) {
                    self.peer.read(&frame);
                }
            }
            _ => match input.byte() {
                0 => self.connection.close(self.now),
                1 => self.connection.shut_down(self.now),
                2 => self.connection.abort(),
                3 => self.connection.handle_link_closed(self.link, self.now),
                4 => {
                    let fault = TransportFault::Link;
                    self.connection
                        .handle_link_failed(self.link, fault, self.now);
                }
                _ => self.connection.handle_activity(self.now),
            },
        }
    }

    fn accept(&mut self, input: &mut Input<'_>) {
        let Some((request, gone)) = self.take_request(input) else {
            return;
        };
        let namespace = request.namespace().clone();
        let _ = (
            request.resume(),
            request.auth().map(crate::RawValue::to_value),
        );
        let mut accept = Accept::new(SocketId::from("id"));
        if input.flag() {
            accept = accept.private_id("secret");
            let missed = [
                input.packet(&namespace, None),
                input.packet(&namespace, None),
            ];
            accept = accept.missed(missed);
        }
        // The end of the last socket is reported before the next one asks.
        self.drain();
        let accepted = self.connection.accept(request, accept);
        assert!(!gone || accepted == Err(Gone), "an old request is accepted");
        if accepted == Ok(()) {
            self.accepted += 1;
            let before = self.joined.insert(namespace.clone(), self.accepted);
            assert_eq!(before, None, "one client has two sockets in {namespace}");
            assert!(self.connection.is_joined(&namespace));
        }
    }

    fn refuse(&mut self, input: &mut Input<'_>) {
        if let Some((request, gone)) = self.take_request(input) {
            let refused = self.connection.refuse(request, &ConnectError::new("no"));
            assert!(!gone || refused == Err(Gone), "an old request is refused");
        }
    }

    fn take_request(&mut self, input: &mut Input<'_>) -> Option<(ConnectRequest, bool)> {
        let count = self.requests.len();
        let at = usize::from(input.byte()).checked_rem(count)?;
        Some(self.requests.remove(at))
    }

    fn ask(&mut self, input: &mut Input<'_>) {
        let (namespace, id) = (input.namespace(), input.ack());
        let deadline = input.flag().then(|| self.now + input.duration());
        let packet = input.packet(&namespace, Some(id));
        self.drain();
        let expected = self.connection.expect_ack(&namespace, id, deadline);
        let free = self.joined.contains_key(&namespace) && !self.awaited.has(&namespace, id);
        assert!(free || expected.is_err(), "awaited twice, or from nobody");
        if expected.is_ok() {
            self.awaited.expect(&namespace, id);
            if self.connection.send(&namespace, &packet).is_err() {
                self.connection.forget_ack(&namespace, id);
                self.awaited.end(&namespace, id);
            }
        }
        // The answer to something else.
        let answer = encoded(&namespace, &Outgoing::Ack(id, Arguments::new(&())));
        let _ = self.connection.send_reserved(&namespace, &answer);
    }

    fn time_out(&mut self) {
        self.connection.handle_timeout(self.now);
        assert_later(self.connection.poll_timeout(), self.now);
    }

    fn report(&mut self) -> bool {
        let Some(event) = self.connection.poll_event() else {
            return false;
        };
        assert!(!self.closed, "{event:?} comes after the end");
        match event {
            Event::Connect(request) => {
                for (older, gone) in &mut self.requests {
                    *gone |= older.namespace() == request.namespace();
                }
                self.requests.push((request, false));
            }
            Event::Event {
                namespace, args, ..
            } => {
                assert!(
                    self.joined.contains_key(&namespace),
                    "{args:?} of {namespace} for nobody"
                );
            }
            Event::Ack { namespace, id, .. } => {
                assert!(
                    self.joined.contains_key(&namespace),
                    "acknowledgements end before their socket"
                );
                assert!(
                    self.awaited.end(&namespace, id),
                    "{id} of {namespace} is not awaited"
                );
            }
            Event::Disconnect { namespace, .. } => {
                assert!(
                    self.joined.remove(&namespace).is_some(),
                    "{namespace} ends twice"
                );
                assert!(
                    self.awaited.0.iter().all(|(other, _)| *other != namespace),
                    "acknowledgements outlive their socket"
                );
            }
            Event::Close(_) => {
                assert!(self.joined.is_empty(), "sockets outlive their connection");
                self.closed = true;
            }
            Event::Upgrade(_) | Event::ProtocolError(_) => {}
        }
        true
    }

    fn drain(&mut self) {
        while self.report() {}
        assert_eq!(
            self.connection.held().acks,
            self.awaited.0.len(),
            "what is awaited was forgotten, or what is not is held"
        );
    }

    fn check(&self) {
        let held = self.connection.held();
        assert!(held.namespaces <= MAX_NAMESPACES, "{held:?}");
        assert!(held.left <= MAX_NAMESPACES, "{held:?}");
        assert!(held.acks <= MAX_ACKS * MAX_NAMESPACES, "{held:?}");
        assert!(held.waiting <= MAX_WAITING, "{held:?}");
        assert!(held.waiting_bytes <= MAX_PAYLOAD, "{held:?}");
    }

    /// The client is gone. The connection must notice, and all that is open must end.
    fn fall_silent(&mut self) {
        let deadline = self.now + INTERVAL + TIMEOUT;
        for _ in 0..STEPS {
            while let Some(frame) = self.connection.poll_frame(self.link) {
                self.peer.read(&frame);
            }
            self.drain();
            let Some(next) = self.connection.poll_timeout() else {
                assert!(self.now <= deadline, "a silent client was kept");
                assert!(self.closed, "the end is reported");
                assert!(self.awaited.0.is_empty(), "acknowledgements never ended");
                for (request, _) in self.requests.drain(..) {
                    let accepted = self.connection.accept(request, Accept::new("id".into()));
                    assert_eq!(accepted, Err(Gone), "a client that has gone was let in");
                }
                return;
            };
            self.now = self.now.max(next);
            self.time_out();
        }
        panic!("more than {STEPS} deadlines until a silent client was given up");
    }
}

const MAX_NAMESPACES: usize = 4;
const MAX_ACKS: usize = 5;
const MAX_WAITING: usize = 6;
const MAX_PAYLOAD: usize = 400;
