//! From messages to packets.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use engineio_proto::{Message, Text, Wire};

use super::check::{Checker, SHORTEST_REFERENCE, number};
use super::scan;
use crate::args::{Extra, Source, Span};
use crate::connect_query;
use crate::namespace::Recent;
use crate::packet::is_reserved;
use crate::{AckId, Args, Body, DecodeError, Limits, Namespace, Packet, Protocol, RawValue};

/// The decoder of the default codec.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    protocol: Protocol,
    recent: Recent,
    /// What waits for its attachments.
    pending: Option<Box<Pending>>,
}

#[derive(Debug)]
struct Pending {
    packet: Packet,
    /// Bytes so far.
    size: usize,
}

impl Decoder {
    pub(crate) fn new(protocol: Protocol, limits: Limits) -> Self {
        Self {
            limits,
            protocol,
            recent: Recent::default(),
            pending: None,
        }
    }

    pub(crate) fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match message.into_wire() {
            Wire::Text(text) => self.text(text),
            Wire::Binary(bytes) => self.attachment(bytes),
        }
    }

    pub(crate) fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    fn text(&mut self, text: Text) -> Result<Option<Packet>, DecodeError> {
        if self.pending.is_some() {
            self.pending = None;
            return Err(DecodeError::UnexpectedText);
        }
        // The packet type of Engine.IO is one byte. Offsets are kept in 32 bits.
        let size = text.len().saturating_sub(1);
        if size > self.limits.max_payload || u32::try_from(size).is_err() {
            return Err(DecodeError::TooLarge);
        }
        let header = Header::parse(&text, &self.limits)?;
        let body = match header.kind {
            Kind::Connect => {
                let (namespace, body) = self.connect(&text, &header)?;
                return Ok(Some(Packet::new(namespace, body)));
            }
            Kind::Disconnect => {
                header.refuse_id()?;
                if !header.is_bare(&text) {
                    return Err(DecodeError::InvalidPayload);
                }
                Body::Disconnect
            }
            Kind::ConnectError => {
                header.refuse_id()?;
                // Servers of protocol 4 say one value of their own, of which `python-socketio` 4 makes an array.
                let allowed: &[u8] = match self.protocol {
                    Protocol::V4 => b"{\"[n",
                    Protocol::V5 => b"{\"",
                };
                Body::ConnectError(self.payload(&text, &header, allowed)?)
            }
            Kind::Event | Kind::Ack => return self.arguments(text, &header),
        };
        let namespace = self.namespace(header.namespace.of(&text))?;
        Ok(Some(Packet::new(namespace, body)))
    }

    fn connect(&mut self, text: &Text, header: &Header) -> Result<(Namespace, Body), DecodeError> {
        header.refuse_id()?;
        let payload = self.payload(text, header, b"{")?;
        let (name, query) = connect_query::split(self.protocol, header.namespace.of(text));
        let shown = match (payload, query) {
            (None, Some(query)) => Some(connect_query::payload(query)?),
            (payload, _) => payload,
        };
        Ok((self.namespace(name)?, Body::Connect(shown)))
    }

    /// A payload that is one value and begins with one of the bytes of `allowed`, or nothing.
    fn payload(
        &self,
        text: &Text,
        header: &Header,
        allowed: &[u8],
    ) -> Result<Option<RawValue>, DecodeError> {
        if header.is_bare(text) {
            return Ok(None);
        }
        let bytes = text.as_bytes();
        let first = bytes.get(header.payload);
        if !first.is_some_and(|first| allowed.contains(first)) {
            return Err(DecodeError::InvalidPayload);
        }
        let mut checker = Checker::new(bytes, header.payload, self.limits.max_depth);
        checker.value()?;
        let end = checker.at();
        checker.end()?;
        let source = Source::json(text.clone(), None);
        Ok(Some(RawValue::new(source, Span::new(header.payload, end))))
    }

    fn arguments(&mut self, text: Text, header: &Header) -> Result<Option<Packet>, DecodeError> {
        let namespace = self.namespace(header.namespace.of(&text))?;
        let size = text.len().saturating_sub(1);
        let checked = check_arguments(&text, header, &self.limits)?;
        let args = Args::new(
            Source::json(text, checked.extra),
            checked.name,
            checked.first,
            checked.len,
        );
        let body = match (header.kind, header.id) {
            (Kind::Ack, Some(id)) => Body::Ack { id, args },
            (Kind::Ack, None) => return Err(DecodeError::InvalidAckId),
            (_, id) => Body::Event { id, args },
        };
        let packet = Packet::new(namespace, body);
        if header.attachments == 0 {
            return Ok(Some(packet));
        }
        self.pending = Some(Box::new(Pending { packet, size }));
        Ok(None)
    }

    fn attachment(&mut self, bytes: Bytes) -> Result<Option<Packet>, DecodeError> {
        let Some(mut pending) = self.pending.take() else {
            return Err(DecodeError::UnexpectedBinary);
        };
        pending.size = pending.size.saturating_add(bytes.len());
        if pending.size > self.limits.max_payload {
            return Err(DecodeError::TooLarge);
        }
        let is_complete = match &mut pending.packet.body {
            Body::Event { args, .. } | Body::Ack { args, .. } => args.attach(bytes),
            _ => true,
        };
        if is_complete {
            return Ok(Some(pending.packet));
        }
        self.pending = Some(pending);
        Ok(None)
    }

    #[inline]
    fn namespace(&mut self, name: &str) -> Result<Namespace, DecodeError> {
        self.recent.get(name, self.limits.max_namespace)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
}

