//! The polling side of a session: one `GET` that waits, one `POST` that is read.

use bytes::{Bytes, BytesMut};

use super::session::{Event, Session, State};
use crate::inbox::Incoming;
use crate::payload::{Decoder, Encoder, Encoding};
use crate::reject::{BadRequest, Reject};
use crate::{CloseReason, ContentType, Message, Packet, Revision, Time, TransportFault, jsonp};

/// What the session knows of requests that are under way.
#[derive(Debug)]
pub(super) struct Polling {
    pub(super) get: Get,
    /// The waiting `GET` is to be answered even if there is nothing to say.
    pub(super) release: bool,
    /// When a waiting `GET` is released although nothing happens: a probe was answered, and the client can go
    /// over only when no request of its own is under way.
    pub(super) release_at: Time,
    pub(super) post: Post,
    /// What a waiting `GET` hears when the session is closed.
    pub(super) farewell: Packet,
    /// In the last answer the next message had no room beside control packets.
    crowded_out: bool,
    /// In the last answer was something that may be compressed.
    compress: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Get {
    None,
    /// It waits for its answer.
    Waiting,
    /// It was given its answer. Whether that arrived is only known when the client asks again.
    Answered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    None,
    /// The body is being read.
    Reading(ContentType),
    /// The body is here, its packets are being handed out.
    Dispatching,
}

/// A `GET` that comes after a probe was answered waits at most this long: the client may have asked again before it
/// saw the answer. The reference looks every 100 ms.
const RELEASE_AFTER: core::time::Duration = core::time::Duration::from_millis(100);

impl Polling {
    pub(super) const fn new() -> Self {
        Self {
            get: Get::None,
            release: false,
            release_at: Time::NEVER,
            post: Post::None,
            farewell: Packet::Close,
            crowded_out: false,
            compress: true,
        }
    }
}

impl Session {
    /// A `GET` arrived. If it is accepted, its answer comes from [`poll_payload`](Self::poll_payload), now or later.
    ///
    /// A `GET` is no sign of life, see [`handle_activity`](Self::handle_activity).
    ///
    /// A `GET` while another waits closes the session, as the reference does: the client is broken, and no
    /// answer could tell which of the two it reads. The one that waits is answered with a close packet.
    ///
    /// # Errors
    ///
    /// The answer to give instead. The peer's doing.
    pub fn handle_get(&mut self, now: Time) -> Result<(), Reject> {
        self.check_polling()?;
        if self.polling.get == Get::Waiting {
            self.fail(CloseReason::TransportError(TransportFault::GetOverlap));
            return Err(Reject::GetOverlap);
        }
        self.polling.get = Get::Waiting;
        if self.candidates.any_answered() {
            self.polling.release_at = now + RELEASE_AFTER;
        }
        Ok(())
    }

    /// The client gave up on its `GET`, or the answer could not be written: its connection ended, the response future was
    /// dropped. Say so also if [`poll_payload`](Self::poll_payload) has given the answer out already.
    ///
    /// What was in the answer may or may not have arrived, so the session cannot go on. If the client has gone over to
    /// a link, nothing was in it.
    pub fn handle_get_aborted(&mut self, now: Time) {
        let get = core::mem::replace(&mut self.polling.get, Get::None);
        if get != Get::None && self.active.is_none() {
            self.heartbeat.heard(now);
            self.fail(CloseReason::TransportError(TransportFault::GetAborted));
        }
    }

    /// The head of a `POST` arrived. If it is accepted, read the body (not more than `max_payload` of it) and pass it to
    /// [`handle_post`](Self::handle_post), or say [`handle_post_aborted`](Self::handle_post_aborted) or
    /// [`handle_post_too_large`](Self::handle_post_too_large).
    ///
    /// # Errors
    ///
    /// The answer to give instead. The peer's doing.
    pub fn start_post(&mut self, content: ContentType, _now: Time) -> Result<(), Reject> {
        self.check_polling()?;
        if self.polling.post != Post::None {
            self.fail(CloseReason::TransportError(TransportFault::PostOverlap));
            return Err(Reject::PostOverlap);
        }
        if content == ContentType::Binary && self.revision == Revision::V4 {
            self.fail(CloseReason::TransportError(TransportFault::InvalidContent));
            return Err(Reject::InvalidContent);
        }
        self.polling.post = Post::Reading(content);
        Ok(())
    }

