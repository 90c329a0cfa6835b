//! What to do next: frames to send, events to hand out, the deadline.

use super::{Event, Owed, Session, State};
use crate::inbox::Incoming;
use crate::packet::message_frame;
use crate::server::polling::BodyStep;
use crate::{CloseReason, Frame, LinkId, Packet, Text, Time};

impl Session {
    /// The next frame to send on a link, when the link can take one.
    ///
    /// `None` says that there is nothing now. Ask again after any other call, also after
    /// [`poll_event`](Self::poll_event).
    #[must_use]
    pub fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        if self.active != Some(link) {
            return self
                .candidates
                .take_answer(link)
                .then(|| Frame::from_static("3probe"));
        }
        if matches!(self.state, State::Closed(_)) {
            return None;
        }
        let (revision, base64) = (self.revision, self.base64);
        let frame = match self.next_control() {
            Some(packet) => Some(packet.into_frame(revision, base64)),
            None => {
                let message = self.outbox.pop();
                message.map(|message| message_frame(message, revision, base64))
            }
        };
        self.finish_if_drained();
        frame
    }

    /// What happened, for the application. Fetch events until there are none, after every call of another kind.
    ///
    /// Bodies are decoded here, so that an event, or none, may be followed by something to send.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            match self.inbox.front()? {
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
                Incoming::End(reason) => {
                    let reason = *reason;
                    drop(self.inbox.pop());
                    self.fail(reason);
                }
                Incoming::Body(..) => match self.next_of_body() {
                    BodyStep::Event(event) => return Some(event),
                    BodyStep::More => {}
                    BodyStep::Done => drop(self.inbox.pop()),
                },
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called next, if ever.
    ///
    /// The answer may change after any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let end = match self.state {
            State::Closed(_) => return None,
            State::Closing { by } => by,
            State::Open => self.heartbeat.deadline(),
        };
        end.min(self.candidates.deadline())
            .min(self.polling.release_at)
            .if_set()
    }

    // --- inside ---------------------------------------------------------------------------------------------

    /// The next control packet, in the order in which they go before messages.
    pub(in crate::server) fn next_control(&mut self) -> Option<Packet> {
        use core::mem::take;
        let Owed { open, ping, pong } = self.owed;
        if !(open || ping || pong) {
            return None;
        }
        if take(&mut self.owed.open) {
            Some(Packet::Open(
                self.config.open_packet(&self.sid, self.transport),
            ))
        } else if take(&mut self.owed.pong) {
            Some(Packet::Pong(Text::new()))
        } else if take(&mut self.owed.ping) {
            Some(Packet::Ping(Text::new()))
        } else {
            None
        }
    }

    /// On a link a close is done when everything has left. On polling the client has to be told, in an answer.
    pub(super) fn finish_if_drained(&mut self) {
        if !matches!(self.state, State::Closing { .. }) {
            return;
        }
        let Owed { open, ping, pong } = self.owed;
        if self.active.is_some() && self.outbox.is_empty() && !(open || ping || pong) {
            self.finish(CloseReason::Forced);
        }
    }
}
