//! Why a socket left its namespace.

use core::fmt;

use engineio_proto::CloseReason;

/// Why a socket was disconnected, in the words of the reference.
///
/// Applications compare [`as_str`](Self::as_str) with what they know from JavaScript. One side's
/// [`ClientNamespaceDisconnect`](Self::ClientNamespaceDisconnect) is the other side's
/// [`IoClientDisconnect`](Self::IoClientDisconnect).
///
/// ```
/// use engineio_proto::CloseReason;
/// use socketio_proto::DisconnectReason;
///
/// let reason = DisconnectReason::from(CloseReason::PingTimeout);
/// assert_eq!(reason.as_str(), "ping timeout");
/// assert!(reason.is_recoverable());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// Both: the transport failed, or the peer used it against its rules.
    TransportError,
    /// Both: the peer is gone; it closed, or its link ended in an orderly way.
    TransportClose,
    /// Both: nothing was heard from the peer for too long.
    PingTimeout,
    /// Server: the peer sent something that is no Engine.IO packet. Client: something that is no packet at all.
    ParseError,
    /// Both: this side closed the connection beneath the namespaces; a server also after a broken packet.
    ForcedClose,
    /// Server: the same, as the reference calls it where the close had to wait for a poll.
    ForcedServerClose,
    /// Server: the whole server is going down.
    ServerShuttingDown,
    /// Server: the client left this namespace.
    ClientNamespaceDisconnect,
    /// Server: the server itself sent the client away.
    ServerNamespaceDisconnect,
    /// Client: the server sent it away. It does not reconnect by itself.
    IoServerDisconnect,
    /// Client: it left by itself.
    IoClientDisconnect,
}

impl DisconnectReason {
    /// The reason as the reference words it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportError => "transport error",
            Self::TransportClose => "transport close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::IoServerDisconnect => "io server disconnect",
            Self::IoClientDisconnect => "io client disconnect",
        }
    }

    /// Whether a server keeps what the client misses from now on, if recovery is on.
    ///
    /// It does unless one of the two meant to leave, or cannot be understood.
    pub const fn is_recoverable(self) -> bool {
        matches!(
            self,
            Self::TransportError
                | Self::TransportClose
                | Self::PingTimeout
                | Self::ForcedClose
                | Self::ForcedServerClose
                | Self::ServerShuttingDown
        )
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CloseReason> for DisconnectReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::TransportClose => Self::TransportClose,
            CloseReason::TransportError(_) => Self::TransportError,
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::ParseError(_) => Self::ParseError,
            // What else there may be was decided on this side.
            _ => Self::ForcedClose,
        }
    }
}

#[cfg(test)]
mod tests {
    use engineio_proto::{DecodeError, TransportFault};

    use super::*;

    #[test]
    fn both_layers_use_the_same_words() {
        for reason in [
            CloseReason::TransportClose,
            CloseReason::TransportError(TransportFault::Link),
            CloseReason::PingTimeout,
            CloseReason::ParseError(DecodeError::Empty),
            CloseReason::Forced,
        ] {
            assert_eq!(DisconnectReason::from(reason).as_str(), reason.as_str());
        }
    }
}
