//! The session itself: its life, its links, its deadlines.

mod input;
mod output;

use alloc::sync::Arc;

use super::config::{Config, OnFull, Opening};
use super::polling::{Get, Polling};
use super::upgrade::Candidates;
use crate::heartbeat::Heartbeat;
use crate::inbox::{Inbox, Incoming};
use crate::jsonp::JsonpIndex;
use crate::outbox::Outbox;
use crate::{
    CloseReason, LinkId, Message, Revision, SendError, Sid, Time, Transport, TransportFault,
};

/// One client, as the server sees it, from its first request to its end. See [the module](super) for how to drive it.
///
/// ```text
///             close()                 everything has left, or nobody fetched it
///   Open ───────────────▶ Closing ─────────────────────────────────────────────▶ Closed
///     └──────────────────────────────────────────────────────────────────────────▲
///       abort(), the peer closes, its transport fails, a bad packet, silence
/// ```
// The members stand in memory in this order: what is looked at for each message comes first.
#[derive(Debug)]
#[repr(C)]
pub struct Session {
    pub(super) config: Arc<Config>,
    pub(super) state: State,
    /// The link of the current transport; `None` on polling.
    pub(super) active: Option<LinkId>,
    pub(super) revision: Revision,
    /// Whether binary travels as base64 on the current transport.
    pub(super) base64: bool,
    owed: Owed,
    pub(super) outbox: Outbox,
    pub(super) transport: Transport,
    pub(super) heartbeat: Heartbeat,
    pub(super) candidates: Candidates,
    pub(super) polling: Polling,
    pub(super) inbox: Inbox<Event>,
    pub(super) sid: Sid,
    pub(super) jsonp: Option<JsonpIndex>,
    next_link: u32,
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
            self.outbox.push_shared(message);
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
