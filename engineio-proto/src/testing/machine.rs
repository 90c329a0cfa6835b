//! What a [`Pair`](super::Pair) drives: a session, or something that holds one.

use core::fmt;

use bytes::{Bytes, BytesMut};

use crate::client::{self, Connect, Request};
use crate::{
    CloseReason, ContentType, DecodeError, Frame, LinkId, Message, Reject, Time, Transport,
    TransportFault, server,
};

/// A machine on the client's side of a [`Pair`](super::Pair): a [`client::Session`], or what is built on one.
///
/// Nearly every method does what the session's method of the same name does; a machine that holds a session notes
/// what it needs and passes the call on. See [`client::Session`] for what they mean.
///
/// A machine may have deadlines of its own, also after its session has ended, and an application inside that acts in
/// [`poll_report`](Self::poll_report) and [`handle_timeout`](Self::handle_timeout).
#[expect(missing_docs, reason = "the methods of a session are documented there")]
pub trait ClientMachine: fmt::Debug {
    /// What the machine reports beyond what its session does; see [`Pair::take_client_events`](super::Pair::take_client_events).
    type Event: fmt::Debug;

    /// The session that the machine holds.
    fn session(&self) -> &client::Session;

    /// Goes on with this session instead of the one that it holds, which may or may not have ended.
    fn restart(&mut self, session: client::Session, now: Time);

    /// Whether the machine wants another session now. The pair asks after everything else that it does.
    fn wants_session(&self, now: Time) -> bool {
        let _ = now;
        false
    }

    /// The next event, sorted.
    fn poll_report(&mut self) -> Option<Report<Self::Event>>;

    fn close(&mut self, now: Time);
    fn abort(&mut self);
    fn handle_get_response(&mut self, status: u16, content: ContentType, body: Bytes, now: Time);
    fn handle_post_response(&mut self, status: u16, now: Time);
    fn handle_request_failed(&mut self, fault: TransportFault);
    fn handle_link_open(&mut self, link: LinkId, now: Time);
    fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Time);
    fn handle_decode_error(&mut self, link: LinkId, error: DecodeError, now: Time);
    fn handle_link_closed(&mut self, link: LinkId, now: Time);
    fn handle_link_failed(&mut self, link: LinkId, fault: TransportFault, now: Time);
    fn handle_activity(&mut self, now: Time);
    fn handle_timeout(&mut self, now: Time);
    fn poll_timeout(&self) -> Option<Time>;
    fn poll_request(&mut self) -> Option<Request>;
    fn poll_connect(&mut self) -> Option<Connect>;
    fn poll_frame(&mut self, link: LinkId) -> Option<Frame>;
}

/// A machine on the server's side of a [`Pair`](super::Pair): a [`server::Session`], or what is built on one.
///
/// See [`ClientMachine`]. A server has one machine for each session of the client.
#[expect(missing_docs, reason = "the methods of a session are documented there")]
pub trait ServerMachine: fmt::Debug {
    /// What the machine reports beyond what its session does; see [`Pair::take_server_events`](super::Pair::take_server_events).
    type Event: fmt::Debug;

    /// The session that the machine holds.
    fn session(&self) -> &server::Session;

    /// The next event, sorted.
    fn poll_report(&mut self) -> Option<Report<Self::Event>>;

    fn close(&mut self, now: Time);
    fn abort(&mut self);
    fn handle_get(&mut self, now: Time) -> Result<(), Reject>;
    fn handle_get_aborted(&mut self, now: Time);
    fn start_post(&mut self, content: ContentType, now: Time) -> Result<(), Reject>;
    fn handle_post(&mut self, body: Bytes, now: Time) -> Result<(), Reject>;
    fn handle_post_aborted(&mut self, now: Time);
    fn handle_post_too_large(&mut self, now: Time);
    fn finish_post(&mut self) -> Result<(), Reject>;
    fn open_link(
        &mut self,
        transport: Transport,
        base64: bool,
        now: Time,
    ) -> Result<LinkId, Reject>;
    fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Time);
    fn handle_decode_error(&mut self, link: LinkId, error: DecodeError, now: Time);
    fn handle_link_closed(&mut self, link: LinkId, now: Time);
    fn handle_link_failed(&mut self, link: LinkId, fault: TransportFault, now: Time);
    fn handle_activity(&mut self, now: Time);
    fn handle_timeout(&mut self, now: Time);
    fn poll_timeout(&self) -> Option<Time>;
    fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType>;
    fn poll_frame(&mut self, link: LinkId) -> Option<Frame>;
}

