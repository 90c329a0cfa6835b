//! One codec operation, as often as asked, for counting instructions.
//!
//! `instructions NAME ITERATIONS` runs one operation that many times; `instructions --list` names them all. Count two
//! numbers of iterations with callgrind: the difference divided by the difference is what one operation costs, and
//! the start of the program cancels out. `nothing` is the cost of the loop, `empty` that of taking the input of a decoder.
#![expect(clippy::print_stdout, reason = "a program prints")]

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

type Operation = fn(&mut Context);

const OPERATIONS: &[(&str, Operation)] = &[
    ("nothing", |c| {
        black_box(c);
    }),
    ("empty", |c| {
        black_box(c.event.clone());
    }),
    // From a message to a packet whose arguments nobody asks for.
    ("decode-event-packet", |c| {
        black_box(c.small());
    }),
    // ... its name, and its argument as a typed handler gets it.
    ("decode-event-struct", |c| {
        let args = c.small();
        black_box(args.event_name());
        black_box(args.deserialize::<Small>()).expect("it is one");
    }),
    ("decode-event-value", |c| {
        let args = c.small();
        black_box(args.deserialize::<Value>()).expect("it is one");
    }),
    ("decode-event-3bin-packet", |c| {
        black_box(c.three());
    }),
    ("decode-event-3bin-struct", |c| {
        let args = c.three();
        black_box(args.deserialize::<Three>()).expect("it is one");
    }),
    ("decode-event-3bin-borrowed", |c| {
        let args = c.three();
        let three = args.deserialize::<ThreeBorrowed<'_>>().expect("it is one");
        black_box((three.a, three.b, three.c, three.name));
    }),
    ("encode-event", |c| {
        black_box(encode(&c.codec, black_box(&c.small)));
    }),
    ("encode-event-id-namespace", |c| {
        let namespace = Namespace::ROOT;
        let emit = Emit::new("chat message", Arguments::new(black_box(&c.small)));
        let emit = emit.with_id(AckId(1234));
        black_box(c.codec.encode(&namespace, &emit.into())).expect("it can be sent");
    }),
    ("encode-ack", |c| {
        let ack = Outgoing::Ack(AckId(17), Arguments::new(black_box(&c.small)));
        black_box(c.codec.encode(&Namespace::ROOT, &ack)).expect("it can be sent");
    }),
    ("encode-event-3bin", |c| {
        black_box(encode(&c.codec, black_box(&c.three)));
    }),
    // A received event sent on as it is.
    ("relay-event", |c| {
        let emit = Emit::new("chat message", Arguments::from(black_box(&c.received)));
        black_box(c.codec.encode(&Namespace::ROOT, &emit.into())).expect("it can be sent");
    }),
    // What each recipient of a broadcast costs.
    ("queue-for-one-recipient", |c| {
        c.queue.push(black_box(&c.encoded).clone());
    }),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["--list"] {
        for (name, _) in OPERATIONS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    let &[name, iterations] = arguments.as_slice() else {
        println!("usage: instructions NAME ITERATIONS | --list");
        return ExitCode::FAILURE;
    };
    let found = OPERATIONS.iter().find(|(known, _)| *known == name);
    let (Some((_, operation)), Ok(iterations)) = (found, iterations.parse::<u64>()) else {
        println!("no such operation, or no number");
        return ExitCode::FAILURE;
    };
    let mut context = Context::new();
    for _ in 0..iterations {
        operation(&mut context);
    }
    // What is queued is not taken out again: that is a cost of its own.
    std::mem::forget(context);
    ExitCode::SUCCESS
}
