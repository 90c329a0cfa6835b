// Invariant: whatever texts and binaries come in whatever order, a packet comes out only with all its attachments and
// nothing of another, a text among them or a binary without a packet is an error, and what is kept is bounded.
#![no_main]

use engineio_proto::Message;
use fuzz::sio::{check_round_trip, decoder};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use socketio_proto::{Body, Json, Protocol};

#[derive(Arbitrary, Debug)]
enum Piece {
    Text(String),
    /// A packet that asks for this many attachments.
    Announce(u8),
    Binary(Vec<u8>),
}

fuzz_target!(|pieces: Vec<Piece>| {
    let codec = Json::new();
    let mut decoder = decoder(&codec, Protocol::V5);
    let mut awaited = 0;
    let mut given = Vec::new();
    for piece in pieces {
        let was_pending = decoder.has_pending();
        let (message, bytes) = match piece {
            Piece::Text(text) => (Message::text(&text), None),
            Piece::Announce(count) => {
                let count = count % 12;
                let places: Vec<_> = (0..count)
                    .map(|num| format!(r#",{{"_placeholder":true,"num":{num}}}"#))
                    .collect();
                if !was_pending {
                    awaited = usize::from(count);
                    given.clear();
                }
                (
                    Message::text(&format!(r#"5{count}-["x"{}]"#, places.concat())),
                    None,
                )
            }
            Piece::Binary(bytes) => (Message::binary(bytes.clone()), Some(bytes)),
        };
        let is_text = bytes.is_none();
        let known = awaited > 0;
        given.extend(bytes);
        match decoder.decode(message) {
            Err(_) => return,
            Ok(None) => assert!(decoder.has_pending()),
            Ok(Some(packet)) => {
                assert!(!decoder.has_pending());
                assert_eq!(
                    is_text, !was_pending,
                    "a packet ends with its last attachment"
                );
                if let (Body::Event { args, .. }, true, true) = (&packet.body, known, was_pending) {
                    assert!(args.attachments().iter().eq(given.iter()));
                }
                check_round_trip(&packet, &codec, Protocol::V5);
                awaited = 0;
                given.clear();
            }
        }
        assert!(
            !(was_pending && is_text),
            "a text was taken while attachments were outstanding"
        );
    }
});
