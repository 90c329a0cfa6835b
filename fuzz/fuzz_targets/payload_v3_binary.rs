// Invariant: a body is a row of heads and packets, each as long as its head says, up to the first that is wrong.
#![no_main]

use bytes::Bytes;
use engineio_proto::payload::Encoding;
use engineio_proto::{DecodeError, Frame, Packet, Revision, Text};
use fuzz::{Decoded, decode_body};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| assert_eq!(decode_body(body, Encoding::V3Binary), model(body)));

fn model(mut rest: &[u8]) -> Decoded {
    let mut packets = Vec::new();
    if rest.is_empty() {
        return (packets, Some(DecodeError::Empty));
    }
    while !rest.is_empty() {
        let Some((form, packet, behind)) = split(rest) else {
            return (packets, Some(DecodeError::InvalidLength));
        };
        rest = behind;
        let bytes = Bytes::copy_from_slice(packet);
        let packet = match form {
            0 => Text::try_from(bytes).and_then(|text| Packet::from_text(text, Revision::V3)),
            1 => Packet::from_frame(Frame::binary(bytes), Revision::V3),
            _ => Err(DecodeError::UnknownType),
        };
        match packet {
            Ok(packet) => packets.push(packet),
            Err(error) => return (packets, Some(error)),
        }
    }
    (packets, None)
}

/// The first byte of the head, the packet, and what comes behind it.
fn split(body: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (form, rest) = body.split_first()?;
    let end = rest.iter().position(|byte| *byte == 0xff)?;
    let digits: Option<String> = rest[..end]
        .iter()
        .map(|digit| char::from_digit(u32::from(*digit), 10))
        .collect();
    let length: usize = digits?.parse().ok()?;
    let (packet, behind) = rest[end + 1..].split_at_checked(length)?;
    Some((*form, packet, behind))
}
