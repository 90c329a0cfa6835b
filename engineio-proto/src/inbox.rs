//! What arrived and was not fetched yet.

use crate::queue::Queue;
use crate::{CloseReason, Time, payload};

/// Events in order, among them bodies of requests that are decoded only as far as events are fetched.
///
/// A body of 1 MB can hold half a million packets. Decoded at once they would take fifty times the memory of the
/// body; decoded one by one they take none.
#[derive(Debug)]
pub(crate) enum Incoming<E> {
    Event(E),
    /// A body, and when it arrived.
    Body(payload::Decoder, Time),
    /// The session ends, for this reason, when everything before it was fetched.
    End(CloseReason),
}

pub(crate) type Inbox<E> = Queue<Incoming<E>>;
