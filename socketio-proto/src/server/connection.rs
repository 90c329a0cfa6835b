//! The connection itself.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use engineio_proto::server::{Event as EngineEvent, Session};
use engineio_proto::{
    CloseReason, ContentType, DecodeError as EngineDecodeError, Frame, LinkId, Message, Reject,
    Time, Transport, TransportFault,
};

use super::config::Config;
use super::request::{Accept, ConnectRequest, Gone};
use crate::acks::{AckError, ExpectError, PendingAcks, earlier};
use crate::forward::forward;
use crate::{
    AckId, Args, Body, ConnectError, DecodeError, Decoder, DisconnectReason, EncodeError, Encoded,
    Namespace, Outgoing, Packet, Protocol, RawValue, SendError, handshake,
};

/// One client: an Engine.IO session and the namespaces it has joined. See [the module](super) for how to drive it.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    config: Arc<Config>,
    protocol: Protocol,
    decoder: Decoder,
    memberships: Vec<Membership>,
    /// Namespaces that were left or refused lately. What the client sent before it knew is dropped.
    left: VecDeque<Namespace>,
    events: VecDeque<Event>,
    /// Until then some namespace has to be joined; `None` once one is.
    join_by: Option<Time>,
    /// Until then the next attachment has to come.
    packet_by: Option<Time>,
    /// Bytes of the packet that is being received.
    packet_len: usize,
    requests: u64,
    /// This side has closed; what still arrives is dropped.
    done: bool,
    /// The time of the last call that had one.
    now: Time,
}

#[derive(Debug)]
struct Membership {
    namespace: Namespace,
    state: State,
    acks: PendingAcks,
}

#[derive(Debug)]
enum State {
    /// The application has not decided. What arrives meanwhile waits.
    Asked {
        request: u64,
        waiting: Vec<Packet>,
        bytes: usize,
    },
    Joined,
}

/// What happened, for the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client wants to join a namespace.
    Connect(ConnectRequest),
    /// A client sent an event.
    Event {
        /// The namespace it was sent to; joined.
        namespace: Namespace,
        /// The client wants it acknowledged with this id.
        id: Option<AckId>,
        /// Its name and arguments.
        args: Args,
    },
    /// An acknowledgement that was [awaited](Connection::expect_ack) has come, or never will. Exactly one for each.
    Ack {
        /// The namespace.
        namespace: Namespace,
        /// The id that was awaited.
        id: AckId,
        /// What the client answered.
        result: Result<Args, AckError>,
    },
    /// The client is not in this namespace any more. Exactly one for each that was accepted, after the ends of all its
    /// acknowledgements.
    Disconnect {
        /// The namespace.
        namespace: Namespace,
        /// Why.
        reason: DisconnectReason,
    },
    /// The client went over to this transport.
    Upgrade(Transport),
    /// The client broke the protocol. The namespaces are left and the connection is closed; this says why.
    ProtocolError(ProtocolError),
    /// The connection ended. Nothing comes after this.
    Close(CloseReason),
}

/// What a client did against the protocol. The connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// It sent something that is no packet.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// It joined a namespace twice.
    #[error("the namespace is joined already")]
    AlreadyConnected,
    /// It sent a packet to a namespace that it never asked for.
    #[error("the namespace is not joined")]
    NotConnected,
    /// It sent a packet that only servers send.
    #[error("a client does not send this packet")]
    WrongDirection,
    /// It sent too much to a namespace that it is not in yet.
    #[error("too much was sent before the namespace was joined")]
    TooMuchWaiting,
    /// It joined no namespace in time.
    #[error("no namespace was joined in time")]
    ConnectTimeout,
    /// It announced attachments that did not come.
    #[error("attachments did not come in time")]
    PacketTimeout,
}

impl Connection {
    /// Puts namespaces on a session. A client of revision 3 is in `/` without asking, so its request is the first event.
    pub fn new(session: Session, config: Arc<Config>, now: Time) -> Self {
        let protocol = Protocol::from(session.revision());
        let mut connection = Self {
            decoder: config.codec.decoder(protocol, config.limits),
            join_by: Some(now + config.connect_timeout),
            session,
            config,
            protocol,
            memberships: Vec::new(),
            left: VecDeque::new(),
            events: VecDeque::new(),
            packet_by: None,
            packet_len: 0,
            requests: 0,
            done: false,
            now,
        };
        if protocol == Protocol::V4 {
            connection.ask(Namespace::ROOT, None);
        }
        connection
    }

