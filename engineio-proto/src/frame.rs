//! What a link carries: one packet, as text or as bytes.

use core::fmt;

use bytes::Bytes;

use crate::message::WsHeader;
use crate::{Message, Text};

/// One packet as a link carries it.
///
/// A driver makes frames of what arrives with [`text`](Self::text) and [`binary`](Self::binary). What a session
/// wants sent comes from `poll_frame`; a WebSocket writes [`to_ws`](Self::to_ws), any other link
/// [`prefix`](Self::prefix) and [`body`](Self::body).
#[derive(Clone)]
pub struct Frame {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    /// Text as it is; a received frame, or a control packet.
    Text(Text),
    /// Bytes as they are; a received frame.
    Binary(Bytes),
    /// A message of the application.
    Message(Message),
    /// A binary message in revision 3: a byte of value 4 goes before it.
    Typed(Message),
}

impl Frame {
    /// A text frame.
    pub fn text(text: impl Into<Text>) -> Self {
        Self {
            repr: Repr::Text(text.into()),
        }
    }

    /// A binary frame.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self {
            repr: Repr::Binary(bytes.into()),
        }
    }

    pub(crate) const fn from_static(text: &'static str) -> Self {
        Self {
            repr: Repr::Text(Text::from_static(text)),
        }
    }

    pub(crate) fn from_message(message: Message) -> Self {
        Self {
            repr: Repr::Message(message),
        }
    }

    pub(crate) fn typed(message: Message) -> Self {
        debug_assert!(message.is_binary());
        Self {
            repr: Repr::Typed(message),
        }
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        match &self.repr {
            Repr::Text(_) => true,
            Repr::Binary(_) | Repr::Typed(_) => false,
            Repr::Message(message) => message.is_text(),
        }
    }

    /// Whether it is binary.
    pub fn is_binary(&self) -> bool {
        !self.is_text()
    }

    /// What goes before [`body`](Self::body): nothing, or the type byte of a binary message in revision 3.
    pub fn prefix(&self) -> &'static [u8] {
        match &self.repr {
            Repr::Typed(_) => &[4],
            _ => &[],
        }
    }

    /// The bytes of the frame after its [`prefix`](Self::prefix).
    pub fn body(&self) -> &[u8] {
        match &self.repr {
            Repr::Text(text) => text.as_bytes(),
            Repr::Binary(bytes) => bytes,
            Repr::Message(message) | Repr::Typed(message) => message.wire(),
        }
    }

    /// Bytes in the frame, prefix included.
    #[inline]
    pub fn len(&self) -> usize {
        self.prefix().len() + self.body().len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a transport that compresses may compress this frame.
    pub fn compress(&self) -> bool {
        match &self.repr {
            Repr::Text(_) | Repr::Binary(_) => true,
            Repr::Message(message) | Repr::Typed(message) => message.compress(),
        }
    }

    /// The text, if it is text. Free for a frame that was received.
    pub fn to_text(&self) -> Option<Text> {
        match &self.repr {
            Repr::Text(text) => Some(text.clone()),
            Repr::Message(message) if message.is_text() => {
                Some(Text::try_from(message.wire_bytes()).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// As unmasked WebSocket bytes, the way a server writes them.
    ///
    /// Header and body are apart unless the message was built with its header, so that no payload is copied:
    /// write both with one vectored write.
    ///
    /// ```
    /// use engineio_proto::Frame;
    ///
    /// let frame = Frame::text("2").to_ws();
    /// assert_eq!([frame.header(), frame.body()].concat(), [0x81, 1, b'2']);
    /// ```
    pub fn to_ws(&self) -> WsFrame {
        if let Repr::Message(message) = &self.repr
            && let Some(whole) = message.built_ws_frame()
        {
            return WsFrame {
                header: WsHeader::NONE,
                body: whole.clone(),
            };
        }
        let first = if self.is_text() {
            WsHeader::TEXT
        } else {
            WsHeader::BINARY
        };
        let mut header = WsHeader::new(first, self.len());
        for byte in self.prefix() {
            header.push(*byte);
        }
        let body = match &self.repr {
            Repr::Text(text) => text.as_bytes().clone(),
            Repr::Binary(bytes) => bytes.clone(),
            Repr::Message(message) | Repr::Typed(message) => message.wire_bytes(),
        };
        WsFrame { header, body }
    }

    /// The same as [`to_ws`](Self::to_ws) for who does not need the frame any more, which saves a reference count.
    ///
    /// ```
    /// use engineio_proto::Frame;
    ///
    /// assert_eq!(Frame::text("2").into_ws(), Frame::text("2").to_ws());
    /// ```
    pub fn into_ws(self) -> WsFrame {
        let Repr::Message(message) = self.repr else {
            return self.to_ws();
        };
        match message.into_built_ws_frame() {
            Ok(whole) => WsFrame {
                header: WsHeader::NONE,
                body: whole,
            },
            Err(message) => Self::from_message(message).to_ws(),
        }
    }

    pub(crate) fn into_received(self) -> Received {
        match self.repr {
            Repr::Text(text) => Received::Text(text),
            Repr::Binary(bytes) => Received::Binary(bytes),
            // Frames that were polled from one session and are handed to another in the same process.
            Repr::Message(message) if message.is_binary() => Received::Binary(message.wire_bytes()),
            Repr::Message(message) => {
                Received::Text(Text::try_from(message.wire_bytes()).unwrap_or_default())
            }
            Repr::Typed(message) => {
                let mut bytes = bytes::BytesMut::with_capacity(1 + message.len());
                bytes.extend_from_slice(&[4]);
                bytes.extend_from_slice(message.wire());
                Received::Binary(bytes.freeze())
            }
        }
    }
}

/// A frame taken apart for decoding.
pub(crate) enum Received {
    Text(Text),
    Binary(Bytes),
}

/// Two frames are equal if they are the same on the wire.
impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        let mine = self.prefix().iter().chain(self.body());
        let theirs = other.prefix().iter().chain(other.body());
        self.is_text() == other.is_text() && mine.eq(theirs)
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_text() {
            Some(text) => f.debug_tuple("Text").field(&text).finish(),
            None => {
                let bytes = [self.prefix(), self.body()].concat();
                f.debug_tuple("Binary").field(&Bytes::from(bytes)).finish()
            }
        }
    }
}

/// An unmasked WebSocket frame: [`Frame::to_ws`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WsFrame {
    header: WsHeader,
    body: Bytes,
}

/// A frame as it stands, header included: for what a WebSocket says for itself, such as pongs.
impl From<Bytes> for WsFrame {
    fn from(body: Bytes) -> Self {
        Self {
            header: WsHeader::NONE,
            body,
        }
    }
}

impl WsFrame {
    /// What to write first; empty if the body holds the header too.
    pub fn header(&self) -> &[u8] {
        self.header.as_slice()
    }

    /// What to write after the header.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.header().len() + self.body.len()
    }

    /// Never: a frame has at least a header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
