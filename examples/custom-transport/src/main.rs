//! Engine.IO over a Unix socket, with blocking I/O and no runtime: all that a transport of your own has to do.
//!
//! `cargo run -p custom-transport -- serve /tmp/echo.sock`, and in another terminal
//! `cargo run -p custom-transport -- talk /tmp/echo.sock hello world`.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};
use std::{env, sync::Arc, thread};

use bytes::BytesMut;
use engineio_proto::{Message, Sid, Time, Transport, client, server, stream};

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

/// One turn of a session of either role: what it has to say goes out, and what comes in before its next deadline goes in.
macro_rules! turn {
    ($session:ident, $link:ident, $wire:ident) => {
        let (mut input, mut output) = ([0; 8192], BytesMut::new());
        while let Some(frame) = $session.poll_frame($link) {
            stream::encode(&frame, &mut output);
        }
        $wire.0.write_all(&output)?;
        if $session.is_link_finished($link) {
            break;
        }
        let wait = $session.poll_timeout().map(|at| at - $wire.now());
        $wire
            .0
            .set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
        match $wire.0.read(&mut input) {
            Ok(0) => $session.handle_link_closed($link, $wire.now()),
            Ok(n) => {
                $wire.1.push(&input[..n]);
                loop {
                    match $wire.1.next_frame() {
                        Ok(Some(frame)) => $session.handle_frame($link, frame, $wire.now()),
                        Ok(None) => break $session.handle_activity($wire.now()),
                        Err(e) => break $session.handle_decode_error($link, e, $wire.now()),
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        $session.handle_timeout($wire.now()); // early does no harm
    };
}

/// One client, from open to close: everything it says is sent back.
fn serve(mut wire: Wire, config: Arc<server::Config>, sid: Sid) -> io::Result<()> {
    let opening = server::Opening::new(sid);
    let (mut session, link) = server::Session::accept_link(config, opening, UNIX, wire.now());
    loop {
        while let Some(event) = session.poll_event() {
            if let server::Event::Message(message) = event {
                let _ = session.send(message); // what a full session does not take is not sent back
            }
        }
        turn!(session, link, wire);
    }
    Ok(())
}

/// Says each word as text and as bytes, prints what comes back, and closes after a second.
fn talk(mut wire: Wire, words: &[String]) -> io::Result<()> {
    let mut config = client::Config::default();
    config.transports([UNIX]);
    let mut session = client::Session::new(Arc::new(config), wire.now());
    let link = session.poll_connect().ok_or(ErrorKind::NotConnected)?.link;
    session.handle_link_open(link, wire.now());
    for word in words {
        let _ = session.send(Message::text(word));
        let _ = session.send(Message::binary(word.clone()));
    }
    loop {
        while let Some(event) = session.poll_event() {
            println!("{event:?}");
        }
        if wire.2.elapsed() > Duration::from_secs(1) {
            session.close(wire.now());
        }
        turn!(session, link, wire);
    }
    println!("closed: {:?}", session.close_reason());
    Ok(())
}

fn main() -> io::Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [mode, path, words @ ..] = &args[..] else {
        return Err(io::Error::other("serve PATH, or talk PATH WORD..."));
    };
    if mode == "talk" {
        return talk(Wire::new(UnixStream::connect(path)?), words);
    }
    let mut config = server::Config::default();
    config.ping_interval(Duration::from_millis(300));
    for (number, socket) in UnixListener::bind(path)?.incoming().enumerate() {
        // A server that strangers can reach makes ids that nobody can guess.
        let sid = Sid::new(&format!("client-{number}")).ok_or(ErrorKind::InvalidData)?;
        let (wire, config) = (Wire::new(socket?), Arc::new(config.clone()));
        thread::spawn(move || serve(wire, config, sid));
    }
    Ok(())
}
