// Invariant: a frame that is a packet can be sent on, in either codec, and means the same there; sent on from there, it
// is the same bytes.
#![no_main]

use engineio_proto::Message;
use fuzz::sio::{decoder, sent_on};
use libfuzzer_sys::fuzz_target;
use socketio_proto::{MessagePack, Protocol};

fuzz_target!(|frame: &[u8]| {
    let message = Message::binary(frame.to_vec());
    for protocol in [Protocol::V5, Protocol::V4] {
        let mut decoder = decoder(&MessagePack::new(), protocol);
        match decoder.decode(message.clone()) {
            Ok(Some(packet)) => sent_on(&packet),
            Ok(None) => panic!("each message is a packet"),
            Err(_) => {}
        }
        assert!(!decoder.has_pending());
    }
});
