//! Revision 4: packets with a separator between them.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::Wire;
use crate::b64;
use crate::packet::base64_prefix;
use crate::{DecodeError, Packet, Revision, Text};

/// The record separator of ASCII. JSON escapes it, so it does not stand in messages of Socket.IO; plain
/// Engine.IO has no escape for it, and a text with it arrives in two.
const SEPARATOR: u8 = 0x1e;

#[derive(Debug)]
pub(super) struct Body {
    /// `None` behind the last packet. There is always one more packet than there are separators.
    rest: Option<Bytes>,
}

impl Body {
    pub(super) fn new(body: Bytes) -> Self {
        Self { rest: Some(body) }
    }

    #[inline]
    pub(super) fn next_packet(&mut self) -> Option<Result<Packet, DecodeError>> {
        let rest = self.rest.as_mut()?;
        let packet = match memchr(SEPARATOR, rest) {
            Some(len) => {
                let packet = rest.split_to(len);
                rest.advance(1);
                packet
            }
            None => self.rest.take()?,
        };
        Some(Text::try_from(packet).and_then(|text| Packet::from_text(text, Revision::V4)))
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
