//! Our codecs, in the terms of the npm parsers: a packet is an object with `type`, `nsp`, `id` and `data`.
//!
//! For the tests that walk the vectors, and for the probe of the differential test in `interop/`.

mod tagged;

use engineio_proto::{Message, Payload};
use serde::Serialize;
use serde::ser::{SerializeTuple, Serializer};
use socketio_proto::{
    AckId, Args, Arguments, Body, Bytes, Codec, Decoder, Emit, EncodeError, Encoded, Namespace,
    Object, Outgoing, Packet, RawValue, Value,
};

pub(crate) use tagged::Tagged;

/// What a decoder says to some frames.
pub(crate) struct Answer {
    pub(crate) packets: Vec<Tagged>,
    pub(crate) end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// For the next packet.
    Ready,
    /// For attachments.
    Waiting,
    Refused(String),
}

impl End {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Refused(_) => "refused",
        }
    }
}

/// Puts frames to a decoder until it refuses one.
pub(crate) fn decode(decoder: &mut Decoder, frames: Vec<Tagged>) -> Answer {
    let mut packets = Vec::new();
    for frame in frames {
        match decoder.decode(message(frame)) {
            Ok(packet) => packets.extend(packet.as_ref().map(shown)),
            Err(error) => {
                let end = End::Refused(error.to_string());
                return Answer { packets, end };
            }
        }
    }
    let end = if decoder.has_pending() {
        End::Waiting
    } else {
        End::Ready
    };
    Answer { packets, end }
}

fn message(frame: Tagged) -> Message {
    match frame {
        Tagged::Text(text) => Message::text(&text),
        Tagged::Bytes(bytes) => Message::binary(bytes),
        other => panic!("{other:?} is no frame"),
    }
}

/// The messages of a packet, as frames.
pub(crate) fn frames(encoded: &Encoded) -> Vec<Tagged> {
    let frame = |message: &Message| match message.payload() {
        Payload::Text(text) => Tagged::Text(text.to_owned()),
        Payload::Binary(bytes) => Tagged::Bytes(bytes.to_owned()),
    };
    encoded.messages().iter().map(frame).collect()
}

fn shown(packet: &Packet) -> Tagged {
    let mut members = vec![("nsp".to_owned(), Tagged::Text(packet.namespace.to_string()))];
    let mut put = |key: &str, value| members.push((key.to_owned(), value));
    let kind = match &packet.body {
        Body::Connect(payload) => {
            if let Some(payload) = payload {
                put("data", raw(payload));
            }
            0
        }
        Body::Disconnect => 1,
        Body::Event { id, args } => {
            if let Some(AckId(id)) = id {
                put("id", Tagged::Unsigned(*id));
            }
            let mut data = vec![Tagged::Text(args.event_name().to_owned())];
            data.extend(arguments(args));
            put("data", Tagged::Array(data));
            2
        }
        Body::Ack {
            id: AckId(id),
            args,
        } => {
            put("id", Tagged::Unsigned(*id));
            put("data", Tagged::Array(arguments(args)));
            3
        }
        Body::ConnectError(payload) => {
            if let Some(payload) = payload {
                put("data", raw(payload));
            }
            4
        }
        other => panic!("no packet of the reference is {other:?}"),
    };
    put("type", Tagged::Unsigned(kind));
    Tagged::Object(members)
}

/// The arguments through serde; and what else can be asked of them has to say the same.
fn arguments(args: &Args) -> Vec<Tagged> {
    let values: Vec<_> = args.iter().map(|argument| raw(&argument)).collect();
    assert_eq!(values.len(), args.len());
    assert_eq!(args.to_values().len(), args.len());
    if let [value] = values.as_slice() {
        let alone: Tagged = args.deserialize().expect("any argument is a value");
        assert!(alone.is_same(value), "{alone:?} is not {value:?}");
    }
    if let [first, second, ..] = values.as_slice() {
        let (one, two): (Tagged, Tagged) = args.deserialize().expect("any arguments are values");
        assert!(
            one.is_same(first) && two.is_same(second),
            "{one:?}, {two:?} are not the first"
        );
    }
    values
}

