//! The one place where this crate reads a clock.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use engineio_proto::Time;
use tokio::time::Instant;

use crate::lock;

/// Turns the runtime's time into that of the session.
///
/// The clock of the runtime stands still while a machine sleeps, and a client that wakes up would wait for half a minute for a
/// server that has long given it up. So the clock on the wall is looked at, too: where it has run ahead, that time has passed.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    wall: Mutex<Wall>,
}

#[derive(Debug)]
struct Wall {
    start: SystemTime,
    /// How far the clock on the wall is ahead that was made up for.
    slept: Duration,
}

/// Clocks are set now and then; what is less than this is not sleep.
const SLEEP: Duration = Duration::from_secs(3);

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            wall: Mutex::new(Wall {
                start: SystemTime::now(),
                slept: Duration::ZERO,
            }),
        }
    }

    pub(crate) fn now(&self) -> Time {
        let ran = self.start.elapsed();
        let mut wall = lock(&self.wall);
        let passed = wall.start.elapsed().unwrap_or(Duration::ZERO);
        wall.slept = slept(wall.slept, ran, passed);
        Time::after_start(ran + wall.slept)
    }

    /// When the runtime's clock shows this time.
    pub(crate) fn instant(&self, time: Time) -> Instant {
        let slept = lock(&self.wall).slept;
        self.start + (time - Time::ZERO).saturating_sub(slept)
    }
}

/// How long the machine has slept in all. Never less than before, since time does not go back.
fn slept(before: Duration, ran: Duration, passed: Duration) -> Duration {
    let ahead = passed.saturating_sub(ran);
    if ahead > before + SLEEP {
        ahead
    } else {
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_sleep_is_time_that_passed_and_a_correction_of_the_clock_is_not() {
        assert_eq!(slept(Duration::ZERO, SECOND, 2 * SECOND), Duration::ZERO);
        assert_eq!(slept(Duration::ZERO, SECOND, 3600 * SECOND), 3599 * SECOND);
        // Afterwards both clocks run on; and somebody sets the one on the wall back.
        assert_eq!(
            slept(3599 * SECOND, 10 * SECOND, 3609 * SECOND),
            3599 * SECOND
        );
        assert_eq!(slept(3599 * SECOND, 20 * SECOND, SECOND), 3599 * SECOND);
    }
}
