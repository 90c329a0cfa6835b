//! What must hold for values and for whatever arrives, in every codec. `round_trips.rs` is about packets that were sent.
//!
//! A usual run tries some hundred packets for each property. Millions:
//!
//! ```text
//! PROPTEST_CASES=1000000 cargo test --release -p socketio-proto --features msgpack --test codec_properties
//! ```

use std::fmt::Write as _;

use bytes::Bytes;
use engineio_proto::Message;
use proptest::collection::vec;
use proptest::prelude::*;
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, DecodeError, Emit, Encoded, Json, Limits, Namespace,
    Object, Packet, Protocol, RawValue, Value,
};

fn codecs() -> Vec<Box<dyn Codec>> {
    vec![
        Box::new(Json::new().max_attachments(1000)),
        #[cfg(feature = "msgpack")]
        Box::new(socketio_proto::MessagePack::new()),
    ]
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_attachments = 1000;
    limits
}

/// What a decoder makes of these messages: the packets, and how it ended.
fn decode<'a>(
    codec: &dyn Codec,
    messages: impl IntoIterator<Item = &'a Message>,
) -> (Vec<Packet>, Result<bool, DecodeError>) {
    let mut decoder = codec.decoder(Protocol::V5, limits());
    let mut packets = Vec::new();
    for message in messages {
        match decoder.decode(message.clone()) {
            Ok(packet) => packets.extend(packet),
            Err(error) => return (packets, Err(error)),
        }
    }
    (packets, Ok(decoder.has_pending()))
}

/// The one packet that these messages are.
fn decode_one(codec: &dyn Codec, encoded: &Encoded) -> Packet {
    let (before, last) = encoded.messages().split_at(encoded.messages().len() - 1);
    let (none, pending) = decode(codec, before);
    assert!(none.is_empty(), "complete before its last message");
    assert_eq!(pending, Ok(!before.is_empty()));
    let (mut packets, pending) = decode(codec, before.iter().chain(last));
    assert_eq!((packets.len(), pending), (1, Ok(false)));
    packets.remove(0)
}

/// A packet in parts that can be compared.
type Parts = (String, String, Option<AckId>, Vec<Value>);

fn parts(packet: &Packet) -> Parts {
    let args = |args: &Args| (args.event_name().to_owned(), args.to_values());
    let (kind, id, (name, values)) = match &packet.body {
        Body::Connect(raw) => (
            "connect",
            None,
            (String::new(), raw.iter().map(RawValue::to_value).collect()),
        ),
        Body::ConnectError(raw) => (
            "error",
            None,
            (String::new(), raw.iter().map(RawValue::to_value).collect()),
        ),
        Body::Disconnect => ("disconnect", None, (String::new(), Vec::new())),
        Body::Event { id, args: a } => ("event", *id, args(a)),
        Body::Ack { id, args: a } => ("ack", Some(*id), args(a)),
        other => unreachable!("{other:?}"),
    };
    (
        format!("{kind} {} {name}", packet.namespace),
        name,
        id,
        values,
    )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{0,12}",
        2 => any::<String>(),
        1 => "[\"\\\\/\u{0}-\u{20}\u{7f}-\u{a0}\u{2028}🦀{},:\\[\\]]{0,8}",
        1 => Just("_placeholder".to_owned()),
        1 => Just("num".to_owned()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let reserved = [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ];
    text().prop_filter("reserved", move |name| !reserved.contains(&name.as_str()))
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |x| x.is_finite()),
        (-1000i32..1000).prop_map(|n| f64::from(n) / 8.0)
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-200i64..70_000).prop_map(Value::from),
        float().prop_map(Value::from),
        text().prop_map(Value::from),
        vec(any::<u8>(), 0..20).prop_map(|bytes| Value::from(Bytes::from(bytes))),
    ];
    leaf.prop_recursive(5, 40, 18, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..18).prop_map(Value::from),
            vec((text(), inner), 0..18).prop_map(|members| {
                let mut object = Object::new();
                for (key, value) in members {
                    object.insert(key, value);
                }
                Value::from(object)
            }),
        ]
    })
}

