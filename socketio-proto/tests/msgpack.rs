//! The MessagePack codec.
#![cfg(feature = "msgpack")]

use std::collections::BTreeMap;
use std::slice;

use bytes::Bytes;
use engineio_proto::{Message, Payload};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, DecodeError, Emit, EncodeError, Json, Limits, MessagePack,
    Namespace, Outgoing, Packet, Protocol, Value,
};

fn decode(frame: &[u8]) -> Result<Packet, DecodeError> {
    let mut decoder = MessagePack::new().decoder(Protocol::V5, Limits::default());
    let message = Message::binary(Bytes::copy_from_slice(frame));
    Ok(decoder.decode(message)?.expect("each message is a packet"))
}

/// The frame of a packet with these members, after `type`.
fn packet(kind: u8, members: &[&[u8]]) -> Vec<u8> {
    let count = u8::try_from(members.len() / 2).unwrap() + 1;
    let head = [&[0x80 | count][..], b"\xa4type", &[kind]].concat();
    [head, members.concat()].concat()
}

/// The frame of an event `v` in `/` with one argument, which is these bytes.
fn event_with(argument: &[u8]) -> Vec<u8> {
    let data = [b"\x92\xa1v", argument].concat();
    packet(2, &[b"\xa4data", &data, b"\xa3nsp", b"\xa1/"])
}

fn args(frame: &[u8]) -> Args {
    match decode(frame).map(|packet| packet.body) {
        Ok(Body::Event { args, .. } | Body::Ack { args, .. }) => args,
        other => panic!("{frame:x?}: {other:?}"),
    }
}

fn encode(namespace: &str, packet: &Outgoing<'_>) -> Vec<u8> {
    let namespace = Namespace::new(namespace).unwrap();
    let encoded = MessagePack::new().encode(&namespace, packet).unwrap();
    let [message] = encoded.messages() else {
        panic!("{encoded:?}")
    };
    match message.payload() {
        Payload::Binary(bytes) => bytes.to_vec(),
        Payload::Text(text) => panic!("{text}"),
    }
}

/// The bytes of a value as the only argument of an event.
fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    let value = (value,);
    let frame = encode("/", &Emit::new("v", Arguments::new(&value)).into());
    let start = b"\x83\xa4type\x02\xa4data\x92\xa1v".len();
    let end = frame.len() - b"\xa3nsp\xa1/".len();
    frame[start..end].to_vec()
}

#[test]
fn packets_are_written_as_the_server_of_the_reference_writes_them() {
    let event = Emit::new("foo", Arguments::new(&"bar"));
    assert_eq!(
        encode("/", &event.into()),
        b"\x83\xa4type\x02\xa4data\x92\xa3foo\xa3bar\xa3nsp\xa1/"
    );
    assert_eq!(
        encode("/admin", &event.with_id(AckId(300)).with_offset("o").into()),
        b"\x84\xa4type\x02\xa4data\x93\xa3foo\xa3bar\xa1o\xa2id\xcd\x01\x2c\xa3nsp\xa6/admin"
    );
    assert_eq!(
        encode("/", &Outgoing::Ack(AckId(0), Arguments::new(&()))),
        b"\x84\xa2id\x00\xa4type\x03\xa4data\x90\xa3nsp\xa1/"
    );
    assert_eq!(
        encode("/", &Outgoing::Connect(None)),
        b"\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/"
    );
    let sid = BTreeMap::from([("sid", "x")]);
    assert_eq!(
        encode("/", &Outgoing::Connect(Some(Arguments::new(&sid)))),
        b"\x83\xa4type\x00\xa4data\x81\xa3sid\xa1x\xa3nsp\xa1/"
    );
    assert_eq!(
        encode("/a", &Outgoing::ConnectError(Some(Arguments::new(&"no")))),
        b"\x83\xa4type\x04\xa4data\xa2no\xa3nsp\xa2/a"
    );
    assert_eq!(
        encode("/", &Outgoing::Disconnect),
        b"\x82\xa4type\x01\xa3nsp\xa1/"
    );
}

