//! One namespace, as a client has it.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use engineio_proto::Time;

use super::config::Config;
use crate::acks::PendingAcks;
use crate::{AckId, Encoded, Namespace, Packet, RawValue, SendError, SocketId};

#[derive(Debug)]
pub(super) struct Socket {
    pub(super) namespace: Namespace,
    pub(super) state: State,
    pub(super) auth: Option<RawValue>,
    /// The client left on this session and has not been let in since: what arrives until then was sent to the socket
    /// that it was.
    pub(super) is_stale: bool,
    /// The private id of the session in this namespace, if the server can recover it.
    pub(super) private_id: Option<Arc<str>>,
    /// The offset of the last event that was received in it.
    pub(super) offset: Option<Arc<str>>,
    buffer: VecDeque<Buffered>,
    buffered_bytes: usize,
    pub(super) acks: PendingAcks,
    retries: VecDeque<Retry>,
    retry_bytes: usize,
    /// When the attempt at the head of the retries is given up; `None` if none is under way.
    pub(super) retry_by: Option<Time>,
}

#[derive(Debug)]
pub(super) enum State {
    /// Not wanted, or refused, or put out.
    Idle,
    /// Wanted; the session is not open yet.
    Wanted,
    /// CONNECT was sent. What arrives meanwhile waits: the events that were missed.
    Asked {
        shown: Option<Arc<str>>,
        waiting: Vec<Packet>,
        bytes: usize,
    },
    Connected {
        id: SocketId,
    },
    /// Left before the server answered. To leave what is not joined is an error to many servers, so the answer is
    /// awaited and then undone.
    Leaving {
        /// Wanted again meanwhile, to be asked for then.
        again: bool,
    },
}

/// A packet that was sent while the namespace was not connected.
#[derive(Debug)]
struct Buffered {
    packet: Encoded,
    ack: Option<AckId>,
}

/// An event that is sent again until the server acknowledges it: [`Connection::send_retried`](super::Connection::send_retried).
///
/// Every attempt sends the same bytes, so that a repeat can be recognised: a server of this family sees the same
/// acknowledgement id, which a client never uses twice, and any server sees whatever key the application put among the
/// arguments.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "all that a retry is")]
pub struct Retry {
    /// The acknowledgement id in the packet.
    pub id: AckId,
    /// The event.
    pub packet: Encoded,
    /// How often it is sent again if it was not acknowledged.
    pub retries: u32,
    /// How long each attempt waits: at least a millisecond.
    pub timeout: Duration,
}

impl Socket {
    pub(super) fn new(namespace: Namespace) -> Self {
        Self {
            namespace,
            state: State::Idle,
            auth: None,
            is_stale: false,
            private_id: None,
            offset: None,
            buffer: VecDeque::new(),
            buffered_bytes: 0,
            acks: PendingAcks::default(),
            retries: VecDeque::new(),
            retry_bytes: 0,
            retry_by: None,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    /// Whoever comes back comes back as somebody new.
    pub(super) fn forget_session(&mut self) {
        self.private_id = None;
        self.offset = None;
    }

    /// Whether anything waits to be sent.
    pub(super) fn has_buffered(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// How many packets wait to be sent, and how many events are sent until they are acknowledged.
    #[cfg(feature = "testing")]
    pub(super) fn kept(&self) -> (usize, usize) {
        (self.buffer.len(), self.retries.len())
    }

    /// Keeps a packet for later, unless there is no room. What is larger than the room goes alone.
    pub(super) fn keep(
        &mut self,
        packet: &Encoded,
        ack: Option<AckId>,
        config: &Config,
    ) -> Result<(), SendError> {
        let bytes = self.buffered_bytes.saturating_add(packet.len());
        let is_full = bytes > config.max_buffered_bytes || self.buffer.len() >= config.max_buffered;
        if is_full && self.has_buffered() {
            return Err(SendError::Full);
        }
        self.buffered_bytes = bytes;
        self.buffer.push_back(Buffered {
            packet: packet.clone(),
            ack,
        });
        Ok(())
    }

    /// The next packet that was kept.
    pub(super) fn take_kept(&mut self) -> Option<Encoded> {
        let Buffered { packet, .. } = self.buffer.pop_front()?;
        self.buffered_bytes = self.buffered_bytes.saturating_sub(packet.len());
        Some(packet)
    }

    /// Packets whose answers nobody waits for any more are not sent later. The ids are in order: many may be given up at
    /// once, and each of many packets is looked at once for all of them.
    pub(super) fn drop_kept(&mut self, acks: &[AckId]) {
        let mut dropped = 0;
        self.buffer.retain(|buffered| {
            let given_up = |id| acks.binary_search(&id).is_ok();
            let keep = !buffered.ack.is_some_and(given_up);
            if !keep {
                dropped += buffered.packet.len();
            }
            keep
        });
        self.buffered_bytes = self.buffered_bytes.saturating_sub(dropped);
    }

    /// Takes one more event to be sent until it is acknowledged, unless there is no room.
    pub(super) fn keep_retry(&mut self, event: Retry, config: &Config) -> Result<(), SendError> {
        let bytes = self.retry_bytes.saturating_add(event.packet.len());
        let is_full =
            bytes > config.max_buffered_bytes || self.retries.len() >= config.max_buffered;
        if is_full && !self.retries.is_empty() {
            return Err(SendError::Full);
        }
        self.retry_bytes = bytes;
        self.retries.push_back(event);
        Ok(())
    }

    /// The event that is sent until it is acknowledged.
    pub(super) fn retry(&mut self) -> Option<&mut Retry> {
        self.retries.front_mut()
    }

    /// That event is over.
    pub(super) fn end_retry(&mut self) -> Option<Retry> {
        let event = self.retries.pop_front()?;
        self.retry_by = None;
        self.retry_bytes = self.retry_bytes.saturating_sub(event.packet.len());
        Some(event)
    }

    /// Whether there is nothing to remember about this namespace.
    pub(super) fn is_spent(&self) -> bool {
        matches!(self.state, State::Idle)
            && !self.is_stale
            && self.private_id.is_none()
            && self.buffer.is_empty()
            && self.acks.len() == 0
            && self.retries.is_empty()
    }

    /// Ends the acknowledgements of what was sent; those of what is kept are awaited still.
    pub(super) fn end_sent_acks(&mut self) -> Vec<AckId> {
        let kept: BTreeSet<_> = self
            .buffer
            .iter()
            .filter_map(|buffered| buffered.ack)
            .collect();
        self.acks.take_unless(|id| kept.contains(&id))
    }
}
