//! Revision 3: a length before each packet.

use bytes::{Buf, Bytes, BytesMut};

use super::Wire;
use crate::b64;
use crate::packet::base64_prefix;
use crate::{DecodeError, Packet, Revision, Text};

/// Binary messages from this length on share the buffer of their body.
const LONG: usize = 4096;

/// `length:packet`, again and again.
#[derive(Debug)]
pub(super) struct TextBody {
    rest: Bytes,
    started: bool,
}

impl TextBody {
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            rest: body,
            started: false,
        }
    }

    pub(super) fn next_packet(&mut self) -> Option<Result<Packet, DecodeError>> {
        loop {
            if self.rest.is_empty() {
                return (!self.started).then_some(Err(DecodeError::Empty));
            }
            self.started = true;
            let Some((digits, len)) = text_extent(&self.rest) else {
                return Some(Err(DecodeError::InvalidLength));
            };
            self.rest.advance(digits + 1);
            // `0:` is what an encoder of the reference makes of no packets.
            if len > 0 {
                let packet = Text::try_from(self.rest.split_to(len));
                return Some(packet.and_then(|text| Packet::from_text(text, Revision::V3)));
            }
        }
    }
}

/// How many digits there are before the colon, and how many bytes behind it belong to the packet.
fn text_extent(rest: &[u8]) -> Option<(usize, usize)> {
    let mut units = 0;
    for (digits, byte) in rest.iter().enumerate() {
        if *byte == b':' {
            let packet = rest.get(digits + 1..)?;
            let len = utf16_prefix(packet, units)?;
            return (digits > 0).then_some((digits, len));
        }
        units = push_digit(units, byte.wrapping_sub(b'0'), rest.len())?;
    }
    None
}

/// One more digit of a length. `None` as soon as the length exceeds `most`, so that no run of digits is walked
/// for a number that cannot be right.
fn push_digit(length: usize, digit: u8, most: usize) -> Option<usize> {
    if digit > 9 {
        return None;
    }
    let length = length.checked_mul(10)?.checked_add(usize::from(digit))?;
    (length <= most).then_some(length)
}

/// How many bytes of UTF-8 make `units` units of UTF-16. `None` if there are too few, or if a pair of
/// surrogates would be cut. Of bytes that are no UTF-8 it gives some length; they are refused when they are read.
fn utf16_prefix(text: &[u8], units: usize) -> Option<usize> {
    // No unit takes less than a byte.
    if text.get(..units)?.is_ascii() {
        return Some(units);
    }
    let mut left = units;
    let mut rest = text;
    while left > 0 {
        // JSON is ASCII for the most part, whatever the language.
        if left >= 8
            && let Some((block, behind)) = rest.split_first_chunk::<8>()
            && u64::from_ne_bytes(*block) & 0x8080_8080_8080_8080 == 0
        {
            left -= 8;
            rest = behind;
            continue;
        }
        let (bytes, units) = match rest.first()? {
            0..0xc0 => (1, 1),
            0xc0..0xe0 => (2, 1),
            0xe0..0xf0 => (3, 1),
            0xf0.. => (4, 2),
        };
        left = left.checked_sub(units)?;
        rest = rest.get(bytes..)?;
    }
    Some(text.len() - rest.len())
}

/// Units of UTF-16 that this UTF-8 takes.
fn utf16_len(text: &[u8]) -> usize {
    /// As many bytes as can be counted in a byte, which processors do by the dozen.
    const CHUNK: usize = 64;
    if text.is_ascii() {
        return text.len();
    }
    // Each character has one byte that does not begin with the bits 10. Those of four bytes are pairs.
    let units = |byte: &u8| u8::from(byte & 0xc0 != 0x80) + u8::from(*byte >= 0xf0);
    text.chunks(CHUNK)
        .map(|chunk| usize::from(chunk.iter().map(units).sum::<u8>()))
        .sum()
}

/// Packets with a head of bytes.
#[derive(Debug)]
pub(super) struct BinaryBody {
    rest: Bytes,
    started: bool,
}