#[test]
fn values_take_their_shortest_form() {
    let hex = |bytes: Vec<u8>| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    for (value, expected) in [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("255", "ccff"),
        ("256", "cd0100"),
        ("65535", "cdffff"),
        ("65536", "ce00010000"),
        ("4294967295", "ceffffffff"),
        ("4294967296", "cf0000000100000000"),
        ("18446744073709551615", "cfffffffffffffffff"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("-128", "d080"),
        ("-129", "d1ff7f"),
        ("-32768", "d18000"),
        ("-32769", "d2ffff7fff"),
        ("-2147483648", "d280000000"),
        ("-2147483649", "d3ffffffff7fffffff"),
        ("-9223372036854775808", "d38000000000000000"),
        ("1.5", "cb3ff8000000000000"),
        ("2.0", "02"),
        ("-0.0", "00"),
        ("-3.0", "fd"),
        ("1e300", "cb7e37e43c8800759c"),
        ("null", "c0"),
        ("true", "c3"),
        ("false", "c2"),
        ("\"\"", "a0"),
        ("[]", "90"),
        ("{}", "80"),
        (r#"{"a":[{"b":null}]}"#, "81a1619181a162c0"),
    ] {
        assert_eq!(
            hex(encoded(&Value::from_json(value).unwrap())),
            expected,
            "{value}"
        );
    }
    assert_eq!(hex(encoded(&f64::NAN)), "cb7ff8000000000000");
    assert_eq!(hex(encoded(&f64::NEG_INFINITY)), "cbfff0000000000000");
    // As the reference writes `Math.fround(0.1)`.
    assert_eq!(hex(encoded(&0.1f32)), "cb3fb99999a0000000");
    for (len, head) in [
        (31, "bf"),
        (32, "d920"),
        (255, "d9ff"),
        (256, "da0100"),
        (65_536, "db00010000"),
    ] {
        assert!(
            hex(encoded(&"x".repeat(len))).starts_with(&format!("{head}78")),
            "{len}"
        );
    }
    for (len, head) in [
        (0, "c400"),
        (255, "c4ff"),
        (256, "c50100"),
        (65_536, "c600010000"),
    ] {
        let bytes = Value::from(Bytes::from(vec![7; len]));
        assert_eq!(hex(encoded(&bytes)), format!("{head}{}", "07".repeat(len)));
    }
    for (len, head) in [(15, "9f"), (16, "dc0010"), (65_536, "dd00010000")] {
        assert_eq!(
            hex(encoded(&vec![1; len])),
            format!("{head}{}", "01".repeat(len))
        );
    }
}

/// Iterators and flattened structs do not know their length before.
#[test]
fn lengths_that_are_not_known_are_put_right() {
    struct Unsized(u32);

    impl Serialize for Unsized {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(None)?;
            for n in 0..self.0 {
                seq.serialize_element(&(n % 100))?;
            }
            seq.end()
        }
    }

    for len in [0, 1, 15, 16, 70_000] {
        let known: Vec<u32> = (0..len).map(|n| n % 100).collect();
        let nested = (Unsized(len), "after");
        assert_eq!(encoded(&Unsized(len)), encoded(&known), "{len}");
        assert_eq!(encoded(&nested), encoded(&(known, "after")), "{len}");
    }

    #[derive(Serialize)]
    struct Flat {
        a: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }

    let rest = (0..20).map(|n| (format!("{n:02}"), n)).collect();
    let flat = encoded(&Flat { a: 1, rest });
    assert!(
        flat.starts_with(b"\xde\x00\x15\xa1a\x01\xa200\x00"),
        "{flat:x?}"
    );
}

#[test]
fn members_come_in_any_order_and_others_are_ignored() {
    let whole = [
        &b"\xa4data\x92\xa1v\x07"[..],
        b"\xa3nsp\xa2/a",
        b"\xa2id\x05",
        b"\xa7options\x81\xa8compress\xc3",
        b"\x01\x02",
    ];
    for turn in 0..whole.len() {
        let mut members = whole;
        members.rotate_left(turn);
        let frame = [&b"\x86"[..], &members.concat(), b"\xa4type\x02"].concat();
        let packet = decode(&frame).unwrap();
        assert_eq!(packet.namespace, "/a");
        let Body::Event { id, args } = packet.body else {
            panic!()
        };
        assert_eq!(
            (id, args.event_name(), args.len()),
            (Some(AckId(5)), "v", 1)
        );
        assert_eq!(args.deserialize(), Ok(7));
    }
    // The second of two equal keys counts.
    let frame = packet(
        0,
        &[
            b"\xa4type",
            b"\x02",
            b"\xa4data",
            b"\x91\xa1v",
            b"\xa3nsp",
            b"\xa1/",
        ],
    );
    assert_eq!(args(&frame).event_name(), "v");
}

#[test]
fn what_is_no_packet_is_refused() {
    use DecodeError as E;
    let nsp: &[&[u8]] = &[b"\xa3nsp", b"\xa1/"];
    let with = |kind, members: &[&[u8]]| packet(kind, &[members, nsp].concat());
    let data = |kind, bytes: &[u8]| with(kind, &[b"\xa4data", bytes]);
    for (frame, error) in [
        (b"".to_vec(), E::InvalidMessagePack),
        (b"\xc0".to_vec(), E::InvalidMessagePack),
        (b"\x90".to_vec(), E::InvalidMessagePack),
        (b"\xa4type".to_vec(), E::InvalidMessagePack),
        (b"\x81\x90\x01".to_vec(), E::InvalidMessagePack),
        (b"\x80".to_vec(), E::UnknownType),
        (packet(5, nsp), E::UnknownType),
        (packet(0xff, nsp), E::UnknownType),
        (packet(0xc0, nsp), E::UnknownType),
        (packet(0, &[]), E::InvalidNamespace),
        (packet(0, &[b"\xa3nsp", b"\xc0"]), E::InvalidNamespace),
        (packet(0, &[b"\xa3nsp", b"\x01"]), E::InvalidNamespace),
        (packet(0, &[b"\xa3nsp", b"\xa0"]), E::InvalidNamespace),
        (packet(0, &[b"\xa3nsp", b"\xa1a"]), E::InvalidNamespace),
        (packet(0, &[b"\xa3nsp", b"\xa2/\xff"]), E::InvalidNamespace),
        (packet(0, &[b"\xa3nsp", b"\xa4/a,b"]), E::InvalidNamespace),
        // Payloads.
        (data(0, b"\xc0"), E::InvalidPayload),
        (data(0, b"\x90"), E::InvalidPayload),
        (data(0, b"\xa1x"), E::InvalidPayload),
        (data(1, b"\xc0"), E::InvalidPayload),
        (data(1, b"\x80"), E::InvalidPayload),
        (with(2, &[]), E::InvalidPayload),
        (data(2, b"\x80"), E::InvalidPayload),
        (data(2, b"\xa1v"), E::InvalidPayload),
        (data(2, b"\x90"), E::InvalidPayload),
        (data(2, b"\x91\xc0"), E::InvalidPayload),
        (data(2, b"\x91\xc3"), E::InvalidPayload),
        (data(2, b"\x91\x90"), E::InvalidPayload),
        (data(2, b"\x91\xc4\x01v"), E::InvalidPayload),
        (data(2, b"\x91\xd4\x00\x00"), E::InvalidPayload),
        (data(2, b"\x91\xa7connect"), E::ReservedName),
        (data(3, b"\x90"), E::InvalidAckId),
        (with(3, &[b"\xa2id", b"\x01"]), E::InvalidPayload),
        (with(4, &[]), E::InvalidPayload),
        (data(4, b"\x90"), E::InvalidPayload),
        // Ids.
        (with(0, &[b"\xa2id", b"\x01"]), E::InvalidAckId),
        (
            with(2, &[b"\xa4data", b"\x91\xa1v", b"\xa2id", b"\xc0"]),
            E::InvalidAckId,
        ),
        (
            with(2, &[b"\xa4data", b"\x91\xa1v", b"\xa2id", b"\xff"]),
            E::InvalidAckId,
        ),
        (
            with(2, &[b"\xa4data", b"\x91\xa1v", b"\xa2id", b"\xa11"]),
            E::InvalidAckId,
        ),
        (
            with(
                2,
                &[
                    b"\xa4data",
                    b"\x91\xa1v",
                    b"\xa2id",
                    b"\xcb\x3f\xf8\0\0\0\0\0\0",
                ],
            ),
            E::InvalidAckId,
        ),
        // Bytes.
        (event_with(b"\xc1"), E::InvalidMessagePack),
        (event_with(b"\xdd\xff\xff\xff\xff"), E::InvalidMessagePack),
        (event_with(b"\x81\x90\x01"), E::InvalidMessagePack),
        (
            [data(2, b"\x91\xa1v"), vec![0]].concat(),
            E::InvalidMessagePack,
        ),
        (event_with(&[&[0x91; 128][..], &[1]].concat()), E::TooDeep),
    ] {
        match decode(&frame) {
            Err(found) => assert_eq!(found, error, "{frame:x?}"),
            Ok(found) => panic!("{frame:x?}: {found:?}"),
        }
    }
    assert!(decode(&event_with(&[&[0x91; 127][..], &[1]].concat())).is_ok());
    let whole = event_with(b"\x82\xa1a\x93\x01\x02\xc4\x01x\xa1b\xcb\0\0\0\0\0\0\0\0");
    for end in 0..whole.len() {
        assert!(decode(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn text_messages_are_no_packets() {
    let mut decoder = MessagePack::new().decoder(Protocol::V5, Limits::default());
    let found = decoder.decode(Message::text("2[\"a\"]")).err();
    assert_eq!(found, Some(DecodeError::InvalidMessagePack));
}

#[test]
fn a_packet_has_a_size() {
    let frame = event_with(b"\x01");
    let mut limits = Limits::default();
    for (max, fits) in [(frame.len(), true), (frame.len() - 1, false)] {
        limits.max_payload = max;
        let mut decoder = MessagePack::new().decoder(Protocol::V5, limits);
        let found = decoder.decode(Message::binary(frame.clone()));
        assert_eq!(found.is_ok(), fits);
    }
}

#[test]
fn names_are_text_or_numbers() {
    for (name, text) in [
        (&b"\xa1v"[..], "v"),
        (b"\xd9\x01v", "v"),
        (b"\xa0", ""),
        (b"\x07", "7"),
        (b"\xff", "-1"),
        (
            b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            "18446744073709551615",
        ),
        (b"\xcb\x3f\xf8\0\0\0\0\0\0", "1.5"),
        (b"\xa2\xffv", "\u{fffd}v"),
    ] {
        let data = [b"\x92", name, b"\x01"].concat();
        let frame = packet(2, &[b"\xa4data", &data, b"\xa3nsp", b"\xa1/"]);
        let args = args(&frame);
        assert_eq!(args.event_name(), text);
        assert_eq!(args.deserialize(), Ok(1));
    }
}

#[test]
fn what_only_messagepack_has_reads_as_json_would() {
    for (bytes, json) in [
        (&b"\xd4\x00\x00"[..], "null"),
        (b"\xd4\x00\x07", "null"),
        (b"\x92\xd4\x00\x00\x01", "[null,1]"),
        (b"\x82\xa1a\xd4\x00\x00\xa1b\x01", r#"{"b":1}"#),
        (
            b"\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b",
            r#""2023-11-14T22:13:20.123Z""#,
        ),
        (b"\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff", "null"),
        (b"\x81\x01\x02", r#"{"1":2}"#),
        (b"\x81\xff\x02", r#"{"-1":2}"#),
        (b"\x81\xc0\x02", r#"{"null":2}"#),
        (b"\x81\xc3\x02", r#"{"true":2}"#),
        (b"\x81\xcb\x3f\xf8\0\0\0\0\0\0\x02", r#"{"1.5":2}"#),
        (b"\x82\xa1a\x01\xa1a\x02", r#"{"a":2}"#),
        (b"\xa2\xffA", "\"\u{fffd}A\""),
        (b"\x81\xa1\xff\x01", "{\"\u{fffd}\":1}"),
        (b"\xca\x3f\xc0\0\0", "1.5"),
    ] {
        let expected = Value::from_json(json).unwrap();
        let args = args(&event_with(bytes));
        assert_eq!(args.to_values(), slice::from_ref(&expected), "{bytes:x?}");
        assert_eq!(args.deserialize::<Value>().unwrap(), expected, "{bytes:x?}");
    }
    for (bytes, content) in [
        (&b"\xc4\x02hi"[..], &b"hi"[..]),
        (b"\xc7\x02\x00hi", b"hi"),
        (b"\xc8\x00\x02\x00hi", b"hi"),
        (b"\xc9\x00\x00\x00\x00\x00", b""),
    ] {
        let args = args(&event_with(bytes));
        assert_eq!(
            args.to_values(),
            [Value::from(Bytes::copy_from_slice(content))]
        );
        assert_eq!(args.deserialize::<Bytes>().unwrap(), content);
        let borrowed: &[u8] = args.deserialize().unwrap();
        assert_eq!(args.share(borrowed).unwrap(), content);
    }
    let unknown = args(&event_with(b"\xd5\x05\x01\x02"));
    let expected = [Value::from(5), Value::from(Bytes::from_static(&[1, 2]))];
    assert_eq!(unknown.to_values(), [Value::from(expected.to_vec())]);
    assert_eq!(
        unknown.deserialize::<Value>().unwrap(),
        Value::from(expected.to_vec())
    );
}

#[test]
fn a_member_that_is_undefined_is_absent() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[serde(default)]
        a: String,
        b: Option<u8>,
    }

    let args = args(&event_with(
        b"\x83\xa1a\xd4\x00\x00\xa1c\xd4\x00\x00\xa1b\x01",
    ));
    let expected = Strict {
        a: String::new(),
        b: Some(1),
    };
    assert_eq!(args.deserialize(), Ok(expected));
}

#[test]
fn protocol_4_carries_what_it_shows_behind_the_name() {
    let frame = packet(0, &[b"\xa3nsp", b"\xa8/a?b=%20"]);
    let mut decoder = MessagePack::new().decoder(Protocol::V4, Limits::default());
    let packet = decoder.decode(Message::binary(frame)).unwrap().unwrap();
    assert_eq!(packet.namespace, "/a");
    let Body::Connect(Some(shown)) = packet.body else {
        panic!()
    };
    assert_eq!(shown.to_value().to_string(), r#"{"b":" "}"#);
}

/// What others write, in forms of their own, is understood.
#[test]
fn what_rmp_serde_writes_is_read() {
    fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
        let bytes = rmp_serde::to_vec_named(&value).unwrap();
        let args = args(&event_with(&bytes));
        assert_eq!(args.deserialize::<(T,)>().unwrap(), (value,));
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
        Line(i8, i8),
        Rect { w: u16, h: u16 },
    }

    check(0u64);
    check(u64::MAX);
    check(i64::MIN);
    check(1.5f32);
    check(-1e300);
    check(String::from("größe"));
    check(vec![Some(1u8), None]);
    check(BTreeMap::from([
        ("a".to_owned(), vec![true]),
        ("b".to_owned(), vec![]),
    ]));
    check(Bytes::from_static(b"bytes"));
    check(vec![
        Shape::Point,
        Shape::Circle(0.5),
        Shape::Line(-1, 1),
        Shape::Rect { w: 1, h: 2 },
    ]);
}

#[test]
fn a_received_event_is_passed_on_in_either_codec() {
    let frame = packet(
        2,
        &[
            b"\xa4data",
            b"\x94\xa1v\xc4\x01x\xa2hi\xd4\x00\x00",
            b"\xa3nsp",
            b"\xa1/",
        ],
    );
    let received = decode(&frame).unwrap();
    let same = received.encode(&MessagePack::new()).unwrap();
    assert_eq!(same.messages()[0].wire(), frame);
    let json = received.encode(&Json::new()).unwrap();
    let [text, bytes] = json.messages() else {
        panic!("{json:?}")
    };
    assert_eq!(
        text.wire(),
        br#"451-["v",{"_placeholder":true,"num":0},"hi",null]"#
    );
    assert_eq!(bytes.wire(), b"x");
    // And back.
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    assert!(decoder.decode(text.clone()).unwrap().is_none());
    let received = decoder.decode(bytes.clone()).unwrap().unwrap();
    let back = received.encode(&MessagePack::new()).unwrap();
    let expected = packet(
        2,
        &[
            b"\xa4data",
            b"\x94\xa1v\xc4\x01x\xa2hi\xc0",
            b"\xa3nsp",
            b"\xa1/",
        ],
    );
    assert_eq!(back.messages()[0].wire(), expected);
}

#[test]
fn what_cannot_be_sent_is_an_error() {
    let codec = MessagePack::new();
    let send = |arguments: Arguments<'_>| {
        let emit = Emit::new("v", arguments);
        codec.encode(&Namespace::ROOT, &emit.into()).map(drop)
    };
    let keys = BTreeMap::from([(vec![1], 1)]);
    assert_eq!(send(Arguments::new(&keys)), Err(EncodeError::InvalidKey));
    let large = u128::from(u64::MAX) + 1;
    assert_eq!(
        send(Arguments::new(&large)),
        Err(EncodeError::IntegerTooLarge)
    );
    let mut deep = Value::from(1);
    for _ in 0..127 {
        deep = Value::from(vec![deep]);
    }
    assert_eq!(send(Arguments::new(&deep)), Ok(()));
    let deeper = Value::from(vec![deep]);
    assert_eq!(send(Arguments::new(&deeper)), Err(EncodeError::TooDeep));
}

#[test]
fn an_extension_can_be_passed_on_at_any_depth_at_which_it_is_taken() {
    let nested = |depth| event_with(&[&[0x91; 128][..depth], b"\xd5\x05xx"].concat());
    // The array of the arguments is the first of the 128.
    let received = decode(&nested(126)).unwrap();
    assert!(received.encode(&MessagePack::new()).is_ok());
    assert!(received.encode(&Json::new()).is_ok());
    let Body::Event { args, .. } = received.body else {
        panic!()
    };
    let again = args.to_values();
    let emit = Emit::new("v", Arguments::from_values(&again));
    for codec in [&MessagePack::new() as &dyn Codec, &Json::new()] {
        assert!(codec.encode(&Namespace::ROOT, &emit.into()).is_ok());
    }
    assert_eq!(decode(&nested(127)).err(), Some(DecodeError::TooDeep));
}
