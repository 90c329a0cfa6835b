//! The one place where this crate reads a clock.

use std::time::SystemTime;

use engineio_proto::Time;
use tokio::time::Instant;

/// Turns the runtime's time into that of the sessions. All sessions of an engine share one start.
///
/// The runtime's clock, and not the system's, so that a test can pause it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Time {
        Time::after_start(self.start.elapsed())
    }

    /// The time of the calendar, for what people read.
    pub(crate) fn calendar() -> SystemTime {
        SystemTime::now()
    }

    pub(crate) fn instant(self, time: Time) -> Instant {
        self.start + (time - Time::ZERO)
    }
}
