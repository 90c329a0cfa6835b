//! Reading WebSocket frames (RFC 6455) the way a server has to.

use std::io::Cursor;

use bytes::{Bytes, BytesMut};
use engineio_proto::{DecodeError, Frame, Text};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// Turns bytes from a client into frames, wherever they are cut.
///
/// It owns no read buffer: bytes come from one that belongs to the worker thread, are unmasked where they are, and are
/// copied once. Between two reads it keeps only what belongs to an unfinished frame; an idle connection keeps nothing.
#[derive(Debug)]
pub(super) struct Reader {
    max_message: usize,
    /// The beginning of a header that is not complete.
    header: Vec<u8>,
    /// The frame that is being read.
    frame: Option<Partial>,
    /// The message that its fragments make up so far.
    message: Option<Message>,
    /// After an error or a close frame nothing is read any more.
    done: bool,
}

#[derive(Debug)]
struct Partial {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    remaining: usize,
    payload: BytesMut,
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
    Close(Option<CloseCode>),
    /// The client broke the rules: how to close, and what to tell the session.
    Violation(CloseCode, Option<DecodeError>),
}

/// Fragments of one message, as many as the library of the reference allows. They are put together as they come, so that they
/// cost time only, and of that no more than their bytes: beyond this number each needs some.
const MAX_FRAGMENTS: usize = 16_384;
const BYTES_OF_MORE: usize = 32;
/// RFC 6455, 5.5: control frames carry at most this.
const MAX_CONTROL: u64 = 125;
/// The longest header: two bytes, eight of length, four of mask.
const MAX_HEADER: usize = 14;

impl Reader {
    pub(super) fn new(max_message: usize) -> Self {
        Self {
            max_message,
            header: Vec::new(),
            frame: None,
            message: None,
            done: false,
        }
    }

    /// Takes bytes as they were read, and unmasks them in place.
    pub(super) fn read(&mut self, mut bytes: &mut [u8], items: &mut Vec<Item>) {
        while !self.done && !bytes.is_empty() {
            bytes = match self.frame.take() {
                Some(frame) => self.read_payload(frame, bytes, items),
                None => self.read_header(bytes, items),
            };
        }
    }