    // --- what the application wants -------------------------------------------------------------------------

    /// Lets a client in: it is told its id, and what it sent meanwhile is handed out.
    ///
    /// # Errors
    ///
    /// The client has gone. Nothing was sent.
    pub fn accept(&mut self, request: ConnectRequest, accept: Accept) -> Result<(), Gone> {
        let membership = self.asked(&request)?;
        let State::Asked { waiting, .. } = core::mem::replace(&mut membership.state, State::Joined)
        else {
            return Err(Gone);
        };
        let namespace = request.namespace;
        let Accept {
            id,
            private_id,
            missed,
        } = accept;
        self.join_by = None;
        for packet in &missed {
            self.put(packet);
        }
        let private_id = private_id.filter(|_| self.protocol == Protocol::V5);
        let codec = Arc::clone(&self.config.codec);
        self.put_encoded(handshake::accept(
            &*codec,
            self.protocol,
            &namespace,
            &id,
            private_id.as_deref(),
        ));
        for packet in waiting {
            self.handle_packet(packet, 0);
        }
        Ok(())
    }

    /// Turns a client away. It stays connected, and may ask again.
    ///
    /// # Errors
    ///
    /// The client has gone. Nothing was sent.
    pub fn refuse(&mut self, request: ConnectRequest, error: &ConnectError) -> Result<(), Gone> {
        self.asked(&request)?;
        let namespace = request.namespace;
        self.remove(&namespace);
        self.put_refusal(&namespace, error);
        Ok(())
    }

    /// Sends a packet to the client, in a namespace that it has joined.
    ///
    /// # Errors
    ///
    /// The namespace is not joined, the connection is closed, or the client is owed too much already. Nothing was sent.
    pub fn send(&mut self, namespace: &Namespace, packet: &Encoded) -> Result<(), SendError> {
        self.check_joined(namespace)?;
        Ok(self.session.send_all(packet.messages())?)
    }

    /// Sends a packet even if the client is owed too much already: for acknowledgements, which the client waits for.
    ///
    /// # Errors
    ///
    /// The namespace is not joined, or the connection is closed.
    pub fn send_reserved(
        &mut self,
        namespace: &Namespace,
        packet: &Encoded,
    ) -> Result<(), SendError> {
        self.check_joined(namespace)?;
        Ok(self.session.send_reserved(packet.messages())?)
    }

    /// Sends a packet if it would leave at once, and says whether it does.
    pub fn send_volatile(&mut self, namespace: &Namespace, packet: &Encoded) -> bool {
        self.session.is_writable() && self.send(namespace, packet).is_ok()
    }

    /// Awaits the acknowledgement of an event that is about to be sent with this id. It ends with one [`Event::Ack`].
    ///
    /// # Errors
    ///
    /// It cannot be awaited, so the event should not be sent.
    pub fn expect_ack(
        &mut self,
        namespace: &Namespace,
        id: AckId,
        deadline: Option<Time>,
    ) -> Result<(), ExpectError> {
        let most = self.config.max_acks;
        let membership = self
            .joined_mut(namespace)
            .ok_or(ExpectError::NotConnected)?;
        if membership.acks.len() >= most {
            return Err(ExpectError::TooMany);
        }
        if !membership.acks.expect(id, deadline) {
            return Err(ExpectError::InUse);
        }
        Ok(())
    }

    /// Awaits an acknowledgement no longer: no [`Event::Ack`] comes for it. Says whether it was awaited.
    pub fn forget_ack(&mut self, namespace: &Namespace, id: AckId) -> bool {
        self.joined_mut(namespace)
            .is_some_and(|membership| membership.acks.end(id))
    }

