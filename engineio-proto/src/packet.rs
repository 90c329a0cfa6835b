//! Packets: what frames and payloads are made of.

use alloc::string::String;

use bytes::Bytes;

use crate::frame::Received;
use crate::{DecodeError, Frame, Message, Revision, Text, b64};

/// One Engine.IO packet.
///
/// | first character | packet | sent by |
/// |---|---|---|
/// | `0` | [`Open`](Self::Open) | server; client on WebTransport |
/// | `1` | [`Close`](Self::Close) | both, on polling |
/// | `2` | [`Ping`](Self::Ping) | server, or client in revision 3; client as probe |
/// | `3` | [`Pong`](Self::Pong) | the one who was pinged |
/// | `4` | [`Message`](Self::Message) | both |
/// | `5` | [`Upgrade`](Self::Upgrade) | client, on the new transport |
/// | `6` | [`Noop`](Self::Noop) | server, to release a waiting poll |
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these seven")]
pub enum Packet {
    /// The handshake, as JSON; see [`open`](crate::open).
    Open(Text),
    /// The other side closes the session. Data behind it is ignored.
    Close,
    /// A heartbeat, or with the data `probe` the first packet on a new transport.
    Ping(Text),
    /// The answer to a ping.
    Pong(Text),
    /// What the application sends.
    Message(Message),
    /// The client goes over to this transport.
    Upgrade,
    /// Nothing.
    Noop,
}

impl Packet {
    /// Decodes a frame of a link.
    ///
    /// ```
    /// use engineio_proto::{DecodeError, Frame, Message, Packet, Revision};
    ///
    /// let packet = Packet::from_frame(Frame::text("4hi"), Revision::V4);
    /// assert_eq!(packet, Ok(Packet::Message(Message::text("hi"))));
    /// // Binary is bare in revision 4 and typed in revision 3.
    /// let packet = Packet::from_frame(Frame::binary(vec![4, 1, 2]), Revision::V3);
    /// assert_eq!(packet, Ok(Packet::Message(Message::binary(vec![1, 2]))));
    /// assert_eq!(Packet::from_frame(Frame::text("x"), Revision::V4), Err(DecodeError::UnknownType));
    /// ```
    pub fn from_frame(frame: Frame, revision: Revision) -> Result<Self, DecodeError> {
        match frame.into_received() {
            Received::Text(text) => Self::from_text(text, revision),
            Received::Binary(bytes) => match revision {
                Revision::V4 => Ok(Self::Message(Message::binary(bytes))),
                Revision::V3 => Self::from_typed_binary(bytes),
            },
        }
    }

    /// Decodes one packet of text, as it stands in a text frame or in a payload.
    #[inline]
    pub fn from_text(text: Text, revision: Revision) -> Result<Self, DecodeError> {
        // Nearly all packets are messages.
        if text.as_bytes().first() == Some(&b'4') {
            return Ok(Self::Message(Message::from_wire(text)));
        }
        Self::from_other_text(text, revision)
    }

    fn from_other_text(text: Text, revision: Revision) -> Result<Self, DecodeError> {
        let data = |text: &Text| text.slice_ref(text.get(1..).unwrap_or_default());
        match text.as_bytes().first() {
            Some(b'0') => Ok(Self::Open(data(&text))),
            Some(b'1') => Ok(Self::Close),
            Some(b'2') => Ok(Self::Ping(data(&text))),
            Some(b'3') => Ok(Self::Pong(data(&text))),
            Some(b'5') => Ok(Self::Upgrade),
            Some(b'6') => Ok(Self::Noop),
            Some(b'b') => Self::from_base64(text.as_bytes().get(1..).unwrap_or_default(), revision),
            Some(_) => Err(DecodeError::UnknownType),
            None => Err(DecodeError::Empty),
        }
    }

    /// What follows the `b`. Revision 3 has a packet type there.
    fn from_base64(rest: &[u8], revision: Revision) -> Result<Self, DecodeError> {
        let (kind, data) = match revision {
            Revision::V4 => (b'4', rest),
            Revision::V3 => rest
                .split_first()
                .map(|(kind, data)| (*kind, data))
                .ok_or(DecodeError::Empty)?,
        };
        let bytes = b64::decode(data)?;
        Self::from_binary(kind, Bytes::from(bytes))
    }

    /// A binary packet of revision 3: its type is the number in the first byte.
    pub(crate) fn from_typed_binary(mut bytes: Bytes) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Err(DecodeError::Empty);
        }
        let kind = bytes.split_to(1).first().copied().unwrap_or_default();
        Self::from_binary(
            kind.checked_add(b'0').ok_or(DecodeError::UnknownType)?,
            bytes,
        )
    }

    fn from_binary(kind: u8, data: Bytes) -> Result<Self, DecodeError> {
        let text = |data: Bytes| Text::try_from(data);
        Ok(match kind {
            b'0' => Self::Open(text(data)?),
            b'1' => Self::Close,
            b'2' => Self::Ping(text(data)?),
            b'3' => Self::Pong(text(data)?),
            b'4' => Self::Message(Message::binary(data)),
            b'5' => Self::Upgrade,
            b'6' => Self::Noop,
            _ => return Err(DecodeError::UnknownType),
        })
    }

    /// Encodes for a link. With `base64` binary messages become text, for peers that cannot take binary frames
    /// (`b64` in the request).
    pub fn into_frame(self, revision: Revision, base64: bool) -> Frame {
        match self {
            Self::Message(message) => message_frame(message, revision, base64),
            Self::Ping(data) if data.is_empty() => Frame::from_static("2"),
            Self::Pong(data) if data.is_empty() => Frame::from_static("3"),
            Self::Pong(data) if data == PROBE => Frame::from_static("3probe"),
            Self::Ping(data) if data == PROBE => Frame::from_static("2probe"),
            Self::Close => Frame::from_static("1"),
            Self::Upgrade => Frame::from_static("5"),
            Self::Noop => Frame::from_static("6"),
            Self::Open(data) => Frame::text(prefixed('0', &data)),
            Self::Ping(data) => Frame::text(prefixed('2', &data)),
            Self::Pong(data) => Frame::text(prefixed('3', &data)),
        }
    }
}

/// The frame of a message: what nearly all frames are.
#[inline]
pub(crate) fn message_frame(message: Message, revision: Revision, base64: bool) -> Frame {
    if message.is_text() {
        return Frame::from_message(message);
    }
    if base64 {
        let mut text = String::from(base64_prefix(revision));
        b64::encode_to_string(message.wire(), &mut text);
        return Frame::text(text);
    }
    match revision {
        Revision::V4 => Frame::from_message(message),
        Revision::V3 => Frame::typed(message),
    }
}

/// The data of the first ping and pong on a new transport.
pub(crate) const PROBE: &str = "probe";

/// What goes before base64 in text.
pub(crate) const fn base64_prefix(revision: Revision) -> &'static str {
    match revision {
        Revision::V3 => "b4",
        Revision::V4 => "b",
    }
}

fn prefixed(kind: char, data: &str) -> String {
    let mut text = String::with_capacity(1 + data.len());
    text.push(kind);
    text.push_str(data);
    text
}
