//! Building a text message with its header in front.

use alloc::vec::Vec;
use core::fmt;
use core::iter::repeat_n;
use core::str;

use bytes::{Buf, Bytes};

use super::ws_header::{HEADER_ROOM, WsHeader};
use super::{Message, Repr};

/// Builds a text message in place, so that a serialiser above needs no buffer of its own.
///
/// Some bytes are kept free in front of the text. When it is finished, the unmasked WebSocket header is written
/// right-aligned into them: header and payload are one buffer, and a broadcast writes it as it stands.
///
/// ```
/// use core::fmt::Write;
/// use engineio_proto::{Payload, TextBuilder};
///
/// let mut builder = TextBuilder::with_capacity(32);
/// builder.push_str("2[\"seq\",");
/// write!(builder, "{}", 42).unwrap();
/// builder.push_str("]");
/// assert_eq!(builder.finish().payload(), Payload::Text("2[\"seq\",42]"));
/// ```
///
/// What goes first but is known last is [prepended](Self::prepend):
///
/// ```
/// use engineio_proto::{Payload, TextBuilder};
///
/// let mut builder = TextBuilder::with_front(8, 32);
/// builder.push_str("[\"file\",{\"_placeholder\":true,\"num\":0}]");
/// builder.prepend("51-");
/// let message = builder.finish();
/// assert_eq!(message.payload(), Payload::Text("51-[\"file\",{\"_placeholder\":true,\"num\":0}]"));
/// ```
#[derive(Clone, Debug)]
pub struct TextBuilder {
    /// Free bytes, then the text. Only `str` is ever written into it, so the text is UTF-8.
    buffer: Vec<u8>,
    /// Where the text begins. Invariant: `FRONT <= start <= buffer.len()`.
    start: usize,
}

impl TextBuilder {
    /// Makes room for a payload of `payload` bytes; more can be pushed.
    pub fn with_capacity(payload: usize) -> Self {
        Self::with_front(0, payload)
    }

    /// The same, with room for `front` bytes that will be [prepended](Self::prepend).
    pub fn with_front(front: usize, payload: usize) -> Self {
        let start = front.saturating_add(FRONT);
        let mut buffer = Vec::with_capacity(start.saturating_add(payload));
        buffer.resize(start, 0);
        Self { buffer, start }
    }

    /// Appends text.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// Appends one character.
    #[inline]
    pub fn push(&mut self, c: char) {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.buffer.push(byte),
            _ => self.push_str(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Puts text before what is there.
    ///
    /// Costs a copy of the prepended text only, as long as the room asked for with
    /// [`with_front`](Self::with_front) lasts; then all that is there has to move.
    #[inline]
    pub fn prepend(&mut self, text: &str) {
        let missing = (text.len() + FRONT).saturating_sub(self.start);
        if missing > 0 {
            self.make_room(missing);
        }
        let start = self.start - text.len();
        if let Some(room) = self.buffer.get_mut(start..self.start) {
            room.copy_from_slice(text.as_bytes());
            self.start = start;
        }
    }

    /// Moves all that is there.
    #[cold]
    fn make_room(&mut self, missing: usize) {
        self.buffer
            .splice(self.start..self.start, repeat_n(0, missing));
        self.start += missing;
    }

    /// Bytes of payload so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payload so far. It is checked anew at each call.
    pub fn as_str(&self) -> &str {
        let text = self.buffer.get(self.start..).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }

    /// The finished message. What was reserved and not used stays with it until it is sent.
    #[inline]
    pub fn finish(self) -> Message {
        let Self { mut buffer, start } = self;
        let kind = start - 1;
        if let Some(byte) = buffer.get_mut(kind) {
            *byte = b'4';
        }
        let first = WsHeader::write(WsHeader::TEXT, buffer.len() - kind, |header| {
            let first = kind - header.len();
            if let Some(room) = buffer.get_mut(first..kind) {
                room.copy_from_slice(header);
            }
            first
        });
        let mut frame = Bytes::from(buffer);
        frame.advance(first);
        Message {
            repr: Repr::Built(frame),
        }
    }
}

impl fmt::Write for TextBuilder {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Bytes that are always free in front of the text: a WebSocket header and the packet type.
const FRONT: usize = HEADER_ROOM + 1;

#[cfg(test)]
mod tests {
    use crate::{Payload, Wire};

    use super::*;

    /// Whatever is prepended to whatever room, header and payload fit together.
    #[test]
    fn text_may_be_prepended_with_and_without_room_for_it() {
        for room in [0, 1, 5, 200] {
            for (first, second) in [
                ("", "a"),
                ("/namespace,", "51-"),
                ("é".repeat(90).as_str(), "2"),
            ] {
                let mut builder = TextBuilder::with_front(room, 0);
                builder.push_str("[1]");
                builder.prepend(first);
                builder.prepend(second);
                let text = [second, first, "[1]"].concat();
                assert_eq!(builder.as_str(), text);
                assert_eq!(builder.len(), text.len());
                let message = builder.finish();
                assert_eq!(message.payload(), Payload::Text(&text));
                assert_eq!(message.wire(), ["4", &text].concat().as_bytes());
                let frame = message.built_ws_frame().unwrap();
                assert_eq!(
                    frame.len(),
                    message.wire().len() + if text.len() < 125 { 2 } else { 4 }
                );
                assert_eq!(
                    message.into_wire(),
                    Wire::Text(["4", &text].concat().into())
                );
            }
        }
    }
}
