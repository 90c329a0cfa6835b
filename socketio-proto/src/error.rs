//! What is wrong with a packet: one type for the peer's faults, one for the caller's, one for arguments of another
//! type than the one asked for.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write};

/// Why a message of a peer is no packet.
///
/// Always the peer's fault. There is no way to go on after it: the place in the stream is lost, so the connection has
/// to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first character names no packet type.
    #[error("unknown packet type")]
    UnknownType,
    /// A namespace that is too long, or has a character that no namespace can have.
    #[error("invalid namespace")]
    InvalidNamespace,
    /// An acknowledgement id that does not fit 64 bits, is missing, or stands where none belongs.
    #[error("invalid acknowledgement id")]
    InvalidAckId,
    /// Something else than the payload of this type of packet: `42{}`, `40[]`, `41"x"`.
    #[error("invalid payload")]
    InvalidPayload,
    /// The payload is not JSON.
    #[error("invalid JSON")]
    InvalidJson,
    /// The message is not MessagePack.
    #[error("invalid MessagePack")]
    InvalidMessagePack,
    /// More arrays and objects within each other than [`Limits::max_depth`](crate::Limits::max_depth).
    #[error("nested too deeply")]
    TooDeep,
    /// An event with a name that belongs to the library: `connect`, `disconnect` and some more.
    #[error("reserved event name")]
    ReservedName,
    /// An event name longer than [`Limits::max_event_name`](crate::Limits::max_event_name).
    #[error("event name too long")]
    NameTooLong,
    /// The number of attachments is missing, no number, or zero; or an attachment is not referenced exactly once.
    #[error("illegal attachments")]
    IllegalAttachments,
    /// More attachments than [`Limits::max_attachments`](crate::Limits::max_attachments).
    #[error("too many attachments")]
    TooManyAttachments,
    /// A text came while attachments were outstanding.
    #[error("got plaintext data when reconstructing a packet")]
    UnexpectedText,
    /// A binary message came and no packet is waiting for it; or binary where the codec knows only text.
    #[error("got binary data when not reconstructing a packet")]
    UnexpectedBinary,
    /// A packet with its attachments has more bytes than [`Limits::max_payload`](crate::Limits::max_payload).
    #[error("max payload size exceeded")]
    TooLarge,
    /// What a [`Codec`](crate::Codec) from outside this crate has to say.
    #[error("{0}")]
    Other(&'static str),
}

/// Why something cannot be sent.
///
/// Always the doing of the caller, or of the `Serialize` implementation of what is sent. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The name belongs to the library, and no peer would take the event.
    #[error("{0:?} is a reserved event name")]
    ReservedName(Box<str>),
    /// The event name has more bytes than this.
    #[error("event name longer than {0} bytes")]
    NameTooLong(usize),
    /// The packet has more attachments than this, which is what peers take. See
    /// [`Json::max_attachments`](crate::Json::max_attachments).
    #[error("more than {0} attachments")]
    TooManyAttachments(usize),
    /// More than 128 arrays and objects within each other, which no peer would take.
    #[error("nested too deeply")]
    TooDeep,
    /// A key of a map that is neither text nor a number nor a boolean.
    #[error("a key must be text, a number or a boolean")]
    InvalidKey,
    /// An object in the data would be taken for a reference to one of the attachments: one with `_placeholder` in it.
    #[error("an object in the data reads like a reference to an attachment")]
    Misleading,
    /// What is shown with CONNECT is no object, or what a refusal says is neither an object nor text. Every peer would
    /// close the connection.
    #[error("CONNECT carries an object, and CONNECT_ERROR an object or text")]
    InvalidPayload,
    /// An integer of more than 64 bits.
    #[error("an integer has more than 64 bits")]
    IntegerTooLarge,
    /// What a `Serialize` implementation had to say.
    #[error("{0}")]
    Custom(Box<str>),
}

/// What a codec received cannot be kept: it breaks a rule that also holds for what is sent.
impl From<EncodeError> for DecodeError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::ReservedName(_) => Self::ReservedName,
            EncodeError::NameTooLong(_) => Self::NameTooLong,
            EncodeError::TooManyAttachments(_) => Self::TooManyAttachments,
            EncodeError::TooDeep => Self::TooDeep,
            EncodeError::Misleading => Self::IllegalAttachments,
            _ => Self::InvalidPayload,
        }
    }
}

impl serde::ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(bounded(message))
    }
}

/// Why arguments, or another payload, do not fit the type that was asked for.
///
/// The peer sent something else than the application expects. The packet itself is sound, so the connection may go
/// on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArgsError {
    message: Box<str>,
}

impl ArgsError {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self {
            message: bounded(message),
        }
    }
}

impl serde::de::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

/// The text of an error, cut where it becomes useless: serde repeats the value it did not like, and a peer may have
/// made that a megabyte long.
fn bounded(message: impl fmt::Display) -> Box<str> {
    struct Bounded(String);

    impl Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = MAX_MESSAGE.saturating_sub(self.0.len());
            let part = text.get(..text.floor_char_boundary(room));
            self.0.push_str(part.unwrap_or_default());
            if text.len() > room {
                Err(fmt::Error)
            } else {
                Ok(())
            }
        }
    }

    let mut text = Bounded(String::new());
    if write!(text, "{message}").is_err() {
        text.0.push('…');
    }
    text.0.into_boxed_str()
}

/// Long enough for the names of some thirty fields.
const MAX_MESSAGE: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_repeat_a_megabyte() {
        let error = ArgsError::new("é".repeat(500_000));
        assert_eq!(error.message.len(), MAX_MESSAGE + "…".len());
        let error = ArgsError::new("short");
        assert_eq!(&*error.message, "short");
    }
}
