//! How long to wait before the next attempt.

use core::time::Duration;

/// The delays between attempts to connect, as a pure sequence: whoever asks brings the randomness and does the
/// waiting.
///
/// Each attempt doubles the delay up to a maximum, and chance spreads the clients of a server that went away, so that
/// they do not all come back at once.
///
/// ```
/// use core::time::Duration;
/// use socketio_proto::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
/// let random = u64::MAX; // 64 random bits, as unlucky as can be
/// let delays: Vec<_> = (0..5).map(|_| backoff.next_delay(random).as_secs_f64().round()).collect();
/// assert_eq!(delays, [1.0, 2.0, 4.0, 5.0, 5.0]);
/// assert_eq!(backoff.attempts(), 5);
/// backoff.reset();
/// assert_eq!(backoff.attempts(), 0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
    jitter: Jitter,
    attempts: u32,
}

/// How chance changes a delay.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Jitter {
    /// Not at all: for tests.
    None,
    /// Anything between nothing and the delay. It spreads the clients best.
    Full,
    /// As the reference does it: up to this part of the delay more or less, `randomizationFactor` there. Outside of
    /// 0 to 1 it means none.
    Around(f64),
}

impl Backoff {
    /// Delays that begin with `base` and grow to `max`, with [full](Jitter::Full) jitter.
    pub fn new(base: Duration, max: Duration) -> Self {
        Self {
            base,
            max,
            jitter: Jitter::Full,
            attempts: 0,
        }
    }

    /// The delays of the reference with its defaults: from 1 s to 5 s, half of it more or less.
    pub fn reference() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(5)).with_jitter(Jitter::Around(0.5))
    }

    /// Another jitter.
    #[must_use]
    pub fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long to wait before the next attempt, which is counted. `random` is any 64 random bits.
    pub fn next_delay(&mut self, random: u64) -> Duration {
        let doubled = 1u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.attempts = self.attempts.saturating_add(1);
        let delay = self.base.saturating_mul(doubled);
        match self.jitter {
            Jitter::None => delay.min(self.max),
            Jitter::Full => {
                let delay = delay.min(self.max).as_micros();
                // The part of 2^64 that `random` is.
                let micros = u64::try_from(delay).unwrap_or(u64::MAX);
                let part = ((u128::from(micros) + 1) * u128::from(random)) >> 64;
                Duration::from_micros(u64::try_from(part).unwrap_or(u64::MAX))
            }
            Jitter::Around(factor) => around(delay, factor, random).min(self.max),
        }
    }

    /// How many delays were asked for since the beginning or the last [`reset`](Self::reset).
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Begins anew: to be called when a connection was accepted, not already when it was made.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// The formula of the reference, in whole milliseconds. One random number decides how much and, by its first decimal,
/// in which direction.
fn around(delay: Duration, factor: f64, random: u64) -> Duration {
    let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    if !(factor > 0.0 && factor <= 1.0) {
        return Duration::from_millis(millis);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "all factors are positive, and casts to integers saturate"
    )]
    let (deviation, decimal) = {
        // 53 bits, as many as a float holds.
        let random = (random >> 11) as f64 / (1u64 << 53) as f64;
        (
            (random * factor * millis as f64) as u64,
            (random * 10.0) as u64,
        )
    };
    Duration::from_millis(if decimal % 2 == 0 {
        millis.saturating_sub(deviation)
    } else {
        millis.saturating_add(deviation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As 64 bits, the number that `Math.random` gave.
    fn bits(random: f64) -> u64 {
        (random * (1u64 << 53) as f64) as u64 * (1 << 11)
    }

    /// What the formula gives in JavaScript for these random numbers.
    #[test]
    fn the_formula_of_the_reference() {
        for (random, delays) in [
            (0.0, [1000, 2000, 4000, 5000]),
            (0.0625, [969, 1938, 3875, 5000]),
            (0.1875, [1093, 2187, 4375, 5000]),
            (0.25, [875, 1750, 3500, 5000]),
            (0.5, [1250, 2500, 5000, 5000]),
            (0.875, [563, 1125, 2250, 4500]),
            (0.9375, [1468, 2937, 5000, 5000]),
        ] {
            let mut backoff = Backoff::reference();
            let found = delays.map(|_| backoff.next_delay(bits(random)).as_millis());
            assert_eq!(found, delays, "{random}");
        }
    }

    #[test]
    fn delays_stay_within_their_bounds_for_ever() {
        let (base, max) = (Duration::from_millis(100), Duration::from_secs(30));
        for jitter in [
            Jitter::None,
            Jitter::Full,
            Jitter::Around(1.0),
            Jitter::Around(f64::NAN),
        ] {
            let mut backoff = Backoff::new(base, max).with_jitter(jitter);
            let mut random = 1u64;
            for _ in 0..200 {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                assert!(backoff.next_delay(random) <= max, "{jitter:?}");
            }
        }
        let mut backoff = Backoff::new(Duration::MAX, Duration::MAX);
        backoff.attempts = u32::MAX;
        backoff.next_delay(u64::MAX);
        assert_eq!(backoff.attempts(), u32::MAX);
    }

    #[test]
    fn full_jitter_reaches_from_nothing_to_the_delay() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!(backoff.next_delay(0), Duration::ZERO);
        assert_eq!(backoff.next_delay(u64::MAX), Duration::from_secs(2));
        assert_eq!(backoff.next_delay(1 << 63).as_secs(), 2);
    }
}
