//! Revision 4: packets with a separator between them.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::{TextBody, Wire};
use crate::b64;
use crate::packet::base64_prefix;
use crate::{DecodeError, Packet, Revision};

/// The record separator of ASCII. JSON escapes it, so it does not stand in messages of Socket.IO; plain
/// Engine.IO has no escape for it, and a text with it arrives in two.
const SEPARATOR: u8 = 0x1e;

#[derive(Debug)]
pub(super) struct Body {
    text: TextBody,
    /// The last packet was taken.
    ended: bool,
}

impl Body {
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            text: TextBody::new(body),
            ended: false,
        }
    }

    pub(super) fn next_packet(&mut self) -> Option<Result<Packet, DecodeError>> {
        if self.ended {
            return None;
        }
        let rest = self.text.rest().as_bytes();
        let packet = match memchr(SEPARATOR, rest) {
            Some(end) => self.text.take(end, 1),
            None if self.text.torn => return Some(Err(DecodeError::InvalidUtf8)),
            None => {
                self.ended = true;
                self.text.take(rest.len(), 0)
            }
        };
        Some(Packet::from_text(packet, Revision::V4))
    }
}

pub(super) fn push(out: &mut BytesMut, first: bool, wire: Wire<'_>) {
    if !first {
        out.extend_from_slice(&[SEPARATOR]);
    }
    match wire {
        Wire::Text { kind, data } => {
            out.extend_from_slice(kind);
            out.extend_from_slice(data);
        }
        Wire::Binary(data) => {
            out.extend_from_slice(base64_prefix(Revision::V4).as_bytes());
            b64::encode(data, out);
        }
    }
}

pub(super) fn len(first: bool, wire: Wire<'_>) -> usize {
    let packet = match wire {
        Wire::Text { kind, data } => kind.len() + data.len(),
        Wire::Binary(data) => base64_prefix(Revision::V4).len() + b64::encoded_len(data.len()),
    };
    usize::from(!first) + packet
}
