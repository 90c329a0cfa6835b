//! What the targets of the Socket.IO codecs check alike.

use bytes::Bytes;
use engineio_proto::Message;
use socketio_proto::{
    Args, Body, Codec, DecodeError, Decoder, EncodeError, Json, Limits, MessagePack, Number,
    Packet, Protocol, RawValue, Value,
};

/// Both codecs; neither minds how many attachments there are.
pub fn codecs() -> [Box<dyn Codec>; 2] {
    let json = Json::new().max_attachments(usize::MAX);
    [Box::new(json), Box::new(MessagePack::new())]
}

/// A decoder with small limits, so that they are met.
pub fn decoder(codec: &dyn Codec, protocol: Protocol) -> Decoder {
    codec.decoder(protocol, Limits::default())
}

/// Decodes a text, and gives it whatever attachments it wants.
pub fn decode_text(text: &str, protocol: Protocol) -> Result<Packet, DecodeError> {
    let mut decoder = decoder(&Json::new(), protocol);
    let mut packet = decoder.decode(Message::text(text))?;
    for num in 0..=Limits::default().max_attachments {
        let Some(packet) = packet else {
            assert!(decoder.has_pending());
            packet = decoder.decode(Message::binary(Bytes::from(format!("<{num}>"))))?;
            continue;
        };
        assert!(!decoder.has_pending());
        return Ok(packet);
    }
    panic!("it wants more attachments than it may have")
}

/// A packet can be sent on, in either codec, and means the same there; sent on from there, it is the same bytes.
pub fn sent_on(packet: &Packet) {
    // Refusals of protocol 4 that are arrays or null are read, and never written: clients of protocol 5 close for them.
    if let Body::ConnectError(Some(reason)) = &packet.body
        && matches!(reason.to_value(), Value::Array(_) | Value::Null)
    {
        for codec in codecs() {
            let written = packet.encode(&*codec);
            assert_eq!(written.err(), Some(EncodeError::InvalidPayload));
        }
        return;
    }
    let expected = meaning(packet);
    for codec in codecs() {
        let encoded = match packet.encode(&*codec) {
            Ok(encoded) => encoded,
            // Bytes in CONNECT, which only MessagePack can have; and data that reads like a reference.
            Err(EncodeError::TooManyAttachments(0) | EncodeError::Misleading) => continue,
            Err(error) => panic!("{packet:?}: {error}"),
        };
        let mut limits = Limits::default();
        limits.max_attachments = usize::MAX;
        limits.max_payload = usize::MAX;
        let mut decoder = codec.decoder(Protocol::V5, limits);
        let mut found = None;
        for message in &encoded {
            assert!(found.is_none(), "complete before its last message");
            found = decoder.decode(message.clone()).expect("it can be read");
        }
        let found = found.expect("it is complete");
        assert_eq!(meaning(&found), expected, "{codec:?}");
        // Text without attachments is passed on as it stands, so that the first time may differ.
        let again = found.encode(&*codec).expect("it can be sent again");
        assert_eq!(again, encoded, "{codec:?}");
    }
}

/// All that a packet says, to be compared.
pub fn meaning(packet: &Packet) -> String {
    let namespace = &packet.namespace;
    let args = |args: &Args| {
        let values: Vec<_> = args.to_values().into_iter().map(as_json).collect();
        assert_eq!(values.len(), args.len());
        format!("{:?} {values:?}", args.event_name())
    };
    let raw = |raw: &Option<RawValue>| raw.as_ref().map(|raw| as_json(raw.to_value()));
    match &packet.body {
        Body::Connect(shown) => format!("connect {namespace:?} {:?}", raw(shown)),
        // MessagePack has no refusal without a reason.
        Body::ConnectError(None) => format!("refused {namespace:?} {:?}", Some(Value::from(""))),
        Body::ConnectError(reason) => format!("refused {namespace:?} {:?}", raw(reason)),
        Body::Disconnect => format!("disconnect {namespace:?}"),
        Body::Event { id, args: a } => format!("event {namespace:?} {id:?} {}", args(a)),
        Body::Ack { id, args: a } => format!("ack {namespace:?} {id:?} {}", args(a)),
        other => panic!("{other:?}"),
    }
}

/// JSON has no infinity.
fn as_json(value: Value) -> Value {
    let is_infinite = |number: &Number| !number.as_f64().is_finite();
    match value {
        Value::Number(number) if is_infinite(&number) => Value::Null,
        Value::Array(elements) => Value::Array(elements.into_iter().map(as_json).collect()),
        Value::Object(object) => {
            let members = object.into_iter().map(|(key, value)| (key, as_json(value)));
            Value::Object(members.collect())
        }
        other => other,
    }
}
