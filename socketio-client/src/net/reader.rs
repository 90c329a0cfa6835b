//! Reading WebSocket frames (RFC 6455) the way a client has to.

use std::io::Cursor;

use bytes::{Buf, Bytes, BytesMut};
use engineio_proto::{DecodeError, Frame, Text};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// Turns bytes from a server into frames, wherever they are cut.
///
/// It owns no read buffer: between two reads it keeps what belongs to an unfinished frame or message, and nothing else.
#[derive(Debug)]
pub(super) struct Reader {
    max_message: usize,
    /// What has come of a frame that is not complete.
    pending: BytesMut,
    /// The message that its fragments make up so far.
    message: Option<Message>,
    /// After an error or a close frame nothing is read any more.
    done: bool,
}

#[derive(Debug)]
struct Message {
    is_text: bool,
    payload: BytesMut,
    fragments: usize,
}

/// What came of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A message, as a frame of Engine.IO.
    Message(Frame),
    /// A ping, to be answered with the same bytes.
    Ping(Bytes),
    /// A close frame; the status that it gave, if any.
    Close(Option<u16>),
    /// The server broke the rules: how to close, and why. `None` if it is nothing that a session knows.
    Violation(CloseCode, Option<DecodeError>),
}

/// Fragments of one message. Each costs a header of at least two bytes.
const MAX_FRAGMENTS: usize = 16_384;
/// RFC 6455, 5.5: control frames carry at most this.
const MAX_CONTROL: usize = 125;

impl Reader {
    pub(super) fn new(max_message: usize) -> Self {
        Self {
            max_message,
            pending: BytesMut::new(),
            message: None,
            done: false,
        }
    }

    /// Takes bytes as they were read.
    pub(super) fn read(&mut self, bytes: &[u8], items: &mut Vec<Item>) {
        if self.done {
            return;
        }
        if self.pending.is_empty() {
            let rest = self.read_whole(bytes, items);
            // Grows with what has come, not with what was announced.
            self.pending.extend_from_slice(rest);
            return;
        }
        self.pending.extend_from_slice(bytes);
        while !self.done
            && let Some((header, payload)) = self.next(Whole::Pending, items)
        {
            self.frame(&header, &payload, items);
        }
        if self.pending.is_empty() {
            self.pending = BytesMut::new();
        }
    }

    /// Reads all frames that are complete in `bytes`. What is left over.
    fn read_whole<'a>(&mut self, mut bytes: &'a [u8], items: &mut Vec<Item>) -> &'a [u8] {
        while !self.done
            && let Some((header, payload)) = self.next(Whole::Read(&mut bytes), items)
        {
            self.frame(&header, &payload, items);
        }
        if self.done { &[] } else { bytes }
    }

    /// The next frame, if it is complete. What its header announces is refused before a byte of the payload is waited for.
    fn next(&mut self, from: Whole<'_, '_>, items: &mut Vec<Item>) -> Option<(FrameHeader, Bytes)> {
        let available: &[u8] = match &from {
            Whole::Pending => &self.pending,
            Whole::Read(bytes) => bytes,
        };
        let mut cursor = Cursor::new(available);
        let parsed = FrameHeader::parse(&mut cursor);
        let header_len = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let (header, len) = match parsed {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return None,
            Err(_) => {
                self.fail(CloseCode::Protocol, None, items);
                return None;
            }
        };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if let Some((code, error)) = self.refuses(&header, len) {
            self.fail(code, error, items);
            return None;
        }
        let end = header_len.saturating_add(len);
        if available.len() < end {
            return None;
        }
        let payload = match from {
            Whole::Pending => {
                self.pending.advance(header_len);
                self.pending.split_to(len).freeze()
            }
            Whole::Read(bytes) => {
                let (frame, rest) = bytes.split_at_checked(end)?;
                *bytes = rest;
                Bytes::copy_from_slice(frame.get(header_len..).unwrap_or_default())
            }
        };
        Some((header, payload))
    }

    fn refuses(
        &self,
        header: &FrameHeader,
        len: usize,
    ) -> Option<(CloseCode, Option<DecodeError>)> {
        let is_control = matches!(header.opcode, OpCode::Control(_));
        let reserved = header.rsv1
            || header.rsv2
            || header.rsv3
            || matches!(
                header.opcode,
                OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_))
            );
        let bad_control = is_control && (!header.is_final || len > MAX_CONTROL);
        let continues = header.opcode == OpCode::Data(Data::Continue);
        let out_of_order = !is_control && self.message.is_some() != continues;
        // A client must not take masked frames (RFC 6455, 5.1).
        if header.mask.is_some() || reserved || bad_control || out_of_order {
            return Some((CloseCode::Protocol, None));
        }
        let kept = self
            .message
            .as_ref()
            .map_or(0, |message| message.payload.len());
        if !is_control && len.saturating_add(kept) > self.max_message {
            return Some((CloseCode::Size, Some(DecodeError::TooLarge)));
        }
        None
    }

    fn frame(&mut self, header: &FrameHeader, payload: &Bytes, items: &mut Vec<Item>) {
        match header.opcode {
            OpCode::Control(Control::Ping) => items.push(Item::Ping(payload.clone())),
            OpCode::Control(Control::Close) => {
                self.done = true;
                let status = payload
                    .first_chunk()
                    .map(|status| u16::from_be_bytes(*status));
                items.push(Item::Close(status));
            }
            OpCode::Control(_) => {}
            OpCode::Data(_) if header.is_final && self.message.is_none() => {
                self.finish(
                    header.opcode == OpCode::Data(Data::Text),
                    payload.clone(),
                    items,
                );
            }
            OpCode::Data(kind) => {
                let mut message = self.message.take().unwrap_or(Message {
                    is_text: kind == Data::Text,
                    payload: BytesMut::new(),
                    fragments: 0,
                });
                message.fragments += 1;
                if message.fragments > MAX_FRAGMENTS {
                    return self.fail(CloseCode::Policy, Some(DecodeError::TooLarge), items);
                }
                message.payload.extend_from_slice(payload);
                if header.is_final {
                    self.finish(message.is_text, message.payload.freeze(), items);
                } else {
                    self.message = Some(message);
                }
            }
        }
    }

    fn finish(&mut self, is_text: bool, payload: Bytes, items: &mut Vec<Item>) {
        if !is_text {
            return items.push(Item::Message(Frame::binary(payload)));
        }
        match Text::try_from(payload) {
            Ok(text) => items.push(Item::Message(Frame::text(text))),
            Err(_) => self.fail(CloseCode::Invalid, Some(DecodeError::InvalidUtf8), items),
        }
    }

    fn fail(&mut self, code: CloseCode, error: Option<DecodeError>, items: &mut Vec<Item>) {
        self.done = true;
        self.pending = BytesMut::new();
        self.message = None;
        items.push(Item::Violation(code, error));
    }
}

