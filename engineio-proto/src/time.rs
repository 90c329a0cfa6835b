//! Points in time, as the driver counts them.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in time: microseconds since a start that the driver chooses.
///
/// The protocol crates never read a clock. A driver takes one reading when it starts (or uses the
/// start of the process, or the UNIX epoch), and passes the time since then with every call. Time must
/// not go backwards between the calls to one session; a call that is early or late does no harm.
///
/// It is not [`std::time::Instant`](https://doc.rust-lang.org/std/time/struct.Instant.html) because that
/// cannot be made up in a test, takes 16 bytes, and panics in a browser.
///
/// ```
/// use core::time::Duration;
/// use engineio_proto::Time;
///
/// let start = Time::ZERO;
/// let later = start + Duration::from_secs(25);
/// assert_eq!(later - start, Duration::from_secs(25));
/// assert_eq!(start - later, Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The start that the driver chose.
    pub const ZERO: Self = Self(0);

    /// Later than anything a driver passes: a deadline that is not set.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// This many microseconds after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// This long after the start.
    ///
    /// ```
    /// # use engineio_proto::Time;
    /// let origin = std::time::Instant::now();
    /// let now = Time::after_start(origin.elapsed());
    /// # assert!(now.as_micros() < 60_000_000);
    /// ```
    pub fn after_start(elapsed: Duration) -> Self {
        Self::ZERO + elapsed
    }

    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long it is from `earlier` to `self`; zero if it is not earlier.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// `None` for a deadline that is not set.
    pub(crate) fn if_set(self) -> Option<Self> {
        (self != Self::NEVER).then_some(self)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    /// Saturates: a timeout of [`Duration::MAX`] never comes.
    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl Sub for Time {
    type Output = Duration;

    /// Saturates at zero.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEVER {
            return f.write_str("never");
        }
        write!(f, "{:?}", Duration::from_micros(self.0))
    }
}
