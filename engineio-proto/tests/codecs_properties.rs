//! What holds for all values: codecs against models that are written as plainly as possible.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use engineio_proto::jsonp::{self, JsonpIndex};
use engineio_proto::open::Open;
use engineio_proto::payload::{Decoder, Encoder, Encoding};
use engineio_proto::query::{Query, pairs};
use engineio_proto::stream;
use engineio_proto::{DecodeError, Frame, Message, Packet, Payload, Revision, Sid};
use proptest::collection::vec;
use proptest::prelude::*;

/// A packet as text, or the bytes of a binary message.
fn model_packet(packet: &Packet) -> Result<String, &[u8]> {
    let (kind, data) = match packet {
        Packet::Open(data) => ('0', data.as_str()),
        Packet::Close => ('1', ""),
        Packet::Ping(data) => ('2', data.as_str()),
        Packet::Pong(data) => ('3', data.as_str()),
        Packet::Message(message) => match message.payload() {
            Payload::Text(text) => ('4', text),
            Payload::Binary(bytes) => return Err(bytes),
        },
        Packet::Upgrade => ('5', ""),
        Packet::Noop => ('6', ""),
    };
    Ok(format!("{kind}{data}"))
}

/// The body of some packets, without any cleverness.
fn model_body(packets: &[Packet], encoding: Encoding) -> Vec<u8> {
    let as_text = |prefix: &str, packet| match model_packet(packet) {
        Ok(text) => text,
        Err(bytes) => format!("{prefix}{}", BASE64_STANDARD.encode(bytes)),
    };
    match encoding {
        Encoding::V4 => {
            let packets: Vec<String> = packets.iter().map(|packet| as_text("b", packet)).collect();
            packets.join("\u{1e}").into_bytes()
        }
        Encoding::V3Text => {
            let packets = packets.iter().map(|packet| as_text("b4", packet));
            let packets = packets.map(|text| format!("{}:{text}", text.encode_utf16().count()));
            packets.collect::<String>().into_bytes()
        }
        Encoding::V3Binary => {
            let mut body = Vec::new();
            for packet in packets {
                let (form, bytes) = match model_packet(packet) {
                    Ok(text) => (0, text.into_bytes()),
                    Err(bytes) => (1, [&[4], bytes].concat()),
                };
                body.push(form);
                body.extend(bytes.len().to_string().bytes().map(|digit| digit - b'0'));
                body.push(0xff);
                body.extend(bytes);
            }
            body
        }
    }
}

fn encode(packets: &[Packet], encoding: Encoding) -> BytesMut {
    let mut body = BytesMut::new();
    let mut encoder = Encoder::new(&mut body, encoding);
    for packet in packets {
        let announced = encoder.len_with(packet);
        encoder.push(packet);
        assert_eq!(encoder.len(), announced, "len_with was wrong");
    }
    body
}

fn decode(body: Bytes, encoding: Encoding) -> Result<Vec<Packet>, DecodeError> {
    Decoder::new(body, encoding).collect()
}

/// Text of all planes. Without the separator of revision 4, which has no escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,200}", "[^\u{1e}]{0,50}", "[€😀a:0-9]{0,20}"]
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        4 => text().prop_map(|text| Packet::Message(Message::text(&text))),
        3 => vec(any::<u8>(), 0..300).prop_map(|bytes| Packet::Message(Message::binary(bytes))),
        1 => text().prop_map(|text| Packet::Open(text.into())),
        1 => text().prop_map(|text| Packet::Ping(text.into())),
        1 => text().prop_map(|text| Packet::Pong(text.into())),
        1 => Just(Packet::Close),
        1 => Just(Packet::Upgrade),
        1 => Just(Packet::Noop),
    ]
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![
        Just(Encoding::V4),
        Just(Encoding::V3Text),
        Just(Encoding::V3Binary)
    ]
}

