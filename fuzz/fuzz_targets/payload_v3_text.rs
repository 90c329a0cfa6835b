// Invariant: lengths count what JavaScript counts, so a body is cut as if it were an array of UTF-16 units.
#![no_main]

use std::str;

use engineio_proto::payload::Encoding;
use engineio_proto::{DecodeError, Packet, Revision, Text};
use fuzz::{Decoded, decode_body};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let decoded = decode_body(body, Encoding::V3Text);
    match str::from_utf8(body) {
        Ok(text) => assert_eq!(decoded, model(text)),
        // The packets before the bad byte, and some error.
        Err(error) => {
            let valid = str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default();
            assert_eq!(decoded.0, model(valid).0);
            assert!(decoded.1.is_some());
        }
    }
});

fn model(text: &str) -> Decoded {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut rest = &units[..];
    let mut packets = Vec::new();
    if rest.is_empty() {
        return (packets, Some(DecodeError::Empty));
    }
    while !rest.is_empty() {
        let Some((packet, behind)) = split(rest) else {
            return (packets, Some(DecodeError::InvalidLength));
        };
        rest = behind;
        if packet.is_empty() {
            continue;
        }
        match Packet::from_text(Text::from(packet), Revision::V3) {
            Ok(packet) => packets.push(packet),
            Err(error) => return (packets, Some(error)),
        }
    }
    (packets, None)
}

/// The first packet, and what comes behind it.
fn split(units: &[u16]) -> Option<(String, &[u16])> {
    let colon = units.iter().position(|unit| *unit == u16::from(b':'))?;
    let digits = String::from_utf16(&units[..colon]).ok()?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let length: usize = digits.parse().ok()?;
    let (packet, behind) = units[colon + 1..].split_at_checked(length)?;
    Some((String::from_utf16(packet).ok()?, behind))
}
