//! Why a packet was not taken.

use engineio_proto::SendError as EngineSendError;

/// Why a packet was not taken by a connection. The caller's doing, or the circumstances'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The namespace is not joined.
    #[error("the namespace is not joined")]
    NotConnected,
    /// The connection is closing or closed.
    #[error("the connection is closed")]
    Closed,
    /// A codec made text that polling cannot carry: it has the character U+001E in it. Those of this crate make none.
    #[error("polling cannot carry text with U+001E in it")]
    Separator,
    /// The peer is owed too much already.
    #[error("the peer is owed too much already")]
    Full,
}

impl From<EngineSendError> for SendError {
    fn from(error: EngineSendError) -> Self {
        match error {
            EngineSendError::Full => Self::Full,
            EngineSendError::Separator => Self::Separator,
            _ => Self::Closed,
        }
    }
}
