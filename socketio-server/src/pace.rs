//! How a client is read from while its events wait for their turn.
//!
//! Handlers that make progress by themselves need nothing more to read: then the client has to wait, as with any full pipe.
//! But a handler may wait for an acknowledgement that stands behind the events. So when nothing has moved for a while, a little
//! is read nevertheless, and a little later a little more.

use std::sync::Arc;
use std::time::Duration;

use crate::dispatch::Client;

/// The state of it, for one client.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Somebody looks after a while whether something has moved.
    is_watched: bool,
    /// Something has moved since.
    has_progressed: bool,
    /// A little may be read.
    may_read: bool,
    /// How often in a row nothing had moved.
    stalled: u32,
}

/// Events that wait may have so many bytes before reading slows down.
const MARK: usize = 64 * 1024;
/// How long nothing has to move at first, and at last.
const FIRST: Duration = Duration::from_millis(2);
const LAST: Duration = Duration::from_millis(100);

impl Pace {
    /// An event that had to wait has started.
    pub(crate) fn progressed(&mut self) {
        self.has_progressed = true;
    }

    /// How long to look away.
    fn pause(&self) -> Duration {
        FIRST.saturating_mul(1 << self.stalled.min(8)).min(LAST)
    }

    /// What was seen after that.
    fn look(&mut self) {
        self.is_watched = false;
        self.may_read = !self.has_progressed;
        self.stalled = match self.has_progressed {
            true => 0,
            false => self.stalled.saturating_add(1),
        };
        self.has_progressed = false;
    }
}

/// Whether the client may be read from now. If not, its driver is woken when that may have changed.
pub(crate) fn wants_input(client: &Arc<Client>) -> bool {
    let mut inside = client.local.lock();
    let limit = client.protocol.common.max_backlog;
    if inside.backlog_bytes <= MARK.min(limit / 4) {
        return true;
    }
    let pace = &mut inside.pace;
    if std::mem::take(&mut pace.may_read) {
        return true;
    }
    if std::mem::replace(&mut pace.is_watched, true) {
        return false;
    }
    let pause = pace.pause();
    drop(inside);
    let weak = Arc::downgrade(client);
    client.protocol.common.spawn(async move {
        tokio::time::sleep(pause).await;
        if let Some(client) = weak.upgrade() {
            client.local.lock().pace.look();
            client.wake_readers();
        }
    });
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_move_is_looked_at_less_and_less_often_until_it_moves() {
        let mut pace = Pace::default();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pauses.push(pace.pause().as_millis());
            pace.look();
            assert!(pace.may_read);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 100, 100]);
        pace.progressed();
        pace.look();
        assert!(!pace.may_read);
        assert_eq!(pace.pause(), FIRST);
    }
}
