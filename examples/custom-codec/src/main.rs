//! A codec of one's own at work: a server and a client that both use it, in memory, and what they say to each other.
//!
//! `cargo run -p custom-codec`. The codec is in `lib.rs`; nothing else knows how packets are written.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use custom_codec::Lengths;
use engineio_proto::{Frame, LinkId, Sid, Time, Transport};
use engineio_proto::{client as engine_client, server as engine_server};
use socketio_proto::{
    AckId, Args, Arguments, Codec, ConnectError, Emit, Namespace, Outgoing, SocketId, client,
    server,
};

const MEMORY: Transport = Transport::custom("memory");

/// Both ends of a connection. Nothing takes time here.
struct Pair {
    client: client::Connection,
    client_link: LinkId,
    server: server::Connection,
    server_link: LinkId,
}

impl Pair {
    fn new() -> Result<Self, Box<dyn Error>> {
        let mut config = engine_client::Config::default();
        config.transports([MEMORY]);
        let session = engine_client::Session::new(Arc::new(config), Time::ZERO);
        let mut config = client::Config::default();
        config.codec(Lengths::new());
        let mut client = client::Connection::new(session, Arc::new(config), Time::ZERO);
        let client_link = client.poll_connect().ok_or("a client connects first")?.link;

        let opening = engine_server::Opening::new(Sid::new("session").ok_or("a session id")?);
        let config = Arc::default();
        let (session, server_link) =
            engine_server::Session::accept_link(config, opening, MEMORY, Time::ZERO);
        let mut config = server::Config::default();
        config.codec(Lengths::new());
        let server = server::Connection::new(session, Arc::new(config), Time::ZERO);
        client.handle_link_open(client_link, Time::ZERO);
        Ok(Self {
            client,
            client_link,
            server,
            server_link,
        })
    }

    /// Carries frames and tells both sides what happened, until nobody has anything to say.
    fn talk(&mut self) -> Result<(), Box<dyn Error>> {
        loop {
            let mut is_quiet = true;
            while let Some(frame) = self.server.poll_frame(self.server_link) {
                let frame = carry("client <-", &frame);
                self.client
                    .handle_frame(self.client_link, frame, Time::ZERO);
                is_quiet = false;
            }
            while let Some(event) = self.client.poll_event() {
                heard_by_client(&event);
                is_quiet = false;
            }
            while let Some(frame) = self.client.poll_frame(self.client_link) {
                let frame = carry("-> server", &frame);
                self.server
                    .handle_frame(self.server_link, frame, Time::ZERO);
                is_quiet = false;
            }
            while let Some(event) = self.server.poll_event() {
                self.heard_by_server(event)?;
                is_quiet = false;
            }
            if is_quiet {
                return Ok(());
            }
        }
    }

    fn heard_by_server(&mut self, event: server::Event) -> Result<(), Box<dyn Error>> {
        match event {
            server::Event::Connect(request) if *request.namespace() == "/files" => {
                let accept = server::Accept::new(SocketId::from("socket"));
                self.server.accept(request, accept)?;
            }
            server::Event::Connect(request) => {
                let error = ConnectError::new("there is only /files").with_data(404);
                self.server.refuse(request, &error)?;
            }
            server::Event::Event {
                namespace,
                id,
                args,
            } => {
                let (name, data): (String, Bytes) = args.deserialize()?;
                println!("server: {} {name:?} {data:?}", args.event_name());
                if let Some(id) = id {
                    let answer = (data.len(), data.slice(..data.len().min(2)));
                    let ack = Outgoing::Ack(id, Arguments::new(&answer));
                    let ack = Lengths::new().encode(&namespace, &ack)?;
                    self.server.send_reserved(&namespace, &ack)?;
                }
                let emit = Emit::new("stored", Arguments::new(&name));
                let emit = Lengths::new().encode(&namespace, &emit.into())?;
                self.server.send(&namespace, &emit)?;
            }
            server::Event::Disconnect { namespace, reason } => {
                println!("server: {namespace} was left, {reason}");
            }
            server::Event::ProtocolError(error) => println!("server: {error}"),
            _ => {}
        }
        Ok(())
    }
}

fn heard_by_client(event: &client::Event) {
    match event {
        client::Event::Connect { namespace, id, .. } => println!("client: in {namespace} as {id}"),
        client::Event::ConnectError { namespace, error } => {
            println!("client: not in {namespace}, {error}, {:?}", error.data());
        }
        client::Event::Event { args, .. } => println!("client: {args:?}"),
        client::Event::Ack { id, result, .. } => {
            let answer = result.as_ref().map(Args::deserialize::<(u64, Bytes)>);
            println!("client: {id} is answered, {answer:?}");
        }
        client::Event::Disconnect { namespace, reason } => {
            println!("client: left {namespace}, {reason}")
        }
        client::Event::ProtocolError(error) => println!("client: {error}"),
        _ => {}
    }
}

/// What the other end gets of a frame: text or bytes. Packets are the binary ones; text is Engine.IO's own.
fn carry(way: &str, frame: &Frame) -> Frame {
    match frame.to_text() {
        Some(text) => Frame::text(text),
        None => {
            println!("{way} {}", frame.body().escape_ascii());
            Frame::binary(Bytes::copy_from_slice(frame.body()))
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut pair = Pair::new()?;
    pair.client.connect(&Namespace::new("/closed")?, None);
    let files = Namespace::new("/files")?;
    pair.client.connect(&files, None);
    pair.talk()?;

    let upload = ("a.png", Bytes::from_static(b"\x89PNG"));
    let emit = Emit::new("upload", Arguments::new(&upload)).with_id(AckId(7));
    let packet = Lengths::new().encode(&files, &emit.into())?;
    pair.client.send_with_ack(&files, &packet, AckId(7), None)?;
    pair.talk()?;

    pair.client.disconnect(&files);
    pair.talk()
}
