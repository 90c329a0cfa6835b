//! Application messages, kept in the form in which they travel.

mod builder;
mod ws_header;

use core::fmt;
use core::str;

use bytes::Bytes;

use crate::Text;

pub use builder::TextBuilder;
pub(crate) use ws_header::WsHeader;

/// One message of the application, text or binary, ready to be sent.
///
/// A message is kept as it travels: text with the `4` of its packet type in front, binary bare. One that was
/// made by a [`TextBuilder`] even carries its WebSocket header, so that a broadcast is encoded once and costs
/// each recipient a reference count, whatever it is connected by. Cloning never copies the payload.
///
/// ```
/// use engineio_proto::{Message, Payload};
///
/// let hello = Message::text("hello");
/// assert_eq!(hello.payload(), Payload::Text("hello"));
/// let bytes = Message::binary(vec![1, 2, 3]);
/// assert_eq!(bytes.payload(), Payload::Binary(&[1, 2, 3]));
/// ```
#[derive(Clone)]
pub struct Message {
    repr: Repr,
}

/// How a message is kept, and whether it may be compressed.
///
/// No variant has anything beside its buffer. With a flag in the gap between tag and buffer, moving a message
/// would copy bytes across the words that were just written, which processors wait for: decoding took half as
/// long again.
#[derive(Clone)]
enum Repr {
    /// `4…`, as it arrived: checked, without a header.
    Arrived(Text),
    ArrivedPlain(Text),
    /// A whole WebSocket frame; what follows its header is `4…`.
    ///
    /// Invariant: the header is one of [`WsHeader`], and what follows it is UTF-8, because `TextBuilder` only
    /// takes `str`.
    Built(Bytes),
    BuiltPlain(Bytes),
    /// The payload itself.
    Binary(Bytes),
    BinaryPlain(Bytes),
}

/// How a message is kept, whether it may be compressed or not.
enum Kept<'a> {
    Arrived(&'a Text),
    Built(&'a Bytes),
    Binary(&'a Bytes),
}

/// What the application sent: [`Message::payload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol knows these two and no third"
)]
pub enum Payload<'a> {
    /// Text, without the packet type.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

/// What a message travels as: [`Message::into_wire`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol knows these two and no third"
)]
pub enum Wire {
    /// Text, with the `4` of its packet type in front.
    Text(Text),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// A text message. Copies the text once; whoever produces text piece by piece uses a [`TextBuilder`].
    ///
    /// Text with the character U+001E in it cannot go by polling, whose bodies it separates: there `send` refuses it.
    pub fn text(payload: &str) -> Self {
        let mut builder = TextBuilder::with_capacity(payload.len());
        builder.push_str(payload);
        builder.finish()
    }

    /// A binary message. Copies nothing.
    pub fn binary(payload: impl Into<Bytes>) -> Self {
        Self {
            repr: Repr::Binary(payload.into()),
        }
    }

    /// A message that arrived as text; `wire` begins with `4`.
    #[inline]
    pub(crate) fn from_wire(wire: Text) -> Self {
        debug_assert!(wire.starts_with('4'));
        Self {
            repr: Repr::Arrived(wire),
        }
    }

    /// Says whether a transport that compresses may compress this message. True unless said otherwise.
    ///
    /// Turn it off for what is compressed already, such as pictures.
    #[must_use]
    pub fn with_compress(self, yes: bool) -> Self {
        let repr = match (self.repr, yes) {
            (Repr::Arrived(wire) | Repr::ArrivedPlain(wire), true) => Repr::Arrived(wire),
            (Repr::Arrived(wire) | Repr::ArrivedPlain(wire), false) => Repr::ArrivedPlain(wire),
            (Repr::Built(frame) | Repr::BuiltPlain(frame), true) => Repr::Built(frame),
            (Repr::Built(frame) | Repr::BuiltPlain(frame), false) => Repr::BuiltPlain(frame),
            (Repr::Binary(payload) | Repr::BinaryPlain(payload), true) => Repr::Binary(payload),
            (Repr::Binary(payload) | Repr::BinaryPlain(payload), false) => {
                Repr::BinaryPlain(payload)
            }
        };
        Self { repr }
    }

    /// Whether a transport that compresses may compress this message.
    pub fn compress(&self) -> bool {
        match &self.repr {
            Repr::Arrived(_) | Repr::Built(_) | Repr::Binary(_) => true,
            Repr::ArrivedPlain(_) | Repr::BuiltPlain(_) | Repr::BinaryPlain(_) => false,
        }
    }

