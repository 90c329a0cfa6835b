//! Bodies of long polling: vectors of all three encodings.

use bytes::{Bytes, BytesMut};
use engineio_proto::payload::{Decoder, Encoder, Encoding};
use engineio_proto::{DecodeError, Message, Packet, Text};

use Encoding::{V3Binary, V3Text, V4};

fn text(message: &str) -> Packet {
    Packet::Message(Message::text(message))
}

fn binary(message: &[u8]) -> Packet {
    Packet::Message(Message::binary(message.to_vec()))
}

fn decode(body: &[u8], encoding: Encoding) -> Vec<Result<Packet, DecodeError>> {
    Decoder::new(Bytes::copy_from_slice(body), encoding).collect()
}

fn encode(packets: &[Packet], encoding: Encoding) -> BytesMut {
    let mut body = BytesMut::new();
    let mut encoder = Encoder::new(&mut body, encoding);
    for packet in packets {
        let announced = encoder.len_with(packet);
        encoder.push(packet);
        assert_eq!(encoder.len(), announced, "{packet:?}");
    }
    body
}

/// Bodies that are the only way to write these packets.
#[test]
fn canonical_bodies_decode_and_encode_to_each_other() {
    let open = r#"{"sid":"CutEdQFlYU6blFeZAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    let probe = || Packet::Ping("probe".into());
    let ping = || Packet::Ping(Text::new());
    let emoji = r#"2["bin","€😀"]"#;
    let cases: Vec<(Encoding, Vec<u8>, Vec<Packet>)> = vec![
        (
            V4,
            format!("0{open}").into(),
            vec![Packet::Open(open.into())],
        ),
        (V4, b"4hello".into(), vec![text("hello")]),
        (V4, b"4".into(), vec![text("")]),
        (V4, b"b".into(), vec![binary(&[])]),
        (V4, b"6\x1e1".into(), vec![Packet::Noop, Packet::Close]),
        (
            V4,
            b"461-[\x1ebAQ==\x1e2\x1e3\x1e5\x1e2probe".into(),
            vec![
                text("61-["),
                binary(&[1]),
                ping(),
                Packet::Pong(Text::new()),
                Packet::Upgrade,
                probe(),
            ],
        ),
        (
            V3Text,
            format!("118:0{open}").into(),
            vec![Packet::Open(open.into())],
        ),
        (V3Text, b"2:40".into(), vec![text("0")]),
        (V3Text, b"1:1".into(), vec![Packet::Close]),
        (V3Text, b"1:6".into(), vec![Packet::Noop]),
        (V3Text, format!("15:4{emoji}").into(), vec![text(emoji)]),
        (
            V3Text,
            format!("15:4{emoji}3:4€a3:4😀6:2probe6:b4AQID1:4").into(),
            vec![
                text(emoji),
                text("€a"),
                text("😀"),
                probe(),
                binary(&[1, 2, 3]),
                text(""),
            ],
        ),
        (
            V3Binary,
            b"\x01\x04\xff\x04\x01\x02\x03".into(),
            vec![binary(&[1, 2, 3])],
        ),
        (V3Binary, b"\x01\x01\xff\x04".into(), vec![binary(&[])]),
        (
            V3Binary,
            [
                b"\x00\x01\x09\xff4".to_vec(),
                emoji.into(),
                b"\x00\x06\xff2probe\x01\x02\xff\x04\x09\x00\x01\xff1".to_vec(),
            ]
            .concat(),
            vec![text(emoji), probe(), binary(&[9]), Packet::Close],
        ),
    ];
    for (encoding, body, packets) in cases {
        let shown = body.escape_ascii();
        let decoded: Result<Vec<_>, _> = decode(&body, encoding).into_iter().collect();
        assert_eq!(decoded.as_ref(), Ok(&packets), "{encoding:?} {shown}");
        assert_eq!(encode(&packets, encoding), body, "{encoding:?} {shown}");
    }
}