impl BinaryBody {
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            rest: body,
            started: false,
        }
    }

    pub(super) fn next_packet(&mut self) -> Option<Result<Packet, DecodeError>> {
        if self.rest.is_empty() {
            return (!self.started).then_some(Err(DecodeError::Empty));
        }
        self.started = true;
        Some(self.packet())
    }

    fn packet(&mut self) -> Result<Packet, DecodeError> {
        let (head, len) = binary_extent(&self.rest).ok_or(DecodeError::InvalidLength)?;
        let form = self.rest.split_to(head).first().copied();
        let mut packet = self.rest.split_to(len);
        if packet.len() < LONG {
            // A buffer of its own: a short message that is kept must not keep a long body.
            packet = Bytes::copy_from_slice(&packet);
        }
        match form {
            Some(STRING) => Packet::from_text(Text::try_from(packet)?, Revision::V3),
            Some(BINARY) => Packet::from_typed_binary(packet),
            _ => Err(DecodeError::UnknownType),
        }
    }
}

const STRING: u8 = 0;
const BINARY: u8 = 1;
const END_OF_LENGTH: u8 = 0xff;

/// How many bytes the head takes, and how many behind it are there as announced.
fn binary_extent(rest: &[u8]) -> Option<(usize, usize)> {
    let mut len = 0;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        if *byte == END_OF_LENGTH {
            let head = at + 1;
            let there = rest.len() - head;
            return (at > 1 && len <= there).then_some((head, len));
        }
        len = push_digit(len, *byte, rest.len())?;
    }
    None
}

pub(super) fn push_text(out: &mut BytesMut, wire: Wire<'_>) {
    out.extend_from_slice(Digits::new(text_units(wire), b'0').as_slice());
    out.extend_from_slice(b":");
    match wire {
        Wire::Text { kind, data } => {
            out.extend_from_slice(kind);
            out.extend_from_slice(data);
        }
        Wire::Binary(data) => {
            out.extend_from_slice(base64_prefix(Revision::V3).as_bytes());
            b64::encode(data, out);
        }
    }
}

pub(super) fn text_len(wire: Wire<'_>) -> usize {
    let units = text_units(wire);
    let packet = match wire {
        Wire::Text { kind, data } => kind.len() + data.len(),
        Wire::Binary(_) => units,
    };
    Digits::count(units) + 1 + packet
}

/// The length that is written before a packet of a text.
fn text_units(wire: Wire<'_>) -> usize {
    match wire {
        Wire::Text { kind, data } => kind.len() + utf16_len(data),
        Wire::Binary(data) => base64_prefix(Revision::V3).len() + b64::encoded_len(data.len()),
    }
}

pub(super) fn push_binary(out: &mut BytesMut, wire: Wire<'_>) {
    let (form, kind, data) = match wire {
        Wire::Text { kind, data } => (STRING, kind, data),
        Wire::Binary(data) => (BINARY, BINARY_MESSAGE, data),
    };
    out.extend_from_slice(&[form]);
    out.extend_from_slice(Digits::new(kind.len() + data.len(), 0).as_slice());
    out.extend_from_slice(&[END_OF_LENGTH]);
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
}

pub(super) fn binary_len(wire: Wire<'_>) -> usize {
    let packet = match wire {
        Wire::Text { kind, data } => kind.len() + data.len(),
        Wire::Binary(data) => BINARY_MESSAGE.len() + data.len(),
    };
    2 + Digits::count(packet) + packet
}

/// The type of a binary message: as a number, not as a character.
const BINARY_MESSAGE: &[u8] = &[4];

/// The decimal digits of a length.
struct Digits {
    bytes: [u8; Self::MOST],
    first: usize,
}

impl Digits {
    /// `u64::MAX` has twenty.
    const MOST: usize = 20;

    /// As characters if `zero` is the character `0`, as numbers if it is 0.
    #[expect(clippy::cast_possible_truncation, reason = "less than ten")]
    fn new(mut value: usize, zero: u8) -> Self {
        let mut bytes = [0; Self::MOST];
        let mut first = Self::MOST;
        for slot in bytes.iter_mut().rev() {
            *slot = zero + (value % 10) as u8;
            value /= 10;
            first -= 1;
            if value == 0 {
                break;
            }
        }
        Self { bytes, first }
    }

    fn count(value: usize) -> usize {
        Self::MOST - Self::new(value, 0).first
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.first..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_refused_at_the_digit_with_which_it_exceeds_the_body() {
        assert_eq!(push_digit(4, 2, 42), Some(42));
        assert_eq!(push_digit(4, 3, 42), None);
        assert_eq!(push_digit(usize::MAX / 10 + 1, 0, usize::MAX), None);
        assert_eq!(push_digit(usize::MAX / 10, 9, usize::MAX), None);
    }
}
