//! Bodies of long polling: several packets in one request or response.
//!
//! | encoding | body | binary messages |
//! |---|---|---|
//! | [`V4`](Encoding::V4) | packets with the byte `1e` between them | `b` and base64 |
//! | [`V3Text`](Encoding::V3Text) | `length:packet`, the length in UTF-16 units | `b4` and base64 |
//! | [`V3Binary`](Encoding::V3Binary) | `00` or `01`, digits of the length as bytes 0 to 9, `ff`, packet | byte 4 and the data |
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use engineio_proto::payload::{Decoder, Encoder, Encoding};
//! use engineio_proto::{Message, Packet};
//!
//! let mut body = BytesMut::new();
//! let mut encoder = Encoder::new(&mut body, Encoding::V4);
//! encoder.push(&Packet::Message(Message::text("hello")));
//! encoder.push(&Packet::Message(Message::binary(vec![1, 2, 3])));
//! assert_eq!(body, "4hello\u{1e}bAQID");
//!
//! let mut packets = Decoder::new(body.freeze(), Encoding::V4);
//! assert_eq!(packets.next(), Some(Ok(Packet::Message(Message::text("hello")))));
//! assert_eq!(packets.next(), Some(Ok(Packet::Message(Message::binary(vec![1, 2, 3])))));
//! assert_eq!(packets.next(), None);
//! ```

mod v3;
mod v4;

use core::iter::FusedIterator;

use bytes::{Bytes, BytesMut};

use crate::{DecodeError, Packet, Revision};

/// How packets are put into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the two revisions have these three forms and no more"
)]
pub enum Encoding {
    /// Revision 4.
    V4,
    /// Revision 3 as text.
    V3Text,
    /// Revision 3 as bytes. A server answers with it when a response holds binary messages and the client did
    /// not ask for base64; a client posts it as `application/octet-stream`.
    V3Binary,
}

impl Encoding {
    /// The revision that uses it.
    pub const fn revision(self) -> Revision {
        match self {
            Self::V4 => Revision::V4,
            Self::V3Text | Self::V3Binary => Revision::V3,
        }
    }

    /// The `Content-Type` of a body in this encoding.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::V4 | Self::V3Text => "text/plain; charset=UTF-8",
            Self::V3Binary => "application/octet-stream",
        }
    }
}

/// The packets of a body, one per call of [`next`](Iterator::next).
///
/// Nothing is looked at ahead, so a body of a million separators costs what the caller takes of it, and each byte
/// is checked once. Packets share the buffer of the body; only base64 is copied. Decoding ends with the first
/// error, which is the peer's fault; the packets before it were good, also if the error is a byte that is no UTF-8.
/// An empty body is one [`DecodeError::Empty`].
#[derive(Debug)]
pub struct Decoder {
    body: Body,
}

#[derive(Debug)]
enum Body {
    V4(v4::Body),
    V3Text(v3::TextBody),
    V3Binary(v3::BinaryBody),
    /// Read to the end, or wrong: the buffer is let go.
    Done,
}

impl Decoder {
    /// Starts with a whole body.
    pub fn new(body: Bytes, encoding: Encoding) -> Self {
        let body = match encoding {
            Encoding::V4 => Body::V4(v4::Body::new(body)),
            Encoding::V3Text => Body::V3Text(v3::TextBody::new(body)),
            Encoding::V3Binary => Body::V3Binary(v3::BinaryBody::new(body)),
        };
        Self { body }
    }

    #[cold]
    fn finish(&mut self) {
        self.body = Body::Done;
    }
}

impl Iterator for Decoder {
    type Item = Result<Packet, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let packet = match &mut self.body {
            Body::V4(body) => body.next_packet(),
            Body::V3Text(body) => body.next_packet(),
            Body::V3Binary(body) => body.next_packet(),
            Body::Done => return None,
        };
        if !matches!(packet, Some(Ok(_))) {
            self.finish();
        }
        packet
    }
}

impl FusedIterator for Decoder {}

/// Appends packets to a body.
///
/// The buffer belongs to the caller and may hold something already; it is not looked at. Nothing pushed is
/// nothing written, and an empty body is an error to every decoder: do not send it.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut BytesMut,
    start: usize,
    encoding: Encoding,
}

impl<'a> Encoder<'a> {
    /// Starts a body at the end of `out`.
    pub fn new(out: &'a mut BytesMut, encoding: Encoding) -> Self {
        let start = out.len();
        Self {
            out,
            start,
            encoding,
        }
    }

    /// Appends one packet.
    pub fn push(&mut self, packet: &Packet) {
        let wire = Wire::of(packet);
        match self.encoding {
            Encoding::V4 => v4::push(self.out, self.is_empty(), wire),
            Encoding::V3Text => v3::push_text(self.out, wire),
            Encoding::V3Binary => v3::push_binary(self.out, wire),
        }
    }

    /// How long the body would be if this packet were pushed too. Exact, and encodes nothing: compare it with
    /// the peer's `maxPayload` first.
    pub fn len_with(&self, packet: &Packet) -> usize {
        let wire = Wire::of(packet);
        self.len()
            + match self.encoding {
                Encoding::V4 => v4::len(self.is_empty(), wire),
                Encoding::V3Text => v3::text_len(wire),
                Encoding::V3Binary => v3::binary_len(wire),
            }
    }

    /// Bytes of the body so far.
    pub fn len(&self) -> usize {
        self.out.len() - self.start
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What of a packet goes on the wire.
#[derive(Clone, Copy)]
enum Wire<'a> {
    /// The type and the data, or everything in `data`: text messages carry their type.
    Text { kind: &'static [u8], data: &'a [u8] },
    /// A binary message, without its type.
    Binary(&'a [u8]),
}

impl<'a> Wire<'a> {
    fn of(packet: &'a Packet) -> Self {
        let text = |kind, data| Self::Text { kind, data };
        match packet {
            Packet::Message(message) if message.is_binary() => Self::Binary(message.wire()),
            Packet::Message(message) => text(b"", message.wire()),
            Packet::Open(data) => text(b"0", data.as_bytes()),
            Packet::Close => text(b"1", &[]),
            Packet::Ping(data) => text(b"2", data.as_bytes()),
            Packet::Pong(data) => text(b"3", data.as_bytes()),
            Packet::Upgrade => text(b"5", &[]),
            Packet::Noop => text(b"6", &[]),
        }
    }
}
