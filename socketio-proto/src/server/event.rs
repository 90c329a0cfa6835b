//! What a connection tells the application.

use engineio_proto::{CloseReason, Transport};

use super::request::ConnectRequest;
use crate::acks::AckError;
use crate::{AckId, Args, DecodeError, DisconnectReason, Namespace};

/// What happened, for the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client wants to join a namespace.
    Connect(ConnectRequest),
    /// The client that wanted to join this namespace does not any more, before it was decided. What is being done for the
    /// decision may be given up; the [`ConnectRequest`] may be dropped, and nobody will take it.
    ///
    /// When the connection ends that is so for all that are undecided, and [`Close`](Self::Close) says it.
    Withdrawn {
        /// The namespace.
        namespace: Namespace,
    },
    /// A client sent an event.
    Event {
        /// The namespace it was sent to; joined.
        namespace: Namespace,
        /// The client wants it acknowledged with this id.
        id: Option<AckId>,
        /// Its name and arguments.
        args: Args,
    },
    /// An acknowledgement that was [awaited](super::Connection::expect_ack) has come, or never will. Exactly one for each.
    Ack {
        /// The namespace.
        namespace: Namespace,
        /// The id that was awaited.
        id: AckId,
        /// What the client answered.
        result: Result<Args, AckError>,
    },
    /// The client is not in this namespace any more. Exactly one for each that was accepted, after the ends of all its
    /// acknowledgements.
    Disconnect {
        /// The namespace.
        namespace: Namespace,
        /// Why.
        reason: DisconnectReason,
    },
    /// The client went over to this transport.
    Upgrade(Transport),
    /// The client broke the protocol. The namespaces are left and the connection is closed; this says why.
    ProtocolError(ProtocolError),
    /// The connection ended. Nothing comes after this.
    Close(CloseReason),
}

/// What a client did against the protocol. The connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// It sent something that is no packet.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// It joined a namespace twice.
    #[error("the namespace is joined already")]
    AlreadyConnected,
    /// It sent a packet to a namespace that it never asked for.
    #[error("the namespace is not joined")]
    NotConnected,
    /// It sent a packet that only servers send.
    #[error("a client does not send this packet")]
    WrongDirection,
    /// It sent too much to a namespace that it is not in yet.
    #[error("too much was sent before the namespace was joined")]
    TooMuchWaiting,
    /// It asked for more and more namespaces, though it was told that it has too many.
    #[error("too many namespaces were asked for")]
    TooManyNamespaces,
    /// It joined no namespace in time.
    #[error("no namespace was joined in time")]
    ConnectTimeout,
    /// It announced attachments that did not come.
    #[error("attachments did not come in time")]
    PacketTimeout,
}
