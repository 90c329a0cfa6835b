//! From messages to packets.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::str;

use bytes::Bytes;
use engineio_proto::{Message, Wire};

use super::check;
use super::token::{Token, token};
use crate::args::{Extra, Source, Span};
use crate::connect_query;
use crate::json::{exact_integer, to_js};
use crate::namespace::Recent;
use crate::packet::is_reserved;
use crate::{AckId, Args, Body, DecodeError, Limits, Namespace, Packet, Protocol, RawValue};

/// The decoder of the MessagePack codec. Each message is a packet, so there is little to remember.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    protocol: Protocol,
    recent: Recent,
}

impl Decoder {
    pub(crate) fn new(protocol: Protocol, limits: Limits) -> Self {
        Self {
            limits,
            protocol,
            recent: Recent::default(),
        }
    }

    pub(crate) fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match message.into_wire() {
            Wire::Binary(frame) => self.packet(&frame).map(Some),
            Wire::Text(_) => Err(DecodeError::InvalidMessagePack),
        }
    }

    fn packet(&mut self, frame: &Bytes) -> Result<Packet, DecodeError> {
        // Offsets are kept in 32 bits.
        if frame.len() > self.limits.max_payload || u32::try_from(frame.len()).is_err() {
            return Err(DecodeError::TooLarge);
        }
        let fields = Fields::read(frame, &self.limits)?;
        let kind = fields.kind(frame)?;
        let name = fields.namespace(frame)?;
        let id = fields.id(frame)?;
        let body = match kind {
            2 => {
                let args = self.event(frame, fields.data)?;
                Body::Event { id, args }
            }
            3 => {
                let args = acknowledgement(frame, fields.data)?;
                let id = id.ok_or(DecodeError::InvalidAckId)?;
                Body::Ack { id, args }
            }
            _ if id.is_some() => return Err(DecodeError::InvalidAckId),
            0 => return self.connect(frame, name, fields.data),
            1 if fields.data.is_none() => Body::Disconnect,
            4 => {
                let raw = payload(frame, fields.data, |token| {
                    matches!(token, Token::Map(_) | Token::Text(_))
                })?;
                Body::ConnectError(Some(raw.ok_or(DecodeError::InvalidPayload)?))
            }
            _ => return Err(DecodeError::InvalidPayload),
        };
        Ok(Packet::new(self.namespace(name)?, body))
    }

    fn connect(
        &mut self,
        frame: &Bytes,
        name: &str,
        data: Option<Span>,
    ) -> Result<Packet, DecodeError> {
        let shown = payload(frame, data, |token| matches!(token, Token::Map(_)))?;
        let (name, query) = connect_query::split(self.protocol, name);
        let shown = match (shown, query) {
            (None, Some(query)) => Some(connect_query::payload(query)?),
            (shown, _) => shown,
        };
        Ok(Packet::new(self.namespace(name)?, Body::Connect(shown)))
    }

    fn event(&self, frame: &Bytes, data: Option<Span>) -> Result<Args, DecodeError> {
        let (start, len) = elements(frame, data)?;
        let (name, first) = token(frame, start).ok_or(DecodeError::InvalidPayload)?;
        let len = len.checked_sub(1).ok_or(DecodeError::InvalidPayload)?;
        let (name, span) = match name {
            // The text ends where the first argument begins.
            Token::Text(name) => (
                String::from_utf8_lossy(name),
                Span::new(first.saturating_sub(name.len()), first),
            ),
            Token::Unsigned(number) => (Cow::Owned(text_of(number)), Span::EMPTY),
            Token::Negative(number) => (Cow::Owned(text_of(number)), Span::EMPTY),
            Token::Float(number) => (Cow::Owned(to_js(number)), Span::EMPTY),
            _ => return Err(DecodeError::InvalidPayload),
        };
        if name.len() > self.limits.max_event_name {
            return Err(DecodeError::NameTooLong);
        }
        if is_reserved(&name) {
            return Err(DecodeError::ReservedName);
        }
        let extra = match name {
            Cow::Borrowed(_) => None,
            Cow::Owned(name) => Some(Arc::new(Extra {
                name: Some(Box::from(name)),
                ..Extra::default()
            })),
        };
        Ok(Args::new(
            Source::message_pack(frame.clone(), extra),
            span,
            offset(first)?,
            len,
        ))
    }

    fn namespace(&mut self, name: &str) -> Result<Namespace, DecodeError> {
        self.recent.get(name, self.limits.max_namespace)
    }
}

