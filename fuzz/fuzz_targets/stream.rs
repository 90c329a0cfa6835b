// Invariant: cutting a stream differently changes no frame and no error; what was decoded encodes to a stream that
// decodes to the same frames; and no more is held than one unfinished frame.
#![no_main]

use bytes::BytesMut;
use engineio_proto::stream::{Decoder, encode};
use engineio_proto::{DecodeError, Frame};
use libfuzzer_sys::fuzz_target;

/// Small, so that the limit is met often.
const MAX: usize = 70_000;
const LONGEST_HEADER: usize = 9;

fuzz_target!(|input: &[u8]| {
    // How many lengths of pieces there are, the lengths, the stream.
    let Some((count, rest)) = input.split_first() else {
        return;
    };
    let (lengths, stream) = rest.split_at(rest.len().min(usize::from(*count)));
    let (frames, error) = decode(stream, &[]);
    assert_eq!(decode(stream, lengths), (frames.clone(), error));

    let mut again = BytesMut::new();
    for frame in &frames {
        encode(frame, &mut again);
    }
    assert_eq!(decode(&again, lengths), (frames, None));
});

/// Decodes a stream that arrives in pieces of these lengths, over and over, or whole.
fn decode(mut stream: &[u8], lengths: &[u8]) -> (Vec<Frame>, Option<DecodeError>) {
    let mut decoder = Decoder::new(MAX);
    let mut frames = Vec::new();
    let mut lengths = lengths.iter().cycle();
    while !stream.is_empty() {
        let length = lengths
            .next()
            .map_or(usize::MAX, |length| usize::from(*length).max(1));
        let (piece, rest) = stream.split_at(stream.len().min(length));
        stream = rest;
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    decoder.push(b"\x014");
                    assert_eq!(decoder.next_frame(), Err(error), "an error must stay");
                    assert_eq!(decoder.buffered(), 0);
                    return (frames, Some(error));
                }
            }
        }
        assert!(decoder.buffered() < MAX + LONGEST_HEADER);
    }
    (frames, None)
}