/// No data that reads like a reference to an attachment, which is not sent next to one.
fn is_harmless(values: &[Value]) -> bool {
    fn misleads(value: &Value) -> bool {
        match value {
            Value::Array(elements) => elements.iter().any(misleads),
            Value::Object(object) => object.iter().any(|(key, value)| {
                (key == "_placeholder" && *value == Value::Bool(true)) || misleads(value)
            }),
            _ => false,
        }
    }
    !values.iter().any(misleads)
}

/// So many cases, unless the environment says how many.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch for the developer who runs the test, not an input of the protocol"
)]
fn cases(usual: u32) -> ProptestConfig {
    let chosen = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: if chosen { default.cases } else { usual },
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// A value goes through serde as it goes by itself.
    #[test]
    fn a_value_is_the_same_to_serde(value in value().prop_filter("misleading", |v| is_harmless(std::slice::from_ref(v)))) {
        prop_assert_eq!(&Value::from_serialize(&value).unwrap(), &value);
        prop_assert_eq!(&value.to_type::<Value>().unwrap(), &value);
        for codec in codecs() {
            let one = (&value,);
            let emit = Emit::new("x", Arguments::new(&one));
            let by_serde = codec.encode(&Namespace::ROOT, &emit.into()).unwrap();
            let values = [value.clone()];
            let emit = Emit::new("x", Arguments::from_values(&values));
            prop_assert_eq!(&by_serde, &codec.encode(&Namespace::ROOT, &emit.into()).unwrap());
            let Body::Event { args, .. } = decode_one(&*codec, &by_serde).body else { unreachable!() };
            prop_assert_eq!(args.deserialize::<(Value,)>().unwrap(), (value.clone(),));
            prop_assert_eq!(args.get(0).unwrap().deserialize::<Value>().unwrap(), value.clone());
        }
    }

    /// Attachments are told apart by their numbers, not by their order in the text.
    #[test]
    fn attachments_may_be_numbered_in_any_order(order in (1usize..40).prop_flat_map(|len| {
        Just((0..len).collect::<Vec<_>>()).prop_shuffle()
    })) {
        let mut text = format!("5{}-[\"x\"", order.len());
        for num in &order {
            write!(text, ",{{\"_placeholder\":true,\"num\":{num}}}").unwrap();
        }
        text.push(']');
        let attachments = (0..order.len()).map(|num| Message::binary(num.to_string()));
        let messages: Vec<_> = [Message::text(&text)].into_iter().chain(attachments).collect();
        let (packets, pending) = decode(&Json::new(), &messages);
        prop_assert_eq!(pending, Ok(false));
        let expected: Vec<_> = order.iter().map(|num| Value::from(Bytes::from(num.to_string()))).collect();
        prop_assert_eq!(&parts(&packets[0]).3, &expected);
        let Body::Event { args, .. } = &packets[0].body else { unreachable!() };
        prop_assert_eq!(args.deserialize::<Value>().unwrap(), expected[0].clone());
    }

    /// Another reader of JSON agrees about what is JSON, and about what it means.
    #[test]
    fn serde_json_agrees(text in json_like()) {
        let ours = Value::from_json(&text);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // It has no numbers beyond its floats, and no halves of surrogate pairs.
        let out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range"));
        let surrogates = text.contains("\\ud") || text.contains("\\uD");
        if out_of_range || (surrogates && theirs.is_err()) {
            return Ok(());
        }
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours, Value::from_serialize(&theirs).unwrap());
        }
    }

    /// Whatever comes, the answer is a packet, an error, or waiting for attachments; and a packet can be sent on.
    #[test]
    fn nothing_that_is_received_is_a_surprise(messages in vec(message(), 1..6)) {
        for codec in codecs() {
            let (packets, _) = decode(&*codec, &messages);
            for packet in packets {
                let parts_before = parts(&packet);
                for other in codecs() {
                    // Only what reads like a reference without being one cannot be sent on.
                    if let Ok(encoded) = packet.encode(&*other) {
                        let again = decode_one(&*other, &encoded);
                        prop_assert_eq!(parts(&again), parts_before.clone());
                        // Sent on from there, it is the same bytes.
                        prop_assert_eq!(again.encode(&*other).unwrap(), encoded);
                    }
                }
            }
        }
    }

    /// MessagePack that was changed somewhere.
    #[cfg(feature = "msgpack")]
    #[test]
    fn damaged_frames_are_no_surprise(
        values in vec(value(), 0..4),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let codec = socketio_proto::MessagePack::new();
        let emit = Emit::new("x", Arguments::from_values(&values));
        let encoded = codec.encode(&Namespace::ROOT, &emit.into()).unwrap();
        let mut frame = encoded.messages()[0].wire().to_vec();
        for (at, byte) in changes {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        for frame in [&frame[..cut.index(frame.len())], &frame[..]] {
            let (packets, _) = decode(&codec, [&Message::binary(frame.to_vec())]);
            for packet in packets {
                let again = decode_one(&codec, &packet.encode(&codec).unwrap());
                prop_assert_eq!(parts(&again).3, parts(&packet).3);
            }
        }
    }
}

