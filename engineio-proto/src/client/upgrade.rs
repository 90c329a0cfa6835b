//! From polling to a link, as a client does it.
//!
//! ```text
//!                poll_connect      opened      "3probe"      no request under way
//!  Waiting, Ready ──────▶ Opening ──────▶ Probing ──────▶ Pausing ──────▶ the transport
//!     │                      │               │               │  sends "5"
//!     └──────────────────────┴───────────────┴───────────────┘
//!       dropped: another packet, an undecodable frame, its end, the upgrade timeout.
//!       Polling goes on, and resumes if it paused.
//! ```
//!
//! All links are tried side by side. The first whose probe is answered wins, and the others are given up. While the
//! winner pauses, no new request is made: a `GET` that the server answered and a `POST` that it read are the
//! last of polling, so that order holds across the switch.

use alloc::format;
use alloc::vec::Vec;

use crate::packet::PROBE;
use crate::{Frame, LinkId, Packet, Sid, Time, Transport};

/// A link to open: [`Session::poll_connect`](super::Session::poll_connect).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect {
    /// How to name the link from now on.
    pub link: LinkId,
    /// What kind of link.
    pub transport: Transport,
}

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) link: LinkId,
    pub(super) transport: Transport,
    phase: Phase,
    owed: Owed,
    by: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not to be opened before this.
    Waiting(Time),
    /// The driver is to be asked.
    Ready,
    Opening,
    Probing,
    Pausing,
}

/// What has to be sent next on a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    Nothing,
    /// `0{"sid":"…"}`: a WebTransport stream has no query that could say it.
    Sid,
    /// `2probe`.
    Probe,
}

/// What a packet on a candidate leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Pause,
    Drop,
}

impl Phase {
    fn next(self, packet: &Packet) -> Step {
        match (self, packet) {
            (Self::Probing, Packet::Pong(data)) if data == PROBE => Step::Pause,
            _ => Step::Drop,
        }
    }
}

/// The candidates of a session; empty nearly always.
#[derive(Debug)]
pub(super) struct Candidates(Vec<Candidate>);

impl Candidates {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Tries a link, not before `at` and not after `by`.
    pub(super) fn add(&mut self, link: LinkId, transport: Transport, at: Time, by: Time) {
        self.0.push(Candidate {
            link,
            transport,
            phase: Phase::Waiting(at),
            owed: Owed::Nothing,
            by,
        });
    }

    /// Makes those ready whose time has come.
    pub(super) fn handle_timeout(&mut self, now: Time) {
        for candidate in &mut self.0 {
            if matches!(candidate.phase, Phase::Waiting(at) if at <= now) {
                candidate.phase = Phase::Ready;
            }
        }
    }

    /// The next link to open.
    pub(super) fn poll_connect(&mut self) -> Option<Connect> {
        let candidate = self
            .0
            .iter_mut()
            .find(|candidate| candidate.phase == Phase::Ready)?;
        candidate.phase = Phase::Opening;
        Some(Connect {
            link: candidate.link,
            transport: candidate.transport,
        })
    }

    pub(super) fn handle_open(&mut self, link: LinkId) {
        if let Some(candidate) = self.get_mut(link)
            && candidate.phase == Phase::Opening
        {
            candidate.phase = Phase::Probing;
            let stream = candidate.transport == Transport::WEBTRANSPORT;
            candidate.owed = if stream { Owed::Sid } else { Owed::Probe };
        }
    }

    /// What `packet` on `link` leads to; `None` if the link is no candidate.
    pub(super) fn handle(&mut self, link: LinkId, packet: &Packet) -> Option<Step> {
        Some(self.get_mut(link)?.phase.next(packet))
    }

    /// This link wins; the others are given up.
    pub(super) fn pause_for(&mut self, link: LinkId) {
        self.0.retain(|candidate| candidate.link == link);
        if let Some(candidate) = self.get_mut(link) {
            candidate.phase = Phase::Pausing;
        }
    }

    /// The link that waits for the last requests to end.
    pub(super) fn pausing(&self) -> Option<LinkId> {
        self.0
            .iter()
            .find(|candidate| candidate.phase == Phase::Pausing)
            .map(|candidate| candidate.link)
    }

    pub(super) fn contains(&self, link: LinkId) -> bool {
        self.0.iter().any(|candidate| candidate.link == link)
    }

    /// What to send on this link: the probe, and before it, on a WebTransport stream, the session it is for.
    pub(super) fn poll_frame(&mut self, link: LinkId, sid: Option<&Sid>) -> Option<Frame> {
        let candidate = self.get_mut(link)?;
        match core::mem::replace(&mut candidate.owed, Owed::Nothing) {
            Owed::Sid => {
                candidate.owed = Owed::Probe;
                Some(Frame::text(format!(
                    "0{{\"sid\":\"{}\"}}",
                    sid.map_or("", Sid::as_str)
                )))
            }
            Owed::Probe => Some(Frame::from_static("2probe")),
            Owed::Nothing => None,
        }
    }

    pub(super) fn remove(&mut self, link: LinkId) -> Option<Candidate> {
        let at = self.0.iter().position(|candidate| candidate.link == link)?;
        Some(self.0.swap_remove(at))
    }

    /// Removes one whose time is up.
    pub(super) fn take_expired(&mut self, now: Time) -> Option<Candidate> {
        let at = self.0.iter().position(|candidate| candidate.by <= now)?;
        Some(self.0.swap_remove(at))
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    pub(super) fn deadline(&self) -> Time {
        let due = |candidate: &Candidate| match candidate.phase {
            Phase::Waiting(at) => at.min(candidate.by),
            _ => candidate.by,
        };
        self.0.iter().map(due).min().unwrap_or(Time::NEVER)
    }

    fn get_mut(&mut self, link: LinkId) -> Option<&mut Candidate> {
        self.0.iter_mut().find(|candidate| candidate.link == link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Text};

    #[test]
    fn only_the_answer_to_the_probe_leads_on() {
        let packets = [
            Packet::Open(Text::new()),
            Packet::Close,
            Packet::Ping(Text::new()),
            Packet::Ping(Text::from_static("probe")),
            Packet::Pong(Text::new()),
            Packet::Pong(Text::from_static("probe")),
            Packet::Pong(Text::from_static("other")),
            Packet::Message(Message::text("")),
            Packet::Message(Message::binary(&[1][..])),
            Packet::Upgrade,
            Packet::Noop,
        ];
        for phase in [
            Phase::Waiting(Time::ZERO),
            Phase::Ready,
            Phase::Opening,
            Phase::Probing,
            Phase::Pausing,
        ] {
            for packet in &packets {
                let answered =
                    phase == Phase::Probing && *packet == Packet::Pong(Text::from_static("probe"));
                let expected = if answered { Step::Pause } else { Step::Drop };
                assert_eq!(phase.next(packet), expected, "{phase:?} {packet:?}");
            }
        }
    }
}