    fn read_header<'a>(&mut self, bytes: &'a mut [u8], items: &mut Vec<Item>) -> &'a mut [u8] {
        // Nearly always the header is whole and stands in the bytes; else it is put together aside.
        let aside = self.header.len();
        let parsed = if aside == 0 {
            parse(bytes)
        } else {
            self.header.extend_from_slice(
                bytes
                    .get(..bytes.len().min(MAX_HEADER - aside))
                    .unwrap_or_default(),
            );
            parse(&self.header)
        };
        match parsed {
            Ok(Some((header, payload, len))) => {
                self.header = Vec::new();
                let rest = bytes
                    .split_at_mut(len.saturating_sub(aside).min(bytes.len()))
                    .1;
                self.begin(&header, payload, rest, items)
            }
            Ok(None) => {
                if aside == 0 {
                    self.header.extend_from_slice(bytes);
                }
                &mut []
            }
            Err(()) => {
                self.fail(CloseCode::Protocol, items);
                &mut []
            }
        }
    }

    /// A header is complete: refuses what it announces, before a byte of it is kept.
    fn begin<'a>(
        &mut self,
        header: &FrameHeader,
        len: u64,
        bytes: &'a mut [u8],
        items: &mut Vec<Item>,
    ) -> &'a mut [u8] {
        let is_control = matches!(header.opcode, OpCode::Control(_));
        let reserved = header.rsv1 || header.rsv2 || header.rsv3 || is_reserved(header.opcode);
        let bad_control = is_control && (!header.is_final || len > MAX_CONTROL);
        // A client that does not mask could be made to send what a proxy takes for HTTP (RFC 6455, 5.1 and 10.3).
        let (Some(mask), false, false) = (header.mask, reserved, bad_control) else {
            self.fail(CloseCode::Protocol, items);
            return &mut [];
        };
        let in_message = self.message.is_some();
        let continues = header.opcode == OpCode::Data(Data::Continue);
        if !is_control && in_message != continues {
            self.fail(CloseCode::Protocol, items);
            return &mut [];
        }
        let kept = self
            .message
            .as_ref()
            .map_or(0, |message| message.payload.len());
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if !is_control && len.saturating_add(kept) > self.max_message {
            items.push(Item::Violation(
                CloseCode::Size,
                Some(DecodeError::TooLarge),
            ));
            self.done = true;
            return &mut [];
        }
        let frame = Partial {
            opcode: header.opcode,
            is_final: header.is_final,
            mask,
            remaining: len,
            payload: BytesMut::new(),
        };
        self.read_payload(frame, bytes, items)
    }

    fn read_payload<'a>(
        &mut self,
        mut frame: Partial,
        bytes: &'a mut [u8],
        items: &mut Vec<Item>,
    ) -> &'a mut [u8] {
        let (part, rest) = bytes.split_at_mut(frame.remaining.min(bytes.len()));
        unmask(part, &mut frame.mask);
        frame.remaining -= part.len();
        if frame.remaining > 0 {
            // Grows with what has come, not with what was announced.
            frame.payload.extend_from_slice(part);
            self.frame = Some(frame);
            return rest;
        }
        match frame.opcode {
            OpCode::Control(control) => {
                frame.payload.extend_from_slice(part);
                self.control(control, &frame.payload.freeze(), items);
            }
            OpCode::Data(kind) => self.data(kind, frame, part, items),
        }
        rest
    }

    fn data(&mut self, kind: Data, frame: Partial, last: &[u8], items: &mut Vec<Item>) {
        let is_text = kind == Data::Text;
        if frame.is_final && self.message.is_none() {
            let payload = if frame.payload.is_empty() {
                Bytes::copy_from_slice(last)
            } else {
                let mut payload = frame.payload;
                payload.extend_from_slice(last);
                payload.freeze()
            };
            return self.finish(is_text, payload, items);
        }
        let mut message = self.message.take().unwrap_or(Message {
            is_text,
            payload: BytesMut::new(),
            fragments: 0,
        });
        message.fragments += 1;
        message.payload.extend_from_slice(&frame.payload);
        message.payload.extend_from_slice(last);
        if message.fragments > MAX_FRAGMENTS + message.payload.len() / BYTES_OF_MORE {
            return self.fail(CloseCode::Policy, items);
        }
        if frame.is_final {
            self.finish(message.is_text, message.payload.freeze(), items);
        } else {
            self.message = Some(message);
        }
    }

    fn finish(&mut self, is_text: bool, payload: Bytes, items: &mut Vec<Item>) {
        if !is_text {
            return items.push(Item::Message(Frame::binary(payload)));
        }
        match Text::try_from(payload) {
            Ok(text) => items.push(Item::Message(Frame::text(text))),
            Err(_) => self.fail(CloseCode::Invalid, items),
        }
    }

    fn control(&mut self, control: Control, payload: &Bytes, items: &mut Vec<Item>) {
        match control {
            Control::Ping => items.push(Item::Ping(payload.clone())),
            Control::Pong => {}
            Control::Close => match close_status(payload) {
                Ok(status) => {
                    self.done = true;
                    items.push(Item::Close(status));
                }
                Err(code) => self.fail(code, items),
            },
            Control::Reserved(_) => self.fail(CloseCode::Protocol, items),
        }
    }

    fn fail(&mut self, code: CloseCode, items: &mut Vec<Item>) {
        self.done = true;
        items.push(Item::Violation(code, None));
    }
}

fn parse(bytes: &[u8]) -> Result<Option<(FrameHeader, u64, usize)>, ()> {
    // Nearly every frame of a client: final, of text or bytes, masked, at most 125 bytes long.
    if let [first @ (0x81 | 0x82), second @ 0x80..=0xfd, a, b, c, d, ..] = *bytes {
        let kind = if first == 0x81 {
            Data::Text
        } else {
            Data::Binary
        };
        let header = FrameHeader {
            is_final: true,
            opcode: OpCode::Data(kind),
            mask: Some([a, b, c, d]),
            ..FrameHeader::default()
        };
        return Ok(Some((header, u64::from(second & 0x7f), 6)));
    }
    let mut cursor = Cursor::new(bytes);
    match FrameHeader::parse(&mut cursor) {
        Ok(Some((header, payload))) => {
            let len = usize::try_from(cursor.position()).map_err(drop)?;
            Ok(Some((header, payload, len)))
        }
        Ok(None) => Ok(None),
        Err(_) => Err(()),
    }
}

fn is_reserved(opcode: OpCode) -> bool {
    matches!(
        opcode,
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_))
    )
}

/// RFC 6455, 5.5.1 and 7.4: two bytes of status that may be sent, then text.
fn close_status(payload: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    let Some((status, reason)) = payload.split_at_checked(2) else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(CloseCode::Protocol)
        };
    };
    let status = status
        .iter()
        .fold(0u16, |status, byte| status << 8 | u16::from(*byte));
    let status = CloseCode::from(status);
    if !status.is_allowed() {
        return Err(CloseCode::Protocol);
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(CloseCode::Invalid);
    }
    Ok(Some(status))
}

