//! Who is alive: the rules of heartbeats, for both roles and both revisions.
//!
//! One side pings (the server in revision 4, the client in revision 3), the other answers. Any bytes that arrive
//! count as life, also those of a frame or body that is not complete yet: a peer in the middle of a long upload is
//! not dead because its pong waits behind the upload. With polling that means bytes of packets. A `GET` that arrives
//! proves nothing about the `POST` that hangs beside it, nor the answer of a `POST` about the `GET`: if those counted,
//! one direction could be dead for ever and neither end would know.
//!
//! Hearing something costs one store; deadlines are moved when they come up, not at every frame.

use core::time::Duration;

use crate::Time;

/// What to do when a deadline has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Nothing,
    SendPing,
    PeerIsDead,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    heard_at: Time,
    side: Side,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    /// Pings every interval, counted from the last pong; the peer is dead when nothing came for `timeout` after a ping.
    Pings {
        pinged_at: Time,
        ping_at: Time,
        pong_by: Time,
    },
    /// Is pinged; the peer is dead when nothing came for interval and timeout together.
    Answers { ping_by: Time },
}

impl Heartbeat {
    pub(crate) fn pinging(interval: Duration, timeout: Duration, now: Time) -> Self {
        let (interval, timeout) = (interval.max(SHORTEST), timeout.max(SHORTEST));
        let side = Side::Pings {
            pinged_at: now,
            ping_at: now + interval,
            pong_by: Time::NEVER,
        };
        Self {
            interval,
            timeout,
            heard_at: now,
            side,
        }
    }

    pub(crate) fn answering(interval: Duration, timeout: Duration, now: Time) -> Self {
        let (interval, timeout) = (interval.max(SHORTEST), timeout.max(SHORTEST));
        let side = Side::Answers {
            ping_by: now + interval + timeout,
        };
        Self {
            interval,
            timeout,
            heard_at: now,
            side,
        }
    }

    /// Bytes arrived.
    pub(crate) fn heard(&mut self, now: Time) {
        self.heard_at = self.heard_at.max(now);
    }

    /// A pong arrived. The next ping comes an interval later, as in the reference.
    pub(crate) fn pong(&mut self, now: Time) {
        self.heard(now);
        if let Side::Pings {
            ping_at, pong_by, ..
        } = &mut self.side
        {
            *pong_by = Time::NEVER;
            *ping_at = now + self.interval;
        }
    }

    pub(crate) fn deadline(&self) -> Time {
        match self.side {
            Side::Pings {
                ping_at, pong_by, ..
            } => ping_at.min(pong_by),
            Side::Answers { ping_by } => ping_by,
        }
    }

    /// Afterwards the deadline is later than `now`, unless the peer is dead.
    pub(crate) fn handle_timeout(&mut self, now: Time) -> Beat {
        match &mut self.side {
            Side::Pings {
                pinged_at,
                ping_at,
                pong_by,
            } => {
                if *pong_by <= now {
                    *pong_by = self.heard_at + self.timeout;
                    if *pong_by <= now {
                        return Beat::PeerIsDead;
                    }
                }
                if *ping_at > now {
                    return Beat::Nothing;
                }
                // The timers of runtimes are some milliseconds late, and a session is promised to end after interval and
                // timeout. If this side was away for longer, that is not the peer's fault.
                let due = *ping_at;
                *ping_at = now + self.interval;
                // A ping is repeated while its pong is missing only if something else was heard since: clients
                // reset their own deadline at each ping, also those that are busy with an upload.
                let answer_missing = *pong_by != Time::NEVER;
                if answer_missing && self.heard_at <= *pinged_at {
                    return Beat::Nothing;
                }
                if !answer_missing {
                    let a_little_late = now < due + self.timeout / 8;
                    let pinged_at = if a_little_late { due } else { now };
                    *pong_by = pinged_at + self.timeout;
                }
                *pinged_at = now;
                Beat::SendPing
            }
            Side::Answers { ping_by } => {
                if *ping_by <= now {
                    *ping_by = self.heard_at + self.interval + self.timeout;
                    if *ping_by <= now {
                        return Beat::PeerIsDead;
                    }
                }
                Beat::Nothing
            }
        }
    }
}

