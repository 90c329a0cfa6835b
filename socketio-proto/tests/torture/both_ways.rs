//! From a value to the wire and back: the value is the same, whichever codec carried it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU8, Wrapping};
use std::path::PathBuf;
use std::rc::Rc;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use socketio_proto::{
    Args, Arguments, Body, Codec, Emit, Json, Limits, Namespace, Packet, Protocol, Value,
};

use super::types::*;

fn codecs() -> Vec<Box<dyn Codec>> {
    vec![
        Box::new(Json::new()),
        #[cfg(feature = "msgpack")]
        Box::new(socketio_proto::MessagePack::new()),
    ]
}

/// What arrives when this is sent.
fn received(codec: &dyn Codec, arguments: Arguments<'_>) -> (Packet, Args) {
    let emit = Emit::new("name", arguments);
    let encoded = codec.encode(&Namespace::ROOT, &emit.into());
    let mut decoder = codec.decoder(Protocol::V5, Limits::default());
    let mut packet = None;
    for message in &encoded.expect("it can be sent") {
        assert!(packet.is_none(), "complete before its last message");
        packet = decoder.decode(message.clone()).expect("it can be read");
    }
    let packet = packet.expect("it is complete");
    match packet.body.clone() {
        Body::Event { args, .. } => (packet, args),
        other => panic!("{other:?}"),
    }
}

fn sent<T: Serialize>(codec: &dyn Codec, value: &T) -> Args {
    received(codec, Arguments::new(value)).1
}

/// The value goes and comes: by itself, among others, within others, passed on, and by way of a [`Value`].
#[track_caller]
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    for codec in codecs() {
        let codec = &*codec;
        // As it is, whatever number of arguments that makes.
        let args = sent(codec, &value);
        assert_eq!(
            args.deserialize().as_ref(),
            Ok(&value),
            "{codec:?} {args:?}"
        );

        // As one of several.
        let args = sent(codec, &("before", &value, 7));
        let (before, found, after): (String, T, u8) = args.deserialize().unwrap();
        assert_eq!(
            (before.as_str(), &found, after),
            ("before", &value, 7),
            "{codec:?}"
        );
        let raw = args.get(1).unwrap();
        assert_eq!(raw.deserialize().as_ref(), Ok(&value), "{codec:?} {raw:?}");

        // Inside of something.
        let wrapped = BTreeMap::from([("key", vec![&value])]);
        let found: BTreeMap<String, Vec<T>> = sent(codec, &wrapped).deserialize().unwrap();
        assert_eq!(
            found["key"].iter().collect::<Vec<_>>(),
            [&value],
            "{codec:?}"
        );

        // As what is known of it at run time, and made into the type again.
        let dynamic = raw.to_value();
        assert_eq!(
            dynamic.to_type().as_ref(),
            Ok(&value),
            "{codec:?} {dynamic}"
        );
        assert_eq!(
            sent(codec, &(&dynamic,)).to_values(),
            slice::from_ref(&dynamic),
            "{codec:?}"
        );

        // Passed on in every codec.
        for other in codecs() {
            let (_, again) = received(&*other, Arguments::from(&args));
            let (_, found, _): (String, T, u8) = again.deserialize().unwrap();
            assert_eq!(found, value, "{codec:?} {other:?}");
        }
    }
}

#[test]
fn numbers() {
    both_ways(Integers {
        bytes: (u8::MAX, i8::MIN),
        shorts: (u16::MAX, i16::MIN),
        ints: (u32::MAX, i32::MIN),
        longs: (u64::MAX, i64::MIN),
        sizes: (usize::MAX, isize::MIN),
        huge: (u64::MAX.into(), i64::MIN.into()),
    });
    for n in [
        0u64,
        1,
        127,
        128,
        255,
        256,
        1 << 53,
        (1 << 53) + 1,
        u64::MAX,
    ] {
        both_ways(n);
    }
    for n in [-1i64, -32, -33, -128, -129, -(1 << 53) - 1, i64::MIN] {
        both_ways(n);
    }
    for x in [
        0.0,
        1.0,
        -1.5,
        0.1,
        1e21,
        1e-7,
        5e-324,
        f64::MAX,
        f64::MIN,
        123_456_789.123,
    ] {
        both_ways(x);
    }
    for x in [0.1f32, 16_777_216.0, f32::MAX, f32::MIN_POSITIVE] {
        both_ways(x);
    }
    both_ways(vec![1.0, 2.5, -0.5]);
}

