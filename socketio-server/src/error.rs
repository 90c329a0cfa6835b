//! What may go wrong: for the caller of `emit`, for who waits for an acknowledgement, and in a handler.

use std::error::Error as StdError;
use std::fmt;

use socketio_proto::{ArgsError, EncodeError, SendError};

/// Anything that a handler may fail with: every error type turns into it by `?`, and so does text.
///
/// What a handler returns as an error goes to the [error hook](crate::Server::on_error), and to nobody else: the client is
/// told only what the hook answers.
///
/// ```
/// use socketio_server::Error;
///
/// fn parse(text: &str) -> Result<u32, Error> {
///     if text.is_empty() {
///         return Err(Error::new("nothing to parse"));
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("").unwrap_err().to_string(), "nothing to parse");
/// assert!(parse("x").unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
/// ```
pub struct Error(Box<dyn StdError + Send + Sync>);

impl Error {
    /// An error from another one, or from text.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The error inside, if it is of this type.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// The error inside, for whoever wants to go through its sources.
    pub fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why an event was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The event cannot be encoded: its name is reserved, or its arguments cannot be serialised. The caller's doing.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The socket is not connected any more.
    #[error("the socket is disconnected")]
    Closed,
    /// The client is owed too much already. Wait with [`emit_wait`](crate::Socket::emit_wait), or send less.
    #[error("the client is owed too much already")]
    Full,
    /// Too many acknowledgements are awaited from this client already.
    #[error("too many acknowledgements are awaited already")]
    TooManyAcks,
    /// The event was acknowledged already.
    #[error("the event was acknowledged already")]
    Answered,
}

impl From<SendError> for EmitError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Full => Self::Full,
            _ => Self::Closed,
        }
    }
}

/// Why an acknowledgement did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not answer in time.
    #[error("operation has timed out")]
    Timeout,
    /// The socket was disconnected first.
    #[error("socket has been disconnected")]
    Closed,
    /// The client answered with something else than what was asked for.
    #[error("the answer is of another type: {0}")]
    Decode(#[from] ArgsError),
    /// The event was not sent at all.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

impl From<socketio_proto::AckError> for AckError {
    fn from(error: socketio_proto::AckError) -> Self {
        match error {
            socketio_proto::AckError::Timeout => Self::Timeout,
            _ => Self::Closed,
        }
    }
}
