//! Runs one operation many times, so that its instructions can be counted from outside.
//!
//! `bench/instructions.sh` does that. Without arguments this prints the operations, each as its bytes on the wire and its
//! name; with a name and a number it runs that operation so many times.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use engineio_proto::{Frame, Message, Packet as EnginePacket, Revision};
use serde::{Deserialize, Serialize};
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, Decoder, Emit, Encoded, Json, Limits, Namespace, Outgoing,
    Protocol, Value,
};

const EVENT: &str = r#"42["chat message",{"n":1234567,"ok":true,"text":"hello, socket.io peer"}]"#;
const BIN3: &str = r#"453-["upload",{"a":{"_placeholder":true,"num":0},"b":{"_placeholder":true,"num":1},"c":{"_placeholder":true,"num":2},"name":"three"}]"#;

#[derive(Serialize, Deserialize)]
struct Small {
    n: u64,
    ok: bool,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Three {
    a: Bytes,
    b: Bytes,
    c: Bytes,
    name: String,
}

#[derive(Deserialize)]
struct ThreeBorrowed<'a> {
    #[serde(borrow)]
    a: &'a [u8],
    #[serde(borrow)]
    b: &'a [u8],
    #[serde(borrow)]
    c: &'a [u8],
    name: String,
}

struct Context {
    codec: Json,
    decoder: Decoder,
    event: Message,
    bin3: Message,
    blob: Message,
    small: Small,
    three: Three,
    encoded: Encoded,
    queue: Vec<Encoded>,
    received: Args,
}

impl Context {
    fn new() -> Self {
        let codec = Json::new();
        let blob = Bytes::from(vec![7; 64]);
        let small = Small {
            n: 1_234_567,
            ok: true,
            text: "hello, socket.io peer".into(),
        };
        let mut decoder = codec.decoder(Protocol::V5, Limits::default());
        let encoded = encode(&codec, &small);
        Self {
            received: args(decoder.decode(arrived(EVENT))),
            decoder,
            codec,
            event: arrived(EVENT),
            bin3: arrived(BIN3),
            blob: Message::binary(blob.clone()),
            small,
            three: Three {
                a: blob.clone(),
                b: blob.clone(),
                c: blob,
                name: "three".into(),
            },
            encoded,
            queue: Vec::with_capacity(1 << 16),
        }
    }

    fn small(&mut self) -> Args {
        args(self.decoder.decode(black_box(self.event.clone())))
    }

    fn three(&mut self) -> Args {
        let first = self.decoder.decode(black_box(self.bin3.clone()));
        assert!(matches!(first, Ok(None)));
        for _ in 0..2 {
            let more = self.decoder.decode(black_box(self.blob.clone()));
            assert!(matches!(more, Ok(None)));
        }
        args(self.decoder.decode(black_box(self.blob.clone())))
    }
}

/// A message as a transport hands it over.
fn arrived(text: &str) -> Message {
    match EnginePacket::from_frame(Frame::text(text), Revision::V4) {
        Ok(EnginePacket::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn args(packet: Result<Option<socketio_proto::Packet>, socketio_proto::DecodeError>) -> Args {
    match packet {
        Ok(Some(packet)) => match packet.body {
            Body::Event { args, .. } => args,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn encode<T: Serialize>(codec: &Json, value: &T) -> Encoded {
    let emit = Emit::new("chat message", Arguments::new(value));
    codec
        .encode(&Namespace::ROOT, &emit.into())
        .expect("it can be sent")
}

/// A name, what it works on, and one run.
type Operation = (&'static str, &'static str, fn(&mut Context));

const OPERATIONS: &[Operation] = &[
    // The loop, and what the input of a decoder costs to take.
    ("nothing", "", |c| {
        black_box(c);
    }),
    ("clone a message", "", |c| {
        black_box(c.event.clone());
    }),
    // Until nobody has asked for the arguments yet.
    ("decode an event", EVENT, |c| {
        black_box(c.small());
    }),
    // ... and its name, and its argument as a typed handler gets it.
    ("decode an event into a struct", EVENT, |c| {
        let args = c.small();
        black_box(args.event_name());
        black_box(args.deserialize::<Small>()).expect("it is one");
    }),
    ("decode an event into a value", EVENT, |c| {
        let args = c.small();
        black_box(args.deserialize::<Value>()).expect("it is one");
    }),
    ("decode 3 attachments", BIN3, |c| {
        black_box(c.three());
    }),
    ("decode 3 attachments into a struct", BIN3, |c| {
        let args = c.three();
        black_box(args.deserialize::<Three>()).expect("it is one");
    }),
    ("decode 3 attachments into slices", BIN3, |c| {
        let args = c.three();
        let three = args.deserialize::<ThreeBorrowed<'_>>().expect("it is one");
        black_box((three.a, three.b, three.c, three.name));
    }),
    ("encode an event", EVENT, |c| {
        black_box(encode(&c.codec, black_box(&c.small)));
    }),
    ("encode an event that wants an answer", EVENT, |c| {
        let emit = Emit::new("chat message", Arguments::new(black_box(&c.small)));
        let emit = emit.with_id(AckId(1234));
        black_box(c.codec.encode(&Namespace::ROOT, &emit.into())).expect("it can be sent");
    }),
    ("encode an acknowledgement", EVENT, |c| {
        let ack = Outgoing::Ack(AckId(17), Arguments::new(black_box(&c.small)));
        black_box(c.codec.encode(&Namespace::ROOT, &ack)).expect("it can be sent");
    }),
    ("encode 3 attachments", BIN3, |c| {
        black_box(encode(&c.codec, black_box(&c.three)));
    }),
    // A received event sent on as it is.
    ("pass an event on", EVENT, |c| {
        let emit = Emit::new("chat message", Arguments::from(black_box(&c.received)));
        black_box(c.codec.encode(&Namespace::ROOT, &emit.into())).expect("it can be sent");
    }),
    ("queue an event for one recipient", EVENT, |c| {
        c.queue.push(black_box(&c.encoded).clone());
    }),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = &arguments[..] else {
        for (name, wire, _) in OPERATIONS {
            // The packet type of Engine.IO is none of ours.
            println!("{} {name}", wire.len().saturating_sub(1));
        }
        return ExitCode::SUCCESS;
    };
    let found = OPERATIONS.iter().find(|(known, ..)| known == name);
    let (Some((_, _, run)), Ok(times)) = (found, times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    let mut context = Context::new();
    for _ in 0..times {
        run(&mut context);
    }
    // What is queued is not taken out again: that is a cost of its own.
    std::mem::forget(context);
    ExitCode::SUCCESS
}