    /// Puts the client out of a namespace. The connection stays, and it may join again.
    pub fn disconnect(&mut self, namespace: &Namespace) {
        if self.joined_mut(namespace).is_some() {
            self.put_disconnect(namespace);
            self.leave(namespace, DisconnectReason::ServerNamespaceDisconnect);
        }
    }

    /// Puts the client out of all namespaces, and closes when everything has left.
    pub fn close(&mut self, now: Time) {
        self.now = now;
        for at in 0..self.memberships.len() {
            let joined = self
                .memberships
                .get(at)
                .filter(|membership| membership.is_joined());
            if let Some(namespace) = joined.map(|membership| membership.namespace.clone()) {
                self.put_disconnect(&namespace);
            }
        }
        self.leave_all(DisconnectReason::ServerNamespaceDisconnect);
        self.done = true;
        self.session.close(now);
    }

    /// Closes because the server ends, when everything has left. The client is not told that it was put out of anything, so
    /// that it connects again.
    pub fn shut_down(&mut self, now: Time) {
        self.now = now;
        self.leave_all(DisconnectReason::ServerShuttingDown);
        self.done = true;
        self.session.close(now);
    }

    /// Closes at once. What has not left is dropped.
    pub fn abort(&mut self) {
        self.leave_all(DisconnectReason::ForcedClose);
        self.done = true;
        self.session.abort();
    }

    // --- what happened outside, and what to do next -----------------------------------------------------------

    forward! { server;
        handle_get() at now -> Result<(), Reject>;
        handle_get_aborted() at now;
        start_post(content: ContentType) at now -> Result<(), Reject>;
        handle_post(body: Bytes) at now -> Result<(), Reject>;
        handle_post_aborted() at now;
        handle_post_too_large() at now;
        open_link(transport: Transport, base64: bool) at now -> Result<LinkId, Reject>;
        handle_frame(link: LinkId, frame: Frame) at now;
        handle_decode_error(link: LinkId, error: EngineDecodeError) at now;
        handle_link_closed(link: LinkId) at now;
        handle_link_failed(link: LinkId, fault: TransportFault) at now;
        handle_activity() at now;
    }

    /// See [`Session::finish_post`].
    ///
    /// # Errors
    ///
    /// The answer to give instead of `ok`.
    pub fn finish_post(&mut self) -> Result<(), Reject> {
        self.session.finish_post()
    }

