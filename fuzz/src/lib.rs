//! What several targets check alike.

use bytes::{Bytes, BytesMut};
use engineio_proto::payload::{Decoder, Encoder, Encoding};
use engineio_proto::{DecodeError, Packet};

/// What a decoder makes of a body: the packets before the first error, and the error.
pub type Decoded = (Vec<Packet>, Option<DecodeError>);

/// Decodes a body, and checks what holds for every encoding:
/// an error is the end; what was decoded can be encoded, is then as long as `len_with` announced, and decodes to
/// the same packets.
pub fn decode_body(body: &[u8], encoding: Encoding) -> Decoded {
    let mut decoder = Decoder::new(Bytes::copy_from_slice(body), encoding);
    let (packets, error) = until_error(decoder.by_ref());
    assert_eq!(decoder.next(), None, "something came after the end");

    let mut again = BytesMut::from("before");
    let mut encoder = Encoder::new(&mut again, encoding);
    for packet in &packets {
        let announced = encoder.len_with(packet);
        encoder.push(packet);
        assert_eq!(encoder.len(), announced, "len_with was wrong");
    }
    if !packets.is_empty() {
        let again = again.split_off(6).freeze();
        let (decoded, error) = until_error(Decoder::new(again, encoding));
        assert_eq!(
            (decoded, error),
            (packets.clone(), None),
            "lost in encoding"
        );
    }
    (packets, error)
}

/// The items before the first error, and the error.
pub fn until_error(items: impl Iterator<Item = Result<Packet, DecodeError>>) -> Decoded {
    let mut packets = Vec::new();
    for item in items {
        match item {
            Ok(packet) => packets.push(packet),
            Err(error) => return (packets, Some(error)),
        }
    }
    (packets, None)
}

pub mod sio;
