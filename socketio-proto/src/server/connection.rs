//! The connection itself.

mod input;
mod namespaces;
mod output;

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;

use engineio_proto::server::Session;
use engineio_proto::{LinkId, Time};

use super::config::Config;
use super::event::{Event, ProtocolError};
use super::request::{Accept, ConnectRequest, Gone};
use crate::acks::{ExpectError, PendingAcks};
use crate::{
    AckId, ConnectError, Decoder, DisconnectReason, Encoded, Limits, Namespace, Packet, Protocol,
    SendError, handshake,
};

/// One client: an Engine.IO session and the namespaces it has joined. See [the module](super) for how to drive it.
// The members stand in memory in this order: what is looked at for each packet that is sent comes first.
#[derive(Debug)]
#[repr(C)]
pub struct Connection {
    memberships: Vec<Membership>,
    session: Session,
    config: Arc<Config>,
    limits: Limits,
    packet_timeout: Duration,
    decoder: Decoder,
    protocol: Protocol,
    /// This side has closed; what still arrives is dropped.
    done: bool,
    /// Namespaces that were left or refused lately. What the client sent before it knew is dropped.
    left: VecDeque<Namespace>,
    events: VecDeque<Event>,
    /// Until then some namespace has to be joined; `None` once one is.
    join_by: Option<Time>,
    /// Until then the next attachment has to come.
    packet_by: Option<Time>,
    /// Bytes of the packet that is being received.
    packet_len: usize,
    /// Requests that the client has withdrawn, and that the application has not given back.
    withdrawn: Vec<Weak<()>>,
    /// How often in a row the client was refused because it is in too many namespaces.
    refused: usize,
    /// The time of the last call that had one.
    now: Time,
}

#[derive(Debug)]
#[repr(C)]
struct Membership {
    namespace: Namespace,
    state: State,
    acks: PendingAcks,
}

#[derive(Debug)]
enum State {
    /// The application has not decided. What arrives meanwhile waits.
    Asked {
        request: Weak<()>,
        waiting: Vec<Packet>,
        bytes: usize,
    },
    Joined,
}

impl Connection {
    /// Puts namespaces on a session. A client of revision 3 is in `/` without asking, so its request is the first event.
    pub fn new(session: Session, config: Arc<Config>, now: Time) -> Self {
        let protocol = Protocol::from(session.revision());
        let limits = config.limits_of(session.max_payload());
        let mut connection = Self {
            decoder: config.codec.decoder(protocol, limits),
            limits,
            packet_timeout: config.packet_timeout.unwrap_or(session.ping_timeout()),
            join_by: Some(now + config.connect_timeout),
            session,
            config,
            protocol,
            memberships: Vec::new(),
            left: VecDeque::new(),
            events: VecDeque::new(),
            packet_by: None,
            packet_len: 0,
            withdrawn: Vec::new(),
            refused: 0,
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
    /// The client has gone, or this is the request of another connection. Nothing was sent.
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
            let event = self.handle_packet(packet, 0);
            self.events.extend(event);
        }
        Ok(())
    }

    /// Turns a client away. It stays connected, and may ask again. It is told the data of the error if that can be encoded:
    /// bytes cannot, with the codec for JSON, and then the words go alone.
    ///
    /// # Errors
    ///
    /// The client has gone, or this is the request of another connection. Nothing was sent.
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
    /// Give a deadline. Without one, a client that never answers keeps the acknowledgement, and one of its
    /// [`max_acks`](Config::max_acks) places, for as long as it is in the namespace.
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
        if !membership.acks.begin(id, deadline) {
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
}

#[cfg(feature = "testing")]
impl Connection {
    /// What is held, for tests of the limits.
    pub(crate) fn held(&self) -> crate::testing::ops::Held {
        let withdrawn = self.withdrawn.iter();
        let withdrawn = withdrawn.filter(|request| request.strong_count() > 0);
        let (waiting, waiting_bytes) = self.waiting();
        let mut held = crate::testing::ops::Held {
            namespaces: self.memberships.len() + withdrawn.count(),
            waiting,
            waiting_bytes,
            left: self.left.len(),
            ..Default::default()
        };
        for membership in &self.memberships {
            held.acks += membership.acks.len();
        }
        held
    }
}

impl Membership {
    fn is_joined(&self) -> bool {
        matches!(self.state, State::Joined)
    }
}
