// Invariant: a text that is a packet can be encoded again and then says the same; one that needs attachments stays
// pending, and says the same with them; nothing else is taken.
#![no_main]

use engineio_proto::Message;
use fuzz::sio::{check_round_trip, decoder};
use libfuzzer_sys::fuzz_target;
use socketio_proto::{Json, Protocol};

fuzz_target!(|text: &str| {
    let codec = Json::new();
    for protocol in [Protocol::V5, Protocol::V4] {
        let mut decoder = decoder(&codec, protocol);
        let mut packet = decoder.decode(Message::text(text));
        // Attachments that it announces are given, at most as many as it may have.
        for number in 0..10u8 {
            if !matches!(packet, Ok(None)) {
                break;
            }
            assert!(decoder.has_pending());
            packet = decoder.decode(Message::binary(vec![number; 3]));
        }
        match packet {
            Ok(Some(packet)) => {
                assert!(!decoder.has_pending());
                // In protocol 4 a query behind the namespace becomes the payload, and is not written again.
                if protocol == Protocol::V5 {
                    check_round_trip(&packet, &codec, protocol);
                }
            }
            Ok(None) => panic!("more attachments than it may have"),
            Err(_) => {}
        }
    }
});
