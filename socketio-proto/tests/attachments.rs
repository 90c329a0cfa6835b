//! Packets with attachments: how they are put together, and what is none.

use bytes::Bytes;
use engineio_proto::Message;
use serde::Deserialize;
use socketio_proto::{
    Args, Body, Codec, DecodeError, Decoder, Json, Limits, Packet, Protocol, Value,
};

fn decoder() -> Decoder {
    Json::new().decoder(Protocol::V5, Limits::default())
}

/// Decodes a text and these attachments behind it.
fn decode(text: &str, attachments: &[&'static [u8]]) -> Result<Option<Packet>, DecodeError> {
    let mut decoder = decoder();
    let mut packet = decoder.decode(Message::text(text))?;
    for bytes in attachments {
        assert!(packet.is_none(), "complete too early");
        packet = decoder.decode(Message::binary(Bytes::from_static(bytes)))?;
        assert_eq!(decoder.has_pending(), packet.is_none());
    }
    Ok(packet)
}

fn args(text: &str, attachments: &[&'static [u8]]) -> Args {
    match decode(text, attachments).map(|packet| packet.map(|packet| packet.body)) {
        Ok(Some(Body::Event { args, .. } | Body::Ack { args, .. })) => args,
        other => panic!("{text}: {other:?}"),
    }
}

fn binary(bytes: &'static [u8]) -> Value {
    Value::Binary(Bytes::from_static(bytes))
}

#[test]
fn attachments_are_put_where_their_number_says() {
    let args = args(
        r#"53-/files,7["save",{"_placeholder":true,"num":2},[{"_placeholder":true,"num":0}],{"x":{"_placeholder":true,"num":1}}]"#,
        &[b"zero", b"one", b"two"],
    );
    assert_eq!(args.event_name(), "save");
    let values = args.to_values();
    assert_eq!(values[0], binary(b"two"));
    assert_eq!(values[1][0], binary(b"zero"));
    assert_eq!(values[2]["x"], binary(b"one"));
    assert_eq!(args.attachments(), ["zero", "one", "two"]);
}

#[test]
fn a_placeholder_may_be_spelt_in_any_way_that_json_allows() {
    for placeholder in [
        r#"{"_placeholder":true,"num":0}"#,
        r#"{"num":0,"_placeholder":true}"#,
        r#" { "_placeholder" : true , "num" : 0 } "#,
        r#"{"\u005fplaceholder":true,"nu\u006d":0}"#,
        // Members that mean nothing, and keys that come twice.
        r#"{"a":"}","_placeholder":true,"b":null,"num":0,"c":-1.5e3}"#,
        r#"{"num":7,"_placeholder":false,"_placeholder":true,"num":0}"#,
    ] {
        let args = args(&format!(r#"51-["a",{placeholder}]"#), &[b"x"]);
        assert_eq!(args.to_values(), [binary(b"x")], "{placeholder}");
        assert_eq!(args.deserialize::<Bytes>().unwrap(), "x", "{placeholder}");
    }
}

#[test]
fn placeholders_that_do_not_fit_are_refused() {
    for (count, payload) in [
        // Too few, too many, twice, none.
        (
            1,
            r#"["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        ),
        (
            2,
            r#"["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        ),
        (
            2,
            r#"["a",{"_placeholder":true,"num":0},"........................................"]"#,
        ),
        (
            1,
            r#"["a","............................................................"]"#,
        ),
        (
            3,
            r#"["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},"..................."]"#,
        ),
        (
            3,
            r#"["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":1}]"#,
        ),
        // Out of range, no integer, no number.
        (1, r#"["a",{"_placeholder":true,"num":1}]"#),
        (1, r#"["a",{"_placeholder":true,"num":-1}]"#),
        (1, r#"["a",{"_placeholder":true,"num":-0}]"#),
        (1, r#"["a",{"_placeholder":true,"num":0.0}]"#),
        (1, r#"["a",{"_placeholder":true,"num":0e0}]"#),
        (1, r#"["a",{"_placeholder":true,"num":"0"}]"#),
        (1, r#"["a",{"_placeholder":true,"num":"splice"}]"#),
        (1, r#"["a",{"_placeholder":true,"num":null}]"#),
        (1, r#"["a",{"_placeholder":true,"num":4294967296}]"#),
        (1, r#"["a",{"_placeholder":true,"nun":0}]"#),
        (
            1,
            r#"["a",{"_placeholder":true}, "................................"]"#,
        ),
        (1, r#"["a",{"_placeholder":"true","num":0}]"#),
        (1, r#"["a",{"_placeholder":1,"num":0}]"#),
        // A reference does not contain anything.
        (1, r#"["a",{"_placeholder":true,"num":0,"x":[]}]"#),
        (1, r#"["a",{"x":{},"_placeholder":true,"num":0}]"#),
        (
            2,
            r#"["a",{"_placeholder":true,"num":0,"x":{"_placeholder":true,"num":1}}]"#,
        ),
        (
            1,
            r#"["a",{"_placeholder":true,"num":0},{"x":[],"_placeholder":true}]"#,
        ),
    ] {
        let text = format!("5{count}-{payload}");
        let found = decode(&text, &[]).err();
        assert_eq!(found, Some(DecodeError::IllegalAttachments), "{text}");
    }
}

#[test]
fn without_attachments_a_placeholder_is_data() {
    let args = args(r#"2["a",{"_placeholder":true,"num":0}]"#, &[]);
    let value = Value::from_json(r#"{"_placeholder":true,"num":0}"#).unwrap();
    assert_eq!(args.to_values(), [value]);
}

#[test]
fn nothing_may_come_between_a_packet_and_its_attachments() {
    let text = Message::text(r#"51-["a",{"_placeholder":true,"num":0}]"#);
    for other in [
        "2[\"b\"]",
        "1",
        "x",
        r#"51-["a",{"_placeholder":true,"num":0}]"#,
    ] {
        let mut decoder = decoder();
        assert!(decoder.decode(text.clone()).unwrap().is_none());
        assert!(decoder.has_pending());
        let found = decoder.decode(Message::text(other)).err();
        assert_eq!(found, Some(DecodeError::UnexpectedText), "{other}");
        assert!(!decoder.has_pending());
    }
}

#[test]
fn binary_that_nobody_announced_is_refused() {
    let mut decoder = decoder();
    let bytes = || Message::binary(Bytes::from_static(b"x"));
    let found = decoder.decode(bytes()).err();
    assert_eq!(found, Some(DecodeError::UnexpectedBinary));
    let text = Message::text(r#"51-["a",{"_placeholder":true,"num":0}]"#);
    assert!(decoder.decode(text).unwrap().is_none());
    assert!(decoder.decode(bytes()).unwrap().is_some());
    let found = decoder.decode(bytes()).err();
    assert_eq!(found, Some(DecodeError::UnexpectedBinary));
}

#[test]
fn header_and_attachments_are_counted_together() {
    let text = r#"52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let mut limits = Limits::default();
    limits.max_payload = text.len() + 10;
    let mut decoder = Json::new().decoder(Protocol::V5, limits);
    let bytes = |len| Message::binary(Bytes::from(vec![0; len]));
    for (second, fits) in [(4, true), (5, false)] {
        assert!(decoder.decode(Message::text(text)).unwrap().is_none());
        assert!(decoder.decode(bytes(6)).unwrap().is_none());
        match decoder.decode(bytes(second)) {
            Ok(packet) => assert!(fits && packet.is_some()),
            Err(error) => assert!(!fits && error == DecodeError::TooLarge),
        }
    }
}

/// In the form that everybody writes, too, which is read without looking at each token.
#[test]
fn an_index_with_a_leading_zero_is_no_json() {
    for text in [
        r#"51-["a",{"_placeholder":true,"num":00}]"#,
        r#"52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":01}]"#,
        r#"51-["a",{"num":00,"_placeholder":true}]"#,
    ] {
        let error = decode(text, &[]).unwrap_err();
        assert_eq!(error, DecodeError::InvalidJson, "{text}");
    }
}

#[test]
fn the_number_of_attachments_is_a_limit_of_its_own() {
    let places: Vec<_> = (0..200)
        .map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#))
        .collect();
    let text = format!("5200-[\"a\",{}]", places.join(","));
    let found = decode(&text, &[]).err();
    assert_eq!(found, Some(DecodeError::TooManyAttachments));
    let mut limits = Limits::default();
    limits.max_attachments = 200;
    let mut decoder = Json::new().decoder(Protocol::V5, limits);
    assert!(decoder.decode(Message::text(&text)).unwrap().is_none());
}

/// An announced number alone reserves nothing and waits for nothing.
#[test]
fn more_attachments_than_the_text_can_mention_are_refused_at_once() {
    let mut limits = Limits::default();
    limits.max_attachments = usize::MAX;
    let mut decoder = Json::new().decoder(Protocol::V5, limits);
    let text = r#"54294967295-["a",{"_placeholder":true,"num":0}]"#;
    let found = decoder.decode(Message::text(text)).err();
    assert_eq!(found, Some(DecodeError::IllegalAttachments));
}

#[test]
fn acknowledgements_have_attachments_too() {
    let args = args(r#"61-5[null,{"_placeholder":true,"num":0}]"#, &[b"x"]);
    assert_eq!(args.to_values(), [Value::Null, binary(b"x")]);
}

/// A type that takes only the second attachment gets the second one.
#[test]
fn a_field_that_is_not_read_shifts_nothing() {
    #[derive(Deserialize)]
    struct Last<'a> {
        name: String,
        #[serde(borrow)]
        last: &'a [u8],
    }

    let args = args(
        r#"53-["a",{"first":{"_placeholder":true,"num":0},"more":[{"_placeholder":true,"num":2}],"last":{"_placeholder":true,"num":1},"name":"n"}]"#,
        &[b"0", b"11", b"222"],
    );
    let Last { name, last } = args.deserialize().unwrap();
    assert_eq!((name.as_str(), last), ("n", &b"11"[..]));
    // What was borrowed can be kept without a copy.
    let kept = args.share(last).unwrap();
    assert_eq!(kept.as_ptr(), args.attachments()[1].as_ptr());
    let elsewhere = b"11".to_vec();
    assert_eq!(args.share(&elsewhere), None);
}

#[test]
fn attachments_do_not_count_as_depth() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"51-["a",{open}{{"_placeholder":true,"num":0}}{close}]"#)
    };
    assert!(decode(&nested(128), &[b"x"]).is_ok());
    assert_eq!(decode(&nested(129), &[]).err(), Some(DecodeError::TooDeep));
}
