//! What is behind the lock of a client, and its sockets.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;

use engineio_proto::Time;
use socketio_proto::client::Connection;
use socketio_proto::{AckId, Args, Arguments, EncodeError, Encoded, Namespace, Outgoing};
use tokio::sync::{oneshot, watch};

use super::Manager;
use crate::EmitError;
use crate::auth::Auth;
use crate::inbox::Inbox;
use crate::listeners::Listeners;
use crate::socket::SocketInner;
use crate::status::{Lifecycle, Status};

/// What is behind the lock. It is held for the machine only: never while code of the application runs, or a socket is read.
pub(crate) struct State {
    /// The connection that is, or will be, and what waits for it.
    pub(crate) connection: Connection,
    /// One that nobody needs any more, until everything has left.
    pub(crate) draining: Option<Connection>,
    /// The driver drives `connection`.
    pub(crate) is_live: bool,
    /// Counts sessions: what was asked for in an earlier one is too late.
    pub(crate) generation: u64,
    pub(crate) sockets: Vec<Entry>,
    pub(crate) acks: HashMap<AckId, oneshot::Sender<AckResult>, BuildHasherDefault<IdHasher>>,
    pub(crate) wishes: Wishes,
    pub(super) waker: Option<Waker>,
    /// Something changed that the driver has not looked at.
    pub(super) dirty: bool,
}

/// Ids of acknowledgements are counted by this client, so nobody can choose them to collide.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, id: u64) {
        // An odd constant spreads neighbours over all bits, of which the table looks at the first and the last.
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0.rotate_right(32)
    }
}

pub(crate) type AckResult = Result<Args, socketio_proto::AckError>;

/// What the application wants of the driver.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes {
    /// End the session as if it had been lost.
    pub(crate) cut: bool,
    /// Do not wait for the next attempt.
    pub(crate) hurry: bool,
    /// Nobody has a handle any more.
    pub(crate) end: bool,
}

/// A namespace.
pub(crate) struct Entry {
    pub(crate) socket: Arc<SocketState>,
    pub(crate) auth: Auth,
    /// The application wants it joined.
    pub(crate) wanted: bool,
    /// It was joined in this session.
    pub(crate) joined: bool,
    /// Until then the server has to answer.
    pub(crate) join_by: Option<Time>,
}

/// A socket, as everybody sees it.
pub(crate) struct SocketState {
    pub(crate) manager: Arc<Manager>,
    pub(crate) namespace: Namespace,
    pub(crate) listeners: Listeners,
    pub(crate) inbox: Inbox,
    pub(crate) status: watch::Sender<Status>,
    /// Counts how often it was disconnected: answers belong to the connection that asked.
    pub(crate) epoch: AtomicU64,
    /// Counts how often it was connected.
    pub(crate) connects: AtomicU64,
    /// For handlers, which are given a handle, without one that lasts.
    pub(crate) handle: Mutex<Weak<SocketInner>>,
}

impl State {
    pub(crate) fn entry(&self, namespace: &Namespace) -> Option<&Entry> {
        self.sockets
            .iter()
            .find(|entry| entry.socket.namespace == *namespace)
    }

    pub(crate) fn entry_mut(&mut self, namespace: &Namespace) -> Option<&mut Entry> {
        self.sockets
            .iter_mut()
            .find(|entry| entry.socket.namespace == *namespace)
    }

    /// What the driver drives.
    pub(crate) fn driven(&mut self) -> &mut Connection {
        self.draining.as_mut().unwrap_or(&mut self.connection)
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.sockets.iter().any(|entry| entry.wanted)
    }

    pub(super) fn is_asked(&self, socket: &Arc<SocketState>, generation: u64) -> bool {
        self.is_live
            && self.generation == generation
            && self
                .entry(&socket.namespace)
                .is_some_and(|entry| entry.wanted)
    }
}

impl SocketState {
    pub(crate) fn set_status(&self, status: Status) {
        self.status.send_replace(status);
    }

    /// Tells the handlers, after all that happened before.
    pub(crate) fn tell(&self, lifecycle: Lifecycle) {
        self.inbox.push_lifecycle(lifecycle);
    }

    pub(crate) fn encode(&self, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
        self.manager.options.codec.encode(&self.namespace, packet)
    }

    /// Answers an event of the server.
    pub(crate) fn answer(
        &self,
        id: AckId,
        epoch: u64,
        arguments: Arguments<'_>,
    ) -> Result<(), EmitError> {
        let packet = self.encode(&Outgoing::Ack(id, arguments))?;
        self.manager.change(|state| {
            if self.epoch.load(Ordering::Acquire) != epoch {
                return Err(EmitError::NotConnected);
            }
            Ok(state.connection.send_reserved(&self.namespace, &packet)?)
        })
    }
}