    /// The body of the `POST` is complete. Fetch the events, then ask [`finish_post`](Self::finish_post) what to answer.
    ///
    /// # Errors
    ///
    /// The answer to give instead: the session was closed or went over to a link while the body was read, or
    /// the body is too large. The peer's doing.
    pub fn handle_post(&mut self, body: Bytes, now: Time) -> Result<(), Reject> {
        let Post::Reading(content) = core::mem::replace(&mut self.polling.post, Post::None) else {
            return Err(Reject::BadRequest(BadRequest::NoRequest));
        };
        self.check_polling()?;
        self.heartbeat.heard(now);
        if body.len() > self.config.max_payload {
            self.fail(CloseReason::TransportError(TransportFault::TooLarge));
            return Err(Reject::PayloadTooLarge);
        }
        let body = match self.jsonp {
            // A form without the field says nothing, and is answered like one that does.
            Some(_) => jsonp::form_body(&body),
            None => Some(body),
        };
        let encoding = match (self.revision, content) {
            (Revision::V4, _) => Encoding::V4,
            (Revision::V3, ContentType::Text) => Encoding::V3Text,
            (Revision::V3, ContentType::Binary) => Encoding::V3Binary,
        };
        self.polling.post = Post::Dispatching;
        if let Some(body) = body {
            self.inbox
                .push(Incoming::Body(Decoder::new(body, encoding), now));
        }
        Ok(())
    }

    /// The events of a `POST` were fetched: what to answer. `Ok` means 200 with the body `ok`.
    ///
    /// Until then another `POST` counts as an overlap.
    ///
    /// # Errors
    ///
    /// The body was no payload. The packets before the fault were delivered, the session is closed.
    pub fn finish_post(&mut self) -> Result<(), Reject> {
        self.polling.post = Post::None;
        match self.state {
            State::Closed(CloseReason::ParseError(_)) => Err(Reject::InvalidPayload),
            _ => Ok(()),
        }
    }

    /// The client's connection ended in the middle of a `POST`. The session is closed.
    pub fn handle_post_aborted(&mut self, now: Time) {
        let post = core::mem::replace(&mut self.polling.post, Post::None);
        if post != Post::None && self.active.is_none() {
            self.heartbeat.heard(now);
            self.fail(CloseReason::TransportError(TransportFault::PostAborted));
        }
    }

    /// The body of the `POST` is larger than `max_payload`, as announced or as counted. The session is closed, since
    /// what the body holds would be missing; the answer is [`Reject::PayloadTooLarge`].
    pub fn handle_post_too_large(&mut self, now: Time) {
        if core::mem::replace(&mut self.polling.post, Post::None) != Post::None {
            self.heartbeat.heard(now);
            self.fail(CloseReason::TransportError(TransportFault::TooLarge));
        }
    }

