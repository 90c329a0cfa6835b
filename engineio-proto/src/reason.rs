//! Why something could not be decoded, and why a session ended.

use core::fmt;

/// What is wrong with bytes from a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Where a packet should stand there is nothing.
    #[error("empty packet")]
    Empty,
    /// The first character or byte names no packet type.
    #[error("unknown packet type")]
    UnknownType,
    /// Text that is not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// A `b` is followed by something else than base64.
    #[error("invalid base64")]
    InvalidBase64,
    /// A length that is missing, no number, or does not fit what follows.
    #[error("invalid length")]
    InvalidLength,
    /// A packet of more than the allowed size.
    #[error("max payload size exceeded")]
    TooLarge,
    /// The open packet is not the JSON it should be.
    #[error("invalid handshake")]
    InvalidHandshake,
    /// An open packet came late, or another packet came before it.
    #[error("unexpected packet")]
    Unexpected,
}

/// Why a session ended.
///
/// [`as_str`](Self::as_str) gives the words of the reference implementation, which applications compare with;
/// `Display` says more, for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed, or its link ended in an orderly way.
    TransportClose,
    /// The transport failed, or was used against its rules.
    TransportError(TransportFault),
    /// Nothing was heard from the peer for too long.
    PingTimeout,
    /// The peer sent something that is no packet.
    ParseError(DecodeError),
    /// This side closed.
    Forced,
}

impl CloseReason {
    /// The reason as the reference words it.
    ///
    /// In two cases the reference says something else: its client calls a packet that it cannot decode a transport
    /// error, and its server a WebTransport frame that is too large a parse error. Here both sides and all transports
    /// say the same.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError(_) => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError(_) => "parse error",
            Self::Forced => "forced close",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::TransportError(fault) => write!(f, ": {fault}"),
            Self::ParseError(error) => write!(f, ": {error}"),
            _ => Ok(()),
        }
    }
}

/// What went wrong with a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportFault {
    /// A second `GET` while one was waiting.
    #[error("overlap from client")]
    GetOverlap,
    /// A second `POST` while one was being read.
    #[error("data request overlap from client")]
    PostOverlap,
    /// A binary body in revision 4.
    #[error("invalid content")]
    InvalidContent,
    /// A ping from the side that answers pings, or a pong from the side that sends them.
    #[error("invalid heartbeat direction")]
    HeartbeatDirection,
    /// The peer gave up on a waiting `GET`.
    #[error("poll connection closed prematurely")]
    GetAborted,
    /// The peer gave up in the middle of a `POST`.
    #[error("data request connection closed prematurely")]
    PostAborted,
    /// More bytes in one message than allowed.
    #[error("max payload size exceeded")]
    TooLarge,
    /// The link failed: reset, broken framing, whatever its driver knows.
    #[error("link failed")]
    Link,
    /// An HTTP request of the client failed without an answer.
    #[error("request failed")]
    Request,
    /// An HTTP request of the client was answered with this status instead of 200.
    #[error("unexpected status {0}")]
    Status(u16),
    /// The connection was not open in time.
    #[error("timeout")]
    Timeout,
    /// The peer took too little of what it is owed: see [`OnFull::Disconnect`](crate::server::OnFull).
    #[error("the peer is owed too much")]
    Slow,
}
