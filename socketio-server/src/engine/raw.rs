//! Raw Engine.IO: events go into the inbox of a socket, and the application takes them out.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use engineio_proto::Time;
use engineio_proto::server::{Event, Session};

use super::builder::EngineBuilder;
use super::connection::Connection;
use super::http::Core;
use super::machine::{Application, Protocol};
use super::socket::{Inbox, Socket};
use crate::door::{Handshake, door_handle};

/// An Engine.IO server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    core: Arc<Core<Raw>>,
}

impl Engine {
    /// What can be chosen.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    pub(super) fn new(core: Arc<Core<Raw>>) -> Self {
        Self { core }
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.core.sessions.len()
    }

    /// Lets no new client in, closes all sessions, each when what was sent has left, and ends the listeners.
    pub fn close(&self) {
        self.core.close_gate();
        for connection in self.core.sessions.snapshot() {
            connection.with(|session| session.close(connection.clock.now()));
        }
    }
}

door_handle!(Engine);

type Serve = dyn Fn(Socket) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// The protocol of raw messages.
pub(crate) struct Raw {
    inbox: usize,
    serve: Box<Serve>,
}

impl Raw {
    pub(super) fn new(
        inbox: usize,
        serve: impl Fn(Socket) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            inbox,
            serve: Box::new(serve),
        }
    }

    /// How many messages of a client may wait.
    pub(super) fn inbox(&self) -> usize {
        self.inbox
    }
}

impl Protocol for Raw {
    type Machine = Session;
    type Local = Inbox;

    fn local(&self) -> Inbox {
        Inbox::default()
    }

    fn accept(&self, session: Session, _handshake: &Handshake, _now: Time) -> Session {
        session
    }

    fn opened(&self, connection: &Arc<Connection<Self>>) -> Option<Application> {
        let socket = Socket::new(Arc::clone(connection));
        let serving = (self.serve)(socket.clone());
        Some(Box::pin(async move {
            // Also if it panics.
            let _close = CloseOnDrop(socket);
            serving.await;
        }))
    }

    fn runs(&self, connection: &Connection<Self>, waker: &Waker) {
        connection.local.is_polled_anyway(waker);
    }

    fn handle(&self, connection: &Arc<Connection<Self>>, event: Event) {
        connection.local.push(event);
    }

    fn wants_input(&self, connection: &Arc<Connection<Self>>) -> bool {
        connection.local.len() < self.inbox
    }

    fn is_settled(&self, connection: &Connection<Self>) -> bool {
        connection.local.is_settled()
    }

    fn gone(&self, connection: &Arc<Connection<Self>>) {
        connection.local.end();
    }
}

struct CloseOnDrop(Socket);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").finish_non_exhaustive()
    }
}
