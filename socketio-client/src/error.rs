//! What can go wrong, and whose doing it is.

use std::fmt;
use std::io;
use std::sync::Arc;

use engineio_proto::reject::Refusal;
use engineio_proto::{Transport, TransportFault};
use socketio_proto::{ArgsError, ConnectError, DecodeError, DisconnectReason, EncodeError};

/// Why a socket is not connected.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL is none, or of another scheme than `http`, `https`, `ws` and `wss`. The caller's doing.
    #[error("{url:?} is not the URL of a server: {what}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An option that cannot be: a header that is none, a namespace with a comma in it. The caller's doing.
    #[error("invalid option: {0}")]
    Config(String),
    /// The server refused the namespace. It is not asked again until the program does.
    #[error("the server refused the connection: {0}")]
    Refused(ConnectError),
    /// The server could not be reached, or did not behave like one.
    #[error(transparent)]
    Connect(#[from] ConnectFailure),
    /// The function that gives what the server is shown failed.
    #[error("no authentication to show to the server: {0}")]
    Auth(String),
    /// The connection was there, and is not any more.
    #[error("disconnected: {0}")]
    Disconnected(DisconnectReason),
}

impl Error {
    /// What the server said, if it refused the namespace.
    pub fn refusal(&self) -> Option<&ConnectError> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

/// A server that could not be reached, or that did not behave like one: where, and why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectFailure {
    /// Host and port.
    pub host: String,
    /// How it was tried.
    pub transport: Transport,
    /// What went wrong.
    pub cause: Cause,
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            transport,
            cause,
        } = self;
        write!(f, "no connection to {host} by {transport}: {cause}")
    }
}

impl std::error::Error for ConnectFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// What went wrong on the way to a server, or with the connection to it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The name of the host could not be resolved.
    #[error("the host is not known: {0}")]
    Resolve(Arc<io::Error>),
    /// No TCP connection.
    #[error("{0}")]
    Tcp(Arc<io::Error>),
    /// The proxy did not connect us.
    #[error("the proxy {0}")]
    Proxy(String),
    /// No TLS: a certificate that is not trusted, a name that is not in it, no common version.
    #[error("TLS: {0}")]
    Tls(Arc<io::Error>),
    /// What the server sent is no HTTP, or the connection broke in the middle of it.
    #[error("HTTP: {0}")]
    Http(String),
    /// The server answered with another status than was expected, and perhaps with a reason.
    #[error("the server answered with {0}")]
    Status(Refusal),
    /// The server sends us elsewhere. Redirections are not followed: give the URL that is meant.
    #[error("the server redirects (status {status}) to {location:?}")]
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// What the server answered to the request for a WebSocket is no WebSocket handshake.
    #[error("no WebSocket: {0}")]
    WebSocket(&'static str),
    /// What the server sent is no Engine.IO.
    #[error("the answer is no Engine.IO: {0}")]
    Engine(engineio_proto::DecodeError),
    /// What the server sent is no Socket.IO.
    #[error("the packet is no Socket.IO: {0}")]
    Packet(DecodeError),
    /// The server sent more in one message than is taken.
    #[error("the server sent more than is taken in one message")]
    TooLarge,
    /// It took too long until the connection was open.
    #[error("timeout")]
    Timeout,
    /// The connection was open, but the server did not answer for the namespace in time.
    #[error("the server did not answer for the namespace in time")]
    JoinTimeout,
    /// Nothing was heard from the server for too long.
    #[error("nothing was heard from the server for too long")]
    PingTimeout,
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The server closed the WebSocket with this status.
    #[error("the server closed the WebSocket with status {0}")]
    ClosedWith(u16),
    /// The connection was cut by this program: [`Client::cut`](crate::Client::cut).
    #[error("the connection was cut")]
    Cut,
    /// The program does not take its events, and too many wait.
    #[error("more events are waiting for the program than may")]
    Overrun,
    /// The headers that are asked for at each attempt were not given.
    #[error("no headers: {0}")]
    Headers(String),
}

impl Cause {
    /// How the session is told.
    pub(crate) fn fault(&self) -> TransportFault {
        match self {
            Self::Status(refusal) => TransportFault::Status(refusal.status),
            Self::Redirect { status, .. } => TransportFault::Status(*status),
            Self::TooLarge => TransportFault::TooLarge,
            Self::Timeout => TransportFault::Timeout,
            _ => TransportFault::Request,
        }
    }
}

/// Why an event was not taken. The caller's doing, or the circumstances'.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The arguments or the name cannot be sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Too much is waiting to be sent already.
    #[error("too much is waiting to be sent already")]
    Full,
    /// The socket is not connected, and this cannot wait: an acknowledgement belongs to the connection that asked.
    #[error("the socket is not connected")]
    NotConnected,
    /// A volatile event would have had to wait, and was dropped.
    #[error("the event would have had to wait")]
    Dropped,
}

impl From<socketio_proto::SendError> for EmitError {
    fn from(error: socketio_proto::SendError) -> Self {
        match error {
            socketio_proto::SendError::Full => Self::Full,
            _ => Self::NotConnected,
        }
    }
}

/// Why there is no answer to an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// None came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The socket was disconnected first. Whether the server has seen the event is not known.
    #[error("the socket was disconnected before an answer came")]
    Closed,
    /// The answer is of another type.
    #[error("the answer is not what was expected: {0}")]
    Decode(#[from] ArgsError),
    /// The event was not even sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// Why a handler did not do its work: what the [error hook](crate::Builder::on_error) is given.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// The event does not carry what the handler takes. It was not called.
    #[error("the event is not what its handler takes: {0}")]
    Arguments(#[from] ArgsError),
    /// The handler takes something that this event does not have.
    #[error("the handler takes {0}, which is not there")]
    Missing(&'static str),
    /// The handler returned an error.
    #[error("{0}")]
    Failed(String),
    /// The handler panicked.
    #[error("the handler panicked: {0}")]
    Panicked(String),
    /// What the handler answered cannot be sent.
    #[error("the answer cannot be sent: {0}")]
    Answer(EmitError),
}
