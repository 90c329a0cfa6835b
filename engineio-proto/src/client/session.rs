//! The session itself: its life, its links, its deadlines.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt::Write as _;
use core::time::Duration;

use super::config::Config;
use super::polling::Polling;
use super::upgrade::{Candidates, Connect, Step};
use crate::heartbeat::{Beat, Heartbeat};
use crate::inbox::{Inbox, Incoming};
use crate::open::Open;
use crate::outbox::Outbox;
use crate::{
    CloseReason, DecodeError, Frame, LinkId, Message, Packet, Revision, SendError, Sid, Text, Time,
    Transport, TransportFault,
};

/// One connection to a server. See [the module](super) for how to drive it.
///
/// ```text
///               open packet           close()            everything has left
///   Connecting ─────────────▶ Open ───────────▶ Closing ─────────────────────▶ Closed
///       └───────────────────────┴──────────────────────────────────────────────▲
///           abort(), the server closes, a transport fails, a bad packet, silence
/// ```
#[derive(Debug)]
pub struct Session {
    pub(super) config: Arc<Config>,
    sid: Option<Sid>,
    pub(super) state: State,
    pub(super) transport: Transport,
    /// The link of the current transport; `None` on polling.
    active: Option<Active>,
    next_link: u32,
    pub(super) candidates: Candidates,
    pub(super) polling: Polling,
    owed: Owed,
    pub(super) outbox: Outbox,
    pub(super) inbox: Inbox<Event>,
    heartbeat: Option<Heartbeat>,
    pub(super) peer_max_payload: Option<usize>,
    /// Closed before the server had opened the session.
    leaving: bool,
    undelivered: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Connecting { by: Time },
    Open,
    Closing { by: Time },
    Closed(CloseReason),
}

#[derive(Clone, Copy, Debug)]
struct Active {
    link: LinkId,
    phase: LinkPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkPhase {
    /// To be handed out by `poll_connect`.
    Ready,
    Opening,
    Open,
}

/// Control packets that have to be sent, each at most once.
#[derive(Clone, Copy, Debug)]
struct Owed {
    /// `0`, with which a client opens a WebTransport stream.
    open: bool,
    upgrade: bool,
    ping: bool,
    pong: bool,
}

/// What happened, for the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server opened the session.
    Open(Open),
    /// A message of the server.
    Message(Message),
    /// The session went over to this transport.
    Upgrade(Transport),
    /// This transport was tried in vain. The session goes on.
    UpgradeFailed(Transport),
    /// The session ended, or was never opened. Nothing comes after this.
    Close(CloseReason),
}

/// WebTransport may have this head start when several links are tried, as in the JavaScript client: where both work,
/// it is the better one.
const WEBTRANSPORT_HEAD_START: Duration = Duration::from_millis(200);

impl Session {
    /// Starts to connect by the first of the configured transports.
    pub fn new(config: Arc<Config>, now: Time) -> Self {
        let transport = config.first_transport();
        let by = now + config.connect_timeout;
        let mut session = Self {
            config,
            sid: None,
            state: State::Connecting { by },
            transport,
            active: None,
            next_link: 0,
            candidates: Candidates::new(),
            polling: Polling {
                asked: false,
                get: false,
                post: false,
                said_close: false,
                crowded_out: false,
                refused: None,
            },
            owed: Owed {
                open: transport == Transport::WEBTRANSPORT,
                upgrade: false,
                ping: false,
                pong: false,
            },
            outbox: Outbox::new(),
            inbox: Inbox::new(),
            heartbeat: None,
            peer_max_payload: None,
            leaving: false,
            undelivered: 0,
        };
        if transport.is_link() {
            let link = session.new_link();
            session.active = Some(Active {
                link,
                phase: LinkPhase::Ready,
            });
        }
        session
    }

    // --- what the application wants -------------------------------------------------------------------------

