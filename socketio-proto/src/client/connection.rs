//! The connection itself.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use engineio_proto::client::{Connect, Event as EngineEvent, Request, Session};
use engineio_proto::open::Open;
use engineio_proto::{
    CloseReason, ContentType, DecodeError as EngineDecodeError, Frame, LinkId, Message,
    SendError as EngineSendError, Time, Transport, TransportFault,
};
use serde::Deserialize;

use super::config::Config;
use super::socket::{Retry, Socket, State};
use crate::acks::{AckError, earlier};
use crate::forward::forward;
use crate::{
    AckId, Args, Body, ConnectError, DecodeError, Decoder, DisconnectReason, EncodeError, Encoded,
    Namespace, Outgoing, Packet, Protocol, RawValue, SendError, SocketId, handshake,
};

/// One connection to a server, and the namespaces on it. See [the module](super) for how to drive it.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    config: Arc<Config>,
    protocol: Protocol,
    decoder: Decoder,
    sockets: Vec<Socket>,
    root: RootOfProtocol4,
    events: VecDeque<Event>,
    /// Bytes of the packet that is being received.
    packet_len: usize,
    /// This side has closed; what still arrives is dropped.
    done: bool,
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

/// What happened, for the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The session is open; the namespaces are being joined.
    Open(Open),
    /// A namespace is joined. The events that were missed, if the session was recovered, have been handed out before this.
    Connect {
        /// The namespace.
        namespace: Namespace,
        /// What the server calls this socket.
        id: SocketId,
        /// Whether the server took up the session of an earlier connection.
        recovered: bool,
    },
    /// The server refused a namespace. The connection stays.
    ConnectError {
        /// The namespace.
        namespace: Namespace,
        /// What the server said.
        error: ConnectError,
    },
    /// The server sent an event.
    Event {
        /// The namespace.
        namespace: Namespace,
        /// The server wants it acknowledged with this id.
        id: Option<AckId>,
        /// Its name and arguments.
        args: Args,
    },
    /// An acknowledgement that was awaited has come, or never will. Exactly one for each.
    Ack {
        /// The namespace.
        namespace: Namespace,
        /// The id that was awaited.
        id: AckId,
        /// What the server answered.
        result: Result<Args, AckError>,
    },
    /// A namespace is left. Exactly one for each [`Connect`](Self::Connect), after the ends of the acknowledgements that
    /// end with it.
    Disconnect {
        /// The namespace.
        namespace: Namespace,
        /// Why.
        reason: DisconnectReason,
    },
    /// The session went over to this transport.
    Upgrade(Transport),
    /// This transport was tried in vain. The session goes on.
    UpgradeFailed(Transport),
    /// The server sent something that is no packet. The connection is closed; this says why.
    ProtocolError(DecodeError),
    /// The connection ended, or was never opened. Nothing comes after this.
    Close(CloseReason),
}

