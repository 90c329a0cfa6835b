//! What is encoded is decoded as the same packet, and messages that are lost, doubled or out of order never make
//! another one.
//!
//! ```text
//! PROPTEST_CASES=1000000 cargo test --release -p socketio-proto --all-features --test round_trips
//! ```

use std::collections::VecDeque;

use bytes::Bytes;
use engineio_proto::{Message, Payload};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use socketio_proto::{
    AckId, Arguments, Body, Codec, DecodeError, Decoder, Emit, EncodeError, Encoded, Json, Limits,
    Namespace, Outgoing, Packet, Protocol, RawValue, Value,
};

/// A packet, in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    namespace: Namespace,
    body: SentBody,
}

#[derive(Clone, Debug, PartialEq)]
enum SentBody {
    Connect(Option<Value>),
    ConnectError(Value),
    Disconnect,
    Event(Option<AckId>, String, Vec<Value>),
    Ack(AckId, Vec<Value>),
}

impl Sent {
    fn encode(&self, codec: &dyn Codec) -> Result<Encoded, EncodeError> {
        let packet = match &self.body {
            SentBody::Connect(shown) => Outgoing::Connect(shown.as_ref().map(Arguments::new)),
            SentBody::ConnectError(said) => Outgoing::ConnectError(Some(Arguments::new(said))),
            SentBody::Disconnect => Outgoing::Disconnect,
            SentBody::Event(id, name, values) => {
                let emit = Emit::new(name, Arguments::from_values(values));
                id.map_or(emit, |id| emit.with_id(id)).into()
            }
            SentBody::Ack(id, values) => Outgoing::Ack(*id, Arguments::from_values(values)),
        };
        codec.encode(&self.namespace, &packet)
    }

    fn received(packet: &Packet) -> Self {
        let body = match &packet.body {
            Body::Connect(shown) => SentBody::Connect(shown.as_ref().map(RawValue::to_value)),
            Body::ConnectError(said) => {
                let said = said.as_ref().expect("each refusal here says something");
                SentBody::ConnectError(said.to_value())
            }
            Body::Disconnect => SentBody::Disconnect,
            Body::Event { id, args } => {
                assert_eq!(args.len(), args.iter().count());
                SentBody::Event(*id, args.event_name().to_owned(), args.to_values())
            }
            Body::Ack { id, args } => SentBody::Ack(*id, args.to_values()),
            other => panic!("{other:?} is no packet"),
        };
        Self {
            namespace: packet.namespace.clone(),
            body,
        }
    }

    /// The values that may hold bytes.
    fn values(&mut self) -> &mut [Value] {
        match &mut self.body {
            SentBody::Event(_, _, values) | SentBody::Ack(_, values) => values,
            _ => &mut [],
        }
    }

    /// The same packet with other bytes, in the order of the text.
    fn with_attachments(mut self, mut attachments: VecDeque<Bytes>) -> Self {
        for value in self.values() {
            for_each_binary(value, &mut |bytes| {
                *bytes = attachments.pop_front().expect("one for each");
            });
        }
        assert!(attachments.is_empty());
        self
    }

    fn attachments(&self) -> usize {
        let mut count = 0;
        for value in self.clone().values() {
            for_each_binary(value, &mut |_| count += 1);
        }
        count
    }

    /// Whether JSON could take data of it for a reference to an attachment.
    fn may_mislead(&self) -> bool {
        self.attachments() > 0 && format!("{self:?}").contains("_placeholder")
    }
}

fn for_each_binary(value: &mut Value, change: &mut impl FnMut(&mut Bytes)) {
    match value {
        Value::Binary(bytes) => change(bytes),
        Value::Array(elements) => {
            for element in elements {
                for_each_binary(element, change);
            }
        }
        Value::Object(object) => {
            let members = object.iter().cloned().map(|(key, mut value)| {
                for_each_binary(&mut value, change);
                (key, value)
            });
            *object = members.collect();
        }
        _ => {}
    }
}

fn text() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        "_placeholder",
        "num",
        "\"",
        "\\",
        "\u{0}",
        "\u{1e}",
        "🦀",
        "],",
        "0",
    ]);
    prop_oneof![
        vec(any::<char>(), 0..12).prop_map(String::from_iter),
        vec(odd, 0..3).prop_map(|parts| parts.concat()),
    ]
}

