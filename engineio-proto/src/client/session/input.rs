//! What happened outside: links, frames, the clock, and what packets mean.

use alloc::sync::Arc;
use core::time::Duration;

use super::{Active, Event, LinkPhase, Session, State};
use crate::client::upgrade::Step;
use crate::heartbeat::{Beat, Heartbeat};
use crate::inbox::Incoming;
use crate::open::Open;
use crate::{
    CloseReason, DecodeError, Frame, LinkId, Packet, Revision, Time, Transport, TransportFault,
};

impl Session {
    /// A link that [`poll_connect`](Self::poll_connect) asked for is open: its handshake is done.
    pub fn handle_link_open(&mut self, link: LinkId, now: Time) {
        match &mut self.active {
            Some(active) if active.link == link => active.phase = LinkPhase::Open,
            _ => self.candidates.handle_open(link),
        }
        self.heard(now);
    }

    /// A frame arrived. Frames of a link that is not the session's any more are ignored.
    pub fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Time) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        if frame.len() > self.config.max_payload {
            return self.handle_decode_error(link, DecodeError::TooLarge, now);
        }
        match Packet::from_frame(frame, self.config.revision) {
            Err(error) => self.handle_decode_error(link, error, now),
            Ok(packet) if self.is_active(link) => {
                self.heard(now);
                if let Some(event) = self.handle_packet(packet, now) {
                    self.inbox.push(Incoming::Event(event));
                }
            }
            Ok(packet) => {
                match self.candidates.handle(link, &packet) {
                    None => return,
                    Some(Step::Pause) => {
                        self.candidates.pause_for(link);
                        self.switch_if_quiet();
                    }
                    Some(Step::Drop) => self.drop_candidate(link),
                }
                self.heard(now);
            }
        }
    }

    /// What arrived on a link is no frame: too large, not UTF-8, not framed as it should be.
    pub fn handle_decode_error(&mut self, link: LinkId, error: DecodeError, now: Time) {
        let reason = match error {
            DecodeError::TooLarge => CloseReason::TransportError(TransportFault::TooLarge),
            error => CloseReason::ParseError(error),
        };
        self.handle_link_end(link, reason, now);
    }

    /// A link ended in an orderly way: closed by the other side.
    pub fn handle_link_closed(&mut self, link: LinkId, now: Time) {
        self.handle_link_end(link, CloseReason::TransportClose, now);
    }

    /// A link failed, or could not be opened.
    pub fn handle_link_failed(&mut self, link: LinkId, fault: TransportFault, now: Time) {
        self.handle_link_end(link, CloseReason::TransportError(fault), now);
    }

    /// Bytes arrived that are no whole frame or body yet. They count as life.
    ///
    /// What brings no packets does not count: the answer of a `POST` says nothing about a `GET` that hangs for ever.
    pub fn handle_activity(&mut self, now: Time) {
        self.heard(now);
    }

    /// Time has passed. Call this when [`poll_timeout`](Self::poll_timeout) is due; early or late does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        match self.state {
            State::Closed(_) => return,
            State::Connecting { by } if by <= now => {
                return self.fail(CloseReason::TransportError(TransportFault::Timeout));
            }
            State::Closing { by } if by <= now => return self.fail(CloseReason::Forced),
            State::Connecting { .. } | State::Closing { .. } => {}
            State::Open => match self
                .heartbeat
                .as_mut()
                .map(|heartbeat| heartbeat.handle_timeout(now))
            {
                Some(Beat::SendPing) => self.owed.ping = true,
                Some(Beat::PeerIsDead) => return self.fail(CloseReason::PingTimeout),
                Some(Beat::Nothing) | None => {}
            },
        }
        if let Some((fault, by)) = self.polling.refused
            && by <= now
        {
            return self.fail(CloseReason::TransportError(fault));
        }
        while let Some(candidate) = self.candidates.take_expired(now) {
            self.inbox
                .push(Incoming::Event(Event::UpgradeFailed(candidate.transport)));
        }
        self.candidates.handle_timeout(now);
    }

    // --- inside ---------------------------------------------------------------------------------------------

    /// A packet on the current transport; what it means for the application. That comes before what the rest of
    /// the same body means.
    pub(super) fn handle_packet(&mut self, packet: Packet, now: Time) -> Option<Event> {
        if matches!(self.state, State::Connecting { .. }) {
            let Packet::Open(json) = packet else {
                self.fail(CloseReason::ParseError(DecodeError::Unexpected));
                return None;
            };
            return self.open(&json, now);
        }
        match packet {
            Packet::Message(message) => {
                // A body may be decoded after the session ended, even before it was opened.
                let wanted = self.sid.is_some() && !self.closed_here();
                return wanted.then_some(Event::Message(message));
            }
            Packet::Close => self.fail(CloseReason::TransportClose),
            Packet::Ping(_) if self.config.revision == Revision::V4 => self.owed.pong = true,
            Packet::Pong(_) if self.config.revision == Revision::V3 => {
                if let Some(heartbeat) = &mut self.heartbeat {
                    heartbeat.pong(now);
                }
            }
            // Without a meaning here, and ignored by the reference.
            Packet::Open(_)
            | Packet::Ping(_)
            | Packet::Pong(_)
            | Packet::Upgrade
            | Packet::Noop => {}
        }
        None
    }

    fn open(&mut self, json: &str, now: Time) -> Option<Event> {
        let open = match Open::decode(json) {
            Ok(open) => open,
            Err(error) => {
                self.fail(CloseReason::ParseError(error));
                return None;
            }
        };
        self.heartbeat = Some(match self.config.revision {
            Revision::V4 => Heartbeat::answering(open.ping_interval, open.ping_timeout, now),
            Revision::V3 => Heartbeat::pinging(open.ping_interval, open.ping_timeout, now),
        });
        self.sid = Some(open.sid.clone());
        self.peer_max_payload = open.max_payload;
        self.state = State::Open;
        if self.leaving {
            // Who has left already does not want to hear of it.
            self.close(now);
            return None;
        }
        if self.active.is_none() && self.config.upgrade {
            self.try_links(&open, now);
        }
        Some(Event::Open(open))
    }

    /// Tries every link that both sides know.
    fn try_links(&mut self, open: &Open, now: Time) {
        let config = Arc::clone(&self.config);
        let offered = |transport: &&Transport| {
            transport.is_link() && open.upgrades.iter().any(|name| name == transport.name())
        };
        let links = config.transports.iter().filter(offered);
        let head_start = links
            .clone()
            .any(|transport| *transport == Transport::WEBTRANSPORT);
        for transport in links {
            let waits = head_start && *transport != Transport::WEBTRANSPORT;
            let at = if waits {
                now + WEBTRANSPORT_HEAD_START
            } else {
                now
            };
            let link = self.new_link();
            self.candidates
                .add(link, *transport, at, now + config.upgrade_timeout);
        }
        self.candidates.handle_timeout(now);
    }

    pub(in crate::client) fn switch_to(&mut self, link: LinkId) {
        let Some(candidate) = self.candidates.remove(link) else {
            return;
        };
        self.candidates.clear();
        self.active = Some(Active {
            link,
            phase: LinkPhase::Open,
        });
        self.transport = candidate.transport;
        self.owed.upgrade = true;
        self.inbox
            .push(Incoming::Event(Event::Upgrade(candidate.transport)));
    }

    fn drop_candidate(&mut self, link: LinkId) {
        if let Some(candidate) = self.candidates.remove(link) {
            self.inbox
                .push(Incoming::Event(Event::UpgradeFailed(candidate.transport)));
        }
    }

    fn handle_link_end(&mut self, link: LinkId, reason: CloseReason, now: Time) {
        if self.is_active(link) {
            self.heard(now);
            self.fail(reason);
        } else {
            self.drop_candidate(link);
        }
    }

    pub(in crate::client) fn heard(&mut self, now: Time) {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.heard(now);
        }
    }
}

/// WebTransport may have this head start when several links are tried, as in the JavaScript client: where both work,
/// it is the better one.
const WEBTRANSPORT_HEAD_START: Duration = Duration::from_millis(200);