/// An event of a machine, as far as a [`Pair`](super::Pair) understands it.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "all that happens to a session, and everything else"
)]
pub enum Report<E> {
    /// The client's session is open. A server's is from the beginning.
    Opened,
    /// The session went over to this transport.
    Upgraded(Transport),
    /// This transport was tried in vain.
    UpgradeFailed(Transport),
    /// The session ended.
    Closed(CloseReason),
    /// A message that the machine hands out as it is; it is kept as [received](super::End::received).
    Message(Message),
    /// Anything else. The pair keeps it for whoever asks.
    Other(E),
}

/// Methods that a session has by the same name.
macro_rules! same {
    ($(fn $method:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?;)*) => { $(
        fn $method(&mut self, $($arg: $type),*) $(-> $out)? {
            Self::$method(self, $($arg),*)
        }
    )* };
}

impl ClientMachine for client::Session {
    type Event = client::Event;

    fn session(&self) -> &client::Session {
        self
    }

    fn restart(&mut self, session: client::Session, _now: Time) {
        *self = session;
    }

    fn poll_report(&mut self) -> Option<Report<client::Event>> {
        Some(match self.poll_event()? {
            client::Event::Open(_) => Report::Opened,
            client::Event::Message(message) => Report::Message(message),
            client::Event::Upgrade(transport) => Report::Upgraded(transport),
            client::Event::UpgradeFailed(transport) => Report::UpgradeFailed(transport),
            client::Event::Close(reason) => Report::Closed(reason),
        })
    }

    fn poll_timeout(&self) -> Option<Time> {
        Self::poll_timeout(self)
    }

    same! {
        fn close(now: Time);
        fn abort();
        fn handle_get_response(status: u16, content: ContentType, body: Bytes, now: Time);
        fn handle_post_response(status: u16, now: Time);
        fn handle_request_failed(fault: TransportFault);
        fn handle_link_open(link: LinkId, now: Time);
        fn handle_frame(link: LinkId, frame: Frame, now: Time);
        fn handle_decode_error(link: LinkId, error: DecodeError, now: Time);
        fn handle_link_closed(link: LinkId, now: Time);
        fn handle_link_failed(link: LinkId, fault: TransportFault, now: Time);
        fn handle_activity(now: Time);
        fn handle_timeout(now: Time);
        fn poll_request() -> Option<Request>;
        fn poll_connect() -> Option<Connect>;
        fn poll_frame(link: LinkId) -> Option<Frame>;
    }
}

impl ServerMachine for server::Session {
    type Event = server::Event;

    fn session(&self) -> &server::Session {
        self
    }

    fn poll_report(&mut self) -> Option<Report<server::Event>> {
        Some(match self.poll_event()? {
            server::Event::Message(message) => Report::Message(message),
            server::Event::Upgrade(transport) => Report::Upgraded(transport),
            server::Event::Close(reason) => Report::Closed(reason),
        })
    }

    fn poll_timeout(&self) -> Option<Time> {
        Self::poll_timeout(self)
    }

    same! {
        fn close(now: Time);
        fn abort();
        fn handle_get(now: Time) -> Result<(), Reject>;
        fn handle_get_aborted(now: Time);
        fn start_post(content: ContentType, now: Time) -> Result<(), Reject>;
        fn handle_post(body: Bytes, now: Time) -> Result<(), Reject>;
        fn handle_post_aborted(now: Time);
        fn handle_post_too_large(now: Time);
        fn finish_post() -> Result<(), Reject>;
        fn open_link(transport: Transport, base64: bool, now: Time) -> Result<LinkId, Reject>;
        fn handle_frame(link: LinkId, frame: Frame, now: Time);
        fn handle_decode_error(link: LinkId, error: DecodeError, now: Time);
        fn handle_link_closed(link: LinkId, now: Time);
        fn handle_link_failed(link: LinkId, fault: TransportFault, now: Time);
        fn handle_activity(now: Time);
        fn handle_timeout(now: Time);
        fn poll_payload(out: &mut BytesMut) -> Option<ContentType>;
        fn poll_frame(link: LinkId) -> Option<Frame>;
    }
}
