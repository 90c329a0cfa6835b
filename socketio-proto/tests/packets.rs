//! What is a packet and what is none, in the default codec.

use engineio_proto::Message;
use socketio_proto::{
    AckId, Body, Codec, DecodeError, Decoder, Json, Limits, Packet, Protocol, Value,
};

fn decoder() -> Decoder {
    Json::new().decoder(Protocol::V5, Limits::default())
}

fn decode(text: &str) -> Result<Option<Packet>, DecodeError> {
    decoder().decode(Message::text(text))
}

/// The packet in words: `EVENT /chat 7 name [args]`.
fn show(packet: &Packet) -> String {
    let payload = |raw: &Option<socketio_proto::RawValue>| match raw {
        Some(raw) => raw.to_value().to_string(),
        None => "-".into(),
    };
    let namespace = &packet.namespace;
    match &packet.body {
        Body::Connect(raw) => format!("CONNECT {namespace} {}", payload(raw)),
        Body::ConnectError(raw) => format!("CONNECT_ERROR {namespace} {}", payload(raw)),
        Body::Disconnect => format!("DISCONNECT {namespace}"),
        Body::Event { id, args } => {
            let id = id.map_or("-".into(), |AckId(id)| id.to_string());
            let values = Value::Array(args.to_values());
            assert_eq!(args.len(), args.to_values().len());
            format!("EVENT {namespace} {id} {:?} {values}", args.event_name())
        }
        Body::Ack { id, args } => {
            assert_eq!(args.event_name(), "");
            let values = Value::Array(args.to_values());
            format!("ACK {namespace} {id} {values}")
        }
        _ => unreachable!("there is no other packet"),
    }
}

