//! Acknowledgements that are awaited, and when they are given up.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use engineio_proto::Time;

use crate::AckId;

/// The acknowledgements that one socket owes. Each ends exactly once: answered, timed out, or with its socket.
#[derive(Debug, Default)]
pub(crate) struct PendingAcks {
    by_id: BTreeMap<AckId, Option<Time>>,
    /// Not later than the earliest deadline. May be earlier: an answer does not move it, since finding the next
    /// one takes a look at all.
    earliest: Option<Time>,
}

impl PendingAcks {
    /// Awaits an acknowledgement. False if its id is awaited already.
    pub(crate) fn begin(&mut self, id: AckId, deadline: Option<Time>) -> bool {
        if self.by_id.contains_key(&id) {
            return false;
        }
        self.by_id.insert(id, deadline);
        self.earliest = earlier(self.earliest, deadline);
        true
    }

    pub(crate) fn contains(&self, id: AckId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Whether it was awaited; it is not any more.
    pub(crate) fn end(&mut self, id: AckId) -> bool {
        let awaited = self.by_id.remove(&id).is_some();
        if self.by_id.is_empty() {
            self.earliest = None;
        }
        awaited
    }

    /// Ends all whose deadline has come.
    pub(crate) fn take_expired(&mut self, now: Time) -> Vec<AckId> {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return Vec::new();
        }
        let is_due = |deadline: &Option<Time>| deadline.is_some_and(|deadline| deadline <= now);
        let due = self
            .by_id
            .extract_if(.., |_, deadline| is_due(deadline))
            .map(|(id, _)| id)
            .collect();
        self.earliest = self.by_id.values().flatten().min().copied();
        due
    }

    /// Ends all.
    pub(crate) fn take_all(&mut self) -> Vec<AckId> {
        self.take_unless(|_| false)
    }

    /// Ends all but those that are to be kept.
    pub(crate) fn take_unless(&mut self, keep: impl Fn(AckId) -> bool) -> Vec<AckId> {
        let ended = self
            .by_id
            .extract_if(.., |id, _| !keep(*id))
            .map(|(id, _)| id)
            .collect();
        self.earliest = self.by_id.values().flatten().min().copied();
        ended
    }

    /// When to call [`take_expired`](Self::take_expired), or earlier.
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.earliest
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// The earlier of two deadlines that may not be set.
pub(crate) fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (deadline, None) | (None, deadline) => deadline,
    }
}

/// Why an acknowledgement did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// It did not come in time.
    #[error("operation has timed out")]
    Timeout,
    /// The socket was disconnected first.
    #[error("socket has been disconnected")]
    Disconnected,
}

/// Why an acknowledgement cannot be awaited. The caller's doing, or the circumstances'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectError {
    /// The namespace is not joined.
    #[error("the namespace is not joined")]
    NotConnected,
    /// Too many are awaited from this peer already.
    #[error("too many acknowledgements are awaited already")]
    TooMany,
    /// The id is awaited already.
    #[error("the acknowledgement id is in use")]
    InUse,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn each_ends_once_and_the_deadline_moves_on() {
        let mut acks = PendingAcks::default();
        assert!(acks.begin(AckId(1), Some(at(10))));
        assert!(acks.begin(AckId(2), None));
        assert!(acks.begin(AckId(3), Some(at(5))));
        assert!(!acks.begin(AckId(3), None));
        assert_eq!(acks.deadline(), Some(at(5)));
        assert!(acks.end(AckId(3)) && !acks.end(AckId(3)));
        // Early, and harmless.
        assert_eq!(acks.take_expired(at(5)), []);
        assert_eq!(acks.deadline(), Some(at(10)));
        assert_eq!(acks.take_expired(at(10)), [AckId(1)]);
        assert_eq!(acks.deadline(), None);
        assert_eq!(acks.take_all(), vec![AckId(2)]);
        assert_eq!(acks.len(), 0);
    }
}
