//! What happened outside: calls for the session, the clock, and what packets mean.

use alloc::sync::Weak;

use bytes::Bytes;
use engineio_proto::{
    ContentType, DecodeError as EngineDecodeError, Frame, LinkId, Message, Reject, Time, Transport,
    TransportFault,
};

use super::{Connection, Event, ProtocolError, State};
use crate::acks::AckError;
use crate::forward::forward;
use crate::{Body, DisconnectReason, Packet};

impl Connection {
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

    /// See [`Session::finish_post`](engineio_proto::server::Session::finish_post).
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

    // --- inside ---------------------------------------------------------------------------------------------

    /// What a message means. What is returned comes after all other events that there are.
    pub(super) fn handle_message(&mut self, message: Message) -> Option<Event> {
        if self.done {
            return None;
        }
        self.packet_len = self.packet_len.saturating_add(message.len());
        match self.decoder.decode(message) {
            Ok(Some(packet)) => {
                let bytes = core::mem::take(&mut self.packet_len);
                self.packet_by = None;
                return self.handle_packet(packet, bytes);
            }
            Ok(None) => self.packet_by = Some(self.now + self.packet_timeout),
            Err(error) => self.fail(ProtocolError::Decode(error)),
        }
        None
    }

    /// What a packet means. Events and acknowledgements, of which there are many, are returned; others are queued.
    pub(super) fn handle_packet(&mut self, packet: Packet, len: usize) -> Option<Event> {
        let Packet {
            namespace, body, ..
        } = packet;
        let at = self
            .memberships
            .iter()
            .position(|membership| membership.namespace == namespace);
        let Some(membership) = at.and_then(|at| self.memberships.get_mut(at)) else {
            match body {
                Body::Connect(auth) => self.ask(namespace, auth),
                // It was under way when the client was put out.
                _ if self.left.contains(&namespace) => {}
                Body::ConnectError(_) => self.fail(ProtocolError::WrongDirection),
                _ => self.fail(ProtocolError::NotConnected),
            }
            return None;
        };
        match (body, &mut membership.state) {
            // Asking twice is asking once, so that no second socket can come of it.
            (Body::Connect(_), State::Asked { .. }) => {}
            (Body::Connect(_), State::Joined) => self.fail(ProtocolError::AlreadyConnected),
            (Body::Disconnect, State::Asked { request, .. }) => {
                self.withdrawn.push(Weak::clone(request));
                self.remove(&namespace);
                self.events.push_back(Event::Withdrawn { namespace });
            }
            (Body::Disconnect, State::Joined) => {
                self.leave(&namespace, DisconnectReason::ClientNamespaceDisconnect);
            }
            (body @ Body::Event { .. }, State::Asked { waiting, bytes, .. }) => {
                *bytes = bytes.saturating_add(len);
                waiting.push(Packet::new(namespace, body));
                // One account for all namespaces: a client may ask for many at a time.
                let (packets, bytes) = self.waiting();
                if packets > self.config.max_waiting || bytes > self.limits.max_payload {
                    self.fail(ProtocolError::TooMuchWaiting);
                }
            }
            (Body::Event { id, args }, State::Joined) => {
                return Some(Event::Event {
                    namespace,
                    id,
                    args,
                });
            }
            (Body::Ack { id, args }, State::Joined) if membership.acks.end(id) => {
                return Some(Event::Ack {
                    namespace,
                    id,
                    result: Ok(args),
                });
            }
            // Nobody asked, or nobody waits any more.
            (Body::Ack { .. }, _) => {}
            (Body::ConnectError(_), _) => self.fail(ProtocolError::WrongDirection),
        }
        None
    }

    /// The client broke the protocol: it is out of everything, and the connection is closed.
    pub(super) fn fail(&mut self, error: ProtocolError) {
        if core::mem::replace(&mut self.done, true) {
            return;
        }
        self.events.push_back(Event::ProtocolError(error));
        self.leave_all(DisconnectReason::ForcedClose);
        self.session.close(self.now);
    }
}
