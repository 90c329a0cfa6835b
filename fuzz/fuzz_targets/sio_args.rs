// Invariant: arguments that were taken deserialise into any type, or are an error, and never a panic; the same ones
// read in two ways say the same; what was read can be sent, and read again.
#![no_main]

use std::collections::BTreeMap;

use engineio_proto::Message;
use fuzz::sio::{check_round_trip, decoder};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use socketio_proto::{
    Args, Arguments, Body, Bytes, Codec, Emit, Json, MessagePack, Namespace, Protocol, Value,
};

#[derive(Debug, Deserialize, Serialize, PartialEq)]
struct Struct {
    name: String,
    #[serde(default)]
    data: Option<Bytes>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
enum External {
    Unit,
    New(i64),
    Tuple(String, Bytes),
    Struct { a: u64 },
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "type")]
enum Internal {
    A { x: i32 },
    B { y: Option<Bytes> },
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    A(String),
    B(Vec<Bytes>),
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
    Bytes(Bytes),
    List(Vec<Untagged>),
    Map(BTreeMap<String, Untagged>),
}

/// What was read can be sent, and is then read as the same.
fn zoo<T: for<'de> Deserialize<'de> + Serialize>(args: &Args, codec: &dyn Codec) {
    let Ok(value) = args.deserialize::<T>() else {
        return;
    };
    let emit = Emit::new("again", Arguments::new(&value));
    // More attachments than a peer takes, or deeper than it takes, may come of a type that repeats what it read.
    let Ok(encoded) = codec.encode(&Namespace::ROOT, &emit.into()) else {
        return;
    };
    let mut decoder = decoder(codec, Protocol::V5);
    let mut packet = None;
    for message in encoded.messages() {
        packet = decoder.decode(message.clone()).expect("our own message");
    }
    let Some(Body::Event { args, .. }) = packet.map(|packet| packet.body) else {
        panic!("our own packet is none")
    };
    args.deserialize::<T>()
        .expect("what was sent as this type is read as it");
}

fuzz_target!(|input: (&str, Vec<Vec<u8>>, bool)| {
    let (text, attachments, msgpack) = input;
    let json = Json::new();
    let packer = MessagePack::new();
    let codec: &dyn Codec = if msgpack { &packer } else { &json };
    let mut decoder = decoder(&json, Protocol::V5);
    let mut packet = decoder.decode(Message::text(text));
    for bytes in attachments {
        if !matches!(packet, Ok(None)) {
            break;
        }
        packet = decoder.decode(Message::binary(bytes));
    }
    let Ok(Some(packet)) = packet else { return };
    check_round_trip(&packet, &json, Protocol::V5);
    let (Body::Event { args, .. } | Body::Ack { args, .. }) = &packet.body else {
        return;
    };
    assert_eq!(args.iter().count(), args.len());
    let values: Vec<Value> = args.iter().map(|raw| raw.to_value()).collect();
    assert_eq!(format!("{values:?}"), format!("{:?}", args.to_values()));
    zoo::<Value>(args, codec);
    zoo::<(Value, Option<Value>)>(args, codec);
    zoo::<Struct>(args, codec);
    zoo::<(String, Struct)>(args, codec);
    zoo::<External>(args, codec);
    zoo::<Internal>(args, codec);
    zoo::<Adjacent>(args, codec);
    zoo::<Untagged>(args, codec);
    zoo::<Vec<Option<Bytes>>>(args, codec);
    zoo::<BTreeMap<String, Bytes>>(args, codec);
    zoo::<(u64, i64)>(args, codec);
    let _ = args.deserialize::<&str>();
    let _ = args.deserialize::<&[u8]>();
    let _ = args.deserialize::<char>();
});