/// What stands before the JSON.
struct Header {
    kind: Kind,
    /// How many are announced. Zero in packets that can have none.
    attachments: u32,
    /// Empty for the root namespace.
    namespace: Span,
    id: Option<AckId>,
    /// Where the JSON begins.
    payload: usize,
}

impl Header {
    /// `text` begins with the packet type of Engine.IO.
    fn parse(text: &str, limits: &Limits) -> Result<Self, DecodeError> {
        let bytes = text.as_bytes();
        let mut at = 1;
        let (kind, is_binary) = match bytes.get(at) {
            Some(b'0') => (Kind::Connect, false),
            Some(b'1') => (Kind::Disconnect, false),
            Some(b'2') => (Kind::Event, false),
            Some(b'3') => (Kind::Ack, false),
            Some(b'4') => (Kind::ConnectError, false),
            Some(b'5') => (Kind::Event, true),
            Some(b'6') => (Kind::Ack, true),
            _ => return Err(DecodeError::UnknownType),
        };
        at += 1;
        let mut attachments = 0;
        if is_binary {
            let digits = digits(bytes, at);
            at += digits.len() + 1;
            if digits.is_empty() || bytes.get(at - 1) != Some(&b'-') {
                return Err(DecodeError::IllegalAttachments);
            }
            // What does not fit 32 bits is too many as well.
            attachments = number(digits).ok_or(DecodeError::TooManyAttachments)?;
            if attachments == 0 {
                return Err(DecodeError::IllegalAttachments);
            }
            if attachments as usize > limits.max_attachments {
                return Err(DecodeError::TooManyAttachments);
            }
            if attachments as usize > bytes.len() / SHORTEST_REFERENCE {
                return Err(DecodeError::IllegalAttachments);
            }
        }
        let mut namespace = Span::EMPTY;
        if bytes.get(at) == Some(&b'/') {
            let rest = bytes.get(at..).unwrap_or_default();
            // Without a comma the name ends with the packet.
            let len = memchr::memchr(b',', rest).unwrap_or(rest.len());
            namespace = Span::new(at, at + len);
            at = bytes.len().min(at + len + 1);
        }
        let digits = digits(bytes, at);
        at += digits.len();
        let id = match digits {
            [] => None,
            digits => Some(ack_id(digits).ok_or(DecodeError::InvalidAckId)?),
        };
        Ok(Self {
            kind,
            attachments,
            namespace,
            id,
            payload: at,
        })
    }

    /// Whether there is no JSON.
    fn is_bare(&self, text: &str) -> bool {
        self.payload == text.len()
    }

