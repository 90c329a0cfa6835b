//! Socket.IO over the same Unix socket: namespaces, events, acknowledgements and attachments on a transport of your own.
//!
//! `cargo run -p custom-transport --bin socketio -- serve /tmp/shout.sock`, and in another terminal
//! `cargo run -p custom-transport --bin socketio -- talk /tmp/shout.sock /loud hello world`.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};
use std::{env, sync::Arc, thread};

use bytes::{Bytes, BytesMut};
use engineio_proto::{
    Sid, Time, Transport, client as engine_client, server as engine_server, stream,
};
use socketio_proto::client::{self, Event};
use socketio_proto::server::{self, Accept, Event as ServerEvent};
use socketio_proto::{
    AckId, Arguments, Codec, ConnectError, Emit, Encoded, Json, Namespace, Outgoing, SocketId,
};

const UNIX: Transport = Transport::custom("unix");

struct Wire(UnixStream, stream::Decoder, Instant);

impl Wire {
    fn new(socket: UnixStream) -> Self {
        Self(socket, stream::Decoder::new(1_000_000), Instant::now())
    }
    fn now(&self) -> Time {
        Time::after_start(self.2.elapsed())
    }
}

/// One turn of a connection of either role. It is driven as its session alone would be.
macro_rules! turn {
    ($connection:ident, $link:ident, $wire:ident) => {
        let (mut input, mut output) = ([0; 8192], BytesMut::new());
        while let Some(frame) = $connection.poll_frame($link) {
            stream::encode(&frame, &mut output);
        }
        $wire.0.write_all(&output)?;
        if $connection.is_link_finished($link) {
            break;
        }
        let wait = $connection.poll_timeout().map(|at| at - $wire.now());
        let wait = wait.map(|wait| wait.max(Duration::from_millis(1)));
        $wire.0.set_read_timeout(wait)?;
        match $wire.0.read(&mut input) {
            Ok(0) => $connection.handle_link_closed($link, $wire.now()),
            Ok(n) => {
                $wire.1.push(&input[..n]);
                loop {
                    match $wire.1.next_frame() {
                        Ok(Some(frame)) => $connection.handle_frame($link, frame, $wire.now()),
                        Ok(None) => break $connection.handle_activity($wire.now()),
                        Err(e) => break $connection.handle_decode_error($link, e, $wire.now()),
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        $connection.handle_timeout($wire.now()); // early does no harm
    };
}

fn encode(namespace: &Namespace, packet: &Outgoing<'_>) -> io::Result<Encoded> {
    let encoded = Json::new().encode(namespace, packet);
    encoded.map_err(io::Error::other)
}

/// One client, who may join `/loud` and nothing else: what it says there is acknowledged in capitals, its bytes reversed.
fn serve(mut wire: Wire, sid: Sid, id: SocketId) -> io::Result<()> {
    let config = Arc::new(engine_server::Config::default());
    let opening = engine_server::Opening::new(sid);
    let (session, link) = engine_server::Session::accept_link(config, opening, UNIX, wire.now());
    let mut connection = server::Connection::new(session, Arc::default(), wire.now());
    loop {
        while let Some(event) = connection.poll_event() {
            match event {
                // Accepting and refusing fail if the client has gone; then its end is the next event.
                ServerEvent::Connect(request) if *request.namespace() == "/loud" => {
                    let _ = connection.accept(request, Accept::new(id.clone()));
                }
                ServerEvent::Connect(request) => {
                    let error = ConnectError::new("there is only /loud");
                    let _ = connection.refuse(request, &error);
                }
                ServerEvent::Event {
                    namespace,
                    id: Some(id),
                    args,
                } => {
                    // A client that says something else is not answered.
                    if let Ok((word, bytes)) = args.deserialize::<(String, Bytes)>() {
                        let reversed: Bytes = bytes.iter().rev().copied().collect();
                        let answer = (word.to_uppercase(), reversed);
                        let ack = Outgoing::Ack(id, Arguments::new(&answer));
                        let _ = connection.send_reserved(&namespace, &encode(&namespace, &ack)?);
                    }
                }
                ServerEvent::Disconnect { namespace, reason } => {
                    println!("{id} has left {namespace}: {reason}");
                }
                _ => {}
            }
        }
        turn!(connection, link, wire);
    }
    Ok(())
}

/// Joins a namespace, says each word with its bytes attached, and leaves when all are acknowledged.
fn talk(mut wire: Wire, namespace: &Namespace, words: &[String]) -> io::Result<()> {
    let mut config = engine_client::Config::default();
    config.transports([UNIX]);
    let session = engine_client::Session::new(Arc::new(config), wire.now());
    let mut connection = client::Connection::new(session, Arc::default(), wire.now());
    connection.connect(namespace, None);
    let link = connection
        .poll_connect()
        .ok_or(ErrorKind::NotConnected)?
        .link;
    connection.handle_link_open(link, wire.now());
    let mut awaited = 0;
    // What is said before the namespace is joined waits, and leaves then.
    for (word, number) in words.iter().zip(0..) {
        let said = (word, Bytes::from(word.clone()));
        let emit = Emit::new("shout", Arguments::new(&said)).with_id(AckId(number));
        let deadline = wire.now() + Duration::from_secs(5);
        let packet = encode(namespace, &emit.into())?;
        let sent = connection.send_with_ack(namespace, &packet, AckId(number), Some(deadline));
        sent.map_err(io::Error::other)?;
        awaited += 1;
    }
    loop {
        while let Some(event) = connection.poll_event() {
            match event {
                Event::Connect { namespace, id, .. } => println!("joined {namespace} as {id}"),
                Event::ConnectError { error, .. } => {
                    println!("refused: {error}");
                    connection.close(wire.now());
                }
                Event::Ack { id, result, .. } => {
                    match result.map(|args| args.deserialize::<(String, Bytes)>()) {
                        Ok(Ok((word, bytes))) => println!("acknowledged {id}: {word} {bytes:?}"),
                        Ok(Err(error)) => {
                            println!("acknowledged {id} with something else: {error}")
                        }
                        Err(error) => println!("not acknowledged {id}: {error}"),
                    }
                    awaited -= 1;
                }
                Event::Disconnect { namespace, reason } => {
                    println!("left {namespace}: {reason}");
                    connection.close(wire.now());
                }
                _ => {}
            }
        }
        if awaited == 0 && connection.is_connected(namespace) {
            connection.disconnect(namespace);
            continue; // it has an event
        }
        turn!(connection, link, wire);
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    match &args[..] {
        [mode, path, namespace, words @ ..] if mode == "talk" => {
            let namespace = Namespace::new(namespace).map_err(io::Error::other)?;
            talk(Wire::new(UnixStream::connect(path)?), &namespace, words)
        }
        [mode, path] if mode == "serve" => {
            for (number, socket) in UnixListener::bind(path)?.incoming().enumerate() {
                // A server that strangers can reach makes session ids that nobody can guess. Ids of sockets are public.
                let sid = Sid::new(&format!("session-{number}")).ok_or(ErrorKind::InvalidData)?;
                let id = SocketId::from(format!("socket-{number}"));
                let wire = Wire::new(socket?);
                thread::spawn(move || serve(wire, sid, id));
            }
            Ok(())
        }
        _ => Err(io::Error::other(
            "serve PATH, or talk PATH NAMESPACE WORD...",
        )),
    }
}