#[test]
fn a_bad_packet_ends_the_body_after_the_good_ones() {
    use DecodeError::{Empty, InvalidBase64, InvalidLength, InvalidUtf8, UnknownType};
    let cases: &[(Encoding, &[u8], &[&str], DecodeError)] = &[
        (V4, b"", &[], Empty),
        (V4, b"\x1e", &[], Empty),
        (V4, b"4a\x1e", &["a"], Empty),
        (V4, b"4a\x1e\x1e4b", &["a"], Empty),
        (V4, b"abc", &[], UnknownType),
        (V4, b"4a\x1e4b\x1e7\x1e4c", &["a", "b"], UnknownType),
        (V4, b"4a\x1eb*\x1e4c", &["a"], InvalidBase64),
        (V4, b"4a\x1e4\xff\x1e4c", &["a"], InvalidUtf8),
        (V4, b"4a\x1e\xff", &["a"], InvalidUtf8),
        (V4, b"\xff", &[], InvalidUtf8),
        // A character that is cut off at the end.
        (V4, b"4a\x1e4\xe2\x82", &["a"], InvalidUtf8),
        (V3Text, b"", &[], Empty),
        (V3Text, b"4hello", &[], InvalidLength),
        (V3Text, b":4", &[], InvalidLength),
        (V3Text, b"2:4a:4b", &["a"], InvalidLength),
        (V3Text, b"2:4a2", &["a"], InvalidLength),
        (V3Text, b"2:4a3:4b", &["a"], InvalidLength),
        (V3Text, b"-1:4a", &[], InvalidLength),
        (V3Text, b"+2:4a", &[], InvalidLength),
        (V3Text, b" 2:4a", &[], InvalidLength),
        (V3Text, b"2.0:4a", &[], InvalidLength),
        (V3Text, b"2e0:4a", &[], InvalidLength),
        (V3Text, b"0x2:4a", &[], InvalidLength),
        (V3Text, b"99999999999999999999:4a", &[], InvalidLength),
        // Four units are too few, and two would be half of a pair.
        (V3Text, "4:4😀".as_bytes(), &[], InvalidLength),
        (V3Text, "2:4😀".as_bytes(), &[], InvalidLength),
        (V3Text, b"2:4a1:x2:4b", &["a"], UnknownType),
        (V3Text, b"2:4a3:b4A", &["a"], InvalidBase64),
        (V3Text, b"2:4a2:4\xc32:4b", &["a"], InvalidUtf8),
        (V3Text, b"2:4a\xff", &["a"], InvalidLength),
        (V3Binary, b"", &[], Empty),
        (V3Binary, b"\x00", &[], InvalidLength),
        (V3Binary, b"\x00\xff4", &[], InvalidLength),
        (V3Binary, b"\x00\x02\xff4", &[], InvalidLength),
        (V3Binary, b"\x00\x0a\xff4", &[], InvalidLength),
        (V3Binary, b"\x002\xff4a", &[], InvalidLength),
        (V3Binary, b"\x00\x09\x09\x09\xff4a", &[], InvalidLength),
        (V3Binary, b"\x02\x02\xff4a", &[], UnknownType),
        (V3Binary, b"\x00\x00\xff", &[], Empty),
        (V3Binary, b"\x01\x00\xff", &[], Empty),
        (
            V3Binary,
            b"\x00\x02\xff4a\x00\x02\xff4\xff\x00\x02\xff4b",
            &["a"],
            InvalidUtf8,
        ),
        (
            V3Binary,
            b"\x00\x02\xff4a\x01\x01\xff\x09",
            &["a"],
            UnknownType,
        ),
        (V3Binary, b"\x00\x02\xff4a4", &["a"], InvalidLength),
    ];
    for (encoding, body, good, error) in cases {
        let mut wanted: Vec<_> = good.iter().map(|message| Ok(text(message))).collect();
        wanted.push(Err(*error));
        assert_eq!(
            decode(body, *encoding),
            wanted,
            "{encoding:?} {}",
            body.escape_ascii()
        );
    }
}

