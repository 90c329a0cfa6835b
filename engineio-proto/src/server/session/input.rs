//! What happened outside: links, frames, the clock, and what packets mean.

use super::{Event, Session, State};
use crate::heartbeat::Beat;
use crate::inbox::Incoming;
use crate::reject::{BadRequest, Reject};
use crate::server::polling::{Get, Post};
use crate::server::upgrade::Step;
use crate::{
    CloseReason, DecodeError, Frame, LinkId, Message, Packet, Revision, Time, Transport,
    TransportFault,
};

impl Session {
    /// The client opens a link for this session. Ask before the handshake of the link is answered: a refusal must
    /// not end up in an established stream.
    ///
    /// The link is tried beside polling, which goes on until the client decides. Only one link of each transport is
    /// tried at a time. `base64` is what the request for this link says.
    ///
    /// # Errors
    ///
    /// The answer to give instead. The peer's doing.
    pub fn open_link(
        &mut self,
        transport: Transport,
        base64: bool,
        now: Time,
    ) -> Result<LinkId, Reject> {
        if !transport.is_link() || !self.config.transports.contains(&transport) {
            return Err(Reject::TransportUnknown);
        }
        if self.state != State::Open {
            return Err(Reject::UnknownSid);
        }
        if self.active.is_some() || self.candidates.tries(transport) {
            return Err(Reject::BadRequest(BadRequest::NoUpgrade));
        }
        let link = self.new_link();
        self.candidates
            .add(link, transport, base64, now + self.config.upgrade_timeout);
        Ok(link)
    }

    /// A frame arrived. Frames of a link that is not the session's any more are ignored.
    pub fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Time) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        if frame.len() > self.config.max_payload {
            return self.handle_decode_error(link, DecodeError::TooLarge, now);
        }
        match Packet::from_frame(frame, self.revision) {
            Err(error) => self.handle_decode_error(link, error, now),
            Ok(packet) if self.active == Some(link) => {
                self.heartbeat.heard(now);
                if let Some(message) = self.handle_packet(packet, now) {
                    self.inbox.push(Incoming::Event(Event::Message(message)));
                }
            }
            Ok(packet) => self.handle_candidate_packet(link, &packet),
        }
    }

    /// What arrived on a link is no frame: too large, not UTF-8, not framed as it should be.
    pub fn handle_decode_error(&mut self, link: LinkId, error: DecodeError, now: Time) {
        if self.active == Some(link) {
            self.heartbeat.heard(now);
            self.fail(match error {
                DecodeError::TooLarge => CloseReason::TransportError(TransportFault::TooLarge),
                error => CloseReason::ParseError(error),
            });
        } else {
            self.drop_candidate(link);
        }
    }

    /// A link ended in an orderly way: closed by the other side.
    pub fn handle_link_closed(&mut self, link: LinkId, now: Time) {
        self.handle_link_end(link, CloseReason::TransportClose, now);
    }

    /// A link failed: it was reset, or broke the rules of its transport.
    pub fn handle_link_failed(&mut self, link: LinkId, fault: TransportFault, now: Time) {
        self.handle_link_end(link, CloseReason::TransportError(fault), now);
    }

    /// Bytes arrived that are no whole frame or body yet. They count as life.
    ///
    /// Complete frames and bodies need no such call. What brings no packets does not count: a client whose `GET`s arrive
    /// may have a `POST` that hangs for ever, and its messages with it, and neither end would know.
    ///
    /// A driver that does not read because of [`wants_input`](Self::wants_input) calls this when its writes make
    /// progress, which then is the only sign of life.
    pub fn handle_activity(&mut self, now: Time) {
        self.heartbeat.heard(now);
    }

    /// Time has passed. Call this when [`poll_timeout`](Self::poll_timeout) is due; early or late does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        match self.state {
            State::Closed(_) => return,
            State::Closing { by } if by <= now => return self.fail(CloseReason::Forced),
            State::Closing { .. } => {}
            State::Open => match self.heartbeat.handle_timeout(now) {
                Beat::Nothing => {}
                Beat::SendPing => self.owed.ping = true,
                Beat::PeerIsDead => return self.fail(CloseReason::PingTimeout),
            },
        }
        self.candidates.drop_expired(now);
        if !self.candidates.any_answered() {
            self.polling.release_at = Time::NEVER;
        } else if self.polling.release_at <= now {
            self.polling.release_at = Time::NEVER;
            self.polling.release = self.polling.get == Get::Waiting;
        }
    }

    // --- inside ---------------------------------------------------------------------------------------------

    /// A packet on the current transport; what it holds for the application.
    pub(in crate::server) fn handle_packet(
        &mut self,
        packet: Packet,
        now: Time,
    ) -> Option<Message> {
        match packet {
            // What arrived before the peer ended the session is still handed out; after its own close this side wants
            // nothing more.
            Packet::Message(message) => return (!self.closed_here()).then_some(message),
            Packet::Close => self.close_by_peer(),
            Packet::Ping(_) if self.revision == Revision::V3 => {
                self.heartbeat.heard(now);
                self.owed.pong = true;
            }
            Packet::Pong(_) if self.revision == Revision::V4 => self.heartbeat.pong(now),
            Packet::Ping(_) | Packet::Pong(_) => {
                self.fail(CloseReason::TransportError(
                    TransportFault::HeartbeatDirection,
                ));
            }
            // Without a meaning here, and ignored by the reference.
            Packet::Open(_) | Packet::Upgrade | Packet::Noop => {}
        }
        None
    }

    /// Links that are tried are no sign of life: a client that only tried links, for ever, would never get its messages.
    fn handle_candidate_packet(&mut self, link: LinkId, packet: &Packet) {
        match self.candidates.handle(link, packet) {
            None => {}
            Some(Step::Answer) => {
                // The waiting poll is released now, so that the client need not wait to stop polling.
                self.polling.release = self.polling.get == Get::Waiting;
            }
            Some(Step::Switch) => self.switch_to(link),
            Some(Step::Drop) => self.drop_candidate(link),
        }
    }

    /// The client decided for a link. The heartbeat goes on as it was: a pong that was owed is owed on the link.
    fn switch_to(&mut self, link: LinkId) {
        let Some(candidate) = self.candidates.remove(link) else {
            return;
        };
        self.candidates.clear();
        if matches!(self.polling.post, Post::Reading(_)) {
            // What the body holds was sent before the decision, and can no longer come before what follows it. A client
            // waits for its requests before it decides.
            return self.fail(CloseReason::TransportError(TransportFault::PostAborted));
        }
        if self.polling.get == Get::Answered {
            self.polling.get = Get::None;
        }
        self.active = Some(link);
        self.transport = candidate.transport;
        self.base64 = candidate.base64;
        self.polling.release_at = Time::NEVER;
        self.inbox
            .push(Incoming::Event(Event::Upgrade(candidate.transport)));
        self.finish_if_drained();
    }

    fn drop_candidate(&mut self, link: LinkId) {
        self.candidates.remove(link);
        if !self.candidates.any_answered() {
            self.polling.release_at = Time::NEVER;
        }
    }

    fn handle_link_end(&mut self, link: LinkId, reason: CloseReason, now: Time) {
        if self.active == Some(link) {
            self.heartbeat.heard(now);
            self.fail(reason);
        } else {
            self.drop_candidate(link);
        }
    }

    fn close_by_peer(&mut self) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        // The client knows already; its waiting poll is only released.
        self.polling.farewell = Packet::Noop;
        self.fail(CloseReason::TransportClose);
    }
}
