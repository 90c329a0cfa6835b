//! What is sent: the rule of arguments, what values become, and what cannot be sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use engineio_proto::{Message, Payload};
use serde::{Serialize, Serializer};
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, ConnectError, Data, Emit, EncodeError, Encoded, Json,
    Limits, Namespace, Outgoing, Protocol, RawValue, Value,
};

fn encode(namespace: &str, packet: &Outgoing<'_>) -> Encoded {
    let namespace = Namespace::new(namespace).unwrap();
    Json::new().encode(&namespace, packet).unwrap()
}

/// The texts of the messages; binary ones as `<bytes>`.
fn texts(encoded: &Encoded) -> Vec<String> {
    let show = |message: &Message| match message.payload() {
        Payload::Text(text) => text.to_owned(),
        Payload::Binary(bytes) => format!("<{}>", String::from_utf8_lossy(bytes)),
    };
    encoded.messages().iter().map(show).collect()
}

/// The array of an acknowledgement with this value.
fn array<T: Serialize>(value: &T) -> String {
    let encoded = encode("/", &Outgoing::Ack(AckId(1), Arguments::new(value)));
    texts(&encoded)[0][2..].to_owned()
}

fn error<T: Serialize>(value: &T) -> EncodeError {
    let emit = Emit::new("x", Arguments::new(value));
    Json::new()
        .encode(&Namespace::ROOT, &emit.into())
        .unwrap_err()
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype<T>(T);

#[derive(Serialize)]
struct Two(u8, u8);

#[derive(Serialize)]
struct Named {
    a: u8,
}

#[derive(Serialize)]
enum Variant {
    Tuple(u8, u8),
}

#[test]
fn the_number_of_arguments_follows_from_the_type() {
    // None.
    assert_eq!(array(&()), "[]");
    assert_eq!(array(&[0u8; 0]), "[]");
    assert_eq!(array(&&&()), "[]");
    // Several.
    assert_eq!(array(&(1, "a")), r#"[1,"a"]"#);
    assert_eq!(array(&Two(1, 2)), "[1,2]");
    assert_eq!(array(&[1, 2, 3]), "[1,2,3]");
    assert_eq!(array(&Box::new((1, 2))), "[1,2]");
    assert_eq!(array(&((), (1, 2), [3])), "[null,[1,2],[3]]");
    // One.
    assert_eq!(array(&1), "[1]");
    assert_eq!(array(&"a"), r#"["a"]"#);
    assert_eq!(array(&Unit), "[null]");
    assert_eq!(array(&None::<(u8, u8)>), "[null]");
    assert_eq!(array(&Some((1, 2))), "[[1,2]]");
    assert_eq!(array(&vec![1, 2]), "[[1,2]]");
    assert_eq!(array(&[1, 2].as_slice()), "[[1,2]]");
    assert_eq!(array(&Vec::<u8>::new()), "[[]]");
    assert_eq!(array(&Named { a: 1 }), r#"[{"a":1}]"#);
    assert_eq!(array(&BTreeMap::from([("a", 1)])), r#"[{"a":1}]"#);
    assert_eq!(array(&Variant::Tuple(1, 2)), r#"[{"Tuple":[1,2]}]"#);
    assert_eq!(array(&Newtype(1)), "[1]");
    assert_eq!(array(&Newtype((1, 2))), "[[1,2]]");
    assert_eq!(array(&Newtype(())), "[null]");
    assert_eq!(array(&(1,)), "[1]");
    assert_eq!(array(&((1, 2),)), "[[1,2]]");
    assert_eq!(array(&([1, 2, 3],)), "[[1,2,3]]");
    assert_eq!(array(&((),)), "[null]");
}

#[test]
fn the_same_rule_holds_for_what_is_received() {
    fn received(arguments: &str) -> Args {
        let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
        let message = Message::text(&format!("31[{arguments}]"));
        match decoder.decode(message).unwrap().unwrap().body {
            Body::Ack { args, .. } => args,
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(received("").deserialize(), Ok(()));
    assert_eq!(received("1,2").deserialize(), Ok(()));
    assert_eq!(received("1,2").deserialize(), Ok((1, 2)));
    assert_eq!(received("1,2").deserialize(), Ok([1, 2]));
    assert_eq!(received("1,2").deserialize(), Ok(1));
    assert_eq!(received("1,2").deserialize(), Ok((1,)));
    assert_eq!(received("[1,2]").deserialize(), Ok(vec![1, 2]));
    assert_eq!(received("[1,2]").deserialize(), Ok(((1, 2),)));
    assert_eq!(received("[1,2]").deserialize(), Ok(([1, 2],)));
    assert_eq!(received("[1,2],3").deserialize(), Ok(Some((1, 2))));
    // What is beyond the type is ignored, as a JavaScript function ignores it; so is an offset at the end.
    assert_eq!(received(r#"1,2,"offset""#).deserialize(), Ok((1, 2)));
    // What is missing is none, or an error.
    assert_eq!(received("1").deserialize(), Ok((1, None::<u8>)));
    assert_eq!(received("1,null").deserialize(), Ok((1, None::<u8>)));
    assert_eq!(received("").deserialize(), Ok(None::<u8>));
    assert_eq!(received("").deserialize(), Ok(Value::Null));
    assert_eq!(received("").deserialize(), Ok(((),)));
    let missing = |error: socketio_proto::ArgsError| error.to_string();
    assert_eq!(
        received("").deserialize::<u8>().map_err(missing),
        Err("argument 1 is missing".into())
    );
    assert_eq!(
        received("1,2")
            .deserialize::<(u8, u8, Vec<u8>)>()
            .map_err(missing),
        Err("argument 3 is missing".into())
    );
}

#[test]
fn packets_are_written_as_the_reference_writes_them() {
    let value = (1, Bytes::from_static(b"x"));
    let emit = Emit::new("a", Arguments::new(&value));
    for (packet, namespace, expected) in [
        (Outgoing::Connect(None), "/", vec!["0"]),
        (Outgoing::Connect(None), "/adm", vec!["0/adm,"]),
        (
            Outgoing::Connect(Some(Arguments::new(&Named { a: 1 }))),
            "/adm",
            vec![r#"0/adm,{"a":1}"#],
        ),
        (Outgoing::Disconnect, "/", vec!["1"]),
        (Outgoing::Disconnect, "/adm", vec!["1/adm,"]),
        (
            Outgoing::ConnectError(Some(Arguments::new(&"no"))),
            "/",
            vec![r#"4"no""#],
        ),
        (
            emit.into(),
            "/",
            vec![r#"51-["a",1,{"_placeholder":true,"num":0}]"#, "<x>"],
        ),
        (
            emit.with_id(AckId(u64::MAX)).with_offset("o\"").into(),
            "/größe",
            vec![
                r#"51-/größe,18446744073709551615["a",1,{"_placeholder":true,"num":0},"o\""]"#,
                "<x>",
            ],
        ),
        (
            Outgoing::Ack(AckId(0), Arguments::new(&())),
            "/",
            vec!["30[]"],
        ),
        (
            Outgoing::Ack(AckId(7), Arguments::new(&Bytes::from_static(b"y"))),
            "/adm",
            vec![r#"61-/adm,7[{"_placeholder":true,"num":0}]"#, "<y>"],
        ),
    ] {
        assert_eq!(texts(&encode(namespace, &packet)), expected);
    }
    let refusal = ConnectError::new("no").with_data(1);
    let payload = refusal.to_payload(Protocol::V5);
    let packet = Outgoing::ConnectError(Some(Arguments::new(&payload)));
    assert_eq!(
        texts(&encode("/", &packet)),
        [r#"4{"message":"no","data":1}"#]
    );
}

/// Compared with what a browser prints.
#[test]
fn values_become_what_json_stringify_makes_of_them() {
    assert_eq!(
        array(&"\"\\\u{8}\t\n\u{c}\r\u{1f}\u{7f}/é\u{2028}🦀"),
        "[\"\\\"\\\\\\b\\t\\n\\f\\r\\u001f\u{7f}/é\u{2028}🦀\"]"
    );
    assert_eq!(
        array(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        "[null,null,null]"
    );
    assert_eq!(
        array(&[
            1.0,
            -0.0,
            0.5,
            1e20,
            1e21,
            -1.5e300,
            123_456_789_012_345_680.0
        ]),
        "[1,0,0.5,100000000000000000000,1e+21,-1.5e+300,123456789012345680]"
    );
    assert_eq!(
        array(&[0.001, 0.000_001, 1.5e-7, 5e-324, 9_007_199_254_740_993.5]),
        "[0.001,0.000001,1.5e-7,5e-324,9007199254740994]"
    );
    assert_eq!(array(&[0.1f32, 2.0]), "[0.1,2]");
    assert_eq!(array(&u64::MAX), "[18446744073709551615]");
    assert_eq!(array(&i128::from(i64::MIN)), "[-9223372036854775808]");
    assert_eq!(array(&'"'), r#"["\""]"#);
    assert_eq!(array(&BTreeMap::from([(1, 'a')])), r#"[{"1":"a"}]"#);
    assert_eq!(array(&BTreeMap::from([(true, 1)])), r#"[{"true":1}]"#);
    assert_eq!(array(&b"ab".as_slice()), "[[97,98]]");

    /// A key that is a float, which no map of the standard library has.
    struct FloatKeys;
    impl Serialize for FloatKeys {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(1.5, 1), (1e21, 2), (-0.0, 3), (f64::NAN, 4)])
        }
    }
    assert_eq!(array(&FloatKeys), r#"[{"1.5":1,"1e+21":2,"0":3,"NaN":4}]"#);
}

#[test]
fn text_with_quotes_from_display_is_escaped() {
    struct Shown;
    impl Serialize for Shown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("a\"{}\"", '\n'))
        }
    }
    assert_eq!(array(&(Shown, 1)), r#"["a\"\n\"",1]"#);
    assert_eq!(array(&Shown), r#"["a\"\n\""]"#);
}

#[test]
fn names_that_no_peer_takes_are_not_sent() {
    let send = |name: &str| {
        let emit = Emit::new(name, Arguments::new(&()));
        Json::new().encode(&Namespace::ROOT, &emit.into()).map(drop)
    };
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        let error = send(name).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("\"{name}\" is a reserved event name")
        );
    }
    for name in [
        "",
        "connection",
        "error",
        "Connect",
        "a/b,c",
        "42[\"x\"]",
        "🦀",
    ] {
        assert_eq!(send(name), Ok(()), "{name}");
    }
    assert_eq!(send(&"n".repeat(1024)), Ok(()));
    assert_eq!(send(&"n".repeat(1025)), Err(EncodeError::NameTooLong(1024)));
}

#[test]
fn more_attachments_than_peers_take_are_not_sent() {
    let blobs = vec![Bytes::from_static(b"x"); 11];
    assert_eq!(error(&blobs), EncodeError::TooManyAttachments(10));
    let emit = Emit::new("x", Arguments::new(&blobs));
    let codec = Json::new().max_attachments(11);
    let encoded = codec.encode(&Namespace::ROOT, &emit.into()).unwrap();
    assert_eq!(encoded.messages().len(), 12);
    assert!(texts(&encoded)[0].starts_with("511-[\"x\",[{"));
    // CONNECT and its refusal can have none at all.
    let connect = Outgoing::Connect(Some(Arguments::new(&blobs)));
    assert_eq!(
        codec.encode(&Namespace::ROOT, &connect),
        Err(EncodeError::TooManyAttachments(0))
    );
}

#[test]
fn what_json_does_not_have_is_an_error() {
    assert_eq!(
        error(&(u128::from(u64::MAX) + 1)),
        EncodeError::IntegerTooLarge
    );
    assert_eq!(
        error(&(i128::from(i64::MIN) - 1)),
        EncodeError::IntegerTooLarge
    );
    assert_eq!(
        error(&BTreeMap::from([(vec![1], 1)])),
        EncodeError::InvalidKey
    );
    assert_eq!(
        error(&BTreeMap::from([((1, 2), 1)])),
        EncodeError::InvalidKey
    );
    assert_eq!(
        error(&BTreeMap::from([(None::<u8>, 1)])),
        EncodeError::InvalidKey
    );
    assert_eq!(error(&BTreeMap::from([((), 1)])), EncodeError::InvalidKey);

    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("on purpose"))
        }
    }
    assert_eq!(
        error(&(1, vec![Failing])),
        EncodeError::Custom("on purpose".into())
    );
}

#[test]
fn what_decodes_can_be_encoded_and_nothing_deeper() {
    let nested =
        |depth: usize| (1..depth).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
    let emit = |value: &Value| {
        let emit = Emit::new("x", Arguments::new(value));
        Json::new().encode(&Namespace::ROOT, &emit.into())
    };
    let encoded = emit(&nested(128)).unwrap();
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    assert!(
        decoder
            .decode(encoded.messages()[0].clone())
            .unwrap()
            .is_some()
    );
    assert_eq!(emit(&nested(129)), Err(EncodeError::TooDeep));
    assert_eq!(
        error(&std::iter::successors(Some(Value::Null), |v| Some(vec![v.clone()].into())).nth(200)),
        EncodeError::TooDeep
    );
}

/// Data of one client must not be able to close the connections of those it is passed on to.
#[test]
fn data_that_reads_like_an_attachment_is_not_sent_next_to_one() {
    let bad = Value::from_json(r#"{"_placeholder":true,"num":0}"#).unwrap();
    let blob = Bytes::from_static(b"x");
    assert_eq!(error(&(&bad, &blob)), EncodeError::Misleading);
    assert_eq!(
        error(&(&blob, BTreeMap::from([("_placeholder", true)]))),
        EncodeError::Misleading
    );
    let raw =
        serde_json::value::RawValue::from_string(r#"{"num":0,"\u005fplaceholder":true}"#.into());
    assert_eq!(error(&(&blob, &raw.unwrap())), EncodeError::Misleading);
    // Without attachments it means nothing, and what only looks similar does no harm.
    assert_eq!(array(&(&bad, 1)), r#"[{"_placeholder":true,"num":0},1]"#);
    let harmless = BTreeMap::from([("_placeholder", 1)]);
    let value = (&blob, &harmless);
    let emit = Emit::new("x", Arguments::new(&value));
    assert!(Json::new().encode(&Namespace::ROOT, &emit.into()).is_ok());
}

#[test]
fn buffers_are_shared_where_that_is_possible() {
    let blob = Bytes::from(vec![7; 1000]);
    let part = blob.slice(100..200);
    let other = Bytes::from(vec![8; 10]);
    let value = (&blob, &part, &other);
    let buffers = [blob.clone()];
    let emit = Emit::new("x", Arguments::new(&value).sharing(&buffers));
    let encoded = encode("/", &emit.into());
    let sent: Vec<_> = encoded.messages()[1..]
        .iter()
        .map(|m| m.to_bytes().unwrap())
        .collect();
    assert_eq!(sent, [&blob, &part, &other]);
    assert_eq!(sent[0].as_ptr(), blob.as_ptr());
    assert_eq!(sent[1].as_ptr(), part.as_ptr());
    assert_ne!(sent[2].as_ptr(), other.as_ptr());

    // A received event that is passed on shares without being asked; so do plain values.
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    let mut packet = None;
    for message in &encoded {
        packet = decoder.decode(message.clone()).unwrap();
    }
    let packet = packet.unwrap();
    let again = packet.encode(&Json::new()).unwrap();
    assert_eq!(
        again.messages()[1].to_bytes().unwrap().as_ptr(),
        blob.as_ptr()
    );
    let Body::Event { args, .. } = packet.body else {
        panic!()
    };
    let values = args.to_values();
    let emit = Emit::new("x", Arguments::from_values(&values));
    let again = encode("/", &emit.into());
    assert_eq!(
        again.messages()[1].to_bytes().unwrap().as_ptr(),
        blob.as_ptr()
    );
}

#[test]
fn attachments_are_renumbered_when_an_event_is_passed_on() {
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    let text = r#"52-["x",{"num":1,"_placeholder":true},[{"_placeholder":true,"num":0}]]"#;
    assert!(decoder.decode(Message::text(text)).unwrap().is_none());
    assert!(decoder.decode(Message::binary("zero")).unwrap().is_none());
    let packet = decoder.decode(Message::binary("one")).unwrap().unwrap();
    let again = packet.encode(&Json::new()).unwrap();
    assert_eq!(
        texts(&again),
        [
            r#"52-["x",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#,
            "<one>",
            "<zero>"
        ]
    );
}

#[test]
fn text_that_is_passed_on_is_not_touched() {
    let text = r#"2/adm,7[ "n\u0061me" , 1.50 ,"\ud800", {"a" : [ ] }  ] "#;
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    let packet = decoder.decode(Message::text(text)).unwrap().unwrap();
    let again = packet.encode(&Json::new()).unwrap();
    assert_eq!(
        texts(&again),
        [r#"2/adm,7["name",1.50 ,"\ud800", {"a" : [ ] }  ]"#]
    );
}

#[test]
fn the_same_bytes_serve_everybody() {
    let encoded = encode(
        "/",
        &Emit::new("x", Arguments::new(&vec![Bytes::from_static(b"x")])).into(),
    );
    let again = encoded.clone();
    assert_eq!(encoded.messages().as_ptr(), again.messages().as_ptr());
    let encoded = encode("/", &Emit::new("x", Arguments::new(&1)).into());
    let again = encoded.clone();
    assert_eq!(
        encoded.messages()[0].wire().as_ptr(),
        again.messages()[0].wire().as_ptr()
    );
    assert_eq!(encoded.len(), r#"2["x",1]"#.len());
    let quiet = encoded.with_compress(false);
    assert!(!quiet.messages()[0].compress());
}

#[test]
fn data_is_taken_apart_in_the_parameters_of_a_function() {
    fn handler(Data((a, b)): Data<(u8, u8)>) -> u8 {
        a + b
    }
    assert_eq!(handler(Data((1, 2))), 3);
}

/// Every peer would close the connection.
#[test]
fn what_is_shown_with_connect_is_an_object_and_a_refusal_an_object_or_text() {
    let cases = [
        (r#"{"token":1}"#, true, true),
        ("{}", true, true),
        (r#""text""#, false, true),
        ("7", false, false),
        ("[1]", false, false),
        ("true", false, false),
        ("null", false, false),
    ];
    let codecs: &[&dyn Codec] = &[
        &Json::new(),
        #[cfg(feature = "msgpack")]
        &socketio_proto::MessagePack::new(),
    ];
    for (json, connects, refuses) in cases {
        let value = Value::from_json(json).unwrap();
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(json).unwrap();
        for codec in codecs {
            for payload in [Arguments::new(&value), Arguments::new(&raw)] {
                let send = |packet: Outgoing<'_>| match codec.encode(&Namespace::ROOT, &packet) {
                    Ok(_) => true,
                    Err(EncodeError::InvalidPayload) => false,
                    Err(other) => panic!("{json}: {other}"),
                };
                assert_eq!(send(Outgoing::Connect(Some(payload))), connects, "{json}");
                let refusal = Outgoing::ConnectError(Some(payload));
                assert_eq!(send(refusal), refuses, "{json}");
            }
        }
    }
}

#[test]
fn a_variant_that_reads_like_a_placeholder_is_not_sent_beside_an_attachment() {
    #[derive(Serialize)]
    enum Odd {
        #[serde(rename = "_placeholder")]
        Newtype(bool),
        #[serde(rename = "_placeholder")]
        Tuple(bool, u8),
        #[serde(rename = "_placeholder")]
        Struct { num: u8 },
    }

    let bytes = Bytes::from_static(b"x");
    let newtype = (Odd::Newtype(true), bytes.clone());
    assert_eq!(error(&newtype), EncodeError::Misleading);
    // These mean nothing to a peer, and neither does the first one without attachments.
    for (odd, json) in [
        (Odd::Newtype(false), r#"{"_placeholder":false}"#),
        (Odd::Tuple(true, 0), r#"{"_placeholder":[true,0]}"#),
        (Odd::Struct { num: 0 }, r#"{"_placeholder":{"num":0}}"#),
    ] {
        let expected = format!(r#"[{json},{{"_placeholder":true,"num":0}}]"#);
        let value = (odd, bytes.clone());
        let encoded = encode("/", &Outgoing::Ack(AckId(1), Arguments::new(&value)));
        assert_eq!(
            texts(&encoded),
            [format!("61-1{expected}"), "<x>".to_owned()]
        );
    }
    assert_eq!(array(&Odd::Newtype(true)), r#"[{"_placeholder":true}]"#);
}

/// A `#[serde(untagged)]` enum looks like a tuple when it is sent, and like anything when it is received.
#[test]
fn an_untagged_tuple_variant_is_sent_as_several_arguments_and_read_from_one() {
    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    #[serde(untagged)]
    enum Either {
        Pair(u8, u8),
        Text(String),
    }

    assert_eq!(array(&Either::Pair(1, 2)), "[1,2]");
    let received = |arguments: &[Value]| Args::ack(arguments).unwrap();
    let several = received(&[Value::from(1), Value::from(2)]);
    assert!(several.deserialize::<Either>().is_err());
    // A tuple around it makes it one argument both ways.
    assert_eq!(array(&(Either::Pair(1, 2),)), "[[1,2]]");
    let one = received(&[Value::from(vec![Value::from(1), Value::from(2)])]);
    assert_eq!(one.deserialize(), Ok((Either::Pair(1, 2),)));
    assert_eq!(one.deserialize(), Ok(Either::Pair(1, 2)));
    let text = received(&[Value::from("a")]);
    assert_eq!(text.deserialize(), Ok(Either::Text("a".to_owned())));
}

#[test]
fn half_a_surrogate_pair_is_read_as_the_replacement_character_everywhere() {
    let text = r#"2["\ud800",{"\ud800":"a\udc00b"}]"#;
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    let packet = decoder.decode(Message::text(text)).unwrap().unwrap();
    let Body::Event { args, .. } = packet.body else {
        panic!()
    };
    let expected = Value::from_json("{\"\u{fffd}\":\"a\u{fffd}b\"}").unwrap();
    assert_eq!(args.event_name(), "\u{fffd}");
    assert_eq!(args.to_values(), std::slice::from_ref(&expected));
    assert_eq!(args.deserialize::<Value>(), Ok(expected));
}

/// An object that reads like a reference to an attachment is none, and a decoder would refuse it too.
#[test]
fn what_is_made_here_may_not_mislead_either() {
    let misleading = Value::from_json(r#"{"_placeholder":true,"num":0}"#).unwrap();
    assert!(Args::event("x", std::slice::from_ref(&misleading)).is_ok());
    let values = [misleading, Value::from(Bytes::from_static(b"x"))];
    let illegal = Some(socketio_proto::DecodeError::IllegalAttachments);
    assert_eq!(Args::event("x", &values).err(), illegal);
    assert_eq!(Args::ack(&values).err(), illegal);
    let value = Value::from(values.to_vec());
    assert_eq!(RawValue::from_value(&value).err(), illegal);
}

/// JSON has no word for them; MessagePack has.
#[cfg(feature = "msgpack")]
#[test]
fn nan_is_null_in_json_and_itself_in_messagepack() {
    let floats = (f64::INFINITY, f64::NAN);
    let packet = Outgoing::Ack(AckId(1), Arguments::new(&floats));
    assert_eq!(texts(&encode("/", &packet)), ["31[null,null]"]);
    let codec = socketio_proto::MessagePack::new();
    let encoded = codec.encode(&Namespace::ROOT, &packet).unwrap();
    let mut decoder = codec.decoder(Protocol::V5, Limits::default());
    let packet = decoder.decode(encoded.messages()[0].clone());
    let Body::Ack { args, .. } = packet.unwrap().unwrap().body else {
        panic!()
    };
    let (infinity, nan): (f64, f64) = args.deserialize().unwrap();
    assert!(infinity == f64::INFINITY && nan.is_nan());
    // Dynamic values are those of JSON, for codecs of others too.
    assert_eq!(
        Arguments::new(&floats).to_values().unwrap(),
        [Value::Null, Value::Null]
    );
}

#[test]
fn a_null_that_is_a_value_is_an_argument() {
    assert_eq!(array(&()), "[]");
    assert_eq!(array(&Value::Null), "[null]");
    assert_eq!(array(&None::<u8>), "[null]");
    // Its own type says that it is a unit, and a unit is no argument; wrap it where it may be null.
    assert_eq!(array(&serde_json::Value::Null), "[]");
    assert_eq!(array(&(serde_json::Value::Null,)), "[null]");
}
