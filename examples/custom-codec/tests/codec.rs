//! What the codec keeps, and what it refuses.

use bytes::Bytes;
use custom_codec::Lengths;
use engineio_proto::Message;
use socketio_proto::{
    AckId, Arguments, Body, Codec, DecodeError, Emit, EncodeError, Limits, Namespace, Object,
    Outgoing, Packet, Protocol, Value,
};

fn decode(frame: &[u8]) -> Result<Packet, DecodeError> {
    decode_with(frame, Limits::default())
}

fn decode_with(frame: &[u8], limits: Limits) -> Result<Packet, DecodeError> {
    let mut decoder = Lengths::new().decoder(Protocol::V5, limits);
    let message = Message::binary(frame.to_vec());
    decoder
        .decode(message)
        .map(|packet| packet.expect("one message is one packet"))
}

fn encode(packet: &Outgoing<'_>) -> Result<Vec<u8>, EncodeError> {
    let namespace = Namespace::new("/größe").unwrap();
    let encoded = Lengths::new().encode(&namespace, packet)?;
    let [message] = encoded.messages() else {
        panic!("one packet is one message")
    };
    Ok(message.to_bytes().unwrap().to_vec())
}

fn zoo() -> Vec<Value> {
    let json = |text| Value::from_json(text).unwrap();
    let mut object = Object::new();
    object.insert("bytes", Bytes::from_static(&[0, 255]));
    object.insert("", json(r#"{"deep":[[],{},[null]]}"#));
    vec![
        Value::Null,
        Value::from(true),
        Value::from(false),
        Value::from(0),
        Value::from(u64::MAX),
        Value::from(i64::MIN),
        Value::from(-1.5),
        Value::from(f64::MAX),
        Value::from(""),
        Value::from("ä\0🦀\""),
        Value::from(Bytes::new()),
        Value::Object(object),
        Value::Array(vec![Value::from(Bytes::from_static(b"x")), json("[1,2]")]),
    ]
}

#[test]
fn values_of_all_kinds_arrive_as_they_left() {
    let zoo = zoo();
    let arguments = Arguments::from_values(&zoo);
    let emit = Emit::new("zoo", arguments);
    for (outgoing, id) in [
        (emit, None),
        (emit.with_id(AckId(u64::MAX)), Some(AckId(u64::MAX))),
    ] {
        let packet = decode(&encode(&outgoing.into()).unwrap()).unwrap();
        assert_eq!(packet.namespace, "/größe");
        let Body::Event { id: arrived, args } = packet.body else {
            panic!("an event")
        };
        assert_eq!((arrived, args.event_name()), (id, "zoo"));
        assert_eq!(args.to_values(), zoo);
    }
    let packet = decode(&encode(&Outgoing::Ack(AckId(0), arguments)).unwrap()).unwrap();
    let Body::Ack { id: AckId(0), args } = packet.body else {
        panic!("an acknowledgement")
    };
    assert_eq!(args.to_values(), zoo);
}

#[test]
fn payloads_arrive_as_they_left() {
    let shown = Value::from_json(r#"{"token":"x","n":[1]}"#).unwrap();
    let payload = Some(Arguments::new(&shown));
    let body = |packet| decode(&encode(&packet).unwrap()).unwrap().body;
    assert!(matches!(body(Outgoing::Connect(None)), Body::Connect(None)));
    assert!(
        matches!(body(Outgoing::Connect(payload)), Body::Connect(Some(raw)) if raw.to_value() == shown)
    );
    assert!(
        matches!(body(Outgoing::ConnectError(payload)), Body::ConnectError(Some(raw)) if raw.to_value() == shown)
    );
    assert!(matches!(body(Outgoing::Disconnect), Body::Disconnect));
}

#[test]
fn a_number_that_is_none_is_null() {
    let args = [Value::from(f64::NAN), Value::from(f64::INFINITY)];
    let emit = Emit::new("n", Arguments::from_values(&args));
    let Body::Event { args, .. } = decode(&encode(&emit.into()).unwrap()).unwrap().body else {
        panic!("an event")
    };
    assert_eq!(args.to_values(), [Value::Null, Value::Null]);
}

#[test]
fn a_message_that_is_cut_off_is_no_packet_unless_it_ends_between_arguments() {
    let name = Emit::new("zoo", Arguments::new(&()));
    let shortest = encode(&name.into()).unwrap().len();
    let zoo = zoo();
    let frame = encode(&Emit::new("zoo", Arguments::from_values(&zoo)).into()).unwrap();
    let mut whole = Vec::new();
    for end in 0..=frame.len() {
        match decode(&frame[..end]) {
            Ok(Packet {
                body: Body::Event { args, .. },
                ..
            }) => {
                assert_eq!(args.to_values(), zoo[..args.len()], "cut at {end}");
                whole.push(args.len());
            }
            Ok(other) => panic!("{other:?}"),
            // With nothing behind the namespace there is no name.
            Err(DecodeError::InvalidPayload) => assert!(end < shortest, "cut at {end}"),
            Err(error) => {
                let early = DecodeError::Other("the message ends too early");
                assert_eq!(error, early, "cut at {end}");
            }
        }
    }
    assert_eq!(whole, (0..=zoo.len()).collect::<Vec<_>>());
}

#[test]
fn what_is_announced_is_not_believed() {
    const MOST: [u8; 4] = u32::MAX.to_le_bytes();
    let early = DecodeError::Other("the message ends too early");
    for kind in [b's', b'b', b'a', b'o'] {
        let frame = [b"A\x01\0\0\0/\0\0\0\0\0\0\0\0", &[kind][..], &MOST].concat();
        assert_eq!(decode(&frame).unwrap_err(), early, "{}", char::from(kind));
    }
    let namespace = [b"D", &MOST[..], b"/"].concat();
    assert_eq!(decode(&namespace).unwrap_err(), early);
}

#[test]
fn a_packet_of_another_shape_is_refused() {
    use DecodeError::*;
    for (frame, error) in [
        (&b"X\x01\0\0\0/"[..], UnknownType),
        (b"D\0\0\0\0", InvalidNamespace),
        (b"D\x01\0\0\0a", InvalidNamespace),
        (b"D\x03\0\0\0/,a", InvalidNamespace),
        (b"D\x01\0\0\0\xff", Other("text is not UTF-8")),
        (b"D\x01\0\0\0/n", InvalidPayload),
        (b"C\x01\0\0\0/n", InvalidPayload),
        (b"C\x01\0\0\0/o\0\0\0\0o\0\0\0\0", InvalidPayload),
        (b"R\x01\0\0\0/", InvalidPayload),
        (b"R\x01\0\0\0/t", InvalidPayload),
        (b"E\x01\0\0\0/", InvalidPayload),
        (b"E\x01\0\0\0/n", InvalidPayload),
        (b"E\x01\0\0\0/s\x01\0\0\0ax", Other("unknown type of value")),
        (b"E\x01\0\0\0/s\x07\0\0\0connect", ReservedName),
    ] {
        let refused = decode(frame).unwrap_err();
        assert_eq!(refused, error, "{}", frame.escape_ascii());
    }
}

#[test]
fn what_arguments_cannot_hold_is_refused_and_not_changed() {
    let mut object = Object::new();
    object.insert("_placeholder", true);
    object.insert("num", 0);
    let args = [
        Value::from(Bytes::from_static(b"x")),
        Value::Object(object.clone()),
    ];
    let frame = encode(&Emit::new("n", Arguments::from_values(&args)).into()).unwrap();
    assert_eq!(decode(&frame).unwrap_err(), DecodeError::IllegalAttachments);
    // Without bytes beside it, it is an object like any other.
    let frame = encode(&Emit::new("n", Arguments::from_values(&args[1..])).into()).unwrap();
    let Body::Event { args, .. } = decode(&frame).unwrap().body else {
        panic!("an event")
    };
    assert_eq!(args.to_values(), [Value::Object(object)]);
}

#[test]
fn bytes_in_a_payload_arrive_as_they_left() {
    let mut shown = Object::new();
    shown.insert("key", Bytes::from_static(&[1, 2]));
    let shown = Value::Object(shown);
    let packet = encode(&Outgoing::Connect(Some(Arguments::new(&shown)))).unwrap();
    let Body::Connect(Some(raw)) = decode(&packet).unwrap().body else {
        panic!("a connect")
    };
    assert_eq!(raw.to_value(), shown);
}

#[test]
fn limits_hold_in_both_directions() {
    let frame = encode(&Emit::new("name", Arguments::new(&())).into()).unwrap();
    let limited = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        decode_with(&frame, limits).map(drop)
    };
    assert_eq!(
        limited(|limits| limits.max_payload = 21),
        Err(DecodeError::TooLarge)
    );
    assert_eq!(
        limited(|limits| limits.max_event_name = 3),
        Err(DecodeError::NameTooLong)
    );
    assert_eq!(
        limited(|limits| limits.max_namespace = 7),
        Err(DecodeError::InvalidNamespace)
    );
    assert_eq!(limited(|_| {}), Ok(()));

    // The array of the arguments is one of the 128.
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let sent = |depth| {
        let args = [nested(depth)];
        encode(&Emit::new("deep", Arguments::from_values(&args)).into())
    };
    assert_eq!(sent(128), Err(EncodeError::TooDeep));
    let frame = sent(127).unwrap();
    assert!(decode(&frame).is_ok());
    let deeper = [&frame[..frame.len() - 1], b"a\x01\0\0\0n"].concat();
    assert_eq!(decode(&deeper).unwrap_err(), DecodeError::TooDeep);
}

#[test]
fn text_and_protocol_4_are_not_read() {
    let mut decoder = Lengths::new().decoder(Protocol::V5, Limits::default());
    let text = decoder.decode(Message::text("0")).unwrap_err();
    assert_eq!(text, DecodeError::UnexpectedText);
    let mut decoder = Lengths::new().decoder(Protocol::V4, Limits::default());
    let frame = encode(&Outgoing::Connect(None)).unwrap();
    let older = decoder.decode(Message::binary(frame)).unwrap_err();
    assert_eq!(older, DecodeError::Other("this codec is for protocol 5"));
}
