//! Sequences of calls made of arbitrary bytes: what a fuzzer does to a session.
//!
//! Not public: the way bytes are read changes with the sessions.

mod client;
mod server;

pub use client::client_ops;
pub use server::server_ops;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::payload::{Decoder, Encoding};
use crate::{
    ContentType, DecodeError, Frame, Message, Packet, Revision, SendError, Time, Transport,
    TransportFault,
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

    /// One of `choices`.
    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    /// Milliseconds, mostly few.
    fn duration(&mut self) -> Duration {
        let byte = u64::from(self.byte());
        Duration::from_millis(match byte {
            0..100 => byte,
            100..200 => byte * 20,
            _ => byte * 400,
        })
    }

    fn transport(&mut self) -> Transport {
        self.of(&[
            Transport::POLLING,
            Transport::WEBSOCKET,
            Transport::WEBTRANSPORT,
            Transport::custom("odd"),
        ])
    }

    fn revision(&mut self) -> Revision {
        self.of(&[Revision::V4, Revision::V3])
    }

    fn fault(&mut self) -> TransportFault {
        self.of(&[TransportFault::Link, TransportFault::TooLarge])
    }

    fn decode_error(&mut self) -> DecodeError {
        self.of(&[
            DecodeError::TooLarge,
            DecodeError::InvalidUtf8,
            DecodeError::InvalidLength,
        ])
    }

    fn content(&mut self) -> ContentType {
        self.of(&[ContentType::Text, ContentType::Binary])
    }

    /// A message to send, of up to 500 bytes.
    fn message(&mut self) -> Message {
        let size = usize::from(self.byte()) * 2;
        match self.flag() {
            true => Message::binary(alloc::vec![self.byte(); size]),
            false => Message::text(&"x".repeat(size)),
        }
    }

    /// What a peer could send: words of the protocol, and anything.
    fn frame(&mut self) -> Frame {
        match self.byte() % 4 {
            0 | 1 => Frame::text(self.of(WORDS)),
            2 => Frame::text(String::from_utf8_lossy(self.bytes()).as_ref()),
            _ => Frame::binary(Bytes::copy_from_slice(self.bytes())),
        }
    }

    /// A body that a peer could send.
    fn body(&mut self) -> Bytes {
        let mut body = Vec::new();
        for _ in 0..self.byte() % 4 {
            let word = self.of(WORDS);
            match self.byte() % 3 {
                0 => body.extend_from_slice(alloc::format!("{}:{word}", word.len()).as_bytes()),
                1 if body.is_empty() => body.extend_from_slice(word.as_bytes()),
                _ => body.extend_from_slice(alloc::format!("\u{1e}{word}").as_bytes()),
            }
        }
        body.extend_from_slice(self.bytes());
        Bytes::from(body)
    }
}

const WORDS: &[&str] = &[
    "2probe",
    "3probe",
    "5",
    "6",
    "2",
    "3",
    "1",
    "4",
    "4hello",
    "bAQID",
    "b4AQID",
    "",
    "0",
    r#"0{"sid":"s","upgrades":["websocket","webtransport"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":300}"#,
    r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":1,"pingTimeout":0}"#,
    "d=4a%5Cn",
    "\u{1e}",
    "9",
];

/// What a session was given to send, and what of it has left: in order, once.
#[derive(Default)]
struct Ledger {
    accepted: Vec<Message>,
    left: usize,
    opened: bool,
    /// Bytes that were given to the session, and bytes in messages that came out.
    fed: usize,
    reported: usize,
    closed: bool,
}

impl Ledger {
    fn on_sent(&mut self, message: Message, sent: Result<(), SendError>) {
        match sent {
            Ok(()) => self.accepted.push(message),
            Err(SendError::Closed | SendError::Full | SendError::Separator) => {}
        }
    }

    fn on_packet(&mut self, packet: Packet) {
        if let Packet::Open(_) = &packet {
            assert!(
                !core::mem::replace(&mut self.opened, true),
                "a server opens once"
            );
        }
        if let Packet::Message(message) = packet {
            assert_eq!(
                self.accepted.get(self.left),
                Some(&message),
                "messages leave once and in order"
            );
            self.left += 1;
        }
    }

    fn on_frame(&mut self, frame: Frame, revision: Revision) {
        let packet = Packet::from_frame(frame, revision);
        let packet = packet.expect("a session sends what can be decoded");
        let for_polling = matches!(packet, Packet::Noop | Packet::Close);
        assert!(!for_polling, "{packet:?} is said on a link");
        self.on_packet(packet);
    }

    fn on_body(&mut self, body: Bytes, encoding: Encoding, max: Option<usize>) {
        let length = body.len();
        let mut packets = 0;
        for packet in Decoder::new(body, encoding) {
            self.on_packet(packet.expect("a session sends what can be decoded"));
            packets += 1;
        }
        let fits = max.is_none_or(|max| length <= max);
        assert!(
            fits || packets == 1,
            "{packets} packets in {length} bytes for a peer that takes {max:?}"
        );
    }

    fn on_message(&mut self, message: &Message) {
        assert!(!self.closed, "no message comes after the close");
        self.reported += message.len();
        assert!(
            self.reported <= self.fed,
            "nothing is reported that did not arrive"
        );
    }

    fn on_close(&mut self) {
        assert!(!self.closed, "a session closes once");
        self.closed = true;
    }
}

fn assert_later(deadline: Option<Time>, now: Time) {
    assert!(
        deadline.is_none_or(|at| at > now),
        "handle_timeout({now:?}) left the deadline {deadline:?}"
    );
}

/// What either session may owe, in bytes and messages.
const LIMIT: (usize, usize) = (1000, 8);

/// What is owed grows only within the limit, except that to nothing anything may be added: it could otherwise never
/// be sent.
fn assert_limited(before: (usize, usize), after: (usize, usize)) {
    let (bytes, messages) = after;
    let shrunk = bytes <= before.0 && messages <= before.1;
    let within = bytes <= LIMIT.0 && messages <= LIMIT.1;
    assert!(
        shrunk || within || before.1 == 0,
        "{before:?} bytes and messages were owed, now {after:?}"
    );
}
