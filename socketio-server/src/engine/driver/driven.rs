//! A link of a client, and how what it brings gets into the machine.

use std::collections::VecDeque;

use engineio_proto::{LinkId, Time};

use crate::engine::connection::Connection;
use crate::engine::link::{Link, Received};
use crate::engine::machine::{Machine, Protocol};

/// A link, and how far it is.
pub(super) struct Driven {
    pub(super) id: LinkId,
    pub(super) link: Box<dyn Link>,
    pub(super) phase: Phase,
    /// What was read and has not had its turn yet.
    pub(super) waiting: VecDeque<Received>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Nothing more is received; what was taken is still sent.
    Received,
    /// Nothing more comes from the session: it is closed, at the latest then.
    Closing {
        by: Time,
    },
    Gone,
}

/// What is handed to the session at a time of what was read. One read may bring thousands of small events, whose handlers run in
/// this turn.
const AT_ONCE: usize = 128;

impl From<(LinkId, Box<dyn Link>)> for Driven {
    fn from((id, link): (LinkId, Box<dyn Link>)) -> Self {
        Self {
            id,
            link,
            phase: Phase::Open,
            waiting: VecDeque::new(),
        }
    }
}

impl Driven {
    /// When it has to be gone, at the latest.
    pub(super) fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Closing { by } => Some(by),
            _ => None,
        }
    }

    /// Hands over what was read. How many bytes it was.
    fn hand_over<P: Protocol>(
        &mut self,
        connection: &Connection<P>,
        received: impl Iterator<Item = Received>,
    ) -> usize {
        let (now, id) = (connection.clock.now(), self.id);
        let mut bytes = 0;
        let mut state = connection.lock();
        for received in received {
            if received.is_end() {
                self.phase = Phase::Received;
            }
            if let Received::Frame(frame) = &received {
                bytes += frame.len();
                state.turns.received(frame.len());
            }
            match received {
                Received::Frame(frame) => state.machine.handle_frame(id, frame, now),
                Received::Activity => state.machine.handle_activity(now),
                Received::Closed => state.machine.handle_link_closed(id, now),
                Received::Failed(fault) => state.machine.handle_link_failed(id, fault, now),
                Received::Invalid(error) => state.machine.handle_decode_error(id, error, now),
            }
        }
        bytes
    }

    /// Hands over what comes next: what had to wait, or else what was read. How many bytes it was; `None` if it is the end and
    /// something came before it in this round, which is answered first.
    pub(super) fn hand_over_next<P: Protocol>(
        &mut self,
        connection: &Connection<P>,
        received: &mut Vec<Received>,
        is_first: bool,
    ) -> Option<usize> {
        let amount = |before_end: usize| match before_end.min(AT_ONCE) {
            0 if is_first => 1,
            amount => amount,
        };
        if self.waiting.is_empty() {
            let before_end = received.iter().take_while(|item| !item.is_end()).count();
            let now = amount(before_end).min(received.len());
            let bytes = self.hand_over(connection, received.drain(..now));
            self.waiting.extend(received.drain(..));
            return (now > 0).then_some(bytes);
        }
        let before_end = self.waiting.iter().take(AT_ONCE);
        let now = amount(before_end.take_while(|item| !item.is_end()).count());
        let bytes = self.hand_over_waiting(connection, now);
        (now > 0).then_some(bytes)
    }

    /// Hands over what had to wait, or a part of it. How many bytes it was.
    pub(super) fn hand_over_waiting<P: Protocol>(
        &mut self,
        connection: &Connection<P>,
        most: usize,
    ) -> usize {
        let mut waiting = std::mem::take(&mut self.waiting);
        let now = waiting.len().min(most);
        let bytes = self.hand_over(connection, waiting.drain(..now));
        if !waiting.is_empty() {
            self.waiting = waiting;
        }
        bytes
    }
}
