//! A client asks to join a namespace.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Deserialize;

use crate::{ArgsError, Encoded, Namespace, RawValue, SocketId};

/// A client wants to join a namespace, and waits for the answer.
///
/// Only [`Connection::accept`](super::Connection::accept) and [`Connection::refuse`](super::Connection::refuse) take it. It
/// may be kept as long as the decision takes; what the client sends to the namespace meanwhile is kept too. Until it is
/// given back it counts as one of the [namespaces](super::Config::max_namespaces) of the client, also after the client
/// has [changed its mind](super::Event::Withdrawn). If it is dropped instead, the client is refused when the connection
/// is polled for events the next time.
#[derive(Debug)]
#[must_use = "a CONNECT must be accepted or refused"]
pub struct ConnectRequest {
    pub(super) namespace: Namespace,
    /// Tells this request from all others, of all connections, and is gone when it is.
    pub(super) token: Arc<()>,
    pub(super) auth: Option<RawValue>,
}

/// What a client shows to get a lost session back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// The private id of the lost session.
    pub private_id: Arc<str>,
    /// The offset of the last event that the client received. `None` if it received none: then everything since the
    /// beginning of the session was missed.
    pub offset: Option<Arc<str>>,
}

impl ConnectRequest {
    /// The namespace that the client wants to join. Nobody has checked that it exists.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What the client shows: an object, or nothing. Clients 2.x show the query string behind the namespace.
    pub fn auth(&self) -> Option<&RawValue> {
        self.auth.as_ref()
    }

    /// The session that the client wants back, if any. It may not exist any more, and it may be somebody else's.
    pub fn resume(&self) -> Option<Resume> {
        #[derive(Deserialize)]
        struct Shown {
            pid: String,
            offset: Option<String>,
        }
        let shown: Result<Shown, ArgsError> = self.auth.as_ref()?.deserialize();
        // Something else than text there is no attempt to resume, but belongs to the application.
        let Shown { pid, offset } = shown.ok()?;
        Some(Resume {
            private_id: pid.into(),
            offset: offset.map(Into::into),
        })
    }
}

/// What an accepted client is told, and gets.
///
/// ```
/// use socketio_proto::SocketId;
/// use socketio_proto::server::Accept;
///
/// let accept = Accept::new(SocketId::from("CutEdQFlYU6blFeZAAAB")).private_id("a-secret");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Accept {
    pub(super) id: SocketId,
    pub(super) private_id: Option<Arc<str>>,
    pub(super) missed: Vec<Encoded>,
}

impl Accept {
    /// The client is this socket. In revision 3 the id of the socket in `/` has to be that of the Engine.IO session, and in
    /// other namespaces `namespace#session`, because clients compute it themselves.
    pub fn new(id: SocketId) -> Self {
        Self {
            id,
            private_id: None,
            missed: Vec::new(),
        }
    }

    /// The client may come back with this id and get what it missed. A secret. Ignored in revision 3, which does not know it.
    pub fn private_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.private_id = Some(id.into());
        self
    }

    /// What a client missed that got its session back. It is sent before the client is told that it is in, which is
    /// what clients expect: they hand it out first.
    pub fn missed(mut self, packets: impl IntoIterator<Item = Encoded>) -> Self {
        self.missed.extend(packets);
        self
    }
}

/// The client of a [`ConnectRequest`] has gone, or has changed its mind. There is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client has gone")]
#[expect(clippy::exhaustive_structs, reason = "there is no more to say")]
pub struct Gone;
