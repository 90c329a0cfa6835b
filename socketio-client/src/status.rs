//! How a socket is doing, and what happens to it.

use std::time::Duration;

use engineio_proto::Transport;
use socketio_proto::{ConnectError, DisconnectReason, SocketId};

use crate::{Cause, Error};

/// How a socket is doing now: [`Socket::status`](crate::Socket::status).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Status {
    /// The connection is being made, or the server was asked for the namespace.
    Connecting,
    /// The namespace is joined.
    Connected {
        /// Whether the server took up the session of an earlier connection, so that nothing was missed.
        recovered: bool,
    },
    /// The connection failed or was lost. It is made again by itself.
    Waiting {
        /// Which attempt is next, counted from one since the last connection.
        attempt: u32,
        /// How long it was to be waited for, when the waiting began.
        next: Duration,
        /// What went wrong.
        error: Error,
    },
    /// Not connected, and nothing happens until the program says [`connect`](crate::Socket::connect).
    Closed {
        /// Why.
        reason: Closed,
    },
}

impl Status {
    /// Whether the namespace is joined.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

/// Why a socket is closed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Closed {
    /// It was never asked to connect.
    New,
    /// This side or the server left the namespace; or the connection was lost, and is not to be made again.
    Disconnected(DisconnectReason),
    /// The server refused the namespace.
    Refused(ConnectError),
    /// There was no connection, and no further attempt is to be made.
    Failed(Error),
}

impl Closed {
    /// The same as an error, for those who wanted a connection.
    pub fn into_error(self) -> Error {
        match self {
            Self::New => Error::Disconnected(DisconnectReason::IoClientDisconnect),
            Self::Disconnected(reason) => Error::Disconnected(reason),
            Self::Refused(error) => Error::Refused(error),
            Self::Failed(error) => error,
        }
    }
}

/// What happens to a socket and to the connection beneath it, in order:
/// [`Socket::on_lifecycle`](crate::Socket::on_lifecycle).
///
/// Unlike [`Status`], of which only the last one is seen, none of these is missed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Lifecycle {
    /// The namespace is joined, for the first time or again.
    Connected {
        /// What the server calls this socket.
        id: SocketId,
        /// Whether the server took up the session of an earlier connection.
        recovered: bool,
    },
    /// The server refused the namespace, or there is no connection. The second is tried again by itself.
    ConnectError(Error),
    /// The namespace is left.
    Disconnected {
        /// Why, in the words of the reference.
        reason: DisconnectReason,
        /// What is known beyond that.
        cause: Option<Cause>,
    },
    /// The connection goes on over this transport.
    Upgraded(Transport),
    /// This transport was tried in vain. The connection goes on over the one that it has.
    UpgradeFailed(Transport),
    /// The connection is being made again.
    ReconnectAttempt {
        /// Counted from one.
        attempt: u32,
    },
    /// The connection is there again; the namespaces are being joined.
    Reconnected {
        /// The attempt that succeeded.
        attempt: u32,
    },
    /// All attempts failed that were allowed.
    ReconnectFailed,
}
