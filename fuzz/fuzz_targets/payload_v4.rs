// Invariant: a body holds what lies between its separators, up to the first part that is no packet.
#![no_main]

use bytes::Bytes;
use engineio_proto::payload::Encoding;
use engineio_proto::{Packet, Revision, Text};
use fuzz::{decode_body, until_error};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let parts = body.split(|byte| *byte == 0x1e).map(|part| {
        let text = Text::try_from(Bytes::copy_from_slice(part))?;
        Packet::from_text(text, Revision::V4)
    });
    assert_eq!(decode_body(body, Encoding::V4), until_error(parts));
});
