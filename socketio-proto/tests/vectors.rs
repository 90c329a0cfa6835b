//! What the npm packages of the protocol make of packets and frames, and what we make of them.
//!
//! The files in `vectors/` say in their headers which package and version each comes from, and where we decide
//! otherwise on purpose. `interop/` writes them.

mod reference;

use std::fs;
use std::path::Path;

use reference::{Answer, Tagged};
#[cfg(feature = "msgpack")]
use socketio_proto::MessagePack;
use socketio_proto::{Codec, Json, Limits, Protocol};

#[test]
fn packets_of_protocol_5_are_encoded_as_the_reference_does() {
    for_each("json-v5-encode.json", 119, |vector| {
        encode(&Json::new(), vector)
    });
}

#[test]
fn packets_of_protocol_4_are_encoded_as_the_reference_does() {
    for_each("json-v4-encode.json", 19, |vector| {
        encode(&Json::new(), vector)
    });
}

#[test]
fn frames_of_protocol_5_are_decoded_as_the_reference_does() {
    for_each("json-v5-decode.json", 330, |vector| {
        decode(&Json::new(), Protocol::V5, vector)
    });
}

#[test]
fn frames_of_protocol_4_are_decoded_as_the_reference_does() {
    for_each("json-v4-decode.json", 55, |vector| {
        decode(&Json::new(), Protocol::V4, vector)
    });
}

#[cfg(feature = "msgpack")]
#[test]
fn packets_are_encoded_as_the_reference_does_in_msgpack() {
    for_each("msgpack-encode.json", 70, |vector| {
        encode(&MessagePack::new(), vector)
    });
}

#[cfg(feature = "msgpack")]
#[test]
fn frames_are_decoded_as_the_reference_does_in_msgpack() {
    for_each("msgpack-decode.json", 274, |vector| {
        decode(&MessagePack::new(), Protocol::V5, vector)
    });
}

/// Puts each vector of a file to the test, and tells of all that fail. A file that has become shorter is a failure
/// too.
fn for_each(file: &str, least: usize, test: impl Fn(Tagged) -> Result<(), String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(file);
    let text = fs::read_to_string(path).expect("the file is there");
    let mut file = Tagged::plain(&text);
    let vectors = file.take("vectors").into_items();
    assert!(
        vectors.len() >= least,
        "{} vectors are fewer than {least}",
        vectors.len()
    );
    let count = vectors.len();
    let failures: Vec<_> = vectors
        .into_iter()
        .filter_map(|mut vector| {
            let name = vector.take("name").into_text();
            let failure = test(vector).err()?;
            Some(format!("{name}: {failure}"))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {count} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn encode(codec: &dyn Codec, mut vector: Tagged) -> Result<(), String> {
    let packet = vector.take("packet").untag().without_undefined_members();
    let frames = vector.take("frames").untag();
    let encoded = reference::encode(codec, packet).map_err(|error| error.to_string())?;
    let ours = Tagged::Array(reference::frames(&encoded));
    if ours.is_same(&frames) {
        Ok(())
    } else {
        Err(format!("{frames:?} is encoded as {ours:?}"))
    }
}

fn decode(codec: &dyn Codec, protocol: Protocol, mut vector: Tagged) -> Result<(), String> {
    let frames = vector.take("frames").untag().into_items();
    let mut decoder = codec.decoder(protocol, Limits::default());
    let Answer { packets, end } = reference::decode(&mut decoder, frames);
    let packets = Tagged::Array(packets);
    let theirs = (vector.take("packets"), vector.take("end").into_text());
    let mut ours = vector.take("ours");
    let (expected, expected_end) = if ours.is_undefined() {
        theirs
    } else {
        let ours = (ours.take("packets"), ours.take("end").into_text());
        if ours.0.is_same(&theirs.0) && ours.1 == theirs.1 {
            return Err("is marked as a difference and is none".to_owned());
        }
        ours
    };
    let expected = without_binary_types(expected.untag());
    if packets.is_same(&expected) && end.name() == expected_end {
        Ok(())
    } else {
        Err(format!(
            "{packets:?} {end:?} instead of {expected:?} {expected_end}"
        ))
    }
}

/// The parsers of protocol 4 hand out `BINARY_EVENT` and `BINARY_ACK` as such, all others as EVENT and ACK.
fn without_binary_types(packets: Tagged) -> Tagged {
    let mut packets = packets.into_items();
    for packet in &mut packets {
        let kind = packet.take("type").into_unsigned();
        let kind = if kind > 4 { kind - 3 } else { kind };
        packet.put("type", Tagged::Unsigned(kind));
    }
    Tagged::Array(packets)
}