    #[inline]
    fn kept(&self) -> Kept<'_> {
        match &self.repr {
            Repr::Arrived(wire) | Repr::ArrivedPlain(wire) => Kept::Arrived(wire),
            Repr::Built(frame) | Repr::BuiltPlain(frame) => Kept::Built(frame),
            Repr::Binary(payload) | Repr::BinaryPlain(payload) => Kept::Binary(payload),
        }
    }

    /// Whether this is text.
    pub fn is_text(&self) -> bool {
        !self.is_binary()
    }

    /// Whether this is binary.
    pub fn is_binary(&self) -> bool {
        matches!(self.kept(), Kept::Binary(_))
    }

    /// Whether this is text that arrived, perhaps as a part of a long body, and has fewer bytes than `long`.
    #[inline]
    pub(crate) fn is_part_of_body(&self, long: usize) -> bool {
        matches!(&self.repr, Repr::Arrived(wire) | Repr::ArrivedPlain(wire) if wire.len() < long)
    }

    /// The same message; with a buffer of its own, if it is [a part of a body](Self::is_part_of_body).
    #[inline]
    pub(crate) fn to_detached(&self, long: usize) -> Self {
        let repr = match &self.repr {
            Repr::Arrived(wire) if wire.len() < long => Repr::Arrived(Text::from(wire.as_str())),
            Repr::ArrivedPlain(wire) if wire.len() < long => {
                Repr::ArrivedPlain(Text::from(wire.as_str()))
            }
            repr => repr.clone(),
        };
        Self { repr }
    }

    /// Whether this is text in which a peer would find more than one packet, if it came by polling.
    pub(crate) fn has_separator(&self) -> bool {
        self.is_text() && memchr::memchr(0x1e, self.wire()).is_some()
    }

    /// Bytes of the payload, without packet type and headers.
    #[inline]
    pub fn len(&self) -> usize {
        match self.kept() {
            Kept::Binary(payload) => payload.len(),
            // The packet type is one byte.
            _ => self.wire().len().saturating_sub(1),
        }
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payload, borrowed.
    ///
    /// Free for what arrived. Text that was built here is checked anew at each call, since its buffer also
    /// holds a header that is no text; transports take [`wire`](Self::wire) and pay nothing.
    pub fn payload(&self) -> Payload<'_> {
        match self.kept() {
            Kept::Arrived(wire) => Payload::Text(wire.get(1..).unwrap_or_default()),
            Kept::Built(_) => {
                let text = self.wire().get(1..).unwrap_or_default();
                Payload::Text(str::from_utf8(text).unwrap_or_default())
            }
            Kept::Binary(payload) => Payload::Binary(payload),
        }
    }

    /// The payload of a text message as shared text; `None` if it is binary. Copies nothing.
    ///
    /// As with [`payload`](Self::payload), text that was built here is checked anew.
    pub fn to_text(&self) -> Option<Text> {
        match self.kept() {
            Kept::Arrived(wire) => Some(wire.slice_ref(wire.get(1..).unwrap_or_default())),
            Kept::Built(frame) => {
                let payload = frame.slice(frame.len().min(WsHeader::len_in(frame) + 1)..);
                Some(Text::try_from(payload).unwrap_or_default())
            }
            Kept::Binary(_) => None,
        }
    }

    /// The payload of a binary message, shared; `None` if it is text.
    pub fn to_bytes(&self) -> Option<Bytes> {
        match self.kept() {
            Kept::Binary(payload) => Some(payload.clone()),
            _ => None,
        }
    }

    /// What a transport writes: text with its `4` in front, binary bare.
    pub fn wire(&self) -> &[u8] {
        match self.kept() {
            Kept::Arrived(wire) => wire.as_bytes(),
            Kept::Built(frame) => frame.get(WsHeader::len_in(frame)..).unwrap_or_default(),
            Kept::Binary(payload) => payload,
        }
    }

    /// The same as [`wire`](Self::wire), shared.
    pub fn wire_bytes(&self) -> Bytes {
        match self.kept() {
            Kept::Arrived(wire) => wire.as_bytes().clone(),
            Kept::Built(frame) => frame.slice(frame.len().min(WsHeader::len_in(frame))..),
            Kept::Binary(payload) => payload.clone(),
        }
    }

    /// What a transport writes, taken out: the cheapest way to keep what arrived.
    ///
    /// Costs nothing for what arrived. As with [`payload`](Self::payload), text that was built here is checked
    /// anew.
    pub fn into_wire(self) -> Wire {
        match self.repr {
            Repr::Arrived(wire) | Repr::ArrivedPlain(wire) => Wire::Text(wire),
            Repr::Binary(payload) | Repr::BinaryPlain(payload) => Wire::Binary(payload),
            Repr::Built(_) | Repr::BuiltPlain(_) => {
                Wire::Text(Text::try_from(self.wire_bytes()).unwrap_or_default())
            }
        }
    }

    /// The whole unmasked WebSocket frame of a text that was built here, shared by everybody it is sent to.
    pub(crate) fn built_ws_frame(&self) -> Option<&Bytes> {
        match self.kept() {
            Kept::Built(frame) => Some(frame),
            _ => None,
        }
    }

    /// The same, taken out. The message itself if it was not built here.
    pub(crate) fn into_built_ws_frame(self) -> Result<Bytes, Self> {
        match self.repr {
            Repr::Built(frame) | Repr::BuiltPlain(frame) => Ok(frame),
            repr => Err(Self { repr }),
        }
    }
}

/// Two messages are equal if their payloads are, wherever they came from.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.is_binary() == other.is_binary() && self.wire() == other.wire()
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload() {
            Payload::Text(text) => f.debug_tuple("Text").field(&text).finish(),
            Payload::Binary(bytes) => f
                .debug_tuple("Binary")
                .field(&Bytes::copy_from_slice(bytes))
                .finish(),
        }
    }
}

// A queue slot of every connection: two words more would be felt at 10,000 recipients.
const _: () = assert!(size_of::<Message>() == 40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_to_compress_can_be_said_of_every_message_and_changes_nothing_else() {
        let arrived = Message::from_wire(Text::from_static("4hi"));
        for message in [
            arrived,
            Message::text("hi"),
            Message::binary(Bytes::from_static(&[1])),
        ] {
            assert!(message.compress());
            let plain = message.clone().with_compress(false);
            assert!(!plain.compress() && !plain.clone().with_compress(false).compress());
            assert_eq!(plain, message);
            assert_eq!(plain.built_ws_frame(), message.built_ws_frame());
            assert_eq!(plain.clone().into_wire(), message.clone().into_wire());
            assert!(plain.with_compress(true).compress());
        }
    }
}
