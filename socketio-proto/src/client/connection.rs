//! The connection itself.

mod delivery;
mod input;
mod namespaces;
mod output;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use engineio_proto::client::Session;
use engineio_proto::{LinkId, Time, Transport};

use super::config::Config;
use super::event::Event;
use super::socket::{Retry, Socket, State};
use crate::handshake::AuthError;
use crate::{
    AckId, Decoder, DisconnectReason, Encoded, Limits, Namespace, Protocol, RawValue, SendError,
    SocketId, handshake,
};

/// One connection to a server, and the namespaces on it. See [the module](super) for how to drive it.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    config: Arc<Config>,
    limits: Limits,
    protocol: Protocol,
    decoder: Decoder,
    sockets: Vec<Socket>,
    root: RootOfProtocol4,
    events: VecDeque<Event>,
    /// Bytes of the packet that is being received.
    packet_len: usize,
    /// Until then the next attachment has to come.
    packet_by: Option<Time>,
    /// This side has closed; what still arrives is dropped.
    done: bool,
    /// The application has closed; what it still sends is refused. Not so after a fault of the server: what is sent then
    /// waits for the next session.
    closed: bool,
    /// The time of the last call that had one.
    now: Time,
}

/// In protocol 4 nobody asks for the root namespace: the server puts every client into it. That happens once in a
/// session; whoever wants in again asks as for any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RootOfProtocol4 {
    /// The server will say that the client is in, or refuse it.
    #[default]
    Expected,
    /// The client is in, and nobody wanted it.
    Unwanted,
    /// It has been said.
    Over,
}

impl Connection {
    /// Puts namespaces on a session that begins.
    pub fn new(session: Session, config: Arc<Config>, now: Time) -> Self {
        let protocol = Protocol::from(session.revision());
        let limits = config.limits_of(session.max_payload());
        Self {
            decoder: config.codec.decoder(protocol, limits),
            session,
            config,
            limits,
            protocol,
            sockets: Vec::new(),
            root: RootOfProtocol4::default(),
            events: VecDeque::new(),
            packet_len: 0,
            packet_by: None,
            done: false,
            closed: false,
            now,
        }
    }

    /// Goes on with a new session, after the last one ended. No namespace is joined; [`connect`](Self::connect) those that
    /// are wanted, with what the server is to be shown this time. What was sent meanwhile leaves when they are joined.
    ///
    /// A session that has not ended is dropped as it is, with the events that were not fetched.
    pub fn restart(&mut self, session: Session, now: Time) {
        self.leave_all(DisconnectReason::TransportClose);
        self.sockets.retain(|socket| !socket.is_spent());
        self.protocol = Protocol::from(session.revision());
        self.limits = self.config.limits_of(session.max_payload());
        self.decoder = self.config.codec.decoder(self.protocol, self.limits);
        self.session = session;
        self.root = RootOfProtocol4::default();
        self.packet_len = 0;
        self.packet_by = None;
        self.done = false;
        self.closed = false;
        self.now = now;
    }

    // --- what the application wants -------------------------------------------------------------------------