/// JSON, or nearly.
fn json_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{".to_owned()),
        Just("}".into()),
        Just("[".into()),
        Just("]".into()),
        Just(":".into()),
        Just(",".into()),
        Just("\"".into()),
        Just("\"a\"".into()),
        Just("\"b\":".into()),
        Just("true".into()),
        Just("null".into()),
        Just("fals".into()),
        Just("-".into()),
        Just("0".into()),
        Just("12".into()),
        Just("1.5".into()),
        Just("e5".into()),
        Just(".".into()),
        Just(" ".into()),
        Just("\n".into()),
        Just("\\u00e9".into()),
        Just("\\ud83e\\udd80".into()),
        Just("\\".into()),
        Just("\u{1}".into()),
        Just("[[[[[[[[[[[[[[[[".into()),
        Just("é".into()),
        Just("18446744073709551616".into()),
        Just("-0".into()),
    ];
    prop_oneof![
        vec(token, 0..24).prop_map(|tokens| tokens.concat()),
        // Whole values that were changed in one place.
        (
            value(),
            any::<prop::sample::Index>(),
            prop_oneof![
                Just(""),
                Just("\""),
                Just(","),
                Just("]"),
                Just("\\"),
                Just("0")
            ]
        )
            .prop_map(|(value, at, with)| {
                let text = value.to_string();
                let at = at.index(text.len() + 1);
                match (text.get(..at), text.get(at..)) {
                    (Some(before), Some(after)) => [before, with, after].concat(),
                    _ => text,
                }
            }),
    ]
}

/// A message that may be the beginning of a packet, an attachment, or nothing.
fn message() -> impl Strategy<Value = Message> {
    let placeholder = |num: u8| format!("{{\"_placeholder\":true,\"num\":{num}}}");
    let header = "[0-6][0-3]?-?(/[a-c?=,]{0,4},)?[0-9]{0,3}";
    prop_oneof![
        (header, json_like()).prop_map(|(header, json)| Message::text(&[header, json].concat())),
        (
            "[56][12]-(/a,)?[0-9]?",
            name(),
            vec(
                prop_oneof![
                    (0u8..3).prop_map(placeholder),
                    json_like(),
                    Just(r#"{"_placeholder":true,"num":0,"x":1}"#.to_owned()),
                ],
                0..4
            )
        )
            .prop_map(|(header, name, values)| {
                let name = Value::from(name);
                Message::text(&format!("{header}[{name},{}]", values.join(",")))
            }),
        vec(any::<u8>(), 0..40).prop_map(Message::binary),
    ]
}
