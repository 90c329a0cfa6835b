//! What handlers return.

use serde::Serialize;
use socketio_proto::Ack;

use crate::error::Error;
use crate::event::{AckSender, Connected, Disconnected, Event};

/// What became of an event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was handled. Nothing was answered, at least not by the return value.
    Handled,
    /// It was handled and answered.
    Answered,
    /// It could not be handled. The [error hook](crate::Server::on_error) hears of it.
    Failed(Error),
}

/// What a handler may return. See [the table](crate::handler).
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "a handler returns `()`, `Ack(value)`, or a `Result` of these",
    note = "to answer with a value, return `Ack(value)`: a bare value is not an answer"
)]
pub trait IntoOutcome<E> {
    /// What it means. `ack` is the way to answer, where there is one.
    fn into_outcome(self, ack: Option<&AckSender>) -> Outcome;
}

impl<E> IntoOutcome<E> for () {
    fn into_outcome(self, _ack: Option<&AckSender>) -> Outcome {
        Outcome::Handled
    }
}

/// For closures that never end by themselves.
impl<E> IntoOutcome<E> for std::convert::Infallible {
    fn into_outcome(self, _ack: Option<&AckSender>) -> Outcome {
        match self {}
    }
}

impl<E> IntoOutcome<E> for Outcome {
    fn into_outcome(self, _ack: Option<&AckSender>) -> Outcome {
        self
    }
}

impl<T: Serialize> IntoOutcome<Event> for Ack<T> {
    fn into_outcome(self, ack: Option<&AckSender>) -> Outcome {
        use crate::error::EmitError;

        let Some(ack) = ack.filter(|ack| ack.is_wanted()) else {
            return Outcome::Handled;
        };
        match ack.send(&self.0) {
            Ok(()) => Outcome::Answered,
            // Another handler was first, or nobody is there to be answered: neither is this handler's fault.
            Err(EmitError::Answered | EmitError::Closed) => Outcome::Handled,
            Err(error) => Outcome::Failed(error.into()),
        }
    }
}

impl<T: IntoOutcome<Event>, E: Into<Error>> IntoOutcome<Event> for Result<T, E> {
    fn into_outcome(self, ack: Option<&AckSender>) -> Outcome {
        match self {
            Ok(value) => value.into_outcome(ack),
            Err(error) => Outcome::Failed(error.into()),
        }
    }
}

/// Nobody can be answered there.
macro_rules! without_answer {
    ($($occasion:ty),*) => {$(
        impl<E: Into<Error>> IntoOutcome<$occasion> for Result<(), E> {
            fn into_outcome(self, _ack: Option<&AckSender>) -> Outcome {
                match self {
                    Ok(()) => Outcome::Handled,
                    Err(error) => Outcome::Failed(error.into()),
                }
            }
        }
    )*};
}

without_answer!(Connected, Disconnected);
