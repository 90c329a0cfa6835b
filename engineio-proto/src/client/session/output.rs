//! What to do next: links to open, frames to send, events to hand out, the deadline.

use super::{Event, LinkPhase, Owed, Session, State};
use crate::client::upgrade::Connect;
use crate::heartbeat::Heartbeat;
use crate::inbox::Incoming;
use crate::{CloseReason, Frame, LinkId, Packet, Text, Time};

impl Session {
    /// The next link to open; its query is [`query`](Self::query) of its transport.
    #[must_use]
    pub fn poll_connect(&mut self) -> Option<Connect> {
        if let Some(active) = &mut self.active
            && active.phase == LinkPhase::Ready
            && !matches!(self.state, State::Closed(_))
        {
            active.phase = LinkPhase::Opening;
            return Some(Connect {
                link: active.link,
                transport: self.transport,
            });
        }
        self.candidates.poll_connect()
    }

    /// The next frame to send on a link, when the link can take one.
    #[must_use]
    pub fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        let Some(active) = self.active.filter(|active| active.link == link) else {
            return self.candidates.poll_frame(link, self.sid.as_ref());
        };
        if active.phase != LinkPhase::Open || matches!(self.state, State::Closed(_)) {
            return None;
        }
        let packet = match self.next_control() {
            Some(packet) => Some(packet),
            None if matches!(self.state, State::Connecting { .. }) => None,
            None => self.outbox.pop().map(Packet::Message),
        };
        self.finish_if_drained();
        packet.map(|packet| packet.into_frame(self.config.revision, self.config.base64))
    }

    /// What happened, for the application. Fetch events until there are none, after every call of another kind.
    ///
    /// Bodies are decoded here, so that an event, or none, may be followed by something to send.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            let (packet, at) = match self.inbox.front_mut()? {
                Incoming::Event(_) => {
                    let Some(Incoming::Event(event)) = self.inbox.pop() else {
                        return None;
                    };
                    // This side wants nothing more, wherever the message waited.
                    if matches!(event, Event::Message(_)) && self.closed_here() {
                        continue;
                    }
                    return Some(event);
                }
                Incoming::Body(body, at) => (body.next(), *at),
                Incoming::End(reason) => {
                    let reason = *reason;
                    drop(self.inbox.pop());
                    self.fail(reason);
                    continue;
                }
            };
            let was_closed = matches!(self.state, State::Closed(_));
            match packet {
                Some(Ok(packet)) => {
                    if let Some(event) = self.handle_packet(packet, at) {
                        return Some(event);
                    }
                    // What follows the packet that ended the session is not read.
                    if !was_closed && matches!(self.state, State::Closed(_)) {
                        drop(self.inbox.pop());
                    }
                }
                Some(Err(error)) => {
                    drop(self.inbox.pop());
                    self.fail(CloseReason::ParseError(error));
                }
                None => drop(self.inbox.pop()),
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called next, if ever. The answer may change after any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let end = match self.state {
            State::Closed(_) => return None,
            State::Connecting { by } | State::Closing { by } => by,
            State::Open => self
                .heartbeat
                .as_ref()
                .map_or(Time::NEVER, Heartbeat::deadline),
        };
        let refused = self.polling.refused.map_or(Time::NEVER, |(_, by)| by);
        end.min(self.candidates.deadline()).min(refused).if_set()
    }

    // --- inside ---------------------------------------------------------------------------------------------

    /// The next control packet, in the order in which they go before messages.
    pub(in crate::client) fn next_control(&mut self) -> Option<Packet> {
        use core::mem::take;
        if take(&mut self.owed.open) {
            Some(Packet::Open(Text::new()))
        } else if take(&mut self.owed.upgrade) {
            Some(Packet::Upgrade)
        } else if take(&mut self.owed.pong) {
            Some(Packet::Pong(Text::new()))
        } else if take(&mut self.owed.ping) {
            Some(Packet::Ping(Text::new()))
        } else {
            None
        }
    }

    /// On a link a close is done when everything has left; on polling the server is told, in a body.
    pub(super) fn finish_if_drained(&mut self) {
        let closing = matches!(self.state, State::Closing { .. });
        let Owed {
            open,
            upgrade,
            ping,
            pong,
        } = self.owed;
        if closing
            && self.active.is_some()
            && self.outbox.is_empty()
            && !(open || upgrade || ping || pong)
        {
            self.finish(CloseReason::Forced);
        }
    }
}
