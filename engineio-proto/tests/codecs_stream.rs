//! Frames on a stream of bytes.

use bytes::BytesMut;
use engineio_proto::stream::{self, Decoder};
use engineio_proto::{DecodeError, Frame, Message, Packet, Revision};

const MAX: usize = 1_000_000;

fn encoded(frame: &Frame) -> BytesMut {
    let mut out = BytesMut::new();
    stream::encode(frame, &mut out);
    let apart = [stream::header(frame).as_slice(), frame.body()].concat();
    assert_eq!(
        out, apart,
        "header and body apart differ from both together"
    );
    out
}

/// Pushes everything, then asks for frames until there are none or an error.
fn decoded(bytes: &[u8]) -> (Vec<Frame>, Result<(), DecodeError>) {
    let mut decoder = Decoder::new(MAX);
    decoder.push(bytes);
    let mut frames = Vec::new();
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, Ok(())),
            Err(error) => return (frames, Err(error)),
        }
    }
}

#[test]
fn headers_are_as_short_as_the_length_allows() {
    let cases: &[(usize, bool, &[u8])] = &[
        (1, true, &[0x01]),
        (6, true, &[0x06]),
        (3, false, &[0x83]),
        (125, true, &[0x7d]),
        (125, false, &[0xfd]),
        (126, true, &[0x7e, 0x00, 0x7e]),
        (200, true, &[0x7e, 0x00, 0xc8]),
        (65_535, false, &[0xfe, 0xff, 0xff]),
        (65_536, true, &[0x7f, 0, 0, 0, 0, 0, 1, 0, 0]),
        (70_000, false, &[0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
    ];
    for (len, is_text, header) in cases {
        let frame = if *is_text {
            Frame::text("4".repeat(*len))
        } else {
            Frame::binary(vec![7; *len])
        };
        assert_eq!(stream::header(&frame).as_slice(), *header, "{len}");
        assert_eq!(decoded(&encoded(&frame)), (vec![frame], Ok(())), "{len}");
    }
}

#[test]
fn recorded_frames_are_decoded() {
    let bytes = b"\x064hello\x83\x01\x02\x03\x062probe\x015";
    let frames = vec![
        Frame::text("4hello"),
        Frame::binary(vec![1, 2, 3]),
        Frame::text("2probe"),
        Frame::text("5"),
    ];
    assert_eq!(decoded(bytes), (frames, Ok(())));
}

#[test]
fn longer_headers_than_needed_are_accepted() {
    let frames = vec![Frame::text("4a"), Frame::text("4b"), Frame::binary(vec![9])];
    let bytes = b"\x7e\x00\x024a\x7f\x00\x00\x00\x00\x00\x00\x00\x024b\xfe\x00\x01\x09";
    assert_eq!(decoded(bytes), (frames, Ok(())));
}

#[test]
fn a_bad_frame_ends_the_stream_after_the_good_ones() {
    let cases: &[(&[u8], DecodeError)] = &[
        (&[0x00], DecodeError::Empty),
        (&[0x80], DecodeError::Empty),
        (&[0x7e, 0, 0], DecodeError::Empty),
        (&[0xff, 0, 0, 0, 0, 0, 0, 0, 0], DecodeError::Empty),
        // 1,000,001 bytes, of which none has to arrive.
        (
            &[0x7f, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41],
            DecodeError::TooLarge,
        ),
        // 2^53 and 2^64-1, which JavaScript cannot count.
        (&[0x7f, 0, 0x20, 0, 0, 0, 0, 0, 0], DecodeError::TooLarge),
        (&[0xff; 9], DecodeError::TooLarge),
        (&[0x02, b'4', 0xff], DecodeError::InvalidUtf8),
    ];
    for (bad, error) in cases {
        let bytes = [b"\x024a", *bad, b"\x024b"].concat();
        let wanted = (vec![Frame::text("4a")], Err(*error));
        assert_eq!(decoded(&bytes), wanted, "{bad:x?}");
    }
}

#[test]
fn a_frame_of_exactly_the_allowed_size_passes() {
    let mut decoder = Decoder::new(5);
    decoder.push(b"\x054four\x064fives");
    assert_eq!(decoder.next_frame(), Ok(Some(Frame::text("4four"))));
    assert_eq!(decoder.next_frame(), Err(DecodeError::TooLarge));
}

#[test]
fn an_error_stays_and_holds_no_memory() {
    let mut decoder = Decoder::new(MAX);
    decoder.push(&[0x00, 0x02, b'4', b'a']);
    for _ in 0..3 {
        assert_eq!(decoder.next_frame(), Err(DecodeError::Empty));
        assert_eq!(decoder.buffered(), 0);
        decoder.push(b"\x024b");
    }
}

#[test]
fn what_is_unfinished_is_counted() {
    let mut decoder = Decoder::new(MAX);
    for (piece, buffered) in [(&b"\x7e"[..], 1), (b"\x00", 2), (b"\xc8", 3), (b"4abc", 7)] {
        decoder.push(piece);
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.buffered(), buffered);
    }
    decoder.push(&[b'x'; 196]);
    assert!(matches!(decoder.next_frame(), Ok(Some(frame)) if frame.len() == 200));
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn an_empty_binary_message_survives_a_stream() {
    let message = Packet::Message(Message::binary(Vec::new()));
    let frame = message.clone().into_frame(Revision::V4, false);
    let bytes = encoded(&frame);
    assert_eq!(bytes, &b"\x01b"[..]);
    let (frames, end) = decoded(&bytes);
    assert_eq!(end, Ok(()));
    let [frame] = &frames[..] else {
        panic!("{frames:?}")
    };
    assert_eq!(Packet::from_frame(frame.clone(), Revision::V4), Ok(message));
}

#[test]
fn binary_messages_of_revision_3_keep_their_type() {
    let message = Packet::Message(Message::binary(vec![1, 2, 3]));
    let frame = message.into_frame(Revision::V3, false);
    assert_eq!(encoded(&frame), &b"\x84\x04\x01\x02\x03"[..]);
}
