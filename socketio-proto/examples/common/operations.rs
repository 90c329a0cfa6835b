//! The operations that are measured, by time and by instructions.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::server::{Config as EngineConfig, Opening, Session};
use engineio_proto::{
    Frame, LinkId, Message, Packet as EnginePacket, Revision, Sid, Time, Transport,
};
use serde::{Deserialize, Serialize};
use socketio_proto::server::{Accept, Config, Connection, Event};
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, Decoder, Emit, Encoded, Json, Limits, Namespace, Outgoing,
    Protocol, SocketId, Value,
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
    recipient: (Connection, LinkId),
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
            recipient: joined(),
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

/// A client with a WebSocket that is in the root namespace and has read all that it was sent, as a server sees it.
pub(crate) fn joined() -> (Connection, LinkId) {
    let now = Time::ZERO;
    let opening = Opening::new(Sid::new("a-secret-of-the-session").expect("a valid id"));
    let config = Arc::new(EngineConfig::default());
    let (session, link) = Session::accept_link(config, opening, Transport::WEBSOCKET, now);
    let mut connection = Connection::new(session, Arc::new(Config::default()), now);
    connection.handle_frame(link, Frame::text("40"), now);
    let Some(Event::Connect(request)) = connection.poll_event() else {
        panic!("it asked")
    };
    connection
        .accept(request, Accept::new(SocketId::from("public")))
        .expect("it waits");
    while connection.poll_frame(link).is_some() {}
    (connection, link)
}

/// Something small that happens often.
pub(crate) struct Operation {
    /// What it is called on the command line and in tables.
    pub(crate) name: &'static str,
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    pub(crate) run: Box<dyn FnMut()>,
}

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Operation> {
    OPERATIONS
        .iter()
        .map(|(name, wire, run)| {
            let mut context = Context::new();
            Operation {
                name,
                // The packet type of Engine.IO is none of ours.
                bytes: wire.len().saturating_sub(1) as u64,
                run: Box::new(move || run(&mut context)),
            }
        })
        .collect()
}

/// A name, what it works on, and one run.
type Row = (&'static str, &'static str, fn(&mut Context));

const OPERATIONS: &[Row] = &[
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
    // The queue is emptied where it would grow, which happens to one recipient in 65,536.
    ("queue an event for one recipient", EVENT, |c| {
        if c.queue.len() == c.queue.capacity() {
            c.queue.clear();
        }
        c.queue.push(black_box(&c.encoded).clone());
    }),
    // All of it: through the namespace into the queue of the session, and out as the bytes that a WebSocket writes.
    ("send an event to one connection", EVENT, |c| {
        let (connection, link) = &mut c.recipient;
        connection
            .send(&Namespace::ROOT, black_box(&c.encoded))
            .expect("it is joined");
        let frame = connection.poll_frame(*link).expect("it was sent");
        black_box(frame.to_ws());
    }),
];
