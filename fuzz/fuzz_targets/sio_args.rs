// Invariant: whatever arguments are read as, it ends in a value or an error; and a value that was read can be sent, in
// either codec, and is read again as the same.
#![no_main]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bytes::Bytes;
use engineio_proto::Message;
use fuzz::sio::{codecs, decode_text, decoder};
use libfuzzer_sys::fuzz_target;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use socketio_proto::{
    Args, Arguments, Body, Emit, EncodeError, MessagePack, Namespace, Packet, Protocol, Value,
    Values,
};

#[derive(Debug, Serialize, Deserialize)]
struct Upload {
    name: String,
    data: Bytes,
    thumb: Option<Bytes>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
struct Loose {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    numbers: Vec<u8>,
    key: HashMap<i8, bool>,
    text: Cow<'static, str>,
    tuple: (u8, Option<i64>),
}

impl Default for Loose {
    fn default() -> Self {
        Self {
            bytes: vec![1],
            numbers: Vec::new(),
            key: HashMap::new(),
            text: "".into(),
            tuple: (0, None),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum External {
    A,
    B(Bytes),
    C(u8, String),
    D { x: Option<Box<External>> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Internal {
    A,
    B(Upload),
    C { x: i64 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    A,
    B(Bytes),
    C(u8, Value),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    A(u64),
    B(bool),
    // Takes text and arrays of small numbers as well, as serde has it.
    D(Bytes),
    E(Upload),
    F(Vec<Untagged>),
    G(BTreeMap<String, Untagged>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Newtype((u8, String));

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    // The arguments of an event as JSON, with that many attachments, or the whole of a frame.
    let packet = match (choice % 5, str::from_utf8(rest)) {
        (4, _) => {
            let mut decoder = decoder(&MessagePack::new(), Protocol::V5);
            decoder
                .decode(Message::binary(rest.to_vec()))
                .map(Option::unwrap)
        }
        (0, Ok(json)) => decode_text(&format!("2[\"x\",{json}]"), Protocol::V5),
        (count, Ok(json)) => decode_text(&format!("5{count}-[\"x\",{json}]"), Protocol::V5),
        (_, Err(_)) => return,
    };
    let Ok(Packet {
        body: Body::Event { args, .. },
        ..
    }) = packet
    else {
        return;
    };
    read::<Value>(&args);
    read::<u8>(&args);
    read::<i64>(&args);
    read::<u64>(&args);
    read::<u128>(&args);
    read::<f64>(&args);
    read::<bool>(&args);
    read::<char>(&args);
    read::<String>(&args);
    read::<Option<Bytes>>(&args);
    read::<Bytes>(&args);
    read::<Vec<u8>>(&args);
    read::<Vec<Option<Bytes>>>(&args);
    read::<()>(&args);
    read::<(u8,)>(&args);
    read::<(Value, Option<String>, Option<Value>)>(&args);
    read::<[Value; 2]>(&args);
    read::<Values>(&args);
    read::<(Value, Values)>(&args);
    read::<Newtype>(&args);
    read::<HashMap<String, Value>>(&args);
    read::<BTreeMap<u16, String>>(&args);
    read::<BTreeMap<bool, Bytes>>(&args);
    read::<Upload>(&args);
    read::<Flat>(&args);
    read::<Loose>(&args);
    read::<External>(&args);
    read::<Internal>(&args);
    read::<Adjacent>(&args);
    read::<Untagged>(&args);
    let _ = args.deserialize::<IgnoredAny>();
    if let Ok(text) = args.deserialize::<&str>() {
        assert_eq!(args.deserialize::<String>().as_deref(), Ok(text));
    }
    if let Ok(bytes) = args.deserialize::<&[u8]>() {
        // Text is taken for bytes, too, and that is no attachment.
        if args
            .get(0)
            .is_some_and(|raw| raw.to_value().as_bytes().is_some())
        {
            assert_eq!(args.share(bytes).as_deref(), Some(bytes));
        }
    }
});

fn read<T: Serialize + DeserializeOwned + Debug>(args: &Args) {
    if let Some(raw) = args.get(0) {
        let _ = raw.deserialize::<T>();
        let _ = raw.to_value().to_type::<T>();
    }
    let Ok(value) = args.deserialize::<T>() else {
        return;
    };
    let shown = format!("{value:?}");
    // JSON has no infinity, and sends null.
    if shown.contains("Infinity") || shown.contains("NaN") || shown.contains("inf") {
        return;
    }
    for codec in codecs() {
        let emit = Emit::new("x", Arguments::new(&value));
        let encoded = match codec.encode(&Namespace::ROOT, &emit.into()) {
            Ok(encoded) => encoded,
            // Data that reads like a reference to an attachment.
            Err(EncodeError::Misleading) => continue,
            Err(error) => panic!("{shown}: {error}"),
        };
        let mut limits = socketio_proto::Limits::default();
        limits.max_attachments = usize::MAX;
        limits.max_payload = usize::MAX;
        let mut decoder = codec.decoder(Protocol::V5, limits);
        let mut found = None;
        for message in &encoded {
            found = decoder.decode(message.clone()).expect("it can be read");
        }
        let Body::Event { args, .. } = found.expect("it is complete").body else {
            panic!("it was an event");
        };
        let again = args.deserialize::<T>().expect("it is what was sent");
        assert_eq!(
            unordered(&format!("{again:?}")),
            unordered(&shown),
            "{codec:?}"
        );
    }
}

/// What a `HashMap` shows has no order; and JSON has no minus zero.
fn unordered(shown: &str) -> Vec<u8> {
    let mut bytes = shown.replace("-0.0", "0.0").into_bytes();
    bytes.sort_unstable();
    bytes
}
