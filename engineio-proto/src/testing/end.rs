//! What one end of a pair did and saw, and the rules that hold for it at any time.

use alloc::vec::Vec;

use super::machine::Report;
use crate::{CloseReason, Message, Transport};

/// One end of a [`Pair`](super::Pair): what its application sent and was given.
#[derive(Clone, Debug, Default)]
pub struct End {
    pub(super) sent: Vec<Message>,
    pub(super) refused: usize,
    pub(super) received: Vec<Message>,
    pub(super) opened: bool,
    pub(super) upgrades: Vec<Transport>,
    pub(super) failed_upgrades: usize,
    pub(super) closed: Option<CloseReason>,
}

impl End {
    /// The messages that were accepted for sending, in order.
    pub fn sent(&self) -> &[Message] {
        &self.sent
    }

    /// How many messages were not accepted, because the session was closed or owed too much.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// The messages that arrived, in order.
    pub fn received(&self) -> &[Message] {
        &self.received
    }

    /// The transports that the session went over to.
    pub fn upgrades(&self) -> &[Transport] {
        &self.upgrades
    }

    /// How many attempts to go over to another transport came to nothing. Only a client knows.
    pub fn failed_upgrades(&self) -> usize {
        self.failed_upgrades
    }

    /// Whether the session was opened, and its end has not been reported.
    pub fn is_open(&self) -> bool {
        self.opened && self.closed.is_none()
    }

    /// Why the session ended, once it has.
    pub fn closed(&self) -> Option<CloseReason> {
        self.closed
    }

    /// Whether what arrived here is what `other` sent, from the first message on, with nothing missing in
    /// between, doubled or out of order.
    pub fn received_beginning_of(&self, other: &Self) -> bool {
        other.sent.starts_with(&self.received)
    }

    /// Notes what a machine reports. What only its application understands goes to `events`.
    pub(super) fn take<E>(&mut self, report: Report<E>, events: &mut Vec<E>) {
        match report {
            Report::Opened => self.on_open(),
            Report::Message(message) => self.on_message(message),
            Report::Upgraded(transport) => self.on_upgrade(transport),
            Report::UpgradeFailed(_) => self.failed_upgrades += 1,
            Report::Closed(reason) => self.on_close(reason),
            Report::Other(event) => events.push(event),
        }
    }

    pub(super) fn on_open(&mut self) {
        assert!(
            !self.opened && self.closed.is_none(),
            "a session opens once, and before it closes"
        );
        self.opened = true;
    }

    fn on_message(&mut self, message: Message) {
        assert!(self.opened, "no message comes before the session is open");
        assert!(self.closed.is_none(), "no message comes after the close");
        self.received.push(message);
    }

    fn on_upgrade(&mut self, transport: Transport) {
        assert!(self.is_open(), "only an open session upgrades");
        self.upgrades.push(transport);
    }

    fn on_close(&mut self, reason: CloseReason) {
        assert!(self.closed.is_none(), "a session closes once");
        self.closed = Some(reason);
    }
}
