//! How many clients, and how many more per second.

use std::sync::{Mutex, PoisonError};

use engineio_proto::Time;

/// Handshakes per second, with a second's worth saved up at most.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// In millionths of a handshake.
    saved: u64,
    at: Time,
}

/// One handshake.
const ONE: u64 = 1_000_000;

impl Rate {
    pub(crate) fn new(per_second: u32) -> Self {
        let full = u64::from(per_second) * ONE;
        Self {
            per_second,
            state: Mutex::new(State {
                saved: full,
                at: Time::ZERO,
            }),
        }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self, now: Time) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = u64::try_from((now - state.at).as_micros()).unwrap_or(u64::MAX);
        let gained = passed.saturating_mul(u64::from(self.per_second));
        let most = u64::from(self.per_second) * ONE;
        state.saved = state.saved.saturating_add(gained).min(most);
        state.at = now;
        let Some(rest) = state.saved.checked_sub(ONE) else {
            return false;
        };
        state.saved = rest;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_is_saved_up_and_no_more() {
        let rate = Rate::new(3);
        let at = |millis| Time::after_start(Duration::from_millis(millis));
        let taken = |now| (0..10).filter(|_| rate.take(now)).count();
        assert_eq!(taken(at(0)), 3);
        assert_eq!(taken(at(300)), 0);
        assert_eq!(taken(at(334)), 1);
        assert_eq!(taken(at(60_000)), 3);
    }

    #[test]
    fn none_at_all_is_a_rate_too() {
        assert!(!Rate::new(0).take(Time::ZERO));
    }
}
