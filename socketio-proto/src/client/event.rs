//! What a connection tells the application.

use engineio_proto::open::Open;
use engineio_proto::{CloseReason, Transport};

use crate::acks::AckError;
use crate::{AckId, Args, ConnectError, DecodeError, DisconnectReason, Namespace, SocketId};

/// What happened, for the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The session is open; the namespaces are being joined.
    Open(Open),
    /// A namespace is joined. The events that were missed, if the session was recovered, have been handed out before this.
    Connect {
        /// The namespace.
        namespace: Namespace,
        /// What the server calls this socket.
        id: SocketId,
        /// Whether the server took up the session of an earlier connection.
        recovered: bool,
    },
    /// The server refused a namespace. The connection stays.
    ConnectError {
        /// The namespace.
        namespace: Namespace,
        /// What the server said.
        error: ConnectError,
    },
    /// The server sent an event.
    Event {
        /// The namespace.
        namespace: Namespace,
        /// The server wants it acknowledged with this id.
        id: Option<AckId>,
        /// Its name and arguments.
        args: Args,
    },
    /// An acknowledgement that was awaited has come, or never will. Exactly one for each.
    Ack {
        /// The namespace.
        namespace: Namespace,
        /// The id that was awaited.
        id: AckId,
        /// What the server answered.
        result: Result<Args, AckError>,
    },
    /// A namespace is left. Exactly one for each [`Connect`](Self::Connect), after the ends of the acknowledgements that
    /// end with it.
    Disconnect {
        /// The namespace.
        namespace: Namespace,
        /// Why.
        reason: DisconnectReason,
    },
    /// The session went over to this transport.
    Upgrade(Transport),
    /// This transport was tried in vain. The session goes on.
    UpgradeFailed(Transport),
    /// The server sent something that is no packet. The connection is closed; this says why.
    ProtocolError(DecodeError),
    /// The connection ended, or was never opened. Nothing comes after this.
    Close(CloseReason),
}
