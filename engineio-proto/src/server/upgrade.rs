//! From polling to a link: the links that a client tries, until it decides for one.
//!
//! ```text
//!                 "2probe"                   "5"
//!   link opened ───────────▶ answered ───────────────▶ the session's transport
//!        │         ▲    │       │  ▲   │                        ▲
//!        │         └────┘       │  └───┘ "2probe"               │
//!        │                      │                               │
//!        ├──────────────────────┼──── "5" (a client in a hurry) ┘
//!        ▼                      ▼
//!   dropped: any other packet, an undecodable frame, its end, the upgrade timeout.
//!   The session itself notices nothing.
//! ```

use alloc::vec::Vec;

use crate::packet::PROBE;
use crate::{LinkId, Packet, Time, Transport};

/// A link that may become the session's transport.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) link: LinkId,
    pub(super) transport: Transport,
    pub(super) base64: bool,
    phase: Phase,
    /// The answer to the probe has to be sent.
    answer_owed: bool,
    /// When it is given up.
    by: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opened,
    Answered,
}

/// What a packet on a candidate leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Answer,
    Switch,
    Drop,
}

impl Phase {
    /// The whole table; the arrows of the picture above.
    fn next(self, packet: &Packet) -> Step {
        match (self, packet) {
            (Self::Opened | Self::Answered, Packet::Ping(data)) if data == PROBE => Step::Answer,
            (Self::Opened | Self::Answered, Packet::Upgrade) => Step::Switch,
            (Self::Opened | Self::Answered, _) => Step::Drop,
        }
    }
}

/// The candidates of a session; empty, and without an allocation, nearly always.
#[derive(Debug)]
pub(super) struct Candidates(Vec<Candidate>);

impl Candidates {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, link: LinkId, transport: Transport, base64: bool, by: Time) {
        self.0.push(Candidate {
            link,
            transport,
            base64,
            phase: Phase::Opened,
            answer_owed: false,
            by,
        });
    }

    pub(super) fn tries(&self, transport: Transport) -> bool {
        self.0
            .iter()
            .any(|candidate| candidate.transport == transport)
    }

    pub(super) fn contains(&self, link: LinkId) -> bool {
        self.0.iter().any(|candidate| candidate.link == link)
    }

    /// What `packet` on `link` leads to; `None` if the link is no candidate.
    pub(super) fn handle(&mut self, link: LinkId, packet: &Packet) -> Option<Step> {
        let candidate = self.0.iter_mut().find(|candidate| candidate.link == link)?;
        let step = candidate.phase.next(packet);
        if step == Step::Answer {
            candidate.phase = Phase::Answered;
            candidate.answer_owed = true;
        }
        Some(step)
    }

    /// Whether some probe was answered, so that the client is about to stop polling.
    pub(super) fn any_answered(&self) -> bool {
        self.0
            .iter()
            .any(|candidate| candidate.phase == Phase::Answered)
    }

    /// Whether the answer to a probe is still to be sent on this link; asking sends it.
    pub(super) fn take_answer(&mut self, link: LinkId) -> bool {
        let candidate = self.0.iter_mut().find(|candidate| candidate.link == link);
        candidate.is_some_and(|candidate| core::mem::take(&mut candidate.answer_owed))
    }

    pub(super) fn remove(&mut self, link: LinkId) -> Option<Candidate> {
        let at = self.0.iter().position(|candidate| candidate.link == link)?;
        let candidate = self.0.swap_remove(at);
        self.retain(|_| true);
        Some(candidate)
    }

    /// Keeps some; of an empty list nothing is kept, since most sessions never try a link again.
    fn retain(&mut self, keep: impl Fn(&Candidate) -> bool) {
        self.0.retain(keep);
        if self.0.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Drops those whose client has not even probed yet.
    pub(super) fn drop_unanswered(&mut self) {
        self.0
            .retain(|candidate| candidate.phase == Phase::Answered);
    }

    pub(super) fn drop_expired(&mut self, now: Time) {
        self.retain(|candidate| candidate.by > now);
    }

    pub(super) fn deadline(&self) -> Time {
        self.0
            .iter()
            .map(|candidate| candidate.by)
            .min()
            .unwrap_or(Time::NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Text};
    use alloc::string::String;
    use core::fmt::Write;

    #[test]
    fn every_phase_answers_every_packet() {
        let packets = [
            ("0", Packet::Open(Text::new())),
            ("1", Packet::Close),
            ("2", Packet::Ping(Text::new())),
            ("2probe", Packet::Ping(Text::from_static("probe"))),
            ("2other", Packet::Ping(Text::from_static("other"))),
            ("3", Packet::Pong(Text::new())),
            ("3probe", Packet::Pong(Text::from_static("probe"))),
            ("4", Packet::Message(Message::text(""))),
            ("binary", Packet::Message(Message::binary(&[1][..]))),
            ("5", Packet::Upgrade),
            ("6", Packet::Noop),
        ];
        let mut table = String::new();
        for phase in [Phase::Opened, Phase::Answered] {
            for (name, packet) in &packets {
                writeln!(table, "{phase:?} {name} {:?}", phase.next(packet)).unwrap();
            }
        }
        let expected = "\
Opened 0 Drop
Opened 1 Drop
Opened 2 Drop
Opened 2probe Answer
Opened 2other Drop
Opened 3 Drop
Opened 3probe Drop
Opened 4 Drop
Opened binary Drop
Opened 5 Switch
Opened 6 Drop
Answered 0 Drop
Answered 1 Drop
Answered 2 Drop
Answered 2probe Answer
Answered 2other Drop
Answered 3 Drop
Answered 3probe Drop
Answered 4 Drop
Answered binary Drop
Answered 5 Switch
Answered 6 Drop
";
        assert_eq!(table, expected);
    }
}