fn acknowledgement(frame: &Bytes, data: Option<Span>) -> Result<Args, DecodeError> {
    let (first, len) = elements(frame, data)?;
    let source = Source::message_pack(frame.clone(), None);
    Ok(Args::new(source, Span::EMPTY, offset(first)?, len))
}

/// Where the elements of an array begin, and how many there are.
fn elements(frame: &Bytes, data: Option<Span>) -> Result<(usize, u32), DecodeError> {
    let data = data.ok_or(DecodeError::InvalidPayload)?;
    match token(frame, data.start()) {
        Some((Token::Array(len), first)) => Ok((first, len)),
        _ => Err(DecodeError::InvalidPayload),
    }
}

/// A payload that is one value of some type, or nothing.
fn payload(
    frame: &Bytes,
    data: Option<Span>,
    is_allowed: impl Fn(Token<'_>) -> bool,
) -> Result<Option<RawValue>, DecodeError> {
    let Some(data) = data else {
        return Ok(None);
    };
    match token(frame, data.start()) {
        Some((token, _)) if is_allowed(token) => {
            let source = Source::message_pack(frame.clone(), None);
            Ok(Some(RawValue::new(source, data)))
        }
        _ => Err(DecodeError::InvalidPayload),
    }
}

fn text_of(number: impl itoa::Integer) -> String {
    String::from(itoa::Buffer::new().format(number))
}

fn offset(at: usize) -> Result<u32, DecodeError> {
    u32::try_from(at).map_err(|_| DecodeError::TooLarge)
}

/// Where the members of a packet stand. What is `undefined` does not.
#[derive(Default)]
struct Fields {
    kind: Option<Span>,
    data: Option<Span>,
    id: Option<Span>,
    namespace: Option<Span>,
}

impl Fields {
    /// Checks the whole frame, and finds the members, in whatever order they are. Others are ignored, such as the
    /// `options` of JavaScript clients. Of a key that comes twice the second one counts.
    fn read(frame: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let Some((Token::Map(count), mut at)) = token(frame, 0) else {
            return Err(DecodeError::InvalidMessagePack);
        };
        let mut fields = Self::default();
        for _ in 0..count {
            // Ends with the frame at the latest.
            let (key, start) = token(frame, at).ok_or(DecodeError::InvalidMessagePack)?;
            let end = check::value(frame, start, limits.max_depth)?;
            let is_undefined = matches!(token(frame, start), Some((Token::Undefined, _)));
            let span = (!is_undefined).then(|| Span::new(start, end));
            match key {
                Token::Text(b"type") => fields.kind = span,
                Token::Text(b"data") => fields.data = span,
                Token::Text(b"id") => fields.id = span,
                Token::Text(b"nsp") => fields.namespace = span,
                key if check::can_be_key(&key) => {}
                _ => return Err(DecodeError::InvalidMessagePack),
            }
            at = end;
        }
        if at == frame.len() {
            Ok(fields)
        } else {
            Err(DecodeError::InvalidMessagePack)
        }
    }

    fn kind(&self, frame: &[u8]) -> Result<u64, DecodeError> {
        let number = self.kind.and_then(|span| integer(frame, span));
        let known = number.filter(|number| *number <= 4);
        known.ok_or(DecodeError::UnknownType)
    }

    /// A name has a slash in front; without one the reference knows no such namespace.
    fn namespace<'a>(&self, frame: &'a [u8]) -> Result<&'a str, DecodeError> {
        let Some((Token::Text(name), _)) = self.namespace.and_then(|s| token(frame, s.start()))
        else {
            return Err(DecodeError::InvalidNamespace);
        };
        let name = str::from_utf8(name).ok();
        let name = name.filter(|name| name.starts_with('/'));
        name.ok_or(DecodeError::InvalidNamespace)
    }

    fn id(&self, frame: &[u8]) -> Result<Option<AckId>, DecodeError> {
        let Some(span) = self.id else {
            return Ok(None);
        };
        let id = integer(frame, span).ok_or(DecodeError::InvalidAckId)?;
        Ok(Some(AckId(id)))
    }
}

/// An integer that is not negative; a float will do if it is one.
fn integer(frame: &[u8], span: Span) -> Option<u64> {
    match token(frame, span.start())?.0 {
        Token::Unsigned(number) => Some(number),
        Token::Float(number) => u64::try_from(exact_integer(number)?).ok(),
        _ => None,
    }
}
