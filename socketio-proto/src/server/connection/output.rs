//! What to do next: bodies, frames, events, the deadline.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use bytes::BytesMut;
use engineio_proto::server::Event as EngineEvent;
use engineio_proto::{ContentType, Frame, LinkId, Time};

use super::{Connection, Event};
use crate::acks::earlier;
use crate::{ConnectError, EncodeError, Encoded, Namespace, Outgoing, handshake};

impl Connection {
    /// See [`Session::poll_payload`](engineio_proto::server::Session::poll_payload).
    #[must_use]
    pub fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType> {
        self.session.poll_payload(out)
    }

    /// See [`Session::poll_frame`](engineio_proto::server::Session::poll_frame).
    #[must_use]
    pub fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        self.session.poll_frame(link)
    }

    /// What happened, for the application. Fetch events until there are none, after every call of another kind.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                if self.events.is_empty() {
                    // What comes often does not come by here, so that room for it need not be kept.
                    self.events = VecDeque::new();
                }
                return Some(event);
            }
            self.refuse_dropped();
            match self.session.poll_event()? {
                EngineEvent::Message(message) => {
                    let event = self.handle_message(message);
                    if event.is_some() {
                        return event;
                    }
                }
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

    // --- inside ---------------------------------------------------------------------------------------------

    /// Sends what the client has to get whatever it is owed. If the session is closed, nobody is there to get it.
    pub(super) fn put(&mut self, packet: &Encoded) {
        let _ = self.session.send_reserved(packet.messages());
    }

    pub(super) fn put_refusal(&mut self, namespace: &Namespace, error: &ConnectError) {
        let codec = Arc::clone(&self.config.codec);
        let refuse =
            |error: &ConnectError| handshake::refuse(&*codec, self.protocol, namespace, error);
        // The data is the application's, and may be what no packet can carry.
        let refusal = refuse(error).or_else(|_| refuse(&ConnectError::new(error.message())));
        self.put_encoded(refusal);
    }

    pub(super) fn put_disconnect(&mut self, namespace: &Namespace) {
        self.put_encoded(self.config.codec.encode(namespace, &Outgoing::Disconnect));
    }

    pub(super) fn put_encoded(&mut self, packet: Result<Encoded, EncodeError>) {
        // Only this crate's own packets come here, which every codec can encode. A codec that cannot leaves the client
        // without an answer, and the connection to its timeout.
        if let Ok(packet) = packet {
            self.put(&packet);
        }
    }
}