    /// Sends a message: it will leave after all that were sent before, by whatever transport there is then. What is sent
    /// before the session is open waits for it.
    ///
    /// # Errors
    ///
    /// The session is closing or closed, or too much is waiting already ([`Config::buffer_limit`]), or the message is
    /// text that polling cannot carry. It was not taken.
    pub fn send(&mut self, message: Message) -> Result<(), SendError> {
        self.check_sendable(core::slice::from_ref(&message))?;
        if !self.outbox.has_room(self.config.budget, message.len(), 1) {
            return Err(SendError::Full);
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
        self.outbox.send(messages, self.config.budget)
    }

    /// Sends even if too much is waiting already. For the few messages that unblock something.
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
    /// [`Event::Close`] follows: at once if there is nothing to send, at the latest after the configured time. A session
    /// that is not open yet is closed when it is, so that the server need not wait for a client that is gone; it is then not
    /// reported as open.
    pub fn close(&mut self, now: Time) {
        match self.state {
            // The server does not know of this client yet, and need not.
            State::Connecting { .. } if !self.is_under_way() => self.finish(CloseReason::Forced),
            State::Connecting { by } => {
                self.leaving = true;
                let by = by.min(now + self.config.close_timeout);
                self.state = State::Connecting { by };
            }
            State::Open => {
                self.state = State::Closing {
                    by: now + self.config.close_timeout,
                };
                self.candidates.clear();
                self.owed.ping = false;
                self.finish_if_drained();
            }
            State::Closing { .. } | State::Closed(_) => {}
        }
    }

    /// Closes at once. What has not left is dropped, and so is what arrived and was not fetched. The driver gives up requests and links that are under way.
    pub fn abort(&mut self) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        self.inbox.clear();
        self.fail(CloseReason::Forced);
    }

    // --- what happened outside ------------------------------------------------------------------------------

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

    // --- what to do next ------------------------------------------------------------------------------------

    /// The next link to open; its query is [`query`](Self::query) of its transport.
    #[must_use]
    pub fn poll_connect(&mut self) -> Option<Connect> {
        if let Some(active) = &mut self.active
            && active.phase == LinkPhase::Ready
            && !matches!(self.state, State::Closed(_))
        {
            active.phase = LinkPhase::Opening;
            return Some(Connect {
                link: active.link,
                transport: self.transport,
            });
        }
        self.candidates.poll_connect()
    }

