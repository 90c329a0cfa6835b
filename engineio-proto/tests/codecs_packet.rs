//! Single packets, as they stand in frames.

use engineio_proto::{DecodeError, Frame, Message, Packet, Revision, Text};

use Revision::{V3, V4};

fn text(message: &str) -> Packet {
    Packet::Message(Message::text(message))
}

fn binary(message: &[u8]) -> Packet {
    Packet::Message(Message::binary(message.to_vec()))
}

#[test]
fn a_text_packet_is_its_type_and_its_data() {
    let handshake = r#"{"sid":"lv_VI97HAXpY6yYWAAAC"}"#;
    let cases = [
        (format!("0{handshake}"), Packet::Open(handshake.into())),
        ("0".into(), Packet::Open(Text::new())),
        ("1".into(), Packet::Close),
        ("2".into(), Packet::Ping(Text::new())),
        ("2probe".into(), Packet::Ping("probe".into())),
        ("2other".into(), Packet::Ping("other".into())),
        ("3".into(), Packet::Pong(Text::new())),
        ("3probe".into(), Packet::Pong("probe".into())),
        ("3other".into(), Packet::Pong("other".into())),
        ("4hello".into(), text("hello")),
        ("4".into(), text("")),
        ("4€😀".into(), text("€😀")),
        ("5".into(), Packet::Upgrade),
        ("6".into(), Packet::Noop),
    ];
    for (wire, packet) in cases {
        for revision in [V3, V4] {
            let frame = Frame::text(wire.as_str());
            assert_eq!(Packet::from_frame(frame, revision).as_ref(), Ok(&packet));
            let frame = packet.clone().into_frame(revision, false);
            assert_eq!(frame.to_text().as_deref(), Some(wire.as_str()));
        }
    }
}

#[test]
fn a_binary_message_is_bare_in_revision_4_and_typed_in_revision_3() {
    let cases: [(Revision, bool, Frame); 4] = [
        (V4, false, Frame::binary(vec![1, 2, 3])),
        (V4, true, Frame::text("bAQID")),
        (V3, false, Frame::binary(vec![4, 1, 2, 3])),
        (V3, true, Frame::text("b4AQID")),
    ];
    for (revision, base64, wire) in cases {
        let packet = binary(&[1, 2, 3]);
        let frame = packet.clone().into_frame(revision, base64);
        assert_eq!(
            (frame.is_text(), [frame.prefix(), frame.body()].concat()),
            (wire.is_text(), wire.body().to_vec())
        );
        assert_eq!(Packet::from_frame(wire, revision), Ok(packet));
    }
}

#[test]
fn revision_3_types_bytes_by_number() {
    let cases: [(&[u8], Result<Packet, DecodeError>); 9] = [
        (&[0, b'{', b'}'], Ok(Packet::Open("{}".into()))),
        (&[1], Ok(Packet::Close)),
        (b"\x02probe", Ok(Packet::Ping("probe".into()))),
        (&[3], Ok(Packet::Pong(Text::new()))),
        (&[4], Ok(binary(&[]))),
        (&[6], Ok(Packet::Noop)),
        (&[7], Err(DecodeError::UnknownType)),
        (&[0xff, 1], Err(DecodeError::UnknownType)),
        (&[], Err(DecodeError::Empty)),
    ];
    for (wire, packet) in cases {
        let frame = Frame::binary(wire.to_vec());
        assert_eq!(Packet::from_frame(frame, V3), packet, "{wire:?}");
    }
}

#[test]
fn what_is_no_packet_says_why() {
    let cases = [
        ("", V4, DecodeError::Empty),
        ("", V3, DecodeError::Empty),
        ("7", V4, DecodeError::UnknownType),
        ("abc", V4, DecodeError::UnknownType),
        ("€", V3, DecodeError::UnknownType),
        ("b!", V4, DecodeError::InvalidBase64),
        ("bA", V4, DecodeError::InvalidBase64),
        ("b", V3, DecodeError::Empty),
        ("b7AQID", V3, DecodeError::UnknownType),
        ("b4A", V3, DecodeError::InvalidBase64),
        ("b2/w==", V3, DecodeError::InvalidUtf8),
    ];
    for (wire, revision, error) in cases {
        let packet = Packet::from_frame(Frame::text(wire), revision);
        assert_eq!(packet, Err(error), "{wire:?} in {revision:?}");
    }
}

#[test]
fn base64_may_lack_its_padding_use_the_url_alphabet_and_break_lines() {
    for wire in ["b+/8=", "b+/8", "b-_8=", "b-_8", "b+/8=\n", "b+/\r\n8=\r\n"] {
        let packet = Packet::from_frame(Frame::text(wire), V4);
        assert_eq!(packet, Ok(binary(&[0xfb, 0xff])), "{wire:?}");
    }
}
