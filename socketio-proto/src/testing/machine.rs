//! Connections and applications as machines of the Engine.IO harness.

use alloc::string::String;

use bytes::{Bytes, BytesMut};
use engineio_proto::client::{Connect, Request};
use engineio_proto::testing::{ClientMachine, Report, ServerMachine};
use engineio_proto::{
    ContentType, DecodeError, Frame, LinkId, Reject, Time, Transport, TransportFault,
    client as engine_client, server as engine_server,
};

use super::client_app::ClientApp;
use super::server_app::ServerApp;
use crate::{client, server};

/// Methods that pass everything on to a connection, and tell what holds it what time it is.
macro_rules! pass_on {
    ($this:ident => $connection:expr; $($method:ident($($arg:ident: $type:ty),*) $(at $now:ident)? $(-> $out:ty)?;)*) => { $(
        fn $method(&mut self, $($arg: $type,)* $($now: Time)?) $(-> $out)? {
            let $this = self;
            $($this.note_time($now);)?
            $connection.$method($($arg,)* $($now)?)
        }
    )* };
}

macro_rules! pass_on_client {
    ($this:ident => $connection:expr) => {
        pass_on! { $this => $connection;
            handle_get_response(status: u16, content: ContentType, body: Bytes) at now;
            handle_post_response(status: u16) at now;
            handle_request_failed(fault: TransportFault);
            handle_link_open(link: LinkId) at now;
            handle_frame(link: LinkId, frame: Frame) at now;
            handle_decode_error(link: LinkId, error: DecodeError) at now;
            handle_link_closed(link: LinkId) at now;
            handle_link_failed(link: LinkId, fault: TransportFault) at now;
            handle_activity() at now;
            poll_request() -> Option<Request>;
            poll_connect() -> Option<Connect>;
            poll_frame(link: LinkId) -> Option<Frame>;
        }
    };
}

macro_rules! pass_on_server {
    ($this:ident => $connection:expr) => {
        pass_on! { $this => $connection;
            handle_get() at now -> Result<(), Reject>;
            handle_get_aborted() at now;
            start_post(content: ContentType) at now -> Result<(), Reject>;
            handle_post(body: Bytes) at now -> Result<(), Reject>;
            handle_post_aborted() at now;
            handle_post_too_large() at now;
            finish_post() -> Result<(), Reject>;
            open_link(transport: Transport, base64: bool) at now -> Result<LinkId, Reject>;
            handle_frame(link: LinkId, frame: Frame) at now;
            handle_decode_error(link: LinkId, error: DecodeError) at now;
            handle_link_closed(link: LinkId) at now;
            handle_link_failed(link: LinkId, fault: TransportFault) at now;
            handle_activity() at now;
            poll_payload(out: &mut BytesMut) -> Option<ContentType>;
            poll_frame(link: LinkId) -> Option<Frame>;
        }
    };
}

/// A connection without an application: its events are kept by the pair.
impl ClientMachine for client::Connection {
    type Event = client::Event;

    fn session(&self) -> &engine_client::Session {
        self.session()
    }

    fn restart(&mut self, session: engine_client::Session, now: Time) {
        Self::restart(self, session, now);
    }

    fn poll_report(&mut self) -> Option<Report<client::Event>> {
        Some(sort_client(self.poll_event()?))
    }

    fn close(&mut self, now: Time) {
        Self::close(self, now);
    }

    fn abort(&mut self) {
        Self::abort(self);
    }

    fn handle_timeout(&mut self, now: Time) {
        Self::handle_timeout(self, now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        Self::poll_timeout(self)
    }

    pass_on_client! { this => this }
}

/// A connection without an application: its events are kept by the pair.
impl ServerMachine for server::Connection {
    type Event = server::Event;

    fn session(&self) -> &engine_server::Session {
        self.session()
    }

    fn poll_report(&mut self) -> Option<Report<server::Event>> {
        Some(sort_server(self.poll_event()?))
    }

    fn close(&mut self, now: Time) {
        Self::close(self, now);
    }

    fn abort(&mut self) {
        Self::abort(self);
    }

    fn handle_timeout(&mut self, now: Time) {
        Self::handle_timeout(self, now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        Self::poll_timeout(self)
    }

    pass_on_server! { this => this }
}

/// What the events of a connection say about its session.
pub(super) fn sort_client(event: client::Event) -> Report<client::Event> {
    match event {
        client::Event::Open(_) => Report::Opened,
        client::Event::Upgrade(transport) => Report::Upgraded(transport),
        client::Event::UpgradeFailed(transport) => Report::UpgradeFailed(transport),
        client::Event::Close(reason) => Report::Closed(reason),
        event => Report::Other(event),
    }
}

/// What the events of a connection say about its session.
pub(super) fn sort_server(event: server::Event) -> Report<server::Event> {
    match event {
        server::Event::Upgrade(transport) => Report::Upgraded(transport),
        server::Event::Close(reason) => Report::Closed(reason),
        event => Report::Other(event),
    }
}

/// The applications report in words, for traces.
impl ClientMachine for ClientApp {
    type Event = String;

    fn session(&self) -> &engine_client::Session {
        self.connection().session()
    }

    fn restart(&mut self, session: engine_client::Session, now: Time) {
        self.go_on(session, now);
    }

    fn wants_session(&self, now: Time) -> bool {
        self.wants_to_return(now)
    }

    fn poll_report(&mut self) -> Option<Report<String>> {
        self.next_report()
    }

    fn close(&mut self, now: Time) {
        self.close(now);
    }

    fn abort(&mut self) {
        self.abort();
    }

    fn handle_timeout(&mut self, now: Time) {
        self.act(now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.next_deadline()
    }

    pass_on_client! { this => this.connection_mut() }
}

/// The applications report in words, for traces.
impl ServerMachine for ServerApp {
    type Event = String;

    fn session(&self) -> &engine_server::Session {
        self.connection().session()
    }

    fn poll_report(&mut self) -> Option<Report<String>> {
        self.next_report()
    }

    fn close(&mut self, now: Time) {
        self.close(now);
    }

    fn abort(&mut self) {
        self.abort();
    }

    fn handle_timeout(&mut self, now: Time) {
        self.act(now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.next_deadline()
    }

    pass_on_server! { this => this.connection_mut() }
}

/// What notes the time of each call: the applications. A connection does it by itself.
trait NoteTime {
    fn note_time(&mut self, now: Time);
}

impl NoteTime for client::Connection {
    fn note_time(&mut self, _now: Time) {}
}

impl NoteTime for server::Connection {
    fn note_time(&mut self, _now: Time) {}
}

impl NoteTime for ClientApp {
    fn note_time(&mut self, now: Time) {
        self.set_time(now);
    }
}

impl NoteTime for ServerApp {
    fn note_time(&mut self, now: Time) {
        self.set_time(now);
    }
}
