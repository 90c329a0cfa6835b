// Invariant: a packet is complete exactly when as many attachments have come as its header says, nothing comes between
// them, they stay within the limit, and each of them is in the packet exactly once.
#![no_main]

use engineio_proto::Message;
use libfuzzer_sys::fuzz_target;
use socketio_proto::{Args, Body, Codec, DecodeError, Json, Limits, Protocol, Value};

/// Small, so that it is met.
const MAX_PAYLOAD: usize = 400;

fuzz_target!(|input: &[u8]| {
    let mut limits = Limits::default();
    limits.max_payload = MAX_PAYLOAD;
    let mut decoder = Json::new().decoder(Protocol::V5, limits);
    // What has come of a packet that is not complete: how many are to come, and what came.
    let mut pending: Option<(usize, usize, Vec<&[u8]>)> = None;
    // Messages end with 0xff; those that begin with 0xfe are binary.
    for message in input.split(|byte| *byte == 0xff) {
        if let Some(bytes) = message.strip_prefix(&[0xfe]) {
            let found = decoder.decode(Message::binary(bytes.to_vec()));
            let Some((count, size, mut attachments)) = pending.take() else {
                assert_eq!(found.err(), Some(DecodeError::UnexpectedBinary));
                continue;
            };
            let size = size + bytes.len();
            attachments.push(bytes);
            if size > MAX_PAYLOAD {
                assert_eq!(found.err(), Some(DecodeError::TooLarge));
            } else if attachments.len() < count {
                assert!(found.expect("it fits").is_none());
                pending = Some((count, size, attachments));
            } else {
                match found.expect("it fits").expect("it is complete").body {
                    Body::Event { args, .. } | Body::Ack { args, .. } => {
                        each_once(&args, attachments)
                    }
                    other => panic!("{other:?}"),
                }
            }
        } else if let Ok(text) = str::from_utf8(message) {
            let found = decoder.decode(Message::text(text));
            if pending.take().is_some() {
                assert_eq!(found.err(), Some(DecodeError::UnexpectedText));
            } else if let Ok(None) = found {
                let count = text[1..]
                    .split('-')
                    .next()
                    .and_then(|count| count.parse().ok());
                pending = Some((count.expect("it has a count"), text.len(), Vec::new()));
            }
        }
        assert_eq!(decoder.has_pending(), pending.is_some());
    }
});

fn each_once(args: &Args, sent: Vec<&[u8]>) {
    fn collect<'a>(value: &'a Value, found: &mut Vec<&'a [u8]>) {
        match value {
            Value::Binary(bytes) => found.push(bytes),
            Value::Array(elements) => elements.iter().for_each(|value| collect(value, found)),
            Value::Object(object) => object.iter().for_each(|(_, value)| collect(value, found)),
            _ => {}
        }
    }
    assert_eq!(args.attachments(), sent);
    let values = args.to_values();
    let mut found = Vec::new();
    values.iter().for_each(|value| collect(value, &mut found));
    found.sort_unstable();
    let mut sent = sent;
    sent.sort_unstable();
    assert_eq!(found, sent);
}