    /// Time has passed. Call this when [`poll_timeout`](Self::poll_timeout) is due; early or late does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = now;
        self.session.handle_timeout(now);
        if self.join_by.is_some_and(|by| by <= now) {
            self.join_by = None;
            self.fail(ProtocolError::ConnectTimeout);
        }
        if self.packet_by.is_some_and(|by| by <= now) {
            self.packet_by = None;
            self.fail(ProtocolError::PacketTimeout);
        }
        for membership in &mut self.memberships {
            for id in membership.acks.take_expired(now) {
                let namespace = membership.namespace.clone();
                self.events.push_back(Event::Ack {
                    namespace,
                    id,
                    result: Err(AckError::Timeout),
                });
            }
        }
    }

    /// See [`Session::poll_payload`].
    #[must_use]
    pub fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType> {
        self.session.poll_payload(out)
    }

    /// See [`Session::poll_frame`].
    #[must_use]
    pub fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        self.session.poll_frame(link)
    }

    /// What happened, for the application. Fetch events until there are none, after every call of another kind.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match self.session.poll_event()? {
                EngineEvent::Message(message) => self.handle_message(message),
                EngineEvent::Upgrade(transport) => return Some(Event::Upgrade(transport)),
                EngineEvent::Close(reason) => {
                    self.leave_all(reason.into());
                    self.events.push_back(Event::Close(reason));
                }
                _ => {}
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called next, if ever. The answer may change after any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let own = earlier(self.join_by, self.packet_by);
        let deadline = earlier(self.session.poll_timeout(), own);
        let acks = self
            .memberships
            .iter()
            .map(|membership| membership.acks.deadline());
        acks.fold(deadline, earlier)
    }

    // --- questions ------------------------------------------------------------------------------------------

    /// The session beneath, for its questions.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// See [`Session::is_link_finished`].
    pub fn is_link_finished(&self, link: LinkId) -> bool {
        self.session.is_link_finished(link)
    }

    /// Which revision of the protocol the client speaks.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The namespaces that the client has joined.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.memberships
            .iter()
            .filter(|membership| membership.is_joined())
            .map(|membership| &membership.namespace)
    }

    /// Whether the client has joined this namespace.
    pub fn is_joined(&self, namespace: &Namespace) -> bool {
        self.namespaces().any(|joined| joined == namespace)
    }

    // --- inside ---------------------------------------------------------------------------------------------

    fn handle_message(&mut self, message: Message) {
        if self.done {
            return;
        }
        self.packet_len = self.packet_len.saturating_add(message.len());
        match self.decoder.decode(message) {
            Ok(Some(packet)) => {
                let bytes = core::mem::take(&mut self.packet_len);
                self.packet_by = None;
                self.handle_packet(packet, bytes);
            }
            Ok(None) => self.packet_by = Some(self.now + self.config.packet_timeout),
            Err(error) => self.fail(ProtocolError::Decode(error)),
        }
    }

    fn handle_packet(&mut self, packet: Packet, len: usize) {
        let Packet {
            namespace, body, ..
        } = packet;
        let known = self
            .memberships
            .iter_mut()
            .find(|membership| membership.namespace == namespace);
        let Some(membership) = known else {
            return match body {
                Body::Connect(auth) => self.ask(namespace, auth),
                // It was under way when the client was put out.
                _ if self.left.contains(&namespace) => {}
                Body::ConnectError(_) => self.fail(ProtocolError::WrongDirection),
                _ => self.fail(ProtocolError::NotConnected),
            };
        };
        match (body, &mut membership.state) {
            // Asking twice is asking once, so that no second socket can come of it.
            (Body::Connect(_), State::Asked { .. }) => {}
            (Body::Connect(_), State::Joined) => self.fail(ProtocolError::AlreadyConnected),
            (Body::Disconnect, State::Asked { .. }) => drop(self.remove(&namespace)),
            (Body::Disconnect, State::Joined) => {
                self.leave(&namespace, DisconnectReason::ClientNamespaceDisconnect);
            }
            (body @ Body::Event { .. }, State::Asked { waiting, bytes, .. }) => {
                *bytes = bytes.saturating_add(len);
                if waiting.len() >= self.config.max_waiting
                    || *bytes > self.config.limits.max_payload
                {
                    return self.fail(ProtocolError::TooMuchWaiting);
                }
                waiting.push(Packet::new(namespace, body));
            }
            (Body::Event { id, args }, State::Joined) => {
                self.events.push_back(Event::Event {
                    namespace,
                    id,
                    args,
                });
            }
            (Body::Ack { id, args }, State::Joined) if membership.acks.end(id) => {
                self.events.push_back(Event::Ack {
                    namespace,
                    id,
                    result: Ok(args),
                });
            }
            // Nobody asked, or nobody waits any more.
            (Body::Ack { .. }, _) => {}
            (Body::ConnectError(_), _) => self.fail(ProtocolError::WrongDirection),
        }
    }

    /// A client wants to join. From here on it has asked, so that asking again changes nothing.
    fn ask(&mut self, namespace: Namespace, auth: Option<RawValue>) {
        if self.memberships.len() >= self.config.max_namespaces {
            let error = ConnectError::new("too many namespaces");
            self.put_refusal(&namespace, &error);
            return self.note_left(namespace);
        }
        self.left.retain(|left| *left != namespace);
        self.requests += 1;
        let request = self.requests;
        let state = State::Asked {
            request,
            waiting: Vec::new(),
            bytes: 0,
        };
        self.memberships.push(Membership {
            namespace: namespace.clone(),
            state,
            acks: PendingAcks::default(),
        });
        self.events.push_back(Event::Connect(ConnectRequest {
            namespace,
            number: request,
            auth,
        }));
    }

    /// The membership that a request is about, if it is still waiting for the answer.
    fn asked(&mut self, asked: &ConnectRequest) -> Result<&mut Membership, Gone> {
        let waits = |membership: &&mut Membership| matches!(membership.state, State::Asked { request, .. } if request == asked.number);
        self.memberships.iter_mut().find(waits).ok_or(Gone)
    }

    fn joined_mut(&mut self, namespace: &Namespace) -> Option<&mut Membership> {
        let joined = |membership: &&mut Membership| {
            membership.is_joined() && membership.namespace == *namespace
        };
        self.memberships.iter_mut().find(joined)
    }

    fn check_joined(&self, namespace: &Namespace) -> Result<(), SendError> {
        if self.is_joined(namespace) {
            Ok(())
        } else {
            Err(SendError::NotConnected)
        }
    }

    /// The client is out of a namespace. Its acknowledgements end first.
    fn leave(&mut self, namespace: &Namespace, reason: DisconnectReason) {
        let Some(mut membership) = self.remove(namespace) else {
            return;
        };
        if !membership.is_joined() {
            return;
        }
        for id in membership.acks.take_all() {
            let namespace = namespace.clone();
            self.events.push_back(Event::Ack {
                namespace,
                id,
                result: Err(AckError::Disconnected),
            });
        }
        self.events.push_back(Event::Disconnect {
            namespace: namespace.clone(),
            reason,
        });
    }

    fn leave_all(&mut self, reason: DisconnectReason) {
        self.join_by = None;
        self.packet_by = None;
        while let Some(membership) = self.memberships.first() {
            let namespace = membership.namespace.clone();
            self.leave(&namespace, reason);
        }
    }

    fn remove(&mut self, namespace: &Namespace) -> Option<Membership> {
        let at = self
            .memberships
            .iter()
            .position(|membership| membership.namespace == *namespace)?;
        self.note_left(namespace.clone());
        // Not `swap_remove`: namespaces are left in the order in which they were joined.
        Some(self.memberships.remove(at))
    }

    /// What the client has sent to this namespace before it knew is no fault.
    fn note_left(&mut self, namespace: Namespace) {
        self.left.retain(|left| *left != namespace);
        if self.left.len() >= self.config.max_namespaces {
            self.left.pop_front();
        }
        self.left.push_back(namespace);
    }

    /// The client broke the protocol: it is out of everything, and the connection is closed.
    fn fail(&mut self, error: ProtocolError) {
        if core::mem::replace(&mut self.done, true) {
            return;
        }
        self.events.push_back(Event::ProtocolError(error));
        self.leave_all(DisconnectReason::ForcedClose);
        self.session.close(self.now);
    }

    /// Sends what the client has to get whatever it is owed. If the session is closed, nobody is there to get it.
    fn put(&mut self, packet: &Encoded) {
        let _ = self.session.send_reserved(packet.messages());
    }

    fn put_refusal(&mut self, namespace: &Namespace, error: &ConnectError) {
        let codec = Arc::clone(&self.config.codec);
        self.put_encoded(handshake::refuse(&*codec, self.protocol, namespace, error));
    }

    fn put_disconnect(&mut self, namespace: &Namespace) {
        self.put_encoded(self.config.codec.encode(namespace, &Outgoing::Disconnect));
    }

    fn put_encoded(&mut self, packet: Result<Encoded, EncodeError>) {
        // Only this crate's own packets come here, which every codec can encode. A codec that cannot leaves the client
        // without an answer, and the connection to its timeout.
        if let Ok(packet) = packet {
            self.put(&packet);
        }
    }
}

#[cfg(feature = "testing")]
impl Connection {
    /// What is held, for tests of the limits.
    pub(crate) fn held(&self) -> crate::testing::ops::Held {
        let mut held = crate::testing::ops::Held {
            namespaces: self.memberships.len(),
            left: self.left.len(),
            ..Default::default()
        };
        for membership in &self.memberships {
            held.acks += membership.acks.len();
            if let State::Asked { waiting, bytes, .. } = &membership.state {
                held.waiting = held.waiting.max(waiting.len());
                held.waiting_bytes = held.waiting_bytes.max(*bytes);
            }
        }
        held
    }
}

impl Membership {
    fn is_joined(&self) -> bool {
        matches!(self.state, State::Joined)
    }
}