    /// The next frame to send on a link, when the link can take one.
    #[must_use]
    pub fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        let Some(active) = self.active.filter(|active| active.link == link) else {
            return self.candidates.poll_frame(link, self.sid.as_ref());
        };
        if active.phase != LinkPhase::Open || matches!(self.state, State::Closed(_)) {
            return None;
        }
        let packet = match self.next_control() {
            Some(packet) => Some(packet),
            None if matches!(self.state, State::Connecting { .. }) => None,
            None => self.outbox.pop().map(Packet::Message),
        };
        self.finish_if_drained();
        packet.map(|packet| packet.into_frame(self.config.revision, self.config.base64))
    }

    /// What happened, for the application. Fetch events until there are none, after every call of another kind.
    ///
    /// Bodies are decoded here, so that an event, or none, may be followed by something to send.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            let (packet, at) = match self.inbox.front_mut()? {
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
                Incoming::Body(body, at) => (body.next(), *at),
                Incoming::End(reason) => {
                    let reason = *reason;
                    drop(self.inbox.pop());
                    self.fail(reason);
                    continue;
                }
            };
            let was_closed = matches!(self.state, State::Closed(_));
            match packet {
                Some(Ok(packet)) => {
                    if let Some(event) = self.handle_packet(packet, at) {
                        return Some(event);
                    }
                    // What follows the packet that ended the session is not read.
                    if !was_closed && matches!(self.state, State::Closed(_)) {
                        drop(self.inbox.pop());
                    }
                }
                Some(Err(error)) => {
                    drop(self.inbox.pop());
                    self.fail(CloseReason::ParseError(error));
                }
                None => drop(self.inbox.pop()),
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called next, if ever. The answer may change after any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let end = match self.state {
            State::Closed(_) => return None,
            State::Connecting { by } | State::Closing { by } => by,
            State::Open => self
                .heartbeat
                .as_ref()
                .map_or(Time::NEVER, Heartbeat::deadline),
        };
        let refused = self.polling.refused.map_or(Time::NEVER, |(_, by)| by);
        end.min(self.candidates.deadline()).min(refused).if_set()
    }

    // --- questions ------------------------------------------------------------------------------------------

    /// The query string for a request by this transport.
    pub fn query(&self, transport: Transport) -> String {
        let mut query = String::new();
        let revision = self.config.revision.number();
        // Writing to a `String` cannot fail.
        let _ = write!(query, "EIO={revision}&transport={transport}");
        if self.config.base64 {
            query.push_str("&b64=1");
        }
        if let Some(sid) = &self.sid {
            query.push_str("&sid=");
            for byte in sid.as_str().bytes() {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    query.push(char::from(byte));
                } else {
                    let _ = write!(query, "%{byte:02X}");
                }
            }
        }
        query
    }

    /// Whether nothing more will come for this link: write out what was polled, then close it.
    pub fn is_link_finished(&self, link: LinkId) -> bool {
        if self.is_active(link) {
            return matches!(self.state, State::Closed(_));
        }
        !self.candidates.contains(link)
    }

    /// The id that the server gave, once the session is open.
    pub fn sid(&self) -> Option<&Sid> {
        self.sid.as_ref()
    }

    /// The revision of the protocol.
    pub fn revision(&self) -> Revision {
        self.config.revision
    }

    /// The transport that is used now.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether the server has opened the session and nothing has closed it.
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
        let taken_now =
            self.active.is_some() || !(self.polling.post || self.candidates.pausing().is_some());
        self.state == State::Open && taken_now && self.outbox.is_empty()
    }

    /// The largest message and body that is taken from the peer, as configured.
    pub fn max_payload(&self) -> usize {
        self.config.max_payload
    }

    /// The largest message and body that the server takes, if it said so.
    pub fn peer_max_payload(&self) -> Option<usize> {
        self.peer_max_payload
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

    /// A packet on the current transport; what it means for the application. That comes before what the rest of
    /// the same body means.
    fn handle_packet(&mut self, packet: Packet, now: Time) -> Option<Event> {
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

    pub(super) fn switch_to(&mut self, link: LinkId) {
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

    pub(super) fn heard(&mut self, now: Time) {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.heard(now);
        }
    }

    fn is_active(&self, link: LinkId) -> bool {
        self.active.is_some_and(|active| active.link == link)
    }

    /// Whether this side closed, or is about to.
    fn closed_here(&self) -> bool {
        matches!(
            self.state,
            State::Closing { .. } | State::Closed(CloseReason::Forced)
        )
    }

    fn check_sendable(&self, messages: &[Message]) -> Result<(), SendError> {
        match self.state {
            State::Connecting { .. } if self.leaving => return Err(SendError::Closed),
            State::Connecting { .. } | State::Open => {}
            State::Closing { .. } | State::Closed(_) => return Err(SendError::Closed),
        }
        let polls = self.active.is_none() && self.config.revision == Revision::V4;
        if polls && messages.iter().any(Message::has_separator) {
            return Err(SendError::Separator);
        }
        Ok(())
    }

    /// Whether the server may have heard of this client.
    fn is_under_way(&self) -> bool {
        match self.active {
            Some(active) => active.phase != LinkPhase::Ready,
            None => self.polling.asked,
        }
    }

    /// Ends the session now.
    pub(super) fn fail(&mut self, reason: CloseReason) {
        // What ends a session that this side is closing is part of that close.
        let reason = if self.leaving || matches!(self.state, State::Closing { .. }) {
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

    /// On a link a close is done when everything has left; on polling the server is told, in a body.
    fn finish_if_drained(&mut self) {
        let closing = matches!(self.state, State::Closing { .. });
        let Owed {
            open,
            upgrade,
            ping,
            pong,
        } = self.owed;
        if closing
            && self.active.is_some()
            && self.outbox.is_empty()
            && !(open || upgrade || ping || pong)
        {
            self.finish(CloseReason::Forced);
        }
    }

    /// The next control packet, in the order in which they go before messages.
    pub(super) fn next_control(&mut self) -> Option<Packet> {
        use core::mem::take;
        if take(&mut self.owed.open) {
            Some(Packet::Open(Text::new()))
        } else if take(&mut self.owed.upgrade) {
            Some(Packet::Upgrade)
        } else if take(&mut self.owed.pong) {
            Some(Packet::Pong(Text::new()))
        } else if take(&mut self.owed.ping) {
            Some(Packet::Ping(Text::new()))
        } else {
            None
        }
    }

    fn new_link(&mut self) -> LinkId {
        let link = LinkId::new(self.next_link);
        self.next_link = self.next_link.wrapping_add(1);
        link
    }
}
