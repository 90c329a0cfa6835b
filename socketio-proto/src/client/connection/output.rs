//! What to do next: requests, links, frames, events, the deadline.

use engineio_proto::client::{Connect, Event as EngineEvent, Request};
use engineio_proto::{Frame, LinkId, Time};

use super::{Connection, Event};
use crate::acks::earlier;
use crate::{Encoded, Namespace, Outgoing};

impl Connection {
    /// See [`Session::poll_request`](engineio_proto::client::Session::poll_request).
    #[must_use]
    pub fn poll_request(&mut self) -> Option<Request> {
        self.session.poll_request()
    }

    /// See [`Session::poll_connect`](engineio_proto::client::Session::poll_connect).
    #[must_use]
    pub fn poll_connect(&mut self) -> Option<Connect> {
        self.session.poll_connect()
    }

    /// See [`Session::poll_frame`](engineio_proto::client::Session::poll_frame).
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
        let own = earlier(self.session.poll_timeout(), self.packet_by);
        sockets.fold(own, earlier)
    }

    // --- inside ---------------------------------------------------------------------------------------------

    fn put(&mut self, packet: &Encoded) {
        // If the session is closed, the loss of the connection is under way as an event.
        let _ = self.session.send_reserved(packet.messages());
    }

    pub(super) fn put_disconnect(&mut self, namespace: &Namespace) {
        self.put_encoded(self.config.codec.encode(namespace, &Outgoing::Disconnect));
    }

    pub(super) fn put_encoded<E>(&mut self, packet: Result<Encoded, E>) {
        // Only this crate's own packets come here, which every codec can encode, and what was tried when it was given.
        if let Ok(packet) = packet {
            self.put(&packet);
        }
    }
}
