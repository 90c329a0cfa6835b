//! Revision 3: a length before each packet.

use bytes::{Bytes, BytesMut};

use super::{TextBody as Utf8, Wire};
use crate::b64;
use crate::packet::base64_prefix;
use crate::{DecodeError, Packet, Revision, Text};

/// `length:packet`, again and again.
#[derive(Debug)]
pub(super) struct TextBody {
    text: Utf8,
}

impl TextBody {
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            text: Utf8::new(body),
        }
    }

    pub(super) fn next_packet(&mut self) -> Option<Result<Packet, DecodeError>> {
        loop {
            let rest = self.text.rest().as_bytes();
            let torn = self.text.torn;
            if rest.is_empty() && !torn {
                return (self.text.at == 0).then_some(Err(DecodeError::Empty));
            }
            let Some((digits, len)) = text_extent(rest) else {
                // A packet that is not all there, because the body was read up to a byte that is no UTF-8.
                let error = if torn {
                    DecodeError::InvalidUtf8
                } else {
                    DecodeError::InvalidLength
                };
                return Some(Err(error));
            };
            self.text.at += digits + 1;
            let packet = self.text.take(len, 0);
            // `0:` is what an encoder of the reference makes of no packets.
            if len > 0 {
                return Some(Packet::from_text(packet, Revision::V3));
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
/// surrogates would be cut.
///
/// Units are counted from bytes: each character has one byte that does not begin with the bits `10`, and those
/// of four bytes, whose first is at least `f0`, take two units.
fn utf16_prefix(text: &[u8], units: usize) -> Option<usize> {
    // No unit takes less than a byte.
    if text.get(..units)?.is_ascii() {
        return Some(units);
    }
    let mut left = units;
    for (at, byte) in text.iter().enumerate() {
        if byte & 0xc0 == 0x80 {
            continue;
        }
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(if *byte >= 0xf0 { 2 } else { 1 })?;
    }
    (left == 0).then_some(text.len())
}

/// Units of UTF-16 that this UTF-8 takes.
fn utf16_len(text: &[u8]) -> usize {
    let characters = text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let pairs = text.iter().filter(|byte| **byte >= 0xf0).count();
    characters + pairs
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
        let packet = self.rest.split_to(len);
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
    let digits = Digits::new(text_units(wire));
    for digit in digits.as_slice() {
        out.extend_from_slice(&[b'0' + digit]);
    }
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
    let digits = Digits::new(text_units(wire)).as_slice().len();
    let packet = match wire {
        Wire::Text { kind, data } => kind.len() + data.len(),
        Wire::Binary(_) => text_units(wire),
    };
    digits + 1 + packet
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
    out.extend_from_slice(Digits::new(kind.len() + data.len()).as_slice());
    out.extend_from_slice(&[END_OF_LENGTH]);
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
}

pub(super) fn binary_len(wire: Wire<'_>) -> usize {
    let packet = match wire {
        Wire::Text { kind, data } => kind.len() + data.len(),
        Wire::Binary(data) => BINARY_MESSAGE.len() + data.len(),
    };
    2 + Digits::new(packet).as_slice().len() + packet
}

/// The type of a binary message: as a number, not as a character.
const BINARY_MESSAGE: &[u8] = &[4];

/// The decimal digits of a length, as numbers from 0 to 9.
struct Digits {
    bytes: [u8; Self::MOST],
    first: usize,
}

impl Digits {
    /// `u64::MAX` has twenty.
    const MOST: usize = 20;

    fn new(mut value: usize) -> Self {
        let mut bytes = [0; Self::MOST];
        let mut first = Self::MOST;
        for slot in bytes.iter_mut().rev() {
            #[expect(clippy::cast_possible_truncation, reason = "less than ten")]
            {
                *slot = (value % 10) as u8;
            }
            value /= 10;
            first -= 1;
            if value == 0 {
                break;
            }
        }
        Self { bytes, first }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.first..).unwrap_or_default()
    }
}