#[test]
fn nothing_comes_after_the_end_or_after_an_error() {
    for (encoding, body) in [
        (V4, "4a"),
        (V4, "4a\u{1e}x"),
        (V3Text, "2:4ax"),
        (V3Text, "2:4a"),
    ] {
        let mut decoder = Decoder::new(Bytes::from(body), encoding);
        assert!(decoder.by_ref().count() > 0);
        assert_eq!((decoder.next(), decoder.next()), (None, None), "{body:?}");
    }
}

#[test]
fn what_the_reference_makes_of_no_packets_is_no_packets() {
    assert_eq!(decode(b"0:", V3Text), []);
    assert_eq!(
        decode(b"0:2:4a0:0:2:4b0:", V3Text),
        [Ok(text("a")), Ok(text("b"))]
    );
}

#[test]
fn zeros_before_a_length_do_not_matter() {
    assert_eq!(decode(b"002:4a", V3Text), [Ok(text("a"))]);
    assert_eq!(decode(b"\x00\x00\x00\x02\xff4a", V3Binary), [Ok(text("a"))]);
}

#[test]
fn a_length_without_end_is_one_error() {
    let digits = vec![b'9'; 1_000_000];
    assert_eq!(decode(&digits, V3Text), [Err(DecodeError::InvalidLength)]);
    let mut digits = vec![9; 1_000_000];
    digits[0] = 0;
    assert_eq!(decode(&digits, V3Binary), [Err(DecodeError::InvalidLength)]);
    let zeros = vec![b'0'; 1_000_000];
    assert_eq!(decode(&zeros, V3Text), [Err(DecodeError::InvalidLength)]);
}

#[test]
fn a_body_of_separators_is_one_error_and_no_list() {
    let separators = vec![0x1e; 1_000_000];
    assert_eq!(decode(&separators, V4), [Err(DecodeError::Empty)]);
}

#[test]
fn packets_share_the_buffer_of_the_body() {
    let body = Bytes::from(b"4hello\x1e4world".to_vec());
    let within = body.as_ptr_range();
    for packet in Decoder::new(body.clone(), V4) {
        let Ok(Packet::Message(message)) = packet else {
            panic!("not a message: {packet:?}")
        };
        assert!(within.contains(&message.wire().as_ptr()));
    }
    // Short binary messages get a buffer of their own: they are kept as attachments, and would keep the whole body.
    for (len, shares) in [(3, false), (8_000, true)] {
        let mut body = vec![1];
        body.extend(format!("{}", len + 1).bytes().map(|digit| digit - b'0'));
        body.extend([0xff, 4]);
        body.extend(vec![7; len]);
        let body = Bytes::from(body);
        let within = body.as_ptr_range();
        let packet = Decoder::new(body.clone(), V3Binary).next();
        let Some(Ok(Packet::Message(message))) = packet else {
            panic!("not a message: {packet:?}")
        };
        assert_eq!(within.contains(&message.wire().as_ptr()), shares, "{len}");
    }
}

#[test]
fn an_encoder_leaves_alone_what_the_buffer_held() {
    for (encoding, body) in [(V4, "4a"), (V3Text, "2:4a")] {
        let mut out = BytesMut::from("before");
        let mut encoder = Encoder::new(&mut out, encoding);
        assert!(encoder.is_empty());
        assert_eq!(encoder.len_with(&text("a")), body.len());
        encoder.push(&text("a"));
        assert!(!encoder.is_empty());
        assert_eq!(encoder.len(), body.len());
        assert_eq!(out, format!("before{body}"));
    }
}

#[test]
fn a_message_that_arrived_leaves_as_it_came() {
    let packet = decode(b"4hello", V4).remove(0).unwrap();
    assert_eq!(
        encode(&[packet.clone(), packet], V3Text),
        "6:4hello6:4hello"
    );
}

#[test]
fn each_encoding_knows_its_content_type() {
    assert_eq!(V4.content_type(), "text/plain; charset=UTF-8");
    assert_eq!(V3Text.content_type(), "text/plain; charset=UTF-8");
    assert_eq!(V3Binary.content_type(), "application/octet-stream");
    assert_eq!(
        [V4, V3Text, V3Binary].map(|e| e.revision().number()),
        [4, 3, 3]
    );
}
