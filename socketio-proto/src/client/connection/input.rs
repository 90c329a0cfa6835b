//! What happened outside: calls for the session, the clock, and what packets mean.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use engineio_proto::{
    ContentType, DecodeError as EngineDecodeError, Frame, LinkId, Message, Time, TransportFault,
};

use super::{Connection, Event};
use crate::acks::AckError;
use crate::client::socket::State;
use crate::forward::forward;
use crate::{Args, Body, ConnectError, DecodeError, DisconnectReason, Packet};

impl Connection {
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

    /// See [`Session::handle_request_failed`](engineio_proto::client::Session::handle_request_failed).
    pub fn handle_request_failed(&mut self, fault: TransportFault) {
        self.session.handle_request_failed(fault);
    }

    /// Time has passed. Call this when [`poll_timeout`](Self::poll_timeout) is due; early or late does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = now;
        self.session.handle_timeout(now);
        if self.packet_by.is_some_and(|by| by <= now) {
            self.fail(DecodeError::AttachmentsTimeout);
        }
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
            self.end_attempt(&namespace, AckError::Timeout);
            self.retry(&namespace);
        }
    }

    // --- inside ---------------------------------------------------------------------------------------------

    pub(super) fn handle_message(&mut self, message: Message) {
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
            Err(error) => self.fail(error),
        }
    }

    pub(super) fn handle_packet(&mut self, packet: Packet, len: usize) {
        let Packet {
            namespace, body, ..
        } = packet;
        let (most, most_bytes) = (self.config.max_waiting, self.limits.max_payload);
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

    /// The server broke the protocol: the connection is closed, and may be made again.
    pub(super) fn fail(&mut self, error: DecodeError) {
        if core::mem::replace(&mut self.done, true) {
            return;
        }
        self.events.push_back(Event::ProtocolError(error));
        self.leave_all(DisconnectReason::ParseError);
        self.session.close(self.now);
    }
}

/// What a server that can recover a session puts behind the arguments of an event.
fn offset_of(args: &Args) -> Option<String> {
    let last = args.iter().last()?;
    // Looked at first: an argument of the application may be a text of megabytes. The quotes count too.
    if last
        .as_json()
        .is_some_and(|json| json.len() > MAX_OFFSET + 2)
    {
        return None;
    }
    let offset: String = last.deserialize().ok()?;
    (offset.len() <= MAX_OFFSET).then_some(offset)
}

/// Offsets are ids of entries in a log: those of the reference have some twenty bytes. It is shown at every CONNECT.
const MAX_OFFSET: usize = 128;