/// Takes the mask off, and turns it so that it fits what comes next.
fn unmask(bytes: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let eight = [a, b, c, d, a, b, c, d];
    let wide = u64::from_ne_bytes(eight);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(eight) {
        *byte ^= mask;
    }
    // As a number: turning an array is a call of its own.
    let turn = [0, 8, 16, 24][bytes.len() % 4];
    *mask = u32::from_le_bytes(*mask).rotate_right(turn).to_le_bytes();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x12, 0x34, 0x56, 0x78];
        let mut out = vec![first];
        match payload.len() {
            len @ 0..126 => out.push(0x80 | u8::try_from(len).unwrap()),
            len @ 126..=0xffff => {
                out.push(0x80 | 126);
                out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
            }
            len => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&mask);
        out.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        out
    }

    fn read_cut(bytes: &[u8], cut: usize) -> Vec<Item> {
        let mut reader = Reader::new(100_000);
        let mut items = Vec::new();
        for part in bytes.chunks(cut) {
            reader.read(&mut part.to_vec(), &mut items);
        }
        items
    }

    #[test]
    fn however_bytes_are_cut_the_same_comes_of_them() {
        let text = Item::Message(Frame::text("4hällo"));
        let long = vec![7; 70_000];
        let bytes = [
            frame(0x81, "4hällo".as_bytes()),
            frame(0x89, b"ping"),
            frame(0x01, b"4fr"),
            frame(0x8a, b""),
            frame(0x00, b"agm"),
            frame(0x89, b""),
            frame(0x80, b"ents"),
            frame(0x82, &long),
            frame(0x81, b""),
            frame(0x88, &[0x03, 0xe8, b'b']),
            frame(0x81, b"never"),
        ]
        .concat();
        let expected = [
            text,
            Item::Ping(Bytes::from_static(b"ping")),
            Item::Ping(Bytes::new()),
            Item::Message(Frame::text("4fragments")),
            Item::Message(Frame::binary(long)),
            Item::Message(Frame::text("")),
            Item::Close(Some(CloseCode::Normal)),
        ];
        for cut in [1, 2, 3, 5, 7, 13, 64, 1_000, 65_536, bytes.len()] {
            assert_eq!(read_cut(&bytes, cut), expected, "cut {cut}");
        }
    }

    #[test]
    fn violations_are_named_by_their_status_and_end_the_reading() {
        let huge = [&[0x82, 0xff, 0xff][..], &[0xff; 7], &[0; 4]].concat();
        let cases: &[(&str, Vec<u8>, CloseCode)] = &[
            ("no mask", vec![0x81, 0x01, b'x'], CloseCode::Protocol),
            ("reserved bit", frame(0xc1, b"x"), CloseCode::Protocol),
            ("reserved opcode", frame(0x83, b"x"), CloseCode::Protocol),
            ("reserved control", frame(0x8b, b"x"), CloseCode::Protocol),
            ("fragmented control", frame(0x09, b"x"), CloseCode::Protocol),
            ("long control", frame(0x89, &[0; 126]), CloseCode::Protocol),
            (
                "continuation of nothing",
                frame(0x80, b"x"),
                CloseCode::Protocol,
            ),
            (
                "new message in a message",
                [frame(0x01, b"x"), frame(0x81, b"y")].concat(),
                CloseCode::Protocol,
            ),
            ("not UTF-8", frame(0x81, &[0xff]), CloseCode::Invalid),
            ("too large", frame(0x82, &vec![0; 100_001]), CloseCode::Size),
            (
                "too large in fragments",
                [frame(0x02, &vec![0; 60_000]), frame(0x80, &vec![0; 60_000])].concat(),
                CloseCode::Size,
            ),
            ("2^63 bytes", huge, CloseCode::Size),
            (
                "close with one byte",
                frame(0x88, &[3]),
                CloseCode::Protocol,
            ),
            (
                "close with a status nobody may send",
                frame(0x88, &[0x03, 0xed]),
                CloseCode::Protocol,
            ),
            (
                "close with bad text",
                frame(0x88, &[0x03, 0xe8, 0xff]),
                CloseCode::Invalid,
            ),
        ];
        for (name, bytes, code) in cases {
            for cut in [1, bytes.len()] {
                let mut bytes = bytes.clone();
                bytes.extend(frame(0x81, b"never"));
                let items = read_cut(&bytes, cut);
                assert!(
                    matches!(&items[..], [Item::Violation(is, _)] if is == code),
                    "{name}: {items:?}"
                );
            }
        }
    }

    #[test]
    fn fragments_are_counted() {
        let mut bytes = frame(0x02, b"");
        for _ in 0..MAX_FRAGMENTS {
            bytes.extend(frame(0x00, b""));
        }
        assert_eq!(
            read_cut(&bytes, 4_096),
            [Item::Violation(CloseCode::Policy, None)]
        );
    }

    #[test]
    fn nothing_is_kept_between_messages() {
        let mut reader = Reader::new(100_000);
        let mut items = Vec::new();
        let mut bytes = frame(0x82, &[0; 50_000]);
        let (first, second) = bytes.split_at_mut(20_000);
        reader.read(first, &mut items);
        assert!(reader.frame.is_some());
        reader.read(second, &mut items);
        assert!(
            reader.frame.is_none() && reader.message.is_none() && reader.header.capacity() == 0
        );
    }
}
