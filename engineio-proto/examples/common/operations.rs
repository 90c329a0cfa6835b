//! The operations that are measured, by time and by instructions.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use engineio_proto::payload::{Decoder, Encoder, Encoding};
use engineio_proto::stream;
use engineio_proto::{Frame, Message, Packet, Revision};

/// Something small that happens often.
pub(crate) struct Operation {
    /// What it is called on the command line and in tables.
    pub(crate) name: &'static str,
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    pub(crate) run: Box<dyn FnMut()>,
}

const EVENT: &str = r#"2["chat message",{"n":1234567,"ok":true,"text":"hello, socket.io peer"}]"#;
const EVENT_NOT_ASCII: &str =
    r#"2["chat message",{"n":1234567,"ok":true,"text":"grüße an alle, 😀 socket.io"}]"#;
const BINARY: usize = 64 * 1024;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Operation> {
    let text = || Packet::Message(Message::text(EVENT));
    let not_ascii = || Packet::Message(Message::text(EVENT_NOT_ASCII));
    let binary = || Packet::Message(Message::binary(vec![0xa5; BINARY]));
    let sixteen = || vec![text(); 16];
    vec![
        decode_frame("decode text", Frame::text(format!("4{EVENT}"))),
        encode_frame("encode text", text()),
        decode_frame("decode binary 64 KiB", Frame::binary(vec![0xa5; BINARY])),
        encode_frame("encode binary 64 KiB", binary()),
        decode_body("decode payload of 16", &sixteen(), Encoding::V4),
        encode_body("encode payload of 16", sixteen(), Encoding::V4),
        decode_body("decode payload of 1", &[text()], Encoding::V4),
        encode_body("encode payload of 1", vec![text()], Encoding::V4),
        decode_body(
            "decode payload, base64 of 64 KiB",
            &[binary()],
            Encoding::V4,
        ),
        encode_body(
            "encode payload, base64 of 64 KiB",
            vec![binary()],
            Encoding::V4,
        ),
        decode_body(
            "decode payload of 16, revision 3",
            &sixteen(),
            Encoding::V3Text,
        ),
        encode_body(
            "encode payload of 16, revision 3",
            sixteen(),
            Encoding::V3Text,
        ),
        decode_body(
            "decode payload of 16, revision 3, not ASCII",
            &vec![not_ascii(); 16],
            Encoding::V3Text,
        ),
        encode_body(
            "encode payload of 16, revision 3, not ASCII",
            vec![not_ascii(); 16],
            Encoding::V3Text,
        ),
        decode_body(
            "decode payload of 16, revision 3, bytes",
            &sixteen(),
            Encoding::V3Binary,
        ),
        encode_body(
            "encode payload of 16, revision 3, bytes",
            sixteen(),
            Encoding::V3Binary,
        ),
        decode_stream("decode stream of 16"),
    ]
}

fn operation(name: &'static str, bytes: usize, run: impl FnMut() + 'static) -> Operation {
    Operation {
        name,
        bytes: bytes as u64,
        run: Box::new(run),
    }
}

/// From a frame that arrived to a packet, which is dropped again.
fn decode_frame(name: &'static str, frame: Frame) -> Operation {
    operation(name, frame.len(), move || {
        let packet = Packet::from_frame(black_box(&frame).clone(), Revision::V4);
        assert!(black_box(packet).is_ok());
    })
}

/// From a packet to the bytes of a WebSocket, ready for a vectored write.
fn encode_frame(name: &'static str, packet: Packet) -> Operation {
    let bytes = packet.clone().into_frame(Revision::V4, false).len();
    operation(name, bytes, move || {
        let frame = black_box(&packet).clone().into_frame(Revision::V4, false);
        black_box(frame.to_ws());
    })
}

/// From a body to packets, which are dropped again.
fn decode_body(name: &'static str, packets: &[Packet], encoding: Encoding) -> Operation {
    let mut body = BytesMut::new();
    let mut encoder = Encoder::new(&mut body, encoding);
    packets.iter().for_each(|packet| encoder.push(packet));
    let (body, wanted) = (body.freeze(), packets.len());
    operation(name, body.len(), move || {
        let body: Bytes = black_box(&body).clone();
        let mut count = 0;
        for packet in Decoder::new(body, encoding) {
            assert!(black_box(&packet).is_ok());
            count += 1;
        }
        assert_eq!(count, wanted);
    })
}

/// From packets to a body in a buffer that is used again.
fn encode_body(name: &'static str, packets: Vec<Packet>, encoding: Encoding) -> Operation {
    let mut body = BytesMut::new();
    let mut encode = move || {
        body.clear();
        let mut encoder = Encoder::new(&mut body, encoding);
        black_box(&packets)
            .iter()
            .for_each(|packet| encoder.push(packet));
        black_box(&mut body).len()
    };
    operation(name, encode(), move || {
        encode();
    })
}

/// From the bytes of one read to frames, which are dropped again.
fn decode_stream(name: &'static str) -> Operation {
    let mut bytes = BytesMut::new();
    for _ in 0..16 {
        stream::encode(&Frame::text(format!("4{EVENT}")), &mut bytes);
    }
    let mut decoder = stream::Decoder::new(1_000_000);
    operation(name, bytes.len(), move || {
        decoder.push(black_box(&bytes));
        let mut count = 0;
        while let Ok(Some(frame)) = decoder.next_frame() {
            black_box(frame);
            count += 1;
        }
        assert_eq!(count, 16);
    })
}
