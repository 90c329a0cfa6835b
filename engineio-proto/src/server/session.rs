//! The session itself: its life, its links, its deadlines.

use alloc::sync::Arc;

use super::config::{Config, OnFull, Opening};
use super::polling::{BodyStep, Get, Polling, Post};
use super::upgrade::{Candidates, Step};
use crate::heartbeat::{Beat, Heartbeat};
use crate::inbox::{Inbox, Incoming};
use crate::jsonp::JsonpIndex;
use crate::outbox::Outbox;
use crate::reject::{BadRequest, Reject};
use crate::{
    CloseReason, DecodeError, Frame, LinkId, Message, Packet, Revision, SendError, Sid, Text, Time,
    Transport, TransportFault,
};

/// One client, as the server sees it, from its first request to its end. See [the module](super) for how to drive it.
///
/// ```text
///             close()                 everything has left, or nobody fetched it
///   Open ───────────────▶ Closing ─────────────────────────────────────────────▶ Closed
///     └──────────────────────────────────────────────────────────────────────────▲
///       abort(), the peer closes, its transport fails, a bad packet, silence
/// ```
#[derive(Debug)]
pub struct Session {
    pub(super) config: Arc<Config>,
    pub(super) sid: Sid,
    pub(super) revision: Revision,
    /// Whether binary travels as base64 on the current transport.
    pub(super) base64: bool,
    pub(super) jsonp: Option<JsonpIndex>,
    pub(super) state: State,
    pub(super) transport: Transport,
    /// The link of the current transport; `None` on polling.
    pub(super) active: Option<LinkId>,
    next_link: u32,
    pub(super) candidates: Candidates,
    pub(super) polling: Polling,
    owed: Owed,
    pub(super) outbox: Outbox,
    pub(super) inbox: Inbox<Event>,
    pub(super) heartbeat: Heartbeat,
    undelivered: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// This side closed, and what was sent before has until then to leave.
    Closing {
        by: Time,
    },
    Closed(CloseReason),
}

/// Control packets that have to be sent. Each is owed at most once, however often a peer asks for it.
#[derive(Clone, Copy, Debug)]
struct Owed {
    open: bool,
    ping: bool,
    pong: bool,
}

/// What happened, for the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A message of the client.
    Message(Message),
    /// The client went over to this transport.
    Upgrade(Transport),
    /// The session ended. Nothing comes after this.
    Close(CloseReason),
}

impl Session {
    /// A client that begins with polling. Its first `GET` is passed to [`handle_get`](Self::handle_get) like any other,
    /// and answered at once: the open packet is waiting.
    pub fn accept_polling(config: Arc<Config>, opening: Opening, now: Time) -> Self {
        Self::new(config, opening, Transport::POLLING, now)
    }

    /// A client that begins with a link. The first frame to send is the open packet.
    pub fn accept_link(
        config: Arc<Config>,
        opening: Opening,
        transport: Transport,
        now: Time,
    ) -> (Self, LinkId) {
        debug_assert!(transport.is_link(), "polling is no link");
        let mut session = Self::new(config, opening, transport, now);
        let link = session.new_link();
        session.active = Some(link);
        (session, link)
    }

    fn new(config: Arc<Config>, opening: Opening, transport: Transport, now: Time) -> Self {
        let Opening {
            sid,
            revision,
            base64,
            jsonp,
        } = opening;
        let (interval, timeout) = (config.ping_interval, config.ping_timeout);
        let heartbeat = match revision {
            Revision::V4 => Heartbeat::pinging(interval, timeout, now),
            Revision::V3 => Heartbeat::answering(interval, timeout, now),
        };
        Self {
            config,
            sid,
            revision,
            base64,
            jsonp,
            state: State::Open,
            transport,
            active: None,
            next_link: 0,
            candidates: Candidates::new(),
            polling: Polling::new(),
            owed: Owed {
                open: true,
                ping: false,
                pong: false,
            },
            outbox: Outbox::new(),
            inbox: Inbox::new(),
            heartbeat,
            undelivered: 0,
        }
    }

    // --- what the application wants -------------------------------------------------------------------------

