//! From what other encoders send, and what a type makes of what does not fit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use engineio_proto::Message;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use socketio_proto::{Args, ArgsError, Body, Codec, Json, Limits, Protocol, Value};

use super::types::*;

/// The arguments of a packet with these attachments.
fn args(text: &str, attachments: &[&'static str]) -> Args {
    let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
    let mut packet = decoder.decode(Message::text(text)).unwrap();
    for text in attachments {
        assert!(packet.is_none());
        packet = decoder.decode(Message::binary(bytes(text))).unwrap();
    }
    match packet.unwrap().body {
        Body::Event { args, .. } | Body::Ack { args, .. } => args,
        other => panic!("{other:?}"),
    }
}

/// An event with these arguments, made into a type.
fn read<T: DeserializeOwned>(arguments: &str) -> Result<T, ArgsError> {
    args(&format!("2[\"name\",{arguments}]"), &[]).deserialize()
}

fn message(error: Result<impl std::fmt::Debug, ArgsError>) -> String {
    error.unwrap_err().to_string()
}

#[test]
fn keys_may_come_in_any_order_and_spelling() {
    let expected = Upload {
        name: "x".into(),
        data: bytes("zero"),
        thumb: Some(bytes("one")),
    };
    for object in [
        r#"{"name":"x","data":{"_placeholder":true,"num":0},"thumb":{"_placeholder":true,"num":1}}"#,
        r#"{"thumb":{"num":1,"_placeholder":true},"data":{"num":0,"_placeholder":true},"name":"x"}"#,
        "{ \"d\\u0061ta\" : {\"\\u005fplaceholder\":true,\"num\":0},\n\t\"name\" : \"\\u0078\" ,\"th\\u0075mb\":{\"_placeholder\":true,\"num\":1} }",
    ] {
        let args = args(&format!("52-[\"save\",{object}]"), &["zero", "one"]);
        assert_eq!(args.deserialize(), Ok(expected.clone()), "{object}");
    }
}

#[test]
fn attachments_that_nobody_asked_for_shift_nothing() {
    let args = args(
        r#"54-["save",{"x":{"_placeholder":true,"num":3},"name":"n","y":[{"_placeholder":true,"num":1}],"data":{"_placeholder":true,"num":2},"z":{"q":{"_placeholder":true,"num":0}},"thumb":null}]"#,
        &["0", "1", "2", "3"],
    );
    let expected = Upload {
        name: "n".into(),
        data: bytes("2"),
        thumb: None,
    };
    assert_eq!(args.deserialize(), Ok(expected));
    assert_eq!(args.deserialize::<IgnoredAny>().map(drop), Ok(()));
    assert_eq!(args.deserialize(), Ok(()));
}

#[test]
fn an_attachment_may_be_taken_as_bytes_in_any_form() {
    let args = args(r#"51-["x",{"_placeholder":true,"num":0}]"#, &["hi"]);
    assert_eq!(args.deserialize::<Bytes>(), Ok(bytes("hi")));
    assert_eq!(args.deserialize::<&[u8]>(), Ok(&b"hi"[..]));
    assert_eq!(args.deserialize::<Vec<u8>>(), Ok(b"hi".to_vec()));
    assert_eq!(args.deserialize::<([u8; 2],)>(), Ok((*b"hi",)));
    assert_eq!(args.deserialize::<serde_bytes::ByteBuf>().unwrap(), b"hi");
    assert_eq!(args.deserialize::<Box<[u8]>>(), Ok((*b"hi").into()));
    assert_eq!(
        args.deserialize::<Cow<'_, serde_bytes::Bytes>>()
            .unwrap()
            .as_ref(),
        b"hi"
    );
    assert_eq!(args.deserialize::<Value>(), Ok(Value::from(bytes("hi"))));
    // And as nothing else.
    assert!(args.deserialize::<String>().is_err());
    assert!(args.deserialize::<BTreeMap<String, Value>>().is_err());
    assert!(args.deserialize::<Colour>().is_err());
    assert!(args.deserialize::<Strict>().is_err());
    assert!(args.deserialize::<serde_json::Value>().is_err());
    assert!(args.deserialize::<u8>().is_err());
    assert!(args.deserialize::<([u8; 3],)>().is_err());
}

#[test]
fn arrays_of_numbers_and_text_may_be_taken_as_bytes() {
    assert_eq!(read::<Bytes>("[104,105]"), Ok(bytes("hi")));
    assert_eq!(read::<Bytes>("\"hi\""), Ok(bytes("hi")));
    assert!(read::<Bytes>("[256]").is_err());
    assert!(read::<Bytes>("{}").is_err());
    assert!(read::<Bytes>("1").is_err());
}

#[test]
fn text_stays_text_and_numbers_numbers() {
    assert_eq!(read::<String>("\"123\""), Ok("123".into()));
    assert!(read::<u8>("\"123\"").is_err());
    assert!(read::<String>("123").is_err());
    assert_eq!(read::<Value>("\"123\""), Ok(Value::from("123")));
    assert!(read::<bool>("1").is_err());
    assert!(read::<bool>("\"true\"").is_err());
}

#[test]
fn integers_are_exact_or_an_error() {
    assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(read::<i64>("-9223372036854775808"), Ok(i64::MIN));
    assert!(read::<u64>("18446744073709551616").is_err());
    assert!(read::<u64>("-1").is_err());
    assert!(read::<u8>("256").is_err());
    assert!(read::<i64>("1.5").is_err());
    assert!(read::<i64>("1e3").is_err());
    assert_eq!(read::<f64>("3"), Ok(3.0));
    assert_eq!(read::<f64>("1e3"), Ok(1000.0));
    assert_eq!(read::<f32>("0.1"), Ok(0.1));
    assert_eq!(read::<f64>("1e999"), Ok(f64::INFINITY));
    assert_eq!(read::<f64>("-0").map(f64::is_sign_negative), Ok(true));
    assert_eq!(read::<u128>("18446744073709551615"), Ok(u64::MAX.into()));
}

#[test]
fn text_without_escapes_can_be_borrowed() {
    let plain = args(r#"2["x","plain"]"#, &[]);
    assert_eq!(plain.deserialize::<&str>(), Ok("plain"));
    let escaped = args(r#"2["x","pl\u0061in"]"#, &[]);
    assert!(escaped.deserialize::<&str>().is_err());
    assert_eq!(escaped.deserialize::<Cow<'_, str>>(), Ok("plain".into()));
    assert_eq!(escaped.deserialize::<String>(), Ok("plain".into()));
}

#[test]
fn half_a_surrogate_pair_reads_as_the_replacement_character() {
    assert_eq!(read::<String>(r#""a\ud800b""#), Ok("a\u{fffd}b".into()));
    assert_eq!(read::<char>(r#""\udfff""#), Ok('\u{fffd}'));
    let map: BTreeMap<String, u8> = read(r#"{"\ud83d":1}"#).unwrap();
    assert_eq!(map, BTreeMap::from([("\u{fffd}".into(), 1)]));
    assert_eq!(read::<Value>(r#"["\ud800"]"#).unwrap()[0], "\u{fffd}");
}

#[test]
fn structs_may_have_members_that_are_missing_or_too_many() {
    let skipping = |object: &str| read::<Skipping>(object);
    let expected = Skipping {
        kept: 1,
        maybe: None,
        never: 0,
        defaulted: 0,
    };
    assert_eq!(skipping(r#"{"kept":1}"#), Ok(expected.clone()));
    assert_eq!(
        skipping(r#"{"other":[{"a":"]}"}],"kept":1,"maybe":null}"#),
        Ok(expected.clone())
    );
    assert_eq!(skipping(r#"[1,null,0]"#), Ok(expected));
    assert_eq!(message(skipping("{}")), "missing field `kept`");
    assert_eq!(
        message(skipping(r#"{"kept":1,"kept":2}"#)),
        "duplicate field `kept`"
    );
    assert_eq!(
        message(read::<Strict>(r#"{"a":1,"b":2}"#)),
        "unknown field `b`, expected `a`"
    );
    assert_eq!(
        read::<Renamed>(r#"{"firstName":"Ada","a \"quoted\"\\key\n":1,"old":2}"#)
            .unwrap()
            .new,
        2
    );
}

#[test]
fn enums_are_read_strictly() {
    assert_eq!(read(r#"{"Unit":null}"#), Ok(External::Unit));
    assert_eq!(read("\"dark-red\""), Ok(Colour::DarkRed));
    assert_eq!(read(r#""d\u0061rk-red""#), Ok(Colour::DarkRed));
    for wrong in [
        "\"Newtype\"",
        "{}",
        r#"{"Unit":1}"#,
        r#"{"Unit":null,"Newtype":1}"#,
        r#"{"Tuple":[1]}"#,
        r#"{"Tuple":[1,"x",2]}"#,
        "\"Other\"",
        "1",
        "[]",
        "null",
    ] {
        assert!(read::<External>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn arrays_have_the_length_of_their_type() {
    assert_eq!(read(r#"[1,2,3],0"#), Ok(([1, 2, 3],)));
    assert!(read::<([u8; 2],)>("[1,2,3]").is_err());
    assert!(read::<([u8; 4],)>("[1,2,3]").is_err());
    assert!(read::<((u8, u8),)>("[1,2,3]").is_err());
}

#[test]
fn a_key_that_comes_twice_counts_the_second_time() {
    let map: BTreeMap<String, u8> = read(r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(map["a"], 2);
    assert_eq!(
        read::<Value>(r#"{"a":1,"a":2}"#).unwrap()["a"],
        Value::from(2)
    );
}

#[test]
fn numbers_and_booleans_are_read_from_keys() {
    let map: BTreeMap<i8, bool> = read(r#"{"-128":true,"7":false}"#).unwrap();
    assert_eq!(map, BTreeMap::from([(-128, true), (7, false)]));
    assert!(read::<BTreeMap<i8, bool>>(r#"{"128":true}"#).is_err());
    assert!(read::<BTreeMap<i8, bool>>(r#"{"x":true}"#).is_err());
    let map: BTreeMap<bool, u8> = read(r#"{"true":1}"#).unwrap();
    assert_eq!(map, BTreeMap::from([(true, 1)]));
}

#[test]
fn what_does_not_fit_is_told() {
    assert_eq!(
        message(read::<u8>("\"x\"")),
        "invalid type: string \"x\", expected u8"
    );
    assert_eq!(message(read::<(u8, u8)>("1")), "argument 2 is missing");
    assert_eq!(
        message(read::<Vec<u8>>("[1,{}]")),
        "invalid type: map, expected u8"
    );
    let long = message(read::<u8>(&format!("\"{}\"", "x".repeat(100_000))));
    assert!(long.len() < 600, "{}", long.len());
}

/// Deeper than any type needs and no deeper than the stack allows, in the smallest stack that threads have.
#[test]
fn the_deepest_packet_fits_the_stack() {
    #[derive(Deserialize)]
    struct List {
        #[serde(default)]
        next: Option<Box<List>>,
    }

    let text = format!(
        "2[\"x\",{}{}]",
        "{\"next\":".repeat(126) + "{}",
        "}".repeat(126)
    );
    let args = args(&text, &[]);
    let work = move || {
        let list: List = args.deserialize().unwrap();
        let mut depth = 1;
        let mut at = &list;
        while let Some(next) = &at.next {
            depth += 1;
            at = next;
        }
        let value: Value = args.deserialize().unwrap();
        (depth, value, args.to_values())
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the stack of a test is larger than that of most threads"
    )]
    let thread = std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(work);
    let (depth, value, values) = thread.unwrap().join().unwrap();
    assert_eq!(depth, 127);
    assert_eq!(values, [value]);
}
