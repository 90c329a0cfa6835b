//! What the driver drives, and to whom it hands events: the same driver serves raw Engine.IO and Socket.IO.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use bytes::{Bytes, BytesMut};
use engineio_proto::server::{self, Session};
use engineio_proto::{
    ContentType, DecodeError, Frame, LinkId, Reject, Time, Transport, TransportFault,
};

use super::connection::Connection;
use crate::door::Handshake;

/// A session, or what is built on one.
pub(crate) trait Machine: Send + 'static {
    type Event: Send;

    fn session(&self) -> &Session;
    fn handle_get(&mut self, now: Time) -> Result<(), Reject>;
    fn handle_get_aborted(&mut self, now: Time);
    fn start_post(&mut self, content: ContentType, now: Time) -> Result<(), Reject>;
    fn handle_post(&mut self, body: Bytes, now: Time) -> Result<(), Reject>;
    fn finish_post(&mut self) -> Result<(), Reject>;
    fn handle_post_aborted(&mut self, now: Time);
    fn handle_post_too_large(&mut self, now: Time);
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
    fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType>;
    fn poll_frame(&mut self, link: LinkId) -> Option<Frame>;
    fn poll_event(&mut self) -> Option<Self::Event>;
    fn poll_timeout(&self) -> Option<Time>;
}

/// What an application does with one client.
pub(crate) type Application = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who gets the events of all clients.
pub(crate) trait Protocol: Send + Sync + Sized + 'static {
    type Machine: Machine;
    /// What is kept with each client.
    type Local: Send + Sync;

    /// What is kept with a client, at first.
    fn local(&self) -> Self::Local;

    /// A client has a session and can be asked for it. Called once, before anything is handled. What is returned runs in the task
    /// of the client's driver, which polls it whenever it has its turn.
    fn opened(&self, connection: &Arc<Connection<Self>>) -> Option<Application>;

    /// The driver has its turn, in which it polls what [`opened`](Self::opened) returned, with this waker: it need not be woken for
    /// what happens before that.
    fn runs(&self, connection: &Connection<Self>, waker: &Waker) {
        let _ = (connection, waker);
    }

    /// A client has a session: what to put on it. What the client said when it came is kept with the connection, as
    /// `Connection::handshake`.
    fn accept(&self, session: Session, handshake: &Handshake, now: Time) -> Self::Machine;

    /// Something happened. Called in order, one at a time for each client, without a lock.
    fn handle(&self, connection: &Arc<Connection<Self>>, event: <Self::Machine as Machine>::Event);

    /// Whether more may be read from this client.
    fn wants_input(&self, connection: &Arc<Connection<Self>>) -> bool;

    /// Whether the application has done what it does at once about all that was handed out.
    fn is_settled(&self, connection: &Connection<Self>) -> bool {
        let _ = connection;
        true
    }

    /// Something that was owed to this client has left.
    fn sent(&self, connection: &Connection<Self>) {
        let _ = connection;
    }

    /// The session has ended and nothing of it is left; called once.
    fn gone(&self, connection: &Arc<Connection<Self>>);
}

/// Passes everything on to the methods of the same name.
macro_rules! machine {
    ($type:ty, $event:ty, |$this:ident| $session:expr) => {
        impl Machine for $type {
            type Event = $event;

            fn session(&self) -> &Session {
                let $this = self;
                $session
            }
            fn handle_get(&mut self, now: Time) -> Result<(), Reject> {
                <$type>::handle_get(self, now)
            }
            fn handle_get_aborted(&mut self, now: Time) {
                <$type>::handle_get_aborted(self, now);
            }
            fn start_post(&mut self, content: ContentType, now: Time) -> Result<(), Reject> {
                <$type>::start_post(self, content, now)
            }
            fn handle_post(&mut self, body: Bytes, now: Time) -> Result<(), Reject> {
                <$type>::handle_post(self, body, now)
            }
            fn finish_post(&mut self) -> Result<(), Reject> {
                <$type>::finish_post(self)
            }
            fn handle_post_aborted(&mut self, now: Time) {
                <$type>::handle_post_aborted(self, now);
            }
            fn handle_post_too_large(&mut self, now: Time) {
                <$type>::handle_post_too_large(self, now);
            }
            fn open_link(
                &mut self,
                transport: Transport,
                base64: bool,
                now: Time,
            ) -> Result<LinkId, Reject> {
                <$type>::open_link(self, transport, base64, now)
            }
            fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Time) {
                <$type>::handle_frame(self, link, frame, now);
            }
            fn handle_decode_error(&mut self, link: LinkId, error: DecodeError, now: Time) {
                <$type>::handle_decode_error(self, link, error, now);
            }
            fn handle_link_closed(&mut self, link: LinkId, now: Time) {
                <$type>::handle_link_closed(self, link, now);
            }
            fn handle_link_failed(&mut self, link: LinkId, fault: TransportFault, now: Time) {
                <$type>::handle_link_failed(self, link, fault, now);
            }
            fn handle_activity(&mut self, now: Time) {
                <$type>::handle_activity(self, now);
            }
            fn handle_timeout(&mut self, now: Time) {
                <$type>::handle_timeout(self, now);
            }
            fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType> {
                <$type>::poll_payload(self, out)
            }
            fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
                <$type>::poll_frame(self, link)
            }
            fn poll_event(&mut self) -> Option<Self::Event> {
                <$type>::poll_event(self)
            }
            fn poll_timeout(&self) -> Option<Time> {
                <$type>::poll_timeout(self)
            }
        }
    };
}

machine!(Session, server::Event, |session| session);