    /// An id where it means nothing is refused rather than lost.
    fn refuse_id(&self) -> Result<(), DecodeError> {
        match self.id {
            None => Ok(()),
            Some(_) => Err(DecodeError::InvalidAckId),
        }
    }
}

/// The digits from `at` on.
fn digits(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(..len).unwrap_or_default()
}

fn ack_id(digits: &[u8]) -> Option<AckId> {
    let mut id = 0u64;
    for digit in digits {
        id = id
            .checked_mul(10)?
            .checked_add(u64::from(digit.wrapping_sub(b'0')))?;
    }
    Some(AckId(id))
}

/// What the pass over the arguments has found out.
struct Checked {
    /// Where the name stands, without its quotes.
    name: Span,
    /// Where the first argument begins, or the bracket that closes the array.
    first: u32,
    /// How many arguments there are.
    len: u32,
    extra: Option<Arc<Extra>>,
}

fn check_arguments(text: &str, header: &Header, limits: &Limits) -> Result<Checked, DecodeError> {
    let bytes = text.as_bytes();
    let is_event = header.kind == Kind::Event;
    // Nothing goes before the bracket, not even white space: the reference takes a blank there for a digit.
    if bytes.get(header.payload) != Some(&b'[') {
        if is_event || header.attachments > 0 || !header.is_bare(text) {
            return Err(DecodeError::InvalidPayload);
        }
        // An acknowledgement without a payload.
        return Ok(Checked {
            name: Span::EMPTY,
            first: 0,
            len: 0,
            extra: None,
        });
    }
    let mut checker = Checker::new(bytes, header.payload, limits.max_depth);
    checker.enter()?;
    let (name, long_name) = if is_event {
        check_name(text, &mut checker, limits)?
    } else {
        (Span::EMPTY, None)
    };
    let any = if is_event {
        checker.take(b',')
    } else {
        checker.peek() != b']'
    };
    if header.attachments > 0 {
        checker.expect_attachments(header.attachments);
    }
    checker.peek();
    let first = checker.at();
    let mut len = 0;
    let mut next = if any { b',' } else { checker.next() };
    while next == b',' {
        checker.value()?;
        len += 1;
        next = checker.next();
    }
    if next != b']' {
        return Err(DecodeError::InvalidJson);
    }
    checker.end()?;
    let extra = if header.attachments > 0 || long_name.is_some() {
        let places = checker.into_places()?;
        Some(Arc::new(Extra {
            name: long_name,
            attachments: Vec::with_capacity(places.len()),
            places,
        }))
    } else {
        None
    };
    Ok(Checked {
        name,
        first: u32::try_from(first).map_err(|_| DecodeError::TooLarge)?,
        len,
        extra,
    })
}

/// The name of the event: text, or a number.
fn check_name(
    text: &str,
    checker: &mut Checker<'_>,
    limits: &Limits,
) -> Result<(Span, Option<Box<str>>), DecodeError> {
    let first = checker.peek();
    let start = checker.at();
    let (span, long) = match first {
        b'"' => {
            let has_escapes = checker.string()?;
            let span = Span::new(start + 1, checker.at() - 1);
            if !has_escapes {
                (span, None)
            } else if span.of(text).len() > limits.max_event_name.saturating_mul(6) {
                // Escapes make a name longer, by a factor of six at most.
                return Err(DecodeError::NameTooLong);
            } else {
                (span, Some(Box::from(scan::unescape(span.of(text)))))
            }
        }
        b'-' | b'0'..=b'9' => {
            checker.scalar(first)?;
            let span = Span::new(start, checker.at());
            (span, super::number::as_name(span.of(text)))
        }
        _ => return Err(DecodeError::InvalidPayload),
    };
    let name = long.as_deref().unwrap_or_else(|| span.of(text));
    if name.len() > limits.max_event_name {
        return Err(DecodeError::NameTooLong);
    }
    if is_reserved(name) {
        return Err(DecodeError::ReservedName);
    }
    Ok((span, long))
}
