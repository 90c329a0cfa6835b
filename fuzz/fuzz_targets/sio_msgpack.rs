// Invariant: bytes that are a packet can be encoded again and then say the same; whatever lengths and depths they
// announce, they are taken or refused, and nothing is kept.
#![no_main]

use engineio_proto::Message;
use fuzz::sio::{check_round_trip, decoder};
use libfuzzer_sys::fuzz_target;
use socketio_proto::{Body, Bytes, MessagePack, Protocol, Value};

fuzz_target!(|bytes: &[u8]| {
    let codec = MessagePack::new();
    let mut decoder = decoder(&codec, Protocol::V5);
    let decoded = decoder.decode(Message::binary(bytes.to_vec()));
    assert!(!decoder.has_pending());
    let Ok(packet) = decoded else { return };
    let packet = packet.expect("a frame is a packet");
    check_round_trip(&packet, &codec, Protocol::V5);
    if let Body::Event { args, .. } | Body::Ack { args, .. } = &packet.body {
        let _ = args.deserialize::<Value>();
        let _ = args.deserialize::<(Option<Bytes>, Value)>();
        let _ = args.deserialize::<Vec<String>>();
        let _ = args.deserialize::<(f64, u64)>();
    }
});