fn accepted(text: &str) -> String {
    match decode(text) {
        Ok(Some(packet)) => show(&packet),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn each_type_of_packet_is_read() {
    for (text, packet) in [
        ("0", "CONNECT / -"),
        ("0/", "CONNECT / -"),
        ("0/,", "CONNECT / -"),
        ("0/adm", "CONNECT /adm -"),
        ("0/adm,", "CONNECT /adm -"),
        (r#"0{"token":"123"}"#, r#"CONNECT / {"token":"123"}"#),
        ("0/adm,{}", "CONNECT /adm {}"),
        ("0/adm?a=b,", "CONNECT /adm?a=b -"),
        ("1", "DISCONNECT /"),
        ("1/chat,", "DISCONNECT /chat"),
        (r#"2["a"]"#, r#"EVENT / - "a" []"#),
        (r#"2/chat,["a",1]"#, r#"EVENT /chat - "a" [1]"#),
        (r#"20["a"]"#, r#"EVENT / 0 "a" []"#),
        (r#"2/chat,456["a",{}]"#, r#"EVENT /chat 456 "a" [{}]"#),
        (r#"2007["a"]"#, r#"EVENT / 7 "a" []"#),
        (
            r#"218446744073709551615["a"]"#,
            r#"EVENT / 18446744073709551615 "a" []"#,
        ),
        ("31[]", "ACK / 1 []"),
        ("3/chat,12[null,\"x\"]", r#"ACK /chat 12 [null,"x"]"#),
        ("37", "ACK / 7 []"),
        ("3/chat,7", "ACK /chat 7 []"),
        ("4", "CONNECT_ERROR / -"),
        (r#"4"no way""#, r#"CONNECT_ERROR / "no way""#),
        (
            r#"4/adm,{"message":"no","data":1}"#,
            r#"CONNECT_ERROR /adm {"message":"no","data":1}"#,
        ),
    ] {
        assert_eq!(accepted(text), packet, "{text}");
    }
}

#[test]
fn event_names_may_be_any_text_and_numbers() {
    for (name, read) in [
        (r#""""#, ""),
        (r#""a/b,c""#, "a/b,c"),
        (r#""42[\"x\"]""#, r#"42["x"]"#),
        (r#""caf\u00e9""#, "café"),
        (r#""a\/b""#, "a/b"),
        (r#""🦀 \ud83e\udd80""#, "🦀 🦀"),
        (r#""half \ud83e""#, "half \u{fffd}"),
        (r#""error""#, "error"),
        (r#""connection""#, "connection"),
        ("7", "7"),
        ("-12", "-12"),
        ("1e3", "1000"),
        ("1.50", "1.5"),
        ("-0", "0"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),
    ] {
        for text in [format!("2[{name},1]"), format!("2[ {name} , 1 ] \n")] {
            let packet = decode(&text).unwrap().unwrap();
            let Body::Event { args, .. } = packet.body else {
                panic!("{text}")
            };
            assert_eq!(args.event_name(), read, "{text}");
            assert_eq!(args.deserialize::<u8>(), Ok(1), "{text}");
        }
    }
}

#[test]
fn what_is_no_packet_is_refused() {
    use DecodeError as E;
    for (text, error) in [
        ("", E::UnknownType),
        ("7", E::UnknownType),
        ("a", E::UnknownType),
        (" 2[\"a\"]", E::UnknownType),
        // Payloads of another shape.
        ("0[]", E::InvalidPayload),
        ("0null", E::InvalidPayload),
        ("0\"x\"", E::InvalidPayload),
        ("0 {}", E::InvalidPayload),
        ("1{}", E::InvalidPayload),
        ("1/a,\"x\"", E::InvalidPayload),
        ("2", E::InvalidPayload),
        ("2/chat,", E::InvalidPayload),
        ("21", E::InvalidPayload),
        ("2{}", E::InvalidPayload),
        ("2\"a\"", E::InvalidPayload),
        ("2[]", E::InvalidPayload),
        ("2[null]", E::InvalidPayload),
        ("2[true,1]", E::InvalidPayload),
        ("2[[\"a\"]]", E::InvalidPayload),
        ("2[{\"toString\":\"a\"}]", E::InvalidPayload),
        ("2 [\"a\"]", E::InvalidPayload),
        ("3", E::InvalidAckId),
        ("3[]", E::InvalidAckId),
        ("31{}", E::InvalidPayload),
        ("31null", E::InvalidPayload),
        ("4[]", E::InvalidPayload),
        ("41", E::InvalidAckId),
        // Ids.
        ("2-1[\"a\"]", E::InvalidPayload),
        ("21.5[\"a\"]", E::InvalidPayload),
        ("2abc[\"a\"]", E::InvalidPayload),
        ("218446744073709551616[\"a\"]", E::InvalidAckId),
        ("31000000000000000000000[]", E::InvalidAckId),
        ("01{}", E::InvalidAckId),
        ("15", E::InvalidAckId),
        // Reserved names, however they are written.
        ("2[\"connect\"]", E::ReservedName),
        ("2[\"connect_error\",1]", E::ReservedName),
        ("2[\"disconnect\"]", E::ReservedName),
        ("2[\"disconnecting\"]", E::ReservedName),
        ("2[\"newListener\"]", E::ReservedName),
        ("2[\"removeListener\"]", E::ReservedName),
        (r#"2["\u0063onnect"]"#, E::ReservedName),
        // No JSON.
        ("2[", E::InvalidPayload),
        ("2[\"a\"", E::InvalidJson),
        ("2[\"a", E::InvalidJson),
        ("2[\"a\"]x", E::InvalidJson),
        ("2[\"a\"],", E::InvalidJson),
        ("2[\"a\",]", E::InvalidJson),
        ("2[\"a\" 1]", E::InvalidJson),
        ("2[\"a\",,1]", E::InvalidJson),
        ("2[\"a\",01]", E::InvalidJson),
        ("2[\"a\",1.]", E::InvalidJson),
        ("2[\"a\",.5]", E::InvalidJson),
        ("2[\"a\",+1]", E::InvalidJson),
        ("2[\"a\",-]", E::InvalidJson),
        ("2[\"a\",1e]", E::InvalidJson),
        ("2[\"a\",NaN]", E::InvalidJson),
        ("2[\"a\",tru]", E::InvalidJson),
        ("2[\"a\",nulll]", E::InvalidJson),
        ("2[\"a\",'b']", E::InvalidJson),
        ("2[\"a\",{a:1}]", E::InvalidJson),
        ("2[\"a\",{\"a\"}]", E::InvalidJson),
        ("2[\"a\",{\"a\":1,}]", E::InvalidJson),
        ("2[\"a\",{\"a\":1]", E::InvalidJson),
        ("2[\"a\",[1}]", E::InvalidJson),
        ("2[\"a\",{,}]", E::InvalidJson),
        ("2[\"a\",\"\n\"]", E::InvalidJson),
        ("2[\"a\",\"\\x\"]", E::InvalidJson),
        ("2[\"a\",\"\\u12g4\"]", E::InvalidJson),
        ("2[\"a\",\"\\\"]", E::InvalidJson),
        ("2[\"a\u{0}\"]", E::InvalidJson),
        ("0{\"a\":}", E::InvalidJson),
        ("0{}{}", E::InvalidJson),
        // Namespaces.
        ("0/a\u{1e}b,", E::InvalidNamespace),
        ("2/a\nb,[\"a\"]", E::InvalidNamespace),
        // Attachments.
        ("5[\"a\"]", E::IllegalAttachments),
        ("5-[\"a\"]", E::IllegalAttachments),
        ("50-[\"a\"]", E::IllegalAttachments),
        ("5-1-[\"a\"]", E::IllegalAttachments),
        ("51.5-[\"a\"]", E::IllegalAttachments),
        ("5 1-[\"a\"]", E::IllegalAttachments),
        ("51e0-[\"a\"]", E::IllegalAttachments),
        ("50x1-[\"a\"]", E::IllegalAttachments),
        ("51[\"a\"]", E::IllegalAttachments),
        ("511-[\"a\"]", E::TooManyAttachments),
        ("599999999999999999999-[\"a\"]", E::TooManyAttachments),
        ("51-[\"a\"]", E::IllegalAttachments),
        (r#"51-[{"_placeholder":true,"num":0}]"#, E::InvalidPayload),
        ("61-", E::IllegalAttachments),
        (r#"61-[{"_placeholder":true,"num":0}]"#, E::InvalidAckId),
    ] {
        match decode(text) {
            Err(found) => assert_eq!(found, error, "{text:?}"),
            Ok(found) => panic!("{text:?}: {found:?}"),
        }
    }
}

/// Every prefix of a packet is either refused or another packet, and none is taken for an unfinished one.
#[test]
fn a_cut_packet_is_never_half_a_packet() {
    let text = r#"2/chat,17["né\u00e9",{"a":[1.5e3,true,null,"\"x"]},-7]"#;
    for (end, _) in text.char_indices().skip(1) {
        let cut = &text[..end];
        assert!(decode(cut).is_err(), "{cut}");
    }
    assert!(decode(text).is_ok());
}

#[test]
fn nesting_is_allowed_up_to_the_limit_and_not_beyond() {
    let nested = |depth: usize, open: &str, inner: &str, close: &str| {
        // The array of the arguments is the first level.
        let (open, close) = (open.repeat(depth - 1), close.repeat(depth - 1));
        format!("2[\"a\",{open}{inner}{close}]")
    };
    for (open, inner, close) in [("[", "1", "]"), ("{\"a\":", "1", "}"), ("[", "\"x\"", "]")] {
        assert!(decode(&nested(128, open, inner, close)).is_ok());
        let deeper = decode(&nested(129, open, inner, close));
        assert_eq!(deeper.err(), Some(DecodeError::TooDeep));
        let much_deeper = decode(&nested(100_000, open, inner, close));
        assert_eq!(much_deeper.err(), Some(DecodeError::TooDeep));
    }
    // Empty ones count as well.
    assert!(decode(&nested(127, "[", "[]", "]")).is_ok());
    assert!(decode(&nested(128, "[", "{}", "]")).is_err());
    let mut limits = Limits::default();
    limits.max_depth = 2;
    let mut decoder = Json::new().decoder(Protocol::V5, limits);
    assert!(decoder.decode(Message::text("2[\"a\",[1]]")).is_ok());
    assert!(decoder.decode(Message::text("2[\"a\",[[]]]")).is_err());
}

#[test]
fn names_have_a_length() {
    let name = "n".repeat(1024);
    assert!(decode(&format!("2[\"{name}\"]")).is_ok());
    let long = decode(&format!("2[\"{name}n\"]"));
    assert_eq!(long.err(), Some(DecodeError::NameTooLong));
    // Escapes are not counted, what they mean is.
    assert!(decode(&format!("2[\"{}\"]", r"\u006e".repeat(1024))).is_ok());
    assert!(decode(&format!("2[\"{}\"]", r"\u006e".repeat(1025))).is_err());
    assert!(
        decode(&format!("2[{}]", "1".repeat(2000))).is_ok(),
        "1.1e+1999 is Infinity"
    );

    let name = "n".repeat(1023);
    assert!(decode(&format!("0/{name},")).is_ok());
    let long = decode(&format!("0/{name}n,"));
    assert_eq!(long.err(), Some(DecodeError::InvalidNamespace));
}

#[test]
fn a_packet_has_a_size() {
    let mut limits = Limits::default();
    limits.max_payload = 20;
    let mut decoder = Json::new().decoder(Protocol::V5, limits);
    let text = format!("2[\"a\",\"{}\"]", "x".repeat(11));
    assert_eq!(text.len(), 20);
    assert!(decoder.decode(Message::text(&text)).is_ok());
    let text = format!("2[\"a\",\"{}\"]", "x".repeat(12));
    let long = decoder.decode(Message::text(&text));
    assert_eq!(long.err(), Some(DecodeError::TooLarge));
}

#[test]
fn protocol_4_carries_what_it_shows_behind_the_name() {
    let mut decoder = Json::new().decoder(Protocol::V4, Limits::default());
    let mut decode = |text: &str| {
        let packet = decoder.decode(Message::text(text)).unwrap().unwrap();
        show(&packet)
    };
    assert_eq!(
        decode("0/adm?token=abc,"),
        r#"CONNECT /adm {"token":"abc"}"#
    );
    assert_eq!(
        decode("0/adm?token=a%20b"),
        r#"CONNECT /adm {"token":"a b"}"#
    );
    assert_eq!(decode("0/?x=1,"), r#"CONNECT / {"x":"1"}"#);
    assert_eq!(decode("0/adm,"), "CONNECT /adm -");
    assert_eq!(decode("0/adm?,"), "CONNECT /adm {}");
    // The limit is for the name; a token may be longer.
    let token = "x".repeat(2000);
    let long = decode(&format!("0/adm?token={token},"));
    assert_eq!(long, format!(r#"CONNECT /adm {{"token":"{token}"}}"#));
    // Other packets have no query.
    assert_eq!(
        decode("2/adm?token=abc,[\"a\"]"),
        r#"EVENT /adm?token=abc - "a" []"#
    );
}

#[test]
fn one_namespace_after_another_is_told_apart() {
    let mut decoder = decoder();
    for name in ["/a", "/a", "/b", "/", "/a", "/ab", "/"] {
        let text = format!("2{name},[\"x\"]");
        let packet = decoder.decode(Message::text(&text)).unwrap().unwrap();
        assert_eq!(packet.namespace, name);
    }
}