    /// Joins a namespace: at once, or when the session is open. `auth` is what the server is shown, an object.
    ///
    /// Ends in [`Event::Connect`] or [`Event::ConnectError`], or with the connection. Does nothing if the namespace is
    /// joined or being joined.
    ///
    /// In protocol 4 `auth` travels as a query behind the name of the namespace. The root is not asked for there, since the
    /// server puts every client into it, so that nothing can be shown: put what the server is to see into the query of the
    /// Engine.IO request.
    ///
    /// # Errors
    ///
    /// `auth` cannot be shown. Nothing was asked for.
    pub fn connect(
        &mut self,
        namespace: &Namespace,
        auth: Option<RawValue>,
    ) -> Result<(), AuthError> {
        if auth.is_some() {
            // Tried now, because later nobody is there to be told.
            let codec = &*self.config.codec;
            handshake::ask(codec, self.protocol, namespace, auth.as_ref(), None)?;
        }
        let is_open = self.session.is_open();
        let socket = self.socket_mut(namespace);
        match &mut socket.state {
            State::Idle => {
                socket.auth = auth;
                socket.state = State::Wanted;
                if is_open {
                    self.ask(namespace);
                }
            }
            State::Leaving { again } if !*again => {
                socket.auth = auth;
                *again = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// Leaves a namespace, or wants it no longer. The connection stays; close it when nobody needs it any more. What was
    /// sent and could not leave is kept until the namespace is joined again.
    pub fn disconnect(&mut self, namespace: &Namespace) {
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let waits = matches!(socket.state, State::Asked { .. } | State::Leaving { .. });
        if socket.is_connected() {
            socket.is_stale = true;
            self.put_disconnect(namespace);
        }
        self.leave(namespace, DisconnectReason::IoClientDisconnect);
        if let Some(socket) = self.find(namespace) {
            socket.forget_session();
            if waits {
                socket.state = State::Leaving { again: false };
            }
        }
    }

    /// Sends an event. While the namespace is not connected it waits, and leaves after all that were sent before. For the
    /// acknowledgement of an event see [`send_reserved`](Self::send_reserved).
    ///
    /// # Errors
    ///
    /// This side has closed the connection, or too much is waiting already. It was not taken.
    pub fn send(&mut self, namespace: &Namespace, packet: &Encoded) -> Result<(), SendError> {
        self.send_or_keep(namespace, packet, None)
    }

    /// Sends an event with this id, and awaits its acknowledgement, which ends with one [`Event::Ack`]. If it does not
    /// come in time while the event has not even left, it will not leave any more.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), or the id is awaited already; this acknowledgement is not awaited then.
    pub fn send_with_ack(
        &mut self,
        namespace: &Namespace,
        packet: &Encoded,
        id: AckId,
        deadline: Option<Time>,
    ) -> Result<(), SendError> {
        if self.awaits(namespace, id) {
            return Err(SendError::InUse);
        }
        self.send_or_keep(namespace, packet, Some(id))?;
        self.socket_mut(namespace).acks.begin(id, deadline);
        Ok(())
    }

    /// Sends an event until it is acknowledged: one at a time, in order, again after each timeout and each loss of the
    /// connection. It ends with one [`Event::Ack`], and is delivered at least once, or perhaps, if all attempts failed. How a
    /// server tells a repeat, see [`Retry`].
    ///
    /// # Errors
    ///
    /// As for [`send_with_ack`](Self::send_with_ack); the event does not end with an [`Event::Ack`] then.
    pub fn send_retried(
        &mut self,
        namespace: &Namespace,
        event: Retry,
        now: Time,
    ) -> Result<(), SendError> {
        self.now = now;
        if self.closed {
            return Err(SendError::Closed);
        }
        if self.awaits(namespace, event.id) {
            return Err(SendError::InUse);
        }
        let config = Arc::clone(&self.config);
        self.socket_mut(namespace).keep_retry(event, &config)?;
        self.retry(namespace);
        Ok(())
    }

    /// Sends a packet to the socket that is there now, even if the server is owed too much already: for acknowledgements,
    /// which the server waits for. They are never kept: the next socket in the namespace was not asked.
    ///
    /// # Errors
    ///
    /// The namespace is not joined, or the connection is closed.
    pub fn send_reserved(
        &mut self,
        namespace: &Namespace,
        packet: &Encoded,
    ) -> Result<(), SendError> {
        if !self.is_connected(namespace) {
            return Err(SendError::NotConnected);
        }
        Ok(self.session.send_reserved(packet.messages())?)
    }

    /// Sends a packet if it would leave at once, and says whether it does.
    pub fn send_volatile(&mut self, namespace: &Namespace, packet: &Encoded) -> bool {
        self.is_connected(namespace)
            && self.session.is_writable()
            && self.send(namespace, packet).is_ok()
    }

    /// Awaits an acknowledgement no longer: no [`Event::Ack`] comes for it. Says whether it was awaited. An event that waits
    /// to be sent is not sent then, and one that is [retried](Self::send_retried) not again.
    pub fn forget_ack(&mut self, namespace: &Namespace, id: AckId) -> bool {
        let Some(socket) = self.find(namespace) else {
            return false;
        };
        if socket.forget_retry(id) {
            self.retry(namespace);
            return true;
        }
        socket.drop_kept(&[id]);
        socket.acks.end(id)
    }

    /// Leaves all namespaces, and closes when everything has left. What waits for a namespace, and what is sent until it is
    /// acknowledged, is dropped: all that is awaited ends as disconnected.
    pub fn close(&mut self, now: Time) {
        self.now = now;
        self.drop_all();
        let namespaces: Vec<_> = self
            .sockets
            .iter()
            .map(|socket| socket.namespace.clone())
            .collect();
        for namespace in namespaces {
            self.disconnect(&namespace);
        }
        self.stop();
        self.session.close(now);
    }

    /// Closes at once. What has not left is dropped; all that is awaited ends as disconnected.
    pub fn abort(&mut self) {
        self.drop_all();
        self.leave_all(DisconnectReason::ForcedClose);
        self.stop();
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

    /// See [`Session::query`].
    pub fn query(&self, transport: Transport) -> String {
        self.session.query(transport)
    }

    /// Whether a namespace is joined.
    pub fn is_connected(&self, namespace: &Namespace) -> bool {
        self.sockets
            .iter()
            .any(|socket| socket.namespace == *namespace && socket.is_connected())
    }

    /// What the server calls the socket in this namespace, while it is connected.
    pub fn id(&self, namespace: &Namespace) -> Option<&SocketId> {
        self.sockets
            .iter()
            .find(|socket| socket.namespace == *namespace)
            .and_then(|socket| match &socket.state {
                State::Connected { id } => Some(id),
                _ => None,
            })
    }

    /// Whether no namespace is joined or being joined, so that the connection serves nobody.
    pub fn is_idle(&self) -> bool {
        self.sockets
            .iter()
            .all(|socket| matches!(socket.state, State::Idle | State::Leaving { again: false }))
    }

    // --- inside ---------------------------------------------------------------------------------------------

    fn stop(&mut self) {
        self.packet_by = None;
        self.done = true;
        self.closed = true;
    }

    fn find(&mut self, namespace: &Namespace) -> Option<&mut Socket> {
        self.sockets
            .iter_mut()
            .find(|socket| socket.namespace == *namespace)
    }

    /// The socket of a namespace; made if this is the first that is heard of it.
    #[expect(
        clippy::indexing_slicing,
        reason = "the position was found, or what is there was made, just before"
    )]
    fn socket_mut(&mut self, namespace: &Namespace) -> &mut Socket {
        let known = self
            .sockets
            .iter()
            .position(|socket| socket.namespace == *namespace);
        let at = known.unwrap_or(self.sockets.len());
        if known.is_none() {
            self.sockets.push(Socket::new(namespace.clone()));
        }
        &mut self.sockets[at]
    }
}

#[cfg(feature = "testing")]
impl Connection {
    /// What is held, for tests of the limits.
    pub(crate) fn held(&self) -> crate::testing::ops::Held {
        let mut held = crate::testing::ops::Held {
            namespaces: self.sockets.len(),
            ..Default::default()
        };
        for socket in &self.sockets {
            held.acks += socket.acks.len();
            let (buffered, retries) = socket.kept();
            held.retries += retries;
            held.buffered += buffered;
            if let State::Asked { waiting, bytes, .. } = &socket.state {
                held.waiting = held.waiting.max(waiting.len());
                held.waiting_bytes = held.waiting_bytes.max(*bytes);
            }
        }
        held
    }
}
