// Invariant: a text that is a packet can be sent on, in either codec, and means the same there; sent on from there, it
// is the same bytes.
#![no_main]

use fuzz::sio::{decode_text, sent_on};
use libfuzzer_sys::fuzz_target;
use socketio_proto::Protocol;

fuzz_target!(|text: &str| {
    for protocol in [Protocol::V5, Protocol::V4] {
        if let Ok(packet) = decode_text(text, protocol) {
            sent_on(&packet);
        }
    }
});
