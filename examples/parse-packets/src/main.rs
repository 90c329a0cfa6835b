//! Reads packets from standard input, one message per line, and prints them readable: decoders without a connection.
//!
//! `cargo run -p parse-packets -- --protocol 5 < packets.txt`; the protocol is that of Socket.IO, 4 (clients 2.x) or 5,
//! which it is if nothing is said.
//!
//! A line is a message as the developer tools of a browser show it, with the packet type of Engine.IO in front:
//! `42["chat",{"a":1}]`. An attachment is a line of its own, in base64, as Engine.IO itself writes it where there is only
//! text: `bAQID` in protocol 5, `b4AQID` in protocol 4. Packets of Engine.IO alone, such as pings, are named. Empty lines
//! and those that begin with `#` are passed over.
//!
//! After a line that is wrong the next one is read as if the connection had just begun. The exit status is 0 if all lines
//! were good, 1 if not, and 2 if the program was called in another way.
#![expect(
    clippy::print_stderr,
    reason = "how the program is called is no part of its answer"
)]

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::{env, fmt};

use engineio_proto::{Packet as EnginePacket, Revision, Text};
use socketio_proto::{Args, Body, Codec, Decoder, Json, Limits, Packet, Protocol, RawValue};

/// What has been read so far.
struct Reader {
    revision: Revision,
    decoder: Decoder,
    /// The line with the packet whose attachments are outstanding.
    pending: Option<usize>,
    is_good: bool,
}

impl Reader {
    fn new(revision: Revision) -> Self {
        Self {
            revision,
            decoder: decoder(revision),
            pending: None,
            is_good: true,
        }
    }

    fn read(&mut self, number: usize, line: Vec<u8>, out: &mut impl Write) -> io::Result<()> {
        match self.decode(number, line) {
            Ok(Some(Found::Packet(begin, packet))) => write_packet(out, begin, &packet),
            Ok(Some(Found::Engine(name))) => writeln!(out, "{number}: Engine.IO {name}"),
            Ok(None) => Ok(()),
            Err(error) => {
                self.is_good = false;
                self.pending = None;
                self.decoder = decoder(self.revision);
                writeln!(out, "{number}: error: {error}")
            }
        }
    }

    /// Nothing comes after this.
    fn end(mut self, out: &mut impl Write) -> io::Result<bool> {
        if let Some(begin) = self.pending {
            self.is_good = false;
            writeln!(
                out,
                "{begin}: error: attachments of this packet are missing"
            )?;
        }
        Ok(self.is_good)
    }

    /// The packet that ends with this line.
    fn decode(
        &mut self,
        number: usize,
        line: Vec<u8>,
    ) -> Result<Option<Found>, Box<dyn fmt::Display>> {
        let line = String::from_utf8(line).map_err(|_| boxed("invalid UTF-8"))?;
        let packet = EnginePacket::from_text(Text::from(line), self.revision).map_err(boxed)?;
        let message = match packet {
            EnginePacket::Message(message) => message,
            EnginePacket::Open(data) => return Ok(Some(Found::Engine(format!("open {data}")))),
            EnginePacket::Close => return Ok(Some(Found::Engine("close".to_owned()))),
            EnginePacket::Ping(data) => return Ok(Some(Found::Engine(with("ping", &data)))),
            EnginePacket::Pong(data) => return Ok(Some(Found::Engine(with("pong", &data)))),
            EnginePacket::Upgrade => return Ok(Some(Found::Engine("upgrade".to_owned()))),
            EnginePacket::Noop => return Ok(Some(Found::Engine("noop".to_owned()))),
        };
        let decoded = self.decoder.decode(message).map_err(boxed)?;
        let begin = *self.pending.get_or_insert(number);
        Ok(decoded.map(|packet| {
            self.pending = None;
            Found::Packet(begin, packet)
        }))
    }
}

/// What a line gave.
enum Found {
    /// A packet, and the line it begins in.
    Packet(usize, Packet),
    /// A packet that is of no concern to Socket.IO.
    Engine(String),
}

fn decoder(revision: Revision) -> Decoder {
    // Whoever reads what was recorded wants to see it, however large. A server is stricter with strangers.
    let mut limits = Limits::default();
    limits.max_payload = 64 << 20;
    limits.max_attachments = 1_000;
    Json::new().decoder(Protocol::from(revision), limits)
}

fn boxed<E: fmt::Display + 'static>(error: E) -> Box<dyn fmt::Display> {
    Box::new(error)
}

fn with(name: &str, data: &Text) -> String {
    [name, data].join(" ").trim_end().to_owned()
}

fn write_packet(out: &mut impl Write, line: usize, packet: &Packet) -> io::Result<()> {
    let namespace = &packet.namespace;
    match &packet.body {
        Body::Connect(payload) => {
            writeln!(out, "{line}: CONNECT in {namespace}")?;
            write_payload(out, payload.as_ref())
        }
        Body::ConnectError(payload) => {
            writeln!(out, "{line}: CONNECT_ERROR in {namespace}")?;
            write_payload(out, payload.as_ref())
        }
        Body::Disconnect => writeln!(out, "{line}: DISCONNECT in {namespace}"),
        Body::Event { id, args } => {
            write!(out, "{line}: EVENT {:?} in {namespace}", args.event_name())?;
            match id {
                Some(id) => writeln!(out, ", to be acknowledged with id {id}")?,
                None => writeln!(out)?,
            }
            write_args(out, args)
        }
        Body::Ack { id, args } => {
            writeln!(out, "{line}: ACK in {namespace}, of id {id}")?;
            write_args(out, args)
        }
        // Packet types may be added to the library.
        other => writeln!(out, "{line}: {other:?} in {namespace}"),
    }
}

fn write_payload(out: &mut impl Write, payload: Option<&RawValue>) -> io::Result<()> {
    match payload {
        Some(payload) => writeln!(out, "    {}", payload.to_value()),
        None => Ok(()),
    }
}

/// Arguments as JSON, in which attachments are lengths, and the attachments behind them in the order they came.
fn write_args(out: &mut impl Write, args: &Args) -> io::Result<()> {
    for value in args.to_values() {
        writeln!(out, "    {value}")?;
    }
    for (number, attachment) in args.attachments().iter().enumerate() {
        write!(out, "    attachment {number}, {} bytes:", attachment.len())?;
        for byte in attachment.iter().take(SHOWN) {
            write!(out, " {byte:02x}")?;
        }
        writeln!(
            out,
            "{}",
            if attachment.len() > SHOWN { " ..." } else { "" }
        )?;
    }
    Ok(())
}

/// Bytes of an attachment that fit a line.
const SHOWN: usize = 16;

fn read_all(revision: Revision) -> io::Result<bool> {
    let (mut input, mut out) = (io::stdin().lock(), io::stdout().lock());
    let mut reader = Reader::new(revision);
    for number in 1.. {
        // Not `lines`, which ends with the first line that is not UTF-8.
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let line = line.trim_ascii();
        if !line.is_empty() && !line.starts_with(b"#") {
            reader.read(number, line.to_vec(), &mut out)?;
        }
    }
    reader.end(&mut out)
}

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let revision = match args[..] {
        [] | ["--protocol", "5"] => Revision::V4,
        ["--protocol", "4"] => Revision::V3,
        _ => {
            eprintln!("usage: parse-packets [--protocol 4|5] < FILE");
            return ExitCode::from(2);
        }
    };
    match read_all(revision) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