    /// Appends the answer of the waiting `GET` to `out` and says of which content type it is; `None` if no `GET` waits or
    /// there is nothing to say yet.
    ///
    /// The answer takes all that was sent since the last one, up to `max_payload`. It is decided now and not when it was
    /// sent, so call this when the response is really written. A `GET` that waits when the session closes is always answered.
    ///
    /// Ask again after any other call, also after [`poll_event`](Self::poll_event).
    #[must_use]
    pub fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType> {
        if self.polling.get != Get::Waiting {
            return None;
        }
        let start = out.len();
        let encoding = self.payload_encoding();
        let mut body = Encoder::new(out, encoding);
        let mut compress = false;
        match self.state {
            State::Closed(_) => body.push(&self.polling.farewell),
            // After the switch everything belongs to the link.
            _ if self.active.is_some() => body.push(&Packet::Noop),
            State::Open | State::Closing { .. } => {
                let max = self.config.max_payload;
                // Control packets go first, but not twice in a row before a message for which they leave no room:
                // where each round trip brings a ping, the pings would hold it back for ever.
                let crowded_out = core::mem::take(&mut self.polling.crowded_out);
                let message_first = crowded_out && !self.outbox.is_empty();
                while !message_first && let Some(packet) = self.next_control() {
                    body.push(&packet);
                    compress = true;
                }
                let controls = body.len();
                while let Some(message) = self.outbox.front() {
                    let may_compress = message.compress();
                    let packet = Packet::Message(message.clone());
                    if !body.is_empty() && body.len_with(&packet) > max {
                        self.polling.crowded_out = body.len() == controls;
                        break;
                    }
                    body.push(&packet);
                    compress |= may_compress;
                    self.outbox.pop();
                }
                // The close comes alone: JavaScript clients of 4.8 hand on messages a moment later than they see
                // what follows them in the same body, and would drop them.
                if body.is_empty() {
                    if matches!(self.state, State::Closing { .. }) {
                        body.push(&Packet::Close);
                        self.finish(CloseReason::Forced);
                    } else if self.polling.release {
                        body.push(&Packet::Noop);
                    } else {
                        return None;
                    }
                }
            }
        }
        self.polling.compress = compress;
        self.polling.get = Get::Answered;
        self.polling.release = false;
        self.polling.release_at = Time::NEVER;
        if let Some(index) = &self.jsonp {
            let payload = out.split_off(start);
            jsonp::wrap(index, &payload, out);
            return Some(ContentType::Text);
        }
        Some(if encoding == Encoding::V3Binary {
            ContentType::Binary
        } else {
            ContentType::Text
        })
    }

    /// Whether the answer that [`poll_payload`](Self::poll_payload) gave last is worth compressing: not if all messages in it were
    /// sent [without](Message::with_compress).
    pub fn compress_payload(&self) -> bool {
        self.polling.compress
    }

    /// Revision 3 answers in its binary form if there is anything binary in the answer and the client can take it.
    fn payload_encoding(&self) -> Encoding {
        match self.revision {
            Revision::V4 => Encoding::V4,
            Revision::V3 if self.base64 || self.jsonp.is_some() => Encoding::V3Text,
            Revision::V3 if self.active.is_none() && self.outbox.iter().any(Message::is_binary) => {
                Encoding::V3Binary
            }
            Revision::V3 => Encoding::V3Text,
        }
    }

    /// Whether requests of polling are for this session at all.
    fn check_polling(&self) -> Result<(), Reject> {
        if matches!(self.state, State::Closed(_)) {
            return Err(Reject::UnknownSid);
        }
        if self.active.is_some() {
            return Err(Reject::BadRequest(BadRequest::TransportMismatch {
                expected: self.transport,
            }));
        }
        Ok(())
    }

    /// The next packet of a body, handled; what is left for the application.
    pub(super) fn next_of_body(&mut self) -> BodyStep {
        let Some(Incoming::Body(body, at)) = self.inbox.front_mut() else {
            return BodyStep::Done;
        };
        let at = *at;
        match body.next() {
            Some(Ok(packet)) => {
                let open_before = !matches!(self.state, State::Closed(_));
                match self.handle_packet(packet, at) {
                    Some(message) => BodyStep::Event(Event::Message(message)),
                    // What follows a close packet is not read.
                    None if open_before && matches!(self.state, State::Closed(_)) => BodyStep::Done,
                    None => BodyStep::More,
                }
            }
            Some(Err(error)) => {
                self.fail(CloseReason::ParseError(error));
                BodyStep::Done
            }
            None => BodyStep::Done,
        }
    }
}

/// What came of one packet of a body.
pub(super) enum BodyStep {
    Event(Event),
    More,
    Done,
}