impl Connection {
    /// Puts namespaces on a session that begins.
    pub fn new(session: Session, config: Arc<Config>, now: Time) -> Self {
        let protocol = Protocol::from(session.revision());
        Self {
            decoder: config.codec.decoder(protocol, config.limits),
            session,
            config,
            protocol,
            sockets: Vec::new(),
            root: RootOfProtocol4::default(),
            events: VecDeque::new(),
            packet_len: 0,
            done: false,
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
        self.decoder = self.config.codec.decoder(self.protocol, self.config.limits);
        self.session = session;
        self.root = RootOfProtocol4::default();
        self.packet_len = 0;
        self.done = false;
        self.now = now;
    }

    // --- what the application wants -------------------------------------------------------------------------

    /// Joins a namespace: at once, or when the session is open. `auth` is what the server is shown, an object.
    ///
    /// Ends in [`Event::Connect`] or [`Event::ConnectError`], or with the connection. Does nothing if the namespace is
    /// joined or being joined.
    pub fn connect(&mut self, namespace: &Namespace, auth: Option<RawValue>) {
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
    /// As for [`send`](Self::send); the acknowledgement is not awaited then.
    pub fn send_with_ack(
        &mut self,
        namespace: &Namespace,
        packet: &Encoded,
        id: AckId,
        deadline: Option<Time>,
    ) -> Result<(), SendError> {
        self.send_or_keep(namespace, packet, Some(id))?;
        self.socket_mut(namespace).acks.expect(id, deadline);
        Ok(())
    }

    /// Sends an event until it is acknowledged: one at a time, in order, again after each timeout and each loss of the
    /// connection. It ends with one [`Event::Ack`], and is delivered at least once, or perhaps, if all attempts failed.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send); the event does not end with an [`Event::Ack`] then.
    pub fn send_retried(
        &mut self,
        namespace: &Namespace,
        event: Retry,
        now: Time,
    ) -> Result<(), SendError> {
        self.now = now;
        if self.done {
            return Err(SendError::Closed);
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

    /// Awaits an acknowledgement no longer: no [`Event::Ack`] comes for it. Says whether it was awaited.
    pub fn forget_ack(&mut self, namespace: &Namespace, id: AckId) -> bool {
        self.find(namespace).is_some_and(|socket| {
            socket.drop_kept(&[id]);
            socket.acks.end(id)
        })
    }

    /// Leaves all namespaces, and closes when everything has left.
    pub fn close(&mut self, now: Time) {
        self.now = now;
        let namespaces: Vec<_> = self
            .sockets
            .iter()
            .map(|socket| socket.namespace.clone())
            .collect();
        for namespace in namespaces {
            self.disconnect(&namespace);
        }
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

    forward! { client;
        handle_get_response(status: u16, content: ContentType, body: Bytes) at now;
        handle_post_response(status: u16) at now;
        handle_link_open(link: LinkId) at now;
        handle_frame(link: LinkId, frame: Frame) at now;
        handle_decode_error(link: LinkId, error: EngineDecodeError) at now;
        handle_link_closed(link: LinkId) at now;
        handle_link_failed(link: LinkId, fault: TransportFault) at now;
        handle_activity() at now;
    }

    /// See [`Session::handle_request_failed`].
    pub fn handle_request_failed(&mut self, fault: TransportFault) {
        self.session.handle_request_failed(fault);
    }

    /// Time has passed. Call this when [`poll_timeout`](Self::poll_timeout) is due; early or late does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = now;
        self.session.handle_timeout(now);
        let mut due = Vec::new();
        for socket in &mut self.sockets {
            let namespace = socket.namespace.clone();
            let expired = socket.acks.take_expired(now);
            if !expired.is_empty() {
                socket.drop_kept(&expired);
            }
            for id in expired {
                let result = Err(AckError::Timeout);
                self.events.push_back(Event::Ack {
                    namespace: namespace.clone(),
                    id,
                    result,
                });
            }
            if socket.retry_by.is_some_and(|by| by <= now) {
                due.push(namespace);
            }
        }
        for namespace in due {
            self.end_attempt(&namespace);
            self.retry(&namespace);
        }
    }

    /// See [`Session::poll_request`].
    #[must_use]
    pub fn poll_request(&mut self) -> Option<Request> {
        self.session.poll_request()
    }

    /// See [`Session::poll_connect`].
    #[must_use]
    pub fn poll_connect(&mut self) -> Option<Connect> {
        self.session.poll_connect()
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
                EngineEvent::Open(open) => {
                    self.ask_all();
                    return Some(Event::Open(open));
                }
                EngineEvent::Message(message) => self.handle_message(message),
                EngineEvent::Upgrade(transport) => return Some(Event::Upgrade(transport)),
                EngineEvent::UpgradeFailed(transport) => {
                    return Some(Event::UpgradeFailed(transport));
                }
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
        let sockets = self
            .sockets
            .iter()
            .map(|socket| earlier(socket.acks.deadline(), socket.retry_by));
        sockets.fold(self.session.poll_timeout(), earlier)
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

    fn handle_message(&mut self, message: Message) {
        if self.done {
            return;
        }
        self.packet_len = self.packet_len.saturating_add(message.len());
        match self.decoder.decode(message) {
            Ok(Some(packet)) => {
                let bytes = core::mem::take(&mut self.packet_len);
                self.handle_packet(packet, bytes);
            }
            Ok(None) => {}
            Err(error) => self.fail(error),
        }
    }

    fn handle_packet(&mut self, packet: Packet, len: usize) {
        let Packet {
            namespace, body, ..
        } = packet;
        let (most, most_bytes) = (self.config.max_waiting, self.config.limits.max_payload);
        if namespace.is_root() {
            self.note_root(&body);
        }
        // What is for a namespace that nobody asked for is of no interest, and no fault.
        let Some(socket) = self
            .sockets
            .iter_mut()
            .find(|socket| socket.namespace == namespace)
        else {
            return;
        };
        match (body, &mut socket.state) {
            (Body::Connect(payload), State::Asked { .. }) => self.connected(&namespace, payload),
            (Body::ConnectError(payload), State::Asked { .. }) => {
                socket.state = State::Idle;
                let error = ConnectError::from_payload(payload.as_ref());
                self.events
                    .push_back(Event::ConnectError { namespace, error });
            }
            (Body::Connect(_), State::Leaving { again }) => {
                let again = *again;
                socket.is_stale = true;
                self.put_disconnect(&namespace);
                self.left(&namespace, again);
            }
            (Body::ConnectError(_), State::Leaving { again }) => {
                let again = *again;
                self.left(&namespace, again);
            }
            (Body::Disconnect, State::Connected { .. }) => {
                socket.forget_session();
                self.leave(&namespace, DisconnectReason::IoServerDisconnect);
            }
            (Body::Event { .. }, State::Asked { .. }) if socket.is_stale => {}
            (body @ Body::Event { .. }, State::Asked { waiting, bytes, .. }) => {
                *bytes = bytes.saturating_add(len);
                if waiting.len() >= most || *bytes > most_bytes {
                    return self.fail(DecodeError::TooLarge);
                }
                waiting.push(Packet::new(namespace, body));
            }
            (Body::Event { id, args }, State::Connected { .. }) => {
                // The server puts the offset behind the arguments, and only if it can recover the session.
                if socket.private_id.is_some()
                    && let Some(offset) = offset_of(&args)
                {
                    socket.offset = Some(offset.into());
                }
                self.events.push_back(Event::Event {
                    namespace,
                    id,
                    args,
                });
            }
            (Body::Ack { id, args }, State::Connected { .. }) => {
                self.acknowledged(namespace, id, args)
            }
            _ => {}
        }
    }

    /// The server agreed to a namespace.
    fn connected(&mut self, namespace: &Namespace, payload: Option<RawValue>) {
        #[derive(Deserialize)]
        struct Connected {
            sid: String,
            #[serde(default)]
            pid: Option<String>,
        }
        let told = payload.and_then(|payload| payload.deserialize::<Connected>().ok());
        let session_id = self.session.sid().map(|sid| String::from(sid.as_str()));
        let protocol = self.protocol;
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let State::Asked { shown, waiting, .. } =
            core::mem::replace(&mut socket.state, State::Idle)
        else {
            return;
        };
        let (id, private_id) = match (told, protocol) {
            (Some(told), _) => (SocketId::from(told.sid), told.pid.map(Arc::from)),
            (None, Protocol::V4) => (
                socket_id_of_protocol_4(namespace, session_id.as_deref()),
                None,
            ),
            (None, Protocol::V5) => {
                let error = ConnectError::new(SERVER_OF_PROTOCOL_4);
                let namespace = namespace.clone();
                return self
                    .events
                    .push_back(Event::ConnectError { namespace, error });
            }
        };
        let recovered = shown.is_some() && shown == private_id;
        if !recovered {
            socket.offset = None;
        }
        socket.private_id = private_id;
        socket.is_stale = false;
        socket.state = State::Connected { id: id.clone() };
        for packet in waiting {
            self.handle_packet(packet, 0);
        }
        self.events.push_back(Event::Connect {
            namespace: namespace.clone(),
            id,
            recovered,
        });
        self.flush(namespace);
    }

    /// Asks for all namespaces that are wanted: the session has just been opened.
    fn ask_all(&mut self) {
        let wanted = self
            .sockets
            .iter()
            .filter(|socket| matches!(socket.state, State::Wanted));
        let namespaces: Vec<_> = wanted.map(|socket| socket.namespace.clone()).collect();
        for namespace in namespaces {
            self.ask(&namespace);
        }
    }

    fn ask(&mut self, namespace: &Namespace) {
        let protocol = self.protocol;
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let shown = socket.private_id.clone();
        let offset = socket.offset.clone();
        let auth = socket.auth.take();
        socket.state = State::Asked {
            shown: shown.clone(),
            waiting: Vec::new(),
            bytes: 0,
        };
        let is_implied = protocol == Protocol::V4
            && namespace.is_root()
            && self.root == RootOfProtocol4::Expected;
        if !is_implied {
            self.leave_unwanted_root(namespace);
            let resume = shown
                .as_deref()
                .map(|private_id| (private_id, offset.as_deref()));
            let codec = Arc::clone(&self.config.codec);
            self.put_encoded(handshake::ask(
                &*codec,
                protocol,
                namespace,
                auth.as_ref(),
                resume,
            ));
        }
    }

    /// What a server of protocol 4 says about the root before anybody asks.
    fn note_root(&mut self, body: &Body) {
        let waits = self.sockets.iter().any(|socket| {
            socket.namespace.is_root()
                && matches!(socket.state, State::Asked { .. } | State::Leaving { .. })
        });
        self.root = match (self.root, body) {
            (RootOfProtocol4::Expected, Body::Connect(_)) if !waits => RootOfProtocol4::Unwanted,
            (_, Body::Connect(_) | Body::ConnectError(_) | Body::Disconnect) => {
                RootOfProtocol4::Over
            }
            (root, _) => root,
        };
    }

    /// Whoever wants the root that it was put into unasked begins anew in it: what was sent to it meanwhile is gone, and
    /// the server is to see what the client shows.
    fn leave_unwanted_root(&mut self, namespace: &Namespace) {
        let is_in = self.protocol == Protocol::V4 && self.root == RootOfProtocol4::Unwanted;
        if is_in && namespace.is_root() {
            self.root = RootOfProtocol4::Over;
            self.put_disconnect(namespace);
            if let Some(socket) = self.find(namespace) {
                socket.is_stale = true;
            }
        }
    }

    fn send_or_keep(
        &mut self,
        namespace: &Namespace,
        packet: &Encoded,
        ack: Option<AckId>,
    ) -> Result<(), SendError> {
        if self.done {
            return Err(SendError::Closed);
        }
        let config = Arc::clone(&self.config);
        let socket = self.socket_mut(namespace);
        // What was kept leaves first.
        if socket.is_connected() && !socket.has_buffered() {
            match self.session.send_all(packet.messages()) {
                // The session was lost, and nobody has fetched that yet.
                Err(EngineSendError::Closed) => {}
                sent => return Ok(sent?),
            }
        }
        self.socket_mut(namespace).keep(packet, ack, &config)
    }

    /// What was sent while the namespace was not connected leaves, in order; then the retries begin.
    fn flush(&mut self, namespace: &Namespace) {
        while let Some(packet) = self.find(namespace).and_then(Socket::take_kept) {
            self.put(&packet);
        }
        self.retry(namespace);
    }

    /// Starts the next attempt, if the namespace is connected and none is under way.
    fn retry(&mut self, namespace: &Namespace) {
        let now = self.now;
        let Some(socket) = self.find(namespace) else {
            return;
        };
        if !socket.is_connected() || socket.retry_by.is_some() {
            return;
        }
        let Some(event) = socket.retry() else {
            return;
        };
        let (packet, by) = (
            event.packet.clone(),
            now + event.timeout.max(SHORTEST_ATTEMPT),
        );
        socket.retry_by = Some(by);
        self.put(&packet);
    }

    /// An attempt failed: too late, or the connection was lost. The last one ends the event.
    fn end_attempt(&mut self, namespace: &Namespace) {
        let Some(socket) = self.find(namespace) else {
            return;
        };
        if socket.retry_by.take().is_none() {
            return;
        }
        let Some(event) = socket.retry() else {
            return;
        };
        if event.retries > 0 {
            event.retries -= 1;
        } else if let Some(event) = socket.end_retry() {
            let (namespace, id) = (namespace.clone(), event.id);
            self.events.push_back(Event::Ack {
                namespace,
                id,
                result: Err(AckError::Timeout),
            });
        }
    }

    fn acknowledged(&mut self, namespace: Namespace, id: AckId, args: Args) {
        let Some(socket) = self.find(&namespace) else {
            return;
        };
        // Also an answer to an earlier attempt is an answer.
        let is_retry = socket.retry().is_some_and(|event| event.id == id);
        if is_retry {
            socket.end_retry();
        } else if !socket.acks.end(id) {
            return;
        }
        self.events.push_back(Event::Ack {
            namespace: namespace.clone(),
            id,
            result: Ok(args),
        });
        if is_retry {
            self.retry(&namespace);
        }
    }

    /// A namespace is left, by whoever. What has not been sent stays, and its acknowledgements stay awaited.
    fn leave(&mut self, namespace: &Namespace, reason: DisconnectReason) {
        self.end_attempt(namespace);
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let was_connected = socket.is_connected();
        socket.state = State::Idle;
        let ended = socket.end_sent_acks();
        for id in ended {
            let namespace = namespace.clone();
            self.events.push_back(Event::Ack {
                namespace,
                id,
                result: Err(AckError::Disconnected),
            });
        }
        if was_connected {
            self.events.push_back(Event::Disconnect {
                namespace: namespace.clone(),
                reason,
            });
        }
    }

    /// The server has answered what was left before it could, and that is undone.
    fn left(&mut self, namespace: &Namespace, again: bool) {
        if let Some(socket) = self.find(namespace) {
            socket.state = State::Idle;
        }
        if again {
            self.ask(namespace);
        }
    }

    /// The session has ended or is about to: every namespace is left.
    fn leave_all(&mut self, reason: DisconnectReason) {
        let namespaces: Vec<_> = self
            .sockets
            .iter()
            .map(|socket| socket.namespace.clone())
            .collect();
        for namespace in namespaces {
            self.leave(&namespace, reason);
            if let Some(socket) = self.find(&namespace) {
                socket.is_stale = false;
            }
        }
    }

    /// The server broke the protocol: the connection is closed, and may be made again.
    fn fail(&mut self, error: DecodeError) {
        if core::mem::replace(&mut self.done, true) {
            return;
        }
        self.events.push_back(Event::ProtocolError(error));
        self.leave_all(DisconnectReason::ParseError);
        self.session.close(self.now);
    }

    fn put(&mut self, packet: &Encoded) {
        // If the session is closed, the loss of the connection is under way as an event.
        let _ = self.session.send_reserved(packet.messages());
    }

    fn put_disconnect(&mut self, namespace: &Namespace) {
        self.put_encoded(self.config.codec.encode(namespace, &Outgoing::Disconnect));
    }

    fn put_encoded(&mut self, packet: Result<Encoded, EncodeError>) {
        // Only this crate's own packets come here, which every codec can encode.
        if let Ok(packet) = packet {
            self.put(&packet);
        }
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

/// What a server that can recover a session puts behind the arguments of an event.
fn offset_of(args: &Args) -> Option<String> {
    args.iter().last()?.deserialize().ok()
}

/// In protocol 4 the server does not say what it calls a socket; both ends compute it.
fn socket_id_of_protocol_4(namespace: &Namespace, session: Option<&str>) -> SocketId {
    let session = session.unwrap_or_default();
    if namespace.is_root() {
        return SocketId::from(session);
    }
    SocketId::from([namespace.as_str(), "#", session].concat())
}

/// Without it attempts that have no time would follow each other at one and the same moment.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(1);

/// What a client is told whose server answers CONNECT without an id.
const SERVER_OF_PROTOCOL_4: &str =
    "the server speaks an older protocol (Socket.IO 2.x); connect with revision 3 of Engine.IO";