fn value(with_binaries: bool) -> impl Strategy<Value = Value> {
    let simple = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i8>().prop_map(|small| Value::from(i64::from(small))),
        any::<f64>()
            .prop_filter("JSON has no others", |float| float.is_finite())
            .prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let bytes = vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Binary(Bytes::from(bytes)));
    let leaf = prop_oneof![
        3 => simple.clone().boxed(),
        1 => if with_binaries { bytes.boxed() } else { simple.boxed() },
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(text(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    btree_map(text(), value(false), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn namespace() -> impl Strategy<Value = Namespace> {
    let letters = vec(
        select(vec!['a', '7', '/', '-', 'é', '🦀', '[', '"', ' ']),
        0..8,
    );
    let name = letters.prop_map(|letters| format!("/{}", String::from_iter(letters)));
    name.prop_map(|name| Namespace::new(&name).expect("no letter of these is forbidden"))
}

fn event() -> impl Strategy<Value = Sent> {
    let id = proptest::option::of(any::<u64>().prop_map(AckId));
    let body = (id, text(), vec(value(true), 0..5))
        .prop_map(|(id, name, values)| SentBody::Event(id, name, values));
    (namespace(), body).prop_map(|(namespace, body)| Sent { namespace, body })
}

fn packet() -> impl Strategy<Value = Sent> {
    let ack = (any::<u64>(), vec(value(true), 0..5));
    let body = prop_oneof![
        proptest::option::of(object()).prop_map(SentBody::Connect),
        object().prop_map(SentBody::ConnectError),
        text().prop_map(|text| SentBody::ConnectError(Value::from(text))),
        Just(SentBody::Disconnect),
        ack.prop_map(|(id, values)| SentBody::Ack(AckId(id), values)),
    ];
    let others = (namespace(), body).prop_map(|(namespace, body)| Sent { namespace, body });
    prop_oneof![1 => others, 1 => event()]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::V4), Just(Protocol::V5)]
}

fn json() -> Json {
    Json::new().max_attachments(1_000)
}

fn codecs() -> Vec<Box<dyn Codec>> {
    vec![
        Box::new(json()),
        #[cfg(feature = "msgpack")]
        Box::new(socketio_proto::MessagePack::new()),
    ]
}

fn decoder(codec: &dyn Codec, protocol: Protocol) -> Decoder {
    let mut limits = Limits::default();
    limits.max_attachments = 1_000;
    codec.decoder(protocol, limits)
}

/// The packet of these messages, which come one by one. It is there with the last one and not before.
fn decode(codec: &dyn Codec, protocol: Protocol, encoded: &Encoded) -> Result<Packet, String> {
    let mut decoder = decoder(codec, protocol);
    let count = encoded.messages().len();
    for (message, number) in encoded.messages().iter().zip(1..) {
        let decoded = decoder.decode(message.clone());
        match decoded.map_err(|error| error.to_string())? {
            Some(packet) if number == count && !decoder.has_pending() => return Ok(packet),
            None if number < count && decoder.has_pending() => {}
            other => return Err(format!("{other:?} at message {number} of {count}")),
        }
    }
    Err("no packet".to_owned())
}

/// What a decoder should make of messages: packets, and how it ends. Texts are the numbers of packets.
fn expected(
    sent: &[Sent],
    messages: &[(Option<usize>, Message)],
) -> (Vec<Sent>, Result<bool, DecodeError>) {
    let mut packets = Vec::new();
    let mut pending: Option<(&Sent, VecDeque<Bytes>)> = None;
    for (text, message) in messages {
        let (packet, attachments) = match (*text, pending.take()) {
            (Some(_), Some(_)) => return (packets, Err(DecodeError::UnexpectedText)),
            (None, None) => return (packets, Err(DecodeError::UnexpectedBinary)),
            (Some(text), None) => (&sent[text], VecDeque::new()),
            (None, Some((packet, mut attachments))) => {
                let Payload::Binary(bytes) = message.payload() else {
                    panic!("attachments are binary")
                };
                attachments.push_back(Bytes::copy_from_slice(bytes));
                (packet, attachments)
            }
        };
        if attachments.len() == packet.attachments() {
            packets.push(packet.clone().with_attachments(attachments));
        } else {
            pending = Some((packet, attachments));
        }
    }
    (packets, Ok(pending.is_some()))
}

#[derive(Clone, Debug)]
enum Damage {
    Lose(Index),
    Swap(Index, Index),
    Double(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<Index>().prop_map(Damage::Lose),
        any::<(Index, Index)>().prop_map(|(a, b)| Damage::Swap(a, b)),
        any::<Index>().prop_map(Damage::Double),
    ]
}

fn damaged<T: Clone>(mut messages: Vec<T>, damages: &[Damage]) -> Vec<T> {
    for damage in damages {
        let len = messages.len();
        match damage {
            _ if len == 0 => {}
            Damage::Lose(at) => drop(messages.remove(at.index(len))),
            Damage::Swap(a, b) => messages.swap(a.index(len), b.index(len)),
            Damage::Double(at) => {
                let at = at.index(len);
                messages.insert(at, messages[at].clone());
            }
        }
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded_as_the_same_packet(sent in packet(), protocol in protocol()) {
        for codec in codecs() {
            match sent.encode(&*codec) {
                Ok(encoded) => {
                    let packet = decode(&*codec, protocol, &encoded);
                    let packet = packet.map_err(TestCaseError::fail)?;
                    prop_assert_eq!(&Sent::received(&packet), &sent);
                }
                Err(error) => {
                    prop_assert_eq!(error, EncodeError::Misleading);
                    prop_assert!(sent.may_mislead());
                }
            }
        }
    }

    #[test]
    fn what_is_passed_on_in_any_codec_stays_the_same_packet(sent in packet(), protocol in protocol()) {
        for from in codecs() {
            let Ok(encoded) = sent.encode(&*from) else { continue };
            let packet = decode(&*from, protocol, &encoded).map_err(TestCaseError::fail)?;
            for to in codecs() {
                match packet.encode(&*to) {
                    Ok(again) => {
                        let again = decode(&*to, protocol, &again).map_err(TestCaseError::fail)?;
                        prop_assert_eq!(&Sent::received(&again), &sent);
                    }
                    Err(error) => {
                        prop_assert_eq!(error, EncodeError::Misleading);
                        prop_assert!(sent.may_mislead());
                    }
                }
            }
        }
    }

    /// Nothing in a binary message says to which packet it belongs. So what arrives in the place of an attachment is
    /// one, and everything else is refused.
    #[test]
    fn messages_lost_doubled_or_out_of_order_make_no_packet_that_was_not_sent(
        sent in vec(packet(), 1..5),
        damages in vec(damage(), 0..4),
    ) {
        let codec = json();
        let sent: Vec<_> = sent.into_iter().filter(|sent| !sent.may_mislead()).collect();
        let mut messages = Vec::new();
        for (number, sent) in sent.iter().enumerate() {
            let encoded = sent.encode(&codec).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let of_packet = encoded.messages().iter().enumerate();
            messages.extend(of_packet.map(|(at, message)| ((at == 0).then_some(number), message.clone())));
        }
        let messages = damaged(messages, &damages);
        let (packets, end) = expected(&sent, &messages);

        let mut decoder = decoder(&codec, Protocol::V5);
        let mut found = Vec::new();
        let mut found_end = None;
        for (_, message) in messages {
            match decoder.decode(message) {
                Ok(packet) => found.extend(packet.as_ref().map(Sent::received)),
                Err(error) => {
                    found_end = Some(error);
                    break;
                }
            }
        }
        prop_assert_eq!(found, packets);
        prop_assert_eq!(found_end.map_or(Ok(decoder.has_pending()), Err), end);
    }

    /// Packets without arguments may end anywhere behind their type: `1/ab` is one, and so is `1/a`.
    #[test]
    fn a_text_that_is_cut_short_is_no_event(sent in event(), cut in any::<Index>()) {
        prop_assume!(!sent.may_mislead());
        let encoded = sent.encode(&json()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let Payload::Text(text) = encoded.messages()[0].payload() else { panic!("it begins with a text") };
        let cut = text.floor_char_boundary(cut.index(text.len()));
        let decoded = decoder(&json(), Protocol::V5).decode(Message::text(&text[..cut]));
        prop_assert!(decoded.is_err(), "{:?}: {:?}", &text[..cut], decoded);
    }

    #[cfg(feature = "msgpack")]
    #[test]
    fn a_frame_that_is_cut_short_or_goes_on_is_no_packet(
        sent in packet(),
        cut in any::<Index>(),
        more in vec(any::<u8>(), 1..8),
    ) {
        let codec = socketio_proto::MessagePack::new();
        let encoded = sent.encode(&codec).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let Payload::Binary(frame) = encoded.messages()[0].payload() else { panic!("it is binary") };
        for wrong in [frame[..cut.index(frame.len())].to_vec(), [frame, &more[..]].concat()] {
            let decoded = decoder(&codec, Protocol::V5).decode(Message::binary(wrong));
            prop_assert_eq!(decoded.err(), Some(DecodeError::InvalidMessagePack));
        }
    }
}

#[test]
fn a_refusal_of_protocol_4_that_is_an_array_is_read_and_never_written() {
    for text in ["4[]", "4[1]", "4null"] {
        let mut decoder = Json::new().decoder(Protocol::V4, Limits::default());
        let packet = decoder.decode(Message::text(text)).unwrap().unwrap();
        let written = packet.encode(&Json::new());
        assert_eq!(written.err(), Some(EncodeError::InvalidPayload), "{text}");
    }
}