/// Shorter intervals and timeouts, also those that a hostile server announces, are taken for this one.
pub(crate) const SHORTEST: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);
    const TIMEOUT: Duration = Duration::from_secs(20);

    fn at(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_ping_is_sent_after_an_interval_and_its_pong_awaited_for_the_timeout() {
        let mut beat = Heartbeat::pinging(INTERVAL, TIMEOUT, at(0));
        assert_eq!(beat.deadline(), at(25));
        assert_eq!(beat.handle_timeout(at(24)), Beat::Nothing);
        assert_eq!(beat.handle_timeout(at(25)), Beat::SendPing);
        assert_eq!(beat.deadline(), at(45));
        beat.pong(at(30));
        assert_eq!(beat.deadline(), at(55));
        assert_eq!(beat.handle_timeout(at(55)), Beat::SendPing);
        assert_eq!(beat.handle_timeout(at(74)), Beat::Nothing);
        assert_eq!(beat.handle_timeout(at(75)), Beat::PeerIsDead);
    }

    #[test]
    fn a_timer_that_is_a_little_late_does_not_put_off_the_end_and_one_that_is_very_late_does() {
        let after = |late: Duration| {
            let mut beat = Heartbeat::pinging(INTERVAL, TIMEOUT, at(0));
            assert_eq!(beat.handle_timeout(at(25) + late), Beat::SendPing);
            beat.deadline()
        };
        assert_eq!(after(Duration::from_millis(2)), at(45));
        assert_eq!(after(Duration::from_secs(10)), at(55));
    }

    #[test]
    fn bytes_of_any_kind_extend_the_wait_for_a_pong_and_pings_go_on_meanwhile() {
        let mut beat = Heartbeat::pinging(INTERVAL, TIMEOUT, at(0));
        assert_eq!(beat.handle_timeout(at(25)), Beat::SendPing);
        beat.heard(at(40));
        assert_eq!(beat.handle_timeout(at(45)), Beat::Nothing);
        assert_eq!(beat.deadline(), at(50));
        assert_eq!(beat.handle_timeout(at(50)), Beat::SendPing);
        assert_eq!(beat.deadline(), at(60));
        assert_eq!(beat.handle_timeout(at(60)), Beat::PeerIsDead);
    }

    #[test]
    fn a_silent_peer_is_pinged_once_even_if_the_timeout_is_longer_than_the_interval() {
        let mut beat = Heartbeat::pinging(TIMEOUT, INTERVAL * 4, at(0));
        assert_eq!(beat.handle_timeout(at(20)), Beat::SendPing);
        for now in [40, 60, 80, 100] {
            assert_eq!(beat.handle_timeout(at(now)), Beat::Nothing);
            assert!(beat.deadline() > at(now));
        }
        assert_eq!(beat.handle_timeout(at(120)), Beat::PeerIsDead);
    }

    #[test]
    fn who_answers_pings_waits_for_interval_and_timeout_together() {
        let mut beat = Heartbeat::answering(INTERVAL, TIMEOUT, at(0));
        assert_eq!(beat.deadline(), at(45));
        beat.heard(at(10));
        assert_eq!(beat.handle_timeout(at(45)), Beat::Nothing);
        assert_eq!(beat.deadline(), at(55));
        assert_eq!(beat.handle_timeout(at(55)), Beat::PeerIsDead);
    }

    #[test]
    fn intervals_of_zero_do_not_spin() {
        let mut beat = Heartbeat::pinging(Duration::ZERO, Duration::ZERO, at(0));
        let now = beat.deadline();
        assert!(now > at(0));
        assert_eq!(beat.handle_timeout(now), Beat::SendPing);
        assert!(beat.deadline() > now);
    }
}