fn raw(raw: &RawValue) -> Tagged {
    let value: Tagged = raw.deserialize().expect("anything is a value");
    let dynamic = Tagged::from(raw.to_value());
    assert!(dynamic.is_same(&value), "{dynamic:?} is not {value:?}");
    value
}

impl From<Value> for Tagged {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => Self::Unsigned(value),
                (_, Some(value)) => Self::Negative(value),
                _ => Self::Float(number.as_f64()),
            },
            Value::String(text) => Self::Text(text),
            Value::Binary(bytes) => Self::Bytes(bytes.to_vec()),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, item)| (key.clone(), Self::from(item.clone())))
                    .collect(),
            ),
        }
    }
}

fn dynamic(value: &Tagged) -> Value {
    match value {
        Tagged::Undefined | Tagged::Null => Value::Null,
        Tagged::Bool(value) => Value::from(*value),
        Tagged::Unsigned(value) => Value::from(*value),
        Tagged::Negative(value) => Value::from(*value),
        Tagged::Float(value) => Value::from(*value),
        Tagged::Text(text) => Value::from(text.as_str()),
        Tagged::Bytes(bytes) | Tagged::Buffer(bytes) => Value::from(Bytes::from(bytes.clone())),
        Tagged::Date(_) => panic!("no dynamic value means a date"),
        Tagged::Array(items) => Value::Array(items.iter().map(dynamic).collect()),
        Tagged::Object(members) => {
            let mut object = Object::new();
            for (key, item) in members {
                object.insert(key.clone(), dynamic(item));
            }
            Value::Object(object)
        }
    }
}

/// Encodes a packet; from types and from dynamic values, which has to come to the same.
pub(crate) fn encode(codec: &dyn Codec, mut packet: Tagged) -> Result<Encoded, EncodeError> {
    let namespace = Namespace::new(&packet.take("nsp").into_text()).expect("a namespace");
    let id = packet.take("id");
    let id = (!id.is_undefined()).then(|| AckId(id.into_unsigned()));
    let data = packet.take("data");
    match packet.take("type").into_unsigned() {
        0 => codec.encode(&namespace, &Outgoing::Connect(payload(&data))),
        1 => codec.encode(&namespace, &Outgoing::Disconnect),
        2 | 5 => {
            let mut args = data.into_items();
            let name = args.remove(0).into_text();
            encode_arguments(codec, &namespace, Some(&name), id, args)
        }
        3 | 6 => encode_arguments(codec, &namespace, None, id, data.into_items()),
        4 => codec.encode(&namespace, &Outgoing::ConnectError(payload(&data))),
        other => panic!("no packet has type {other}"),
    }
}

fn payload(data: &Tagged) -> Option<Arguments<'_>> {
    (!data.is_undefined()).then(|| Arguments::new(data))
}

/// An event if there is a name, an acknowledgement if there is none.
fn encode_arguments(
    codec: &dyn Codec,
    namespace: &Namespace,
    name: Option<&str>,
    id: Option<AckId>,
    args: Vec<Tagged>,
) -> Result<Encoded, EncodeError> {
    let spread = Spread(args);
    let values: Vec<_> = spread.0.iter().map(dynamic).collect();
    // To JavaScript 2 and 2.0 are the same number, so they have to look the same to it.
    let floats = Spread(spread.0.iter().map(Tagged::with_floats).collect());
    let [encoded, of_values, of_floats] = [
        Arguments::new(&spread),
        Arguments::from_values(&values),
        Arguments::new(&floats),
    ]
    .map(|arguments| {
        let outgoing = match (name, id) {
            (Some(name), Some(id)) => Emit::new(name, arguments).with_id(id).into(),
            (Some(name), None) => Emit::new(name, arguments).into(),
            (None, id) => Outgoing::Ack(id.expect("an acknowledgement has an id"), arguments),
        };
        codec.encode(namespace, &outgoing)
    });
    assert_eq!(
        encoded, of_values,
        "types and dynamic values are encoded differently"
    );
    assert_eq!(
        encoded, of_floats,
        "integers and floats are encoded differently"
    );
    encoded
}

/// Several arguments, however many.
struct Spread(Vec<Tagged>);

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for item in &self.0 {
            tuple.serialize_element(item)?;
        }
        tuple.end()
    }
}
