//! Sequences of calls made of arbitrary bytes: what a fuzzer does to a connection.
//!
//! Not public: the way bytes are read changes with the connections.

mod client;
mod server;

pub use client::client_ops;
pub use server::server_ops;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use engineio_proto::{Frame, Revision, Time};

use crate::{
    AckId, Arguments, Codec, Decoder, Emit, Encoded, Json, Limits, Namespace, Outgoing, Protocol,
    Value,
};

/// Bytes that are read as decisions. When they are used up every decision is the first.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn revision(&mut self) -> Revision {
        self.of(&[Revision::V4, Revision::V3])
    }

    /// Milliseconds, mostly few.
    fn duration(&mut self) -> Duration {
        let byte = u64::from(self.byte());
        Duration::from_millis(match byte {
            0..150 => byte,
            _ => byte * 20,
        })
    }

    fn namespace(&mut self) -> Namespace {
        // Mostly the root, so that things happen to the same one.
        match self.byte() % 10 {
            number @ 1..6 => Namespace::new(&format!("/{number}")).unwrap_or_default(),
            _ => Namespace::ROOT,
        }
    }

    fn ack(&mut self) -> AckId {
        AckId(u64::from(self.byte() % 8))
    }

    /// One message of a peer, mostly a packet that somebody could send.
    fn frame(&mut self) -> Frame {
        let prefix = |namespace: &Namespace| match namespace.is_root() {
            true => String::new(),
            false => format!("{namespace},"),
        };
        let namespace = self.namespace();
        let to = prefix(&namespace);
        let id = self.ack();
        Frame::text(match self.byte() % 16 {
            0 | 1 => format!("40{to}"),
            2 => format!("40{to}{}", self.of(PAYLOADS)),
            3 => format!("41{to}"),
            4 | 5 => format!(r#"42{to}["event","offset"]"#),
            6 => format!(r#"42{to}{id}["event",1,{{"a":2}}]"#),
            7 | 8 => format!("43{to}{id}[1]"),
            9 => format!(r#"451-{to}["event",{{"_placeholder":true,"num":0}},"offset"]"#),
            10 => format!(r#"461-{to}{id}[{{"_placeholder":true,"num":0}}]"#),
            11 | 12 => return Frame::binary(Bytes::copy_from_slice(self.bytes())),
            13 => format!("44{to}{}", self.of(PAYLOADS)),
            14 => String::from(self.of(&["2", "3", "1", "6", "40/,", "4", ""])),
            _ => format!("4{}", String::from_utf8_lossy(self.bytes())),
        })
    }

    /// A packet to send.
    fn packet(&mut self, namespace: &Namespace, id: Option<AckId>) -> Encoded {
        let mut values = alloc::vec![Value::from("text")];
        if self.flag() {
            values.push(Value::from(Bytes::from_static(b"attachment")));
        }
        let mut emit = Emit::new("event", Arguments::from_values(&values));
        if let Some(id) = id {
            emit = emit.with_id(id);
        }
        encoded(namespace, &emit.into())
    }
}

/// What CONNECT and its answers carry, and what they must not.
const PAYLOADS: &[&str] = &[
    r#"{"sid":"a","pid":"p"}"#,
    r#"{"sid":"b"}"#,
    r#"{"pid":"p","offset":"o"}"#,
    r#"{"pid":7,"offset":[]}"#,
    r#"{"message":"no","data":{"a":1}}"#,
    r#""no""#,
    "{}",
    "[]",
    "",
];

fn encoded(namespace: &Namespace, packet: &Outgoing<'_>) -> Encoded {
    match Json::new().encode(namespace, packet) {
        Ok(packet) => packet,
        Err(error) => panic!("a codec encodes what it is given: {error}"),
    }
}

/// Reads what a connection sends, as its peer would: it must be packets, whole and unmixed.
struct Peer {
    decoder: Decoder,
    revision: Revision,
}

impl Peer {
    fn new(revision: Revision) -> Self {
        Self {
            decoder: Json::new().decoder(Protocol::from(revision), Limits::default()),
            revision,
        }
    }

    fn read(&mut self, frame: &Frame) {
        let message = match frame.to_text() {
            Some(text) => match text.strip_prefix('4') {
                Some(text) => engineio_proto::Message::text(text),
                // A packet of the session.
                None => return,
            },
            None => {
                let bytes = [frame.prefix(), frame.body()].concat();
                // Revision 3 says the type of a binary packet.
                let skip = usize::from(self.revision == Revision::V3);
                engineio_proto::Message::binary(bytes[skip..].to_vec())
            }
        };
        if let Err(error) = self.decoder.decode(message) {
            panic!("what a connection sends is no packet: {error}: {frame:?}");
        }
    }
}

/// What a connection keeps because of its peer or its application, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    pub(crate) namespaces: usize,
    pub(crate) left: usize,
    pub(crate) acks: usize,
    pub(crate) retries: usize,
    pub(crate) buffered: usize,
    /// In the namespace for which most waits.
    pub(crate) waiting: usize,
    pub(crate) waiting_bytes: usize,
}

/// The ids of acknowledgements that are awaited: each ends once.
#[derive(Default)]
struct Awaited(Vec<(Namespace, AckId)>);

impl Awaited {
    fn expect(&mut self, namespace: &Namespace, id: AckId) {
        self.0.push((namespace.clone(), id));
    }

    fn end(&mut self, namespace: &Namespace, id: AckId) -> bool {
        let at = self.0.iter().position(|(n, i)| n == namespace && *i == id);
        at.map(|at| self.0.swap_remove(at)).is_some()
    }

    fn has(&self, namespace: &Namespace, id: AckId) -> bool {
        self.0.iter().any(|(n, i)| n == namespace && *i == id)
    }
}

fn assert_later(deadline: Option<Time>, now: Time) {
    assert!(
        deadline.is_none_or(|deadline| deadline > now),
        "the connection spins: {deadline:?} after handle_timeout({now:?})"
    );
}

/// The session's heartbeat, by which a peer that falls silent is given up.
const INTERVAL: Duration = Duration::from_millis(2_500);
const TIMEOUT: Duration = Duration::from_millis(2_000);

/// Deadlines until a silent peer is given up: heartbeats and the acknowledgements that are awaited.
const STEPS: usize = 1_000;
