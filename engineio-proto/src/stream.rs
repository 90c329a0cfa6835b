//! Frames on a stream of bytes: WebTransport, and any link that has no frames of its own.
//!
//! Each frame has a header: one byte whose top bit says that the frame is binary, and whose other bits are the
//! length of the body if it is below 126. 126 stands for a length in the next two bytes, 127 for one in the
//! next eight, highest byte first.
//!
//! ```
//! use bytes::BytesMut;
//! use engineio_proto::{Frame, stream};
//!
//! let mut sent = BytesMut::new();
//! stream::encode(&Frame::text("4hello"), &mut sent);
//! assert_eq!(sent, &b"\x064hello"[..]);
//!
//! let mut decoder = stream::Decoder::new(1_000_000);
//! decoder.push(&sent[..3]); // a stream comes in any pieces
//! assert_eq!(decoder.next_frame(), Ok(None));
//! decoder.push(&sent[3..]);
//! assert_eq!(decoder.next_frame(), Ok(Some(Frame::text("4hello"))));
//! ```

use bytes::{Buf, Bytes, BytesMut};

use crate::{DecodeError, Frame, Text};

const BINARY: u8 = 0x80;
/// The length stands in the next two bytes.
const IN_2_BYTES: u8 = 126;
/// The length stands in the next eight bytes.
const IN_8_BYTES: u8 = 127;

/// Finds the frames in a stream, however it is cut.
///
/// Call [`next_frame`](Self::next_frame) until it returns `None` after each [`push`](Self::push). Then no more
/// is held than one unfinished frame, of at most the allowed size; memory grows with what has arrived, not
/// with what a header announces.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    max_packet: usize,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder that refuses frames of more than `max_packet` bytes, as soon as their header says so.
    pub fn new(max_packet: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            max_packet,
            failed: None,
        }
    }

    /// Takes what the stream brought. After an error it is dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next frame that is complete, or `None` until more is pushed.
    ///
    /// # Errors
    ///
    /// The peer's fault: an [empty](DecodeError::Empty) frame, one that is [too large](DecodeError::TooLarge), or
    /// text that is no [UTF-8](DecodeError::InvalidUtf8). Where the next frame would begin is not known then, so
    /// every later call returns the same error.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.try_next().inspect_err(|error| {
            self.failed = Some(*error);
            self.buffer = BytesMut::new();
        })
    }

    /// Bytes that were pushed and did not make a frame yet.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    fn try_next(&mut self) -> Result<Option<Frame>, DecodeError> {
        let Some((header, body)) = extent(&self.buffer) else {
            return Ok(None);
        };
        if body == 0 {
            return Err(DecodeError::Empty);
        }
        let body = match usize::try_from(body) {
            Ok(body) if body <= self.max_packet => body,
            _ => return Err(DecodeError::TooLarge),
        };
        if self.buffer.len() - header < body {
            return Ok(None);
        }
        let binary = self.buffer.first().is_some_and(|first| first & BINARY != 0);
        self.buffer.advance(header);
        let body = if body < LONG {
            // A buffer of its own: a short frame that is kept must not keep a long buffer.
            let copy = Bytes::copy_from_slice(self.buffer.get(..body).unwrap_or_default());
            self.buffer.advance(body);
            copy
        } else {
            self.buffer.split_to(body).freeze()
        };
        Ok(Some(if binary {
            Frame::binary(body)
        } else {
            Frame::text(Text::try_from(body)?)
        }))
    }
}

/// Frames from this length on share the buffer that they were read into.
const LONG: usize = 4096;

/// The lengths of a header, if it is there, and of the body that it announces. Longer forms than needed count too,
/// as in the reference.
fn extent(bytes: &[u8]) -> Option<(usize, u64)> {
    let (first, rest) = bytes.split_first()?;
    match first & !BINARY {
        IN_2_BYTES => Some((3, u16::from_be_bytes(*rest.first_chunk()?).into())),
        IN_8_BYTES => Some((9, u64::from_be_bytes(*rest.first_chunk()?))),
        len => Some((1, len.into())),
    }
}

/// Appends a frame. To write a large one without copying it, use [`header`].
///
/// A binary message of no bytes has no frame of its own, since a length of zero is an error to the peer. It
/// goes as text, in base64: `b` and nothing.
pub fn encode(frame: &Frame, out: &mut BytesMut) {
    out.extend_from_slice(header(frame).as_slice());
    out.extend_from_slice(frame.body());
}

/// What goes before the [body](Frame::body) of a frame. Write both with one vectored write.
///
/// ```
/// use engineio_proto::{Frame, stream};
///
/// let frame = Frame::binary(vec![1, 2, 3]);
/// assert_eq!(stream::header(&frame).as_slice(), [0x83]);
/// assert_eq!(frame.body(), [1, 2, 3]);
/// ```
#[expect(
    clippy::cast_possible_truncation,
    reason = "each arm has compared the length"
)]
pub fn header(frame: &Frame) -> Header {
    let flag = if frame.is_binary() { BINARY } else { 0 };
    let mut header = Header {
        bytes: [0; Header::MOST],
        len: 0,
    };
    match frame.len() {
        0 if frame.is_binary() => header.push(&[1, b'b']),
        len if len < usize::from(IN_2_BYTES) => header.push(&[flag | len as u8]),
        len if len <= 0xffff => {
            header.push(&[flag | IN_2_BYTES]);
            header.push(&(len as u16).to_be_bytes());
        }
        len => {
            header.push(&[flag | IN_8_BYTES]);
            header.push(&(len as u64).to_be_bytes());
        }
    }
    header.push(frame.prefix());
    header
}

/// A header of at most ten bytes: [`header`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; Self::MOST],
    len: u8,
}

impl Header {
    /// The first byte, eight of length, and the type that revision 3 puts before binary messages.
    const MOST: usize = 10;

    /// The bytes to write before the body.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(slot) = self.bytes.get_mut(usize::from(self.len)) {
                *slot = *byte;
                self.len += 1;
            }
        }
    }
}
