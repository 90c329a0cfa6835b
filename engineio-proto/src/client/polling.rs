//! The polling side of a session, as a client does it: one `GET` after the other, and a `POST` when there is something
//! to say.

use bytes::{Bytes, BytesMut};

use super::session::{Session, State};
use crate::inbox::Incoming;
use crate::payload::{Decoder, Encoder, Encoding};
use crate::{CloseReason, ContentType, Packet, Revision, Time, TransportFault};

/// A request to make: [`Session::poll_request`].
///
/// Its query is [`Session::query`] of [`Transport::POLLING`](crate::Transport::POLLING); add something that no cache has seen
/// before (`t=…`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol knows these two")]
pub enum Request {
    /// A poll. The server may hold it for as long as a ping interval.
    Get,
    /// A body to post, as `text/plain;charset=UTF-8`.
    Post(Bytes),
}

/// Requests that are under way.
#[derive(Debug)]
pub(super) struct Polling {
    /// The first `GET` was handed out.
    pub(super) asked: bool,
    pub(super) get: bool,
    pub(super) post: bool,
    /// The last `POST` ends with a close packet.
    pub(super) said_close: bool,
    /// In the last `POST` the next message had no room beside control packets.
    pub(super) crowded_out: bool,
    /// A `POST` was refused while a `GET` was under way, whose answer may say why: the server has closed. It is awaited,
    /// but not for ever.
    pub(super) refused: Option<(TransportFault, Time)>,
}

impl Session {
    /// The next request to make. At most one `GET` and one `POST` are under way at a time.
    ///
    /// A `POST` takes what was sent since the last one, as much as the server takes in one body: in bytes what it said
    /// (`maxPayload`), in packets what is [assumed](super::Config::post_limit). One message that is larger goes alone, and the
    /// server decides.
    #[must_use]
    pub fn poll_request(&mut self) -> Option<Request> {
        if self.transport.is_link() {
            return None;
        }
        match self.state {
            State::Connecting { .. } if self.polling.asked => None,
            State::Connecting { .. } => {
                self.polling.asked = true;
                self.polling.get = true;
                Some(Request::Get)
            }
            // The last requests of polling are under way; the link goes on from there.
            State::Open if self.candidates.pausing().is_some() => None,
            State::Open if !self.polling.get && self.polling.refused.is_none() => {
                self.polling.get = true;
                Some(Request::Get)
            }
            State::Open | State::Closing { .. } => self.next_post(),
            State::Closed(_) => None,
        }
    }

    fn next_post(&mut self) -> Option<Request> {
        if self.polling.post || self.polling.said_close || self.polling.refused.is_some() {
            return None;
        }
        let encoding = match self.config.revision {
            Revision::V4 => Encoding::V4,
            Revision::V3 => Encoding::V3Text,
        };
        let max = self.peer_max_payload;
        let mut out = BytesMut::new();
        let mut body = Encoder::new(&mut out, encoding);
        // Control packets go first, but not twice in a row before a message for which they leave no room: where each
        // round trip brings a ping, their answers would hold it back for ever.
        let message_first =
            core::mem::take(&mut self.polling.crowded_out) && !self.outbox.is_empty();
        let mut room = self.config.post_limit;
        while !message_first
            && room > 0
            && let Some(packet) = self.next_control()
        {
            body.push(&packet);
            room -= 1;
        }
        let controls = body.len();
        while let Some(message) = self.outbox.front() {
            let packet = Packet::Message(message.clone());
            let is_too_long =
                !body.is_empty() && max.is_some_and(|max| body.len_with(&packet) > max);
            if room == 0 || is_too_long {
                self.polling.crowded_out = body.len() == controls;
                break;
            }
            body.push(&packet);
            room -= 1;
            self.outbox.pop();
        }
        let closing = matches!(self.state, State::Closing { .. });
        // A close packet that does not fit is the next body.
        if closing && self.outbox.is_empty() {
            let fits = room > 0 && max.is_none_or(|max| body.len_with(&Packet::Close) <= max);
            if body.is_empty() || fits {
                body.push(&Packet::Close);
                self.polling.said_close = true;
            }
        }
        if body.is_empty() {
            return None;
        }
        self.polling.post = true;
        Some(Request::Post(out.freeze()))
    }

    /// A `GET` was answered. Read not more than [`max_payload`](super::Config::max_payload) of the body, and say
    /// [`handle_request_failed`](Self::handle_request_failed) if there is more.
    pub fn handle_get_response(
        &mut self,
        status: u16,
        content: ContentType,
        body: Bytes,
        now: Time,
    ) {
        if !core::mem::take(&mut self.polling.get) || matches!(self.state, State::Closed(_)) {
            return;
        }
        if status != 200 {
            return self.fail(CloseReason::TransportError(TransportFault::Status(status)));
        }
        if body.len() > self.config.max_payload {
            return self.fail(CloseReason::TransportError(TransportFault::TooLarge));
        }
        self.heard(now);
        let encoding = match (self.config.revision, content) {
            (Revision::V4, _) => Encoding::V4,
            (Revision::V3, ContentType::Text) => Encoding::V3Text,
            (Revision::V3, ContentType::Binary) => Encoding::V3Binary,
        };
        self.inbox
            .push(Incoming::Body(Decoder::new(body, encoding), now));
        if let Some((fault, _)) = self.polling.refused.take() {
            let reason = CloseReason::TransportError(fault);
            return self.inbox.push(Incoming::End(reason));
        }
        self.switch_if_quiet();
    }

    /// A `POST` was answered. Its body does not matter, and it is no sign of life, see
    /// [`handle_activity`](Self::handle_activity).
    ///
    /// Another status than 200 ends the session, but 400 not before the answer of a `GET` that is under way: a server that
    /// has just closed says so there, and what it sent last is there too.
    pub fn handle_post_response(&mut self, status: u16, now: Time) {
        if !core::mem::take(&mut self.polling.post) || matches!(self.state, State::Closed(_)) {
            return;
        }
        if status != 200 {
            let fault = TransportFault::Status(status);
            // That is how servers answer for a session that they have closed.
            if self.polling.get && status == 400 {
                self.polling.refused = Some((fault, now + self.config.close_timeout));
                return;
            }
            return self.fail(CloseReason::TransportError(fault));
        }
        if self.polling.said_close {
            return self.finish(CloseReason::Forced);
        }
        self.switch_if_quiet();
    }

    /// A request ended without a usable answer: connection refused or lost, no HTTP, too large.
    pub fn handle_request_failed(&mut self, fault: TransportFault) {
        if self.polling.get || self.polling.post {
            self.polling.get = false;
            self.polling.post = false;
            self.fail(CloseReason::TransportError(fault));
        }
    }

    /// Goes over to the link that won, once no request is under way.
    pub(super) fn switch_if_quiet(&mut self) {
        if self.polling.get || self.polling.post {
            return;
        }
        if let Some(link) = self.candidates.pausing() {
            self.switch_to(link);
        }
    }
}