    /// Sends a message: it will leave after all that were sent before, by whatever transport there is then.
    ///
    /// Afterwards poll for output; if [`buffered_messages`](Self::buffered_messages) was not zero before, somebody
    /// has been told already.
    ///
    /// # Errors
    ///
    /// The session is closing or closed, or is owed too much already ([`Config::buffer_limit`]; with
    /// [`OnFull::Disconnect`] it is closed now), or the message is text that polling cannot carry. It was not taken.
    pub fn send(&mut self, message: Message) -> Result<(), SendError> {
        self.check_sendable(core::slice::from_ref(&message))?;
        if !self.outbox.has_room(self.config.budget, message.len(), 1) {
            return Err(self.full());
        }
        self.outbox.push(message);
        Ok(())
    }

    /// Sends messages that belong together, all or none: a packet and its attachments.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_all(&mut self, messages: &[Message]) -> Result<(), SendError> {
        self.check_sendable(messages)?;
        self.outbox
            .send(messages, self.config.budget)
            .map_err(|_| self.full())
    }

    /// Sends even if the session is owed too much already.
    ///
    /// For the few messages that unblock something: answers that the client waits for, a last word. They are bounded all
    /// the same if nothing is read from a client that does not read, see [`wants_input`](Self::wants_input).
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), but never [`SendError::Full`].
    pub fn send_reserved(&mut self, messages: &[Message]) -> Result<(), SendError> {
        self.check_sendable(messages)?;
        for message in messages {
            self.outbox.push(message.clone());
        }
        Ok(())
    }

    /// Closes when everything has left that was sent before. What arrives from now on is not handed out any more.
    ///
    /// [`Event::Close`] follows: at once if there is nothing to send, at the latest after `ping_timeout`. A
    /// client on polling hears of it in the answer to its `GET`; links are closed by their driver, see
    /// [`is_link_finished`](Self::is_link_finished).
    pub fn close(&mut self, now: Time) {
        if self.state != State::Open {
            return;
        }
        self.state = State::Closing {
            by: now + self.config.ping_timeout,
        };
        // A client whose probe was answered has stopped polling, perhaps; it may still come over and fetch the rest.
        self.candidates.drop_unanswered();
        self.owed.ping = false;
        self.finish_if_drained();
    }

    /// Closes at once. What has not left is dropped, and so is what arrived and was not fetched.
    pub fn abort(&mut self) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        self.inbox.clear();
        self.fail(CloseReason::Forced);
    }

    // --- what happened outside ------------------------------------------------------------------------------

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

    // --- what to do next ------------------------------------------------------------------------------------

    /// The next frame to send on a link, when the link can take one.
    ///
    /// `None` says that there is nothing now. Ask again after any other call, also after
    /// [`poll_event`](Self::poll_event).
    #[must_use]
    pub fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        if self.active != Some(link) {
            return self
                .candidates
                .take_answer(link)
                .then(|| Frame::from_static("3probe"));
        }
        if matches!(self.state, State::Closed(_)) {
            return None;
        }
        let packet = match self.next_control() {
            Some(packet) => Some(packet),
            None => self.outbox.pop().map(Packet::Message),
        };
        self.finish_if_drained();
        packet.map(|packet| packet.into_frame(self.revision, self.base64))
    }

    /// What happened, for the application. Fetch events until there are none, after every call of another kind.
    ///
    /// Bodies are decoded here, so that an event, or none, may be followed by something to send.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            match self.inbox.front()? {
                Incoming::Event(_) => {
                    let Some(Incoming::Event(event)) = self.inbox.pop() else {
                        return None;
                    };
                    // This side wants nothing more, wherever the message waited.
                    if matches!(event, Event::Message(_)) && self.closed_here() {
                        continue;
                    }
                    return Some(event);
                }
                Incoming::End(reason) => {
                    let reason = *reason;
                    drop(self.inbox.pop());
                    self.fail(reason);
                }
                Incoming::Body(..) => match self.next_of_body() {
                    BodyStep::Event(event) => return Some(event),
                    BodyStep::More => {}
                    BodyStep::Done => drop(self.inbox.pop()),
                },
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called next, if ever.
    ///
    /// The answer may change after any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let end = match self.state {
            State::Closed(_) => return None,
            State::Closing { by } => by,
            State::Open => self.heartbeat.deadline(),
        };
        end.min(self.candidates.deadline())
            .min(self.polling.release_at)
            .if_set()
    }

    // --- questions ------------------------------------------------------------------------------------------

    /// Whether nothing more will come for this link: write out what was polled, then close it.
    ///
    /// Ask when [`poll_frame`](Self::poll_frame) returned `None`. A link that is not tried or used any more is finished.
    pub fn is_link_finished(&self, link: LinkId) -> bool {
        match self.active {
            Some(active) if active == link => matches!(self.state, State::Closed(_)),
            _ => !self.candidates.contains(link),
        }
    }

    /// The id that the client shows.
    pub fn sid(&self) -> &Sid {
        &self.sid
    }

    /// The revision of the protocol.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The transport that is used now.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether messages can be sent: neither [`close`](Self::close) was called nor anything ended the session.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Why the session ended, once it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether a message would leave at once: for messages that are not worth keeping ("volatile").
    pub fn is_writable(&self) -> bool {
        let taken_now = self.active.is_some() || self.polling.get == Get::Waiting;
        self.state == State::Open && taken_now && self.outbox.is_empty()
    }

    /// Whether the session is owed half of what it may be owed, or more: the client does not keep up.
    pub fn is_slow(&self) -> bool {
        self.outbox.is_half_full(self.config.budget)
    }

    /// The largest message and body that is taken from the peer, as configured.
    pub fn max_payload(&self) -> usize {
        self.config.max_payload
    }

    /// How long the client may take for an answer, as configured.
    pub fn ping_timeout(&self) -> core::time::Duration {
        self.config.ping_timeout
    }

    /// Whether to read from the client. False while it is owed all that it may be owed: who does not read his answers
    /// is not read from either.
    pub fn wants_input(&self) -> bool {
        self.outbox.has_room(self.config.budget, 1, 1)
    }

    /// Bytes of messages that were sent and have not left.
    pub fn buffered_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Messages that were sent and have not left.
    pub fn buffered_messages(&self) -> usize {
        self.outbox.len()
    }

    /// Messages that had not left when the session ended.
    pub fn undelivered(&self) -> usize {
        self.undelivered
    }

    // --- inside ---------------------------------------------------------------------------------------------

    /// A packet on the current transport; what it holds for the application.
    pub(super) fn handle_packet(&mut self, packet: Packet, now: Time) -> Option<Message> {
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

    /// Whether this side closed, or is about to.
    fn closed_here(&self) -> bool {
        matches!(
            self.state,
            State::Closing { .. } | State::Closed(CloseReason::Forced)
        )
    }

    /// Ends the session now.
    pub(super) fn fail(&mut self, reason: CloseReason) {
        // What ends a session that this side is closing is part of that close.
        let reason = if matches!(self.state, State::Closing { .. }) {
            CloseReason::Forced
        } else {
            reason
        };
        self.finish(reason);
    }

    pub(super) fn finish(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        self.state = State::Closed(reason);
        self.undelivered = self.outbox.len();
        self.outbox.clear();
        self.candidates.clear();
        self.inbox.push(Incoming::Event(Event::Close(reason)));
    }

    /// On a link a close is done when everything has left. On polling the client has to be told, in an answer.
    fn finish_if_drained(&mut self) {
        let closing = matches!(self.state, State::Closing { .. });
        let Owed { open, ping, pong } = self.owed;
        if closing && self.active.is_some() && self.outbox.is_empty() && !(open || ping || pong) {
            self.finish(CloseReason::Forced);
        }
    }

    /// The next control packet, in the order in which they go before messages.
    pub(super) fn next_control(&mut self) -> Option<Packet> {
        use core::mem::take;
        if take(&mut self.owed.open) {
            Some(Packet::Open(
                self.config.open_packet(&self.sid, self.transport),
            ))
        } else if take(&mut self.owed.pong) {
            Some(Packet::Pong(Text::new()))
        } else if take(&mut self.owed.ping) {
            Some(Packet::Ping(Text::new()))
        } else {
            None
        }
    }

    /// More was sent than the session may be owed.
    fn full(&mut self) -> SendError {
        if self.config.on_full == OnFull::Disconnect {
            self.fail(CloseReason::TransportError(TransportFault::Slow));
        }
        SendError::Full
    }

    fn check_sendable(&self, messages: &[Message]) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(SendError::Closed);
        }
        let polls = self.active.is_none() && self.revision == Revision::V4;
        if polls && messages.iter().any(Message::has_separator) {
            return Err(SendError::Separator);
        }
        Ok(())
    }

    fn new_link(&mut self) -> LinkId {
        let link = LinkId::new(self.next_link);
        self.next_link = self.next_link.wrapping_add(1);
        link
    }
}