proptest! {
    #[test]
    fn bodies_are_those_of_the_model_and_come_back(
        packets in vec(packet(), 1..20),
        encoding in encoding(),
    ) {
        let body = encode(&packets, encoding);
        prop_assert_eq!(&body, &model_body(&packets, encoding));
        prop_assert_eq!(decode(body.freeze(), encoding), Ok(packets));
    }

    #[test]
    fn what_was_received_can_be_sent_on(packets in vec(packet(), 1..20), from in encoding(), to in encoding()) {
        let received = decode(encode(&packets, from).freeze(), from).unwrap();
        prop_assert_eq!(encode(&received, to), encode(&packets, to));
    }

    #[test]
    fn a_damaged_body_still_gives_the_packets_before_the_damage(
        packets in vec(packet(), 1..10),
        encoding in encoding(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = encode(&packets, encoding);
        let at = at.index(body.len());
        body[at] = byte;
        // How many packets end, with what shows their end, before the byte.
        let separator = usize::from(encoding == Encoding::V4);
        let whole = (0..packets.len())
            .take_while(|n| model_body(&packets[..=*n], encoding).len() + separator <= at)
            .count();
        let decoded: Vec<_> = Decoder::new(body.freeze(), encoding).take(whole).collect();
        let wanted: Vec<_> = packets[..whole].iter().cloned().map(Ok).collect();
        prop_assert_eq!(decoded, wanted);
    }

    #[test]
    fn frames_come_back_in_both_revisions(
        packet in packet(),
        revision in prop_oneof![Just(Revision::V3), Just(Revision::V4)],
        base64 in any::<bool>(),
    ) {
        let frame = packet.clone().into_frame(revision, base64);
        prop_assert_eq!(Packet::from_frame(frame.clone(), revision), Ok(packet.clone()));
        // Also through the buffer of a link.
        let bytes = [frame.prefix(), frame.body()].concat();
        let frame = if frame.is_text() {
            Frame::text(String::from_utf8(bytes).unwrap())
        } else {
            Frame::binary(bytes)
        };
        prop_assert_eq!(Packet::from_frame(frame, revision), Ok(packet));
    }

    #[test]
    fn a_stream_may_be_cut_anywhere(
        frames in vec(
            prop_oneof![
                "[^\u{0}]{1,200}".prop_map(Frame::text),
                vec(any::<u8>(), 1..300).prop_map(Frame::binary),
                (65_500..65_600usize).prop_map(|len| Frame::binary(vec![1; len])),
            ],
            0..8,
        ),
        cuts in vec(1..2000usize, 1..20),
        tail in vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = BytesMut::new();
        for frame in &frames {
            stream::encode(frame, &mut bytes);
        }
        bytes.extend_from_slice(&tail);
        let whole = decoded_in_pieces(&bytes, &[bytes.len()]);
        let cut = decoded_in_pieces(&bytes, &cuts);
        prop_assert_eq!(&whole.0[..frames.len()], &frames[..]);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn scripts_hold_the_payload_and_no_tag(index in any::<u64>(), payload in any::<String>()) {
        let mut out = BytesMut::new();
        jsonp::wrap(&JsonpIndex::parse(&index.to_string()), payload.as_bytes(), &mut out);
        let script = core::str::from_utf8(&out).unwrap();
        let literal = script
            .strip_prefix(&format!("___eio[{index}]("))
            .and_then(|rest| rest.strip_suffix(");"))
            .unwrap();
        let harmless = !literal.contains(['<', '\u{2028}', '\u{2029}', '\n', '\r']);
        prop_assert!(harmless, "{}", literal);
        prop_assert_eq!(serde_json::from_str::<String>(literal).unwrap(), payload);
    }

    #[test]
    fn forms_are_unescaped_as_by_the_two_replacements_of_the_reference(
        // Much of what matters, and a little of everything.
        value in prop_oneof!["[\\\\n]{0,12}", any::<String>()],
    ) {
        // First each `\n` becomes a line end unless another backslash is before it; then `\\n` becomes `\n`.
        let marked = value.replace("\\\\n", "\u{0}\u{1}").replace("\\n", "\n");
        let wanted = marked.replace("\u{0}\u{1}", "\\n");
        prop_assume!(!value.contains('\u{0}'));
        let form: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let payload = jsonp::form_body(&Bytes::from(format!("a=b&d={form}&e=")));
        prop_assert_eq!(payload.unwrap(), wanted.as_bytes());
    }

    #[test]
    fn open_packets_come_back(
        sid in "[!#-\\[\\]-~]{1,128}",
        upgrades in vec(any::<String>(), 0..4),
        interval in 1..=i32::MAX as u32,
        timeout in 0..=i32::MAX as u32,
        max_payload in proptest::option::of(1..=usize::MAX),
    ) {
        let millis = |millis: u32| core::time::Duration::from_millis(millis.into());
        let mut open = Open::new(Sid::new(&sid).unwrap(), millis(interval), millis(timeout));
        open.upgrades = upgrades;
        open.max_payload = max_payload;
        prop_assert_eq!(Open::decode(&open.encode()), Ok(open));
    }

    #[test]
    fn queries_are_decoded_as_they_were_encoded(params in vec((any::<String>(), any::<String>()), 1..6)) {
        let escape = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let encoded: Vec<_> = params.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        let query = encoded.join("&");
        let decoded: Vec<_> = pairs(&query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        prop_assert_eq!(decoded, params);
    }

    #[test]
    fn a_query_is_what_its_pairs_say(query in "((EIO|sid|transport|b64|j|x)?=?[a4%&+=]{0,3}&?){0,8}") {
        let parsed = Query::parse(&query);
        let last = |wanted: &str| {
            let values = pairs(&query).filter(|(name, _)| name == wanted);
            values.last().map(|(_, value)| value.into_owned())
        };
        prop_assert_eq!(parsed.transport().map(String::from), last("transport"));
        let sid = last("sid").filter(|sid| !sid.is_empty());
        prop_assert_eq!(parsed.sid().map(String::from), sid);
        prop_assert_eq!(parsed.revision() == Revision::V4, last("EIO").as_deref() == Some("4"));
        prop_assert_eq!(parsed.base64(), last("b64").is_some_and(|value| !value.is_empty()));
        prop_assert_eq!(parsed.jsonp().is_some(), last("j").is_some());
    }
}

/// What a stream holds, if it arrives in pieces of these lengths, over and over.
fn decoded_in_pieces(
    mut bytes: &[u8],
    lengths: &[usize],
) -> (Vec<Frame>, Option<DecodeError>, usize) {
    let mut decoder = stream::Decoder::new(100_000);
    let mut frames = Vec::new();
    for length in lengths.iter().cycle() {
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error), 0),
            }
        }
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    (frames, None, decoder.buffered())
}
