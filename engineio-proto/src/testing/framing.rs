//! The bytes of a link: where a transport of your own goes between the two ends.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::BytesMut;

use crate::{DecodeError, Frame, stream};

/// One end of a link of your own: how frames become bytes, and bytes frames.
///
/// Each end of each link gets one. The network in between cuts the bytes wherever it likes, as a stream does, but
/// neither loses nor reorders them while the link lasts.
///
/// ```
/// use engineio_proto::testing::{Framing, Network, Pair, Setup, Side};
/// use engineio_proto::{DecodeError, Frame, Message, Transport};
/// use bytes::{Buf, BytesMut};
///
/// /// Text only, a line per frame; binary travels as base64, which `Setup::base64` asks for.
/// #[derive(Default)]
/// struct Lines(BytesMut);
///
/// impl Framing for Lines {
///     fn write(&mut self, frame: &Frame, out: &mut BytesMut) {
///         out.extend_from_slice(frame.body());
///         out.extend_from_slice(b"\n");
///     }
///
///     fn read(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
///         self.0.extend_from_slice(bytes);
///         while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
///             let line = self.0.split_to(end).freeze();
///             self.0.advance(1);
///             frames.push(Frame::text(engineio_proto::Text::try_from(line)?));
///         }
///         Ok(())
///     }
/// }
///
/// let setup = Setup::link(Transport::custom("lines")).base64(true).framing(|_max_payload| Box::new(Lines::default()));
/// let mut pair = Pair::new(setup, Network::new(1));
/// pair.settle();
/// pair.send(Side::Client, Message::text("hello")).unwrap();
/// pair.send(Side::Server, Message::binary(vec![1, 2, 3])).unwrap();
/// pair.settle();
/// assert_eq!(pair.server().received(), [Message::text("hello")]);
/// assert_eq!(pair.client().received(), [Message::binary(vec![1, 2, 3])]);
/// ```
pub trait Framing {
    /// Appends what this frame is on the wire.
    fn write(&mut self, frame: &Frame, out: &mut BytesMut);

    /// Takes the next bytes that arrived, and adds the frames that they complete.
    ///
    /// An error ends the link; the session hears of it with `handle_decode_error`.
    fn read(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), DecodeError>;
}

/// The framing of WebTransport, [`stream`](crate::stream), as a [`Framing`].
#[derive(Debug)]
pub struct StreamFraming {
    decoder: stream::Decoder,
}

impl StreamFraming {
    /// Accepts frames of up to `max_payload` bytes.
    pub fn new(max_payload: usize) -> Self {
        Self {
            decoder: stream::Decoder::new(max_payload),
        }
    }

    pub(super) fn boxed(max_payload: usize) -> Box<dyn Framing> {
        Box::new(Self::new(max_payload))
    }
}

impl Framing for StreamFraming {
    fn write(&mut self, frame: &Frame, out: &mut BytesMut) {
        stream::encode(frame, out);
    }

    fn read(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.next_frame()? {
            frames.push(frame);
        }
        Ok(())
    }
}