/// Where the next frame is looked for.
enum Whole<'a, 'b> {
    Pending,
    Read(&'a mut &'b [u8]),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match payload.len() {
            len @ 0..126 => out.push(u8::try_from(len).unwrap()),
            len @ 126..=0xffff => {
                out.push(126);
                out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
            }
            len => {
                out.push(127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(payload);
        out
    }

    fn read_cut(bytes: &[u8], size: usize) -> Vec<Item> {
        let mut reader = Reader::new(100_000);
        let mut items = Vec::new();
        for part in bytes.chunks(size) {
            reader.read(part, &mut items);
        }
        items
    }

    fn text(text: &str) -> Item {
        Item::Message(Frame::text(text))
    }

    #[test]
    fn frames_are_the_same_wherever_they_are_cut() {
        let mut bytes = frame(0x81, b"hello");
        bytes.extend(frame(0x82, &[7; 300]));
        bytes.extend(frame(0x01, "gr\u{fc}".as_bytes()));
        bytes.extend(frame(0x89, b"ping"));
        bytes.extend(frame(0x80, b"n"));
        bytes.extend(frame(0x82, &[8; 70_000]));
        bytes.extend(frame(0x88, &[0x03, 0xe8, b'x']));
        bytes.extend(frame(0x81, b"late"));
        let expected = [
            text("hello"),
            Item::Message(Frame::binary(vec![7; 300])),
            Item::Ping(Bytes::from_static(b"ping")),
            text("gr\u{fc}n"),
            Item::Message(Frame::binary(vec![8; 70_000])),
            Item::Close(Some(1000)),
        ];
        for size in [1, 2, 3, 7, 64, 4_096, usize::MAX] {
            assert_eq!(read_cut(&bytes, size), expected, "{size}");
        }
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        let masked = [0x81, 0x81, 1, 2, 3, 4, b'a'];
        let large = [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0];
        let huge = [0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let protocol = (CloseCode::Protocol, None);
        let size = (CloseCode::Size, Some(DecodeError::TooLarge));
        for (name, bytes, (code, error)) in [
            ("masked", masked.to_vec(), protocol),
            ("reserved bit", frame(0xc1, b"x"), protocol),
            ("reserved opcode", frame(0x83, b"x"), protocol),
            ("fragmented ping", frame(0x09, b"x"), protocol),
            ("long ping", frame(0x89, &[0; 126]), protocol),
            ("continuation of nothing", frame(0x80, b"x"), protocol),
            (
                "new message in another",
                [frame(0x01, b"x"), frame(0x01, b"x")].concat(),
                protocol,
            ),
            ("larger than allowed", large.to_vec(), size),
            ("larger than anything", huge.to_vec(), size),
            (
                "larger in sum",
                [frame(0x02, &[0; 60_000]), frame(0x80, &[0; 60_000])].concat(),
                size,
            ),
            (
                "no text",
                frame(0x81, &[0xff]),
                (CloseCode::Invalid, Some(DecodeError::InvalidUtf8)),
            ),
        ] {
            for cut in [1, usize::MAX] {
                assert_eq!(
                    read_cut(&bytes, cut),
                    [Item::Violation(code, error)],
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_kept_because_it_was_announced() {
        let mut reader = Reader::new(16 << 20);
        let mut items = Vec::new();
        reader.read(&[0x82, 127, 0, 0, 0, 0, 0, 0xff, 0, 0, 1, 2, 3], &mut items);
        assert!(items.is_empty() && reader.pending.capacity() < 1_000);
        let fragments = [frame(0x02, b"")]
            .into_iter()
            .chain((0..MAX_FRAGMENTS).map(|_| frame(0x00, b"")));
        let found = read_cut(&fragments.flatten().collect::<Vec<_>>(), 4_096);
        assert_eq!(
            found,
            [Item::Violation(
                CloseCode::Policy,
                Some(DecodeError::TooLarge)
            )]
        );
    }
}
