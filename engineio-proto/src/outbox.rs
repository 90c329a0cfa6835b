//! Messages that were accepted and have not left yet.

use crate::queue::Queue;
use crate::{Message, SendError};

/// How much a session may owe its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) bytes: usize,
    pub(crate) messages: usize,
}

/// What is this long keeps at most its own size in memory besides, and is not copied.
const LONG: usize = 4096;

/// What is still owed to the peer, in order. It belongs to the session and not to a transport: an upgrade moves
/// nothing, so nothing can be lost or doubled by it.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Queue<Message>,
    bytes: usize,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self {
            queue: Queue::new(),
            bytes: 0,
        }
    }

    /// Whether `bytes` in `messages` more fit. An empty outbox takes anything: what is bigger than the budget
    /// could otherwise never be sent.
    pub(crate) fn has_room(&self, budget: Budget, bytes: usize, messages: usize) -> bool {
        self.queue.is_empty()
            || (self.bytes.saturating_add(bytes) <= budget.bytes
                && self.queue.len().saturating_add(messages) <= budget.messages)
    }

    /// Takes all or none of the messages.
    pub(crate) fn send(&mut self, messages: &[Message], budget: Budget) -> Result<(), SendError> {
        // A packet without attachments, which nearly all are: its length is worked out once.
        if let [message] = messages {
            let bytes = message.len();
            if !self.has_room(budget, bytes, 1) {
                return Err(SendError::Full);
            }
            self.put(message.to_detached(LONG), bytes);
            return Ok(());
        }
        let bytes = messages
            .iter()
            .fold(0, |sum: usize, message| sum.saturating_add(message.len()));
        if !self.has_room(budget, bytes, messages.len()) {
            return Err(SendError::Full);
        }
        for message in messages {
            self.push_shared(message);
        }
        Ok(())
    }

    /// Half of the budget, or more, is used.
    pub(crate) fn is_half_full(&self, budget: Budget) -> bool {
        self.bytes >= budget.bytes / 2 || self.len() >= budget.messages / 2
    }

    /// What is short and came in a long body is copied, or the budget would count its few bytes and the whole body would
    /// stay in memory.
    pub(crate) fn push(&mut self, message: Message) {
        if message.is_part_of_body(LONG) {
            return self.push_shared(&message);
        }
        let bytes = message.len();
        self.put(message, bytes);
    }

    /// The same with a message that others send too.
    pub(crate) fn push_shared(&mut self, message: &Message) {
        self.put(message.to_detached(LONG), message.len());
    }

    #[inline]
    fn put(&mut self, message: Message, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.queue.push(message);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop()?;
        self.bytes = self.bytes.saturating_sub(message.len());
        Some(message)
    }

    pub(crate) fn front(&self) -> Option<&Message> {
        self.queue.front()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Message> {
        self.queue.iter()
    }

    /// Bytes of payload.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }
}