#[test]
fn texts() {
    for text in [
        "",
        "a",
        "123",
        "null",
        "\"quoted\" \\ / \n\r\t\u{8}\u{c}\0\u{1f}\u{7f}",
        "größe",
        "🦀\u{2028}\u{2029}",
    ] {
        both_ways(text.to_owned());
        both_ways(Cow::<'static, str>::Owned(text.to_owned()));
        both_ways(Name(text.to_owned()));
    }
    both_ways("long ".repeat(20_000));
    for c in ['a', '"', '\\', '\0', 'ß', '🦀'] {
        both_ways(c);
    }
    both_ways((true, false));
    both_ways(Box::<str>::from("boxed"));
}

#[test]
fn options_and_units() {
    both_ways(());
    both_ways(Unit);
    both_ways(Empty {});
    both_ways(None::<u8>);
    both_ways(Some(1u8));
    both_ways(Some(String::new()));
    both_ways(vec![None, Some(bytes("x"))]);
    both_ways((None::<u8>, Some(())).0);
    both_ways(Some(vec![(); 3]));
    both_ways(Ok::<u8, String>(1));
    both_ways(Err::<u8, String>("no".into()));
}

#[test]
fn tuples_arrays_and_newtypes() {
    both_ways((1u8,));
    both_ways((1u8, "two".to_owned(), [3.5, 4.5]));
    both_ways(((1u8, 2u8), ((3u8,), [4u8])));
    both_ways([1u8, 2, 3]);
    both_ways([[1u8, 2], [3, 4]]);
    both_ways([0u8; 0]);
    both_ways(vec![vec![1u8], vec![], vec![2, 3]]);
    both_ways(Vec::<u8>::new());
    both_ways(Meters(7));
    both_ways(Pair((-1, "x".into())));
    both_ways(Rgb(1, 2, 3));
    both_ways(Transparent {
        inner: vec![Meters(1), Meters(2)],
    });
    both_ways(Wrapping(7u8));
    both_ways(NonZeroU8::new(3).unwrap());
}

#[test]
fn maps_with_keys_of_all_kinds() {
    both_ways(BTreeMap::from([
        ("a".to_owned(), 1),
        (String::new(), 2),
        ("\"\n".into(), 3),
    ]));
    both_ways(HashMap::from([
        ("a".to_owned(), bytes("1")),
        ("b".into(), bytes("2")),
    ]));
    both_ways(BTreeMap::from([(u64::MAX, 1), (0, 2)]));
    both_ways(BTreeMap::from([(i8::MIN, 1), (i8::MAX, 2)]));
    both_ways(BTreeMap::from([(true, 1), (false, 2)]));
    both_ways(BTreeMap::from([('a', 1), ('"', 2)]));
    both_ways(BTreeMap::from([
        (Colour::DarkRed, 1),
        (Colour::LightBlue, 2),
    ]));
    both_ways(BTreeMap::from([(Name("n".into()), 1)]));
    both_ways(BTreeMap::from([(Meters(5), 1)]));
    both_ways(BTreeMap::from([(Some(5u8), 1)]));
    both_ways(BTreeSet::from([3, 1, 2]));
    both_ways(BTreeMap::<String, u8>::new());
}

#[test]
fn binaries_everywhere() {
    both_ways(bytes("plain"));
    both_ways(Bytes::new());
    both_ways(Blob(bytes("in a newtype")));
    both_ways(Some(bytes("in an option")));
    both_ways(Mixed(
        bytes("a"),
        Some(bytes("b")),
        vec![bytes("c"), bytes("d")],
    ));
    both_ways(Mixed(bytes(""), None, vec![]));
    both_ways((bytes("a"), 1u8, bytes("b")));
    both_ways([bytes("a"), bytes("b")]);
    both_ways(upload("ab"));
    both_ways(upload("a"));
    both_ways(Nested {
        uploads: vec![upload("a"), upload("b")],
        by_name: BTreeMap::from([("x".into(), upload("c")), ("y".into(), upload("dd"))]),
        one: Box::new(upload("e")),
    });
    both_ways(BTreeMap::from([
        ("a".to_owned(), Some(bytes("x"))),
        ("b".into(), None),
    ]));
    both_ways(WithSerdeBytes {
        vec: vec![1, 2, 3],
        maybe: Some(vec![4]),
        buf: serde_bytes::ByteBuf::from(vec![5, 6]),
        numbers: vec![7, 8],
    });
    both_ways(Bytes::from(vec![0xff; 100_000]));
}

#[test]
fn structs_with_attributes() {
    both_ways(Renamed {
        first_name: "Ada".into(),
        odd: 1,
        new: 2,
    });
    both_ways(Skipping {
        kept: 1,
        maybe: None,
        never: 0,
        defaulted: 3,
    });
    both_ways(Skipping {
        kept: 1,
        maybe: Some(bytes("x")),
        never: 0,
        defaulted: 0,
    });
    both_ways(Flat {
        id: u64::MAX,
        upload: upload("ab"),
        rest: BTreeMap::from([("extra".into(), bytes("1")), ("more".into(), bytes("2"))]),
    });
    both_ways(Strict { a: 1 });
    both_ways(Tree {
        value: -1,
        children: vec![
            Tree {
                value: 1,
                children: vec![],
                data: Some(bytes("leaf")),
            },
            Tree {
                value: 2,
                children: vec![],
                data: None,
            },
        ],
        data: Some(bytes("root")),
    });
}

#[test]
fn enums_in_all_four_representations() {
    both_ways(vec![
        External::Unit,
        External::Newtype(bytes("x")),
        External::Option(None),
        External::Option(Some(1)),
        External::Tuple(1, bytes("y")),
        External::Struct {
            data: bytes("z"),
            n: 1,
        },
        External::Nested(Box::new(External::Nested(Box::new(External::Unit)))),
    ]);
    both_ways(External::Unit);
    both_ways(External::Tuple(1, bytes("y")));
    both_ways(vec![
        Internal::Unit,
        Internal::Newtype(upload("ab")),
        Internal::Struct {
            data: bytes("z"),
            n: u64::MAX,
        },
    ]);
    both_ways(Internal::Unit);
    both_ways(vec![
        Adjacent::Unit,
        Adjacent::Newtype(bytes("x")),
        Adjacent::Tuple(1, bytes("y")),
        Adjacent::Struct { data: bytes("z") },
    ]);
    both_ways(vec![
        Untagged::Number(i64::MIN),
        Untagged::Float(0.5),
        Untagged::Text("text".into()),
        Untagged::Struct { data: bytes("x") },
        Untagged::List(vec![Untagged::Number(1), Untagged::Nothing]),
        Untagged::Nothing,
    ]);
    both_ways(Colour::LightBlue);
    both_ways(vec![Colour::DarkRed]);
}

/// A `String` takes bytes that are UTF-8, and `Bytes` take text: serde has it so, and an untagged enum takes what comes
/// first. Who has to tell them apart asks for a [`Value`].
#[test]
fn an_untagged_enum_tells_text_from_bytes_only_if_they_are_no_text() {
    let no_text = Bytes::from_static(&[0xff, 0xfe]);
    both_ways(Untagged::Bytes(no_text.clone()));
    both_ways(vec![Untagged::Text("y".into()), Untagged::Bytes(no_text)]);
    for codec in codecs() {
        let args = sent(&*codec, &bytes("x"));
        assert_eq!(args.deserialize(), Ok(Untagged::Text("x".into())));
        assert_eq!(args.deserialize(), Ok(Value::from(bytes("x"))));
    }
}

#[test]
fn pointers_and_types_of_the_standard_library() {
    both_ways(Box::new(upload("ab")));
    both_ways(Rc::new(vec![1u8]));
    both_ways(Arc::new((1u8, bytes("x"))));
    both_ways(Duration::from_millis(1500));
    both_ways("192.168.0.1".parse::<IpAddr>().unwrap());
    both_ways("[::1]:80".parse::<SocketAddr>().unwrap());
    both_ways(PathBuf::from("/a/b"));
    both_ways(0..5u8);
    both_ways(std::cmp::Reverse(1u8));
    both_ways(std::marker::PhantomData::<u8>);
}

#[test]
fn what_serde_json_has() {
    both_ways(serde_json::json!({"a": [1, -2, 3.5, "x", null, true], "b": {}}));
    both_ways(serde_json::json!(null));
    both_ways(serde_json::json!(u64::MAX));
    both_ways(serde_json::Number::from(7));
    // A text that is JSON already is not written as a text.
    let raw = RawValue::from_string(r#"{"a": [1, 2.50 , "\u00e9"]}"#.to_owned()).unwrap();
    for codec in codecs() {
        let args = sent(&*codec, &(&raw, 1));
        let value = Value::from_json(raw.get()).unwrap();
        assert_eq!(args.to_values()[0], value, "{codec:?}");
        let (found, _): (Box<RawValue>, u8) = args.deserialize().unwrap();
        assert_eq!(Value::from_json(found.get()).unwrap(), value, "{codec:?}");
    }
}

#[test]
fn dynamic_values() {
    let value =
        Value::from_json(r#"{"a":[1,-2,3.5,"x",null,true,18446744073709551615],"b":{}}"#).unwrap();
    both_ways(value);
    both_ways(Value::from(bytes("x")));
    both_ways(Value::from(vec![
        Value::from(bytes("x")),
        Value::Null,
        Value::from(bytes("y")),
    ]));
}
