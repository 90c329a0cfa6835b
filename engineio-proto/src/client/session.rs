//! The session itself: its life, its links, its deadlines.

mod input;
mod output;

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt::Write as _;

use super::config::Config;
use super::polling::Polling;
use super::upgrade::Candidates;
use crate::heartbeat::Heartbeat;
use crate::inbox::{Inbox, Incoming};
use crate::open::Open;
use crate::outbox::Outbox;
use crate::{CloseReason, LinkId, Message, Revision, SendError, Sid, Time, Transport};

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
            self.outbox.push_shared(message);
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

    fn new_link(&mut self) -> LinkId {
        let link = LinkId::new(self.next_link);
        self.next_link = self.next_link.wrapping_add(1);
        link
    }
}
