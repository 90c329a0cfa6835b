//! The open packet.

use core::time::Duration;

use engineio_proto::open::Open;
use engineio_proto::{DecodeError, Frame, Sid};

const REFERENCE: &str = r#"{"sid":"CutEdQFlYU6blFeZAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

fn open() -> Open {
    let sid = Sid::new("CutEdQFlYU6blFeZAAAB").unwrap();
    let mut open = Open::new(sid, Duration::from_secs(25), Duration::from_secs(20));
    open.upgrades = vec!["websocket".into()];
    open.max_payload = Some(1_000_000);
    open
}

#[test]
fn it_is_written_as_the_reference_writes_it() {
    assert_eq!(open().encode(), REFERENCE);
    assert_eq!(REFERENCE.len() + 1, 118);
}

#[test]
fn it_is_read_in_any_order_and_with_unknown_keys() {
    for json in [
        REFERENCE,
        r#"{"maxPayload":1000000,"pingTimeout":20000,"pingInterval":25000,"upgrades":["websocket"],"sid":"CutEdQFlYU6blFeZAAAB"}"#,
        r#" { "new": {"deep": [1, {"x": null}]}, "sid": "CutEdQFlYU6blFeZ\u0041AAB", "upgrades": ["web\u0073ocket"],
              "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000 } "#,
    ] {
        assert_eq!(Open::decode(json), Ok(open()), "{json}");
    }
}

#[test]
fn a_server_may_say_nothing_about_sizes() {
    for max_payload in ["", r#","maxPayload":null"#, r#","maxPayload":0"#] {
        let json =
            format!(r#"{{"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":0{max_payload}}}"#);
        let open = Open::decode(&json).unwrap();
        assert_eq!(open.max_payload, None, "{json}");
        assert_eq!(open.ping_timeout, Duration::ZERO);
    }
}

/// One value of the reference's handshake replaced by something else.
fn with(key: &str, value: &str) -> String {
    let mut json: Vec<String> = Vec::new();
    for (name, usual) in [
        ("sid", r#""CutEdQFlYU6blFeZAAAB""#),
        ("upgrades", r#"["websocket"]"#),
        ("pingInterval", "25000"),
        ("pingTimeout", "20000"),
        ("maxPayload", "1000000"),
    ] {
        let value = if name == key { value } else { usual };
        if value != "missing" {
            json.push(format!("\"{name}\":{value}"));
        }
    }
    format!("{{{}}}", json.join(","))
}

#[test]
fn hostile_values_are_refused() {
    assert_eq!(Open::decode(&with("", "")), Ok(open()));
    let long_sid = format!("\"{}\"", "a".repeat(129));
    let cases: &[(&str, &[&str])] = &[
        (
            "sid",
            &[
                "missing",
                "null",
                "1",
                r#""""#,
                r#""a b""#,
                r#""a\"b""#,
                r#""a\nb""#,
                r#""é""#,
                &long_sid,
            ],
        ),
        (
            "upgrades",
            &["missing", "null", "{}", r#""websocket""#, "[1]", "[null]"],
        ),
        (
            "pingInterval",
            &[
                "missing",
                "null",
                "0",
                "-1",
                "25000.0",
                "25e3",
                "1e400",
                "2147483648",
                "99999999999999999999",
                r#""25000""#,
                "[]",
            ],
        ),
        (
            "pingTimeout",
            &[
                "missing",
                "null",
                "-1",
                "0.5",
                "2147483648",
                "18446744073709551616",
            ],
        ),
        (
            "maxPayload",
            &["-1", "1.5", "1e6", "18446744073709551616", r#""1""#, "[]"],
        ),
    ];
    for (key, values) in cases {
        for value in *values {
            let json = with(key, value);
            assert_eq!(
                Open::decode(&json),
                Err(DecodeError::InvalidHandshake),
                "{json}"
            );
        }
    }
}

#[test]
fn the_largest_values_are_taken() {
    let open = Open::decode(&with("pingInterval", "2147483647")).unwrap();
    assert_eq!(open.ping_interval, Open::MAX_PERIOD);
    let open = Open::decode(&with("maxPayload", "18446744073709551615")).unwrap();
    assert_eq!(open.max_payload, Some(usize::MAX));
    let sid = "~".repeat(128);
    let open = Open::decode(&with("sid", &format!("\"{sid}\""))).unwrap();
    assert_eq!(open.sid.as_str(), sid);
}

#[test]
fn what_is_no_handshake_is_refused() {
    let deep = format!("{}{}", "[".repeat(8000), "]".repeat(8000));
    let long = format!("{REFERENCE}{}", " ".repeat(Open::MAX_LEN));
    let twice = r#"{"sid":"a","sid":"b","upgrades":[],"pingInterval":1,"pingTimeout":1}"#;
    let behind = format!("{REFERENCE}x");
    for json in [
        "",
        "{}",
        "[]",
        "null",
        "<html>",
        &REFERENCE[..100],
        &deep,
        &long,
        twice,
        &behind,
    ] {
        assert_eq!(Open::decode(json), Err(DecodeError::InvalidHandshake));
    }
}

#[test]
fn what_is_encoded_can_be_decoded() {
    let mut open = open();
    open.upgrades = vec!["websocket".into(), "web\"transport\\\n".into()];
    open.max_payload = None;
    open.ping_interval = Duration::from_micros(1_999); // what is finer than milliseconds is cut off
    let decoded = Open::decode(&open.encode()).unwrap();
    assert_eq!(decoded.ping_interval, Duration::from_millis(1));
    open.ping_interval = decoded.ping_interval;
    assert_eq!(decoded, open);
}

#[test]
fn a_client_opens_a_stream_with_its_session_or_with_nothing() {
    use engineio_proto::open::ClientOpen;
    let decode = |text: &str| ClientOpen::decode(&Frame::text(text));
    assert_eq!(decode("0"), Ok(ClientOpen::New));
    let sid = Sid::new("CutE").unwrap();
    for text in [r#"0{"sid":"CutE"}"#, r#"0 {"other":[1],"sid":"\u0043utE"}"#] {
        assert_eq!(decode(text), Ok(ClientOpen::Link(sid.clone())), "{text}");
    }
    for text in [
        "0{}",
        "0x",
        r#"0{"sid":""}"#,
        r#"0{"sid":7}"#,
        r#"0{"sid":"a b"}"#,
    ] {
        assert_eq!(decode(text), Err(DecodeError::InvalidHandshake), "{text}");
    }
    for frame in [
        Frame::text(""),
        Frame::text("2probe"),
        Frame::text("4x"),
        Frame::binary(vec![0]),
    ] {
        assert_eq!(
            ClientOpen::decode(&frame),
            Err(DecodeError::Unexpected),
            "{frame:?}"
        );
    }
}
