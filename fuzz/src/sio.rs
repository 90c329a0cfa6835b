//! What packets say, so that two can be compared.

use socketio_proto::{Body, Codec, Decoder, Limits, Packet, Protocol};

/// All that a packet says, in one text. Values are compared as they print: no number is left out, and what is not a number
/// is itself.
pub fn said(packet: &Packet) -> String {
    let namespace = &packet.namespace;
    match &packet.body {
        Body::Connect(auth) => format!(
            "{namespace} connect {:?}",
            auth.as_ref().map(|auth| auth.to_value())
        ),
        Body::ConnectError(error) => {
            format!(
                "{namespace} refused {:?}",
                error.as_ref().map(|error| error.to_value())
            )
        }
        Body::Disconnect => format!("{namespace} disconnect"),
        Body::Event { id, args } => {
            format!(
                "{namespace} event {id:?} {:?} {:?}",
                args.event_name(),
                args.to_values()
            )
        }
        Body::Ack { id, args } => format!("{namespace} ack {id} {:?}", args.to_values()),
        other => panic!("a packet that nobody knows: {other:?}"),
    }
}

/// A packet that was decoded can be encoded, and says the same when it is decoded again.
pub fn check_round_trip(packet: &Packet, codec: &dyn Codec, protocol: Protocol) {
    let encoded = packet.encode(codec).expect("what decodes can be encoded");
    let mut decoder = decoder(codec, protocol);
    let (last, first) = encoded
        .messages()
        .split_last()
        .expect("a packet is at least one message");
    for message in first {
        assert!(
            decoder
                .decode(message.clone())
                .expect("our own message")
                .is_none()
        );
    }
    let again = decoder
        .decode(last.clone())
        .expect("our own message")
        .expect("the last one");
    assert!(!decoder.has_pending());
    assert_eq!(said(packet), said(&again));
}

/// A decoder with limits that a fuzzer can reach.
pub fn decoder(codec: &dyn Codec, protocol: Protocol) -> Decoder {
    let mut limits = Limits::default();
    limits.max_payload = 100_000;
    codec.decoder(protocol, limits)
}
