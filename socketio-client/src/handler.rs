//! Handlers: functions and closures that take what they need, in any order, and return what they answer.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::{Ack, Arguments, Data, DisconnectReason};

use crate::incoming::{AckSender, Event, Incoming};
use crate::status::Lifecycle;
use crate::{EmitError, Error, HandlerError, Socket};

/// What a handler can take as a parameter.
///
/// | parameter | is |
/// |---|---|
/// | [`Socket`] | the socket on which it happened |
/// | [`Data<T>`](Data) | the arguments of the event, as your type |
/// | [`Event`] | the event as it arrived |
/// | [`AckSender`] | a way to answer later |
/// | [`Lifecycle`], [`DisconnectReason`], [`Error`] | what happened, for [`on_lifecycle`](Socket::on_lifecycle), [`on_disconnect`](Socket::on_disconnect), [`on_connect_error`](Socket::on_connect_error) |
///
/// Implement it for a type of yours to take that.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of an event handler",
    label = "not a parameter that handlers can have",
    note = "parameters can be `Socket`, `Data<T>` with a `T` that serde can deserialise and that borrows nothing, `Event`, `AckSender`, `Lifecycle`"
)]
pub trait FromIncoming: Sized {
    /// Makes the parameter of what arrived.
    ///
    /// # Errors
    ///
    /// If that is not possible. The handler is not called then, and the error is reported.
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError>;
}

impl FromIncoming for Socket {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        Ok(incoming.socket().clone())
    }
}

impl FromIncoming for Incoming {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        Ok(incoming.clone())
    }
}

impl FromIncoming for Event {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        incoming
            .event()
            .cloned()
            .ok_or(HandlerError::Missing("an event"))
    }
}

impl<T: DeserializeOwned> FromIncoming for Data<T> {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        let event = incoming
            .event()
            .ok_or(HandlerError::Missing("the arguments of an event"))?;
        Ok(Self(event.args().deserialize()?))
    }
}

impl FromIncoming for AckSender {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        let event = incoming
            .event()
            .ok_or(HandlerError::Missing("a way to answer an event"))?;
        Ok(event.ack.clone().unwrap_or(Self(None)))
    }
}

impl FromIncoming for Lifecycle {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        incoming
            .lifecycle()
            .cloned()
            .ok_or(HandlerError::Missing("a change of the connection"))
    }
}

impl FromIncoming for DisconnectReason {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        match incoming.lifecycle() {
            Some(Lifecycle::Disconnected { reason, .. }) => Ok(*reason),
            _ => Err(HandlerError::Missing("the reason of a disconnection")),
        }
    }
}

impl FromIncoming for Error {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        match incoming.lifecycle() {
            Some(Lifecycle::ConnectError(error)) => Ok(error.clone()),
            _ => Err(HandlerError::Missing("the error of a connection")),
        }
    }
}

/// What came of a handler.
#[non_exhaustive]
pub enum Outcome {
    /// No answer, or not from here.
    Silent,
    /// An answer.
    Ack(Answer),
    /// An error, for the [hook](crate::Builder::on_error).
    Failed(HandlerError),
}

/// An answer that is not encoded yet.
pub struct Answer(SendAnswer);

type SendAnswer = Box<dyn FnOnce(&AckSender) -> Result<(), EmitError> + Send>;

impl Answer {
    /// Any type that serde can serialise.
    pub fn new<T: Serialize + Send + 'static>(value: T) -> Self {
        Self(Box::new(move |ack| {
            ack.send_arguments(Arguments::new(&value))
        }))
    }

    pub(crate) fn send(self, ack: &AckSender) -> Result<(), EmitError> {
        (self.0)(ack)
    }
}

/// What a handler can return: `()`, [`Ack<T>`](Ack), or a `Result` of one of them with any error.
///
/// An error is reported to the [error hook](crate::Builder::on_error), and no answer is sent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what an event handler returns",
    label = "not something that handlers return",
    note = "handlers return `()`, `Ack(value)` to answer, or a `Result` of one of them"
)]
pub trait IntoOutcome {
    /// What came of the handler.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Silent
    }
}

impl<T: Serialize + Send + 'static> IntoOutcome for Ack<T> {
    fn into_outcome(self) -> Outcome {
        Outcome::Ack(Answer::new(self.0))
    }
}

impl<T: IntoOutcome, E: std::fmt::Display> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => value.into_outcome(),
            Err(error) => Outcome::Failed(HandlerError::Failed(error.to_string())),
        }
    }
}

/// A function or closure that handles events: `async |socket: Socket, Data(text): Data<String>| { … }`.
///
/// It takes up to six parameters ([`FromIncoming`]) in any order, whose types have to be written out, and returns
/// [`IntoOutcome`]. What it captures is cloned for each event, so large things belong into an [`Arc`].
///
/// The handlers of one socket start in the order in which the events arrived, and go on side by side: one that waits
/// holds up no other, and may wait for an answer of the server.
#[diagnostic::on_unimplemented(
    message = "this is not an event handler",
    label = "not an event handler",
    note = "handlers are async functions or closures with up to six parameters such as `Socket` and `Data<T>`, whose types are written out; they return `()`, `Ack(value)` or a `Result` of these",
    note = "what they capture must be `Clone + Send + Sync + 'static`, and their future `Send`"
)]
pub trait Handler<Args>: Clone + Send + Sync + 'static {
    /// Starts to handle what arrived.
    ///
    /// # Errors
    ///
    /// What arrived is not what the handler takes.
    fn call(
        self,
        incoming: &Incoming,
    ) -> Result<impl Future<Output = Outcome> + Send + 'static, HandlerError>;
}

macro_rules! handlers {
    ($(($($param:ident),*))*) => { $(
        impl<Fun, Fut, $($param),*> Handler<($($param,)*)> for Fun
        where
            Fun: FnOnce($($param),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoOutcome> + Send + 'static,
            $($param: FromIncoming,)*
        {
            fn call(self, _incoming: &Incoming) -> Result<impl Future<Output = Outcome> + Send + 'static, HandlerError> {
                let future = self($($param::from_incoming(_incoming)?),*);
                Ok(async move { future.await.into_outcome() })
            }
        }
    )* };
}

handlers! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }

pub(crate) type Boxed = Pin<Box<dyn Future<Output = Outcome> + Send>>;
pub(crate) type Erased = Arc<dyn Fn(&Incoming) -> Result<Boxed, HandlerError> + Send + Sync>;

pub(crate) fn erase<Args>(handler: impl Handler<Args>) -> Erased {
    Arc::new(move |incoming| Ok(Box::pin(handler.clone().call(incoming)?)))
}

/// Starts a handler in place. One that has to wait comes back, to be spawned.
pub(crate) fn start(
    handler: &Erased,
    incoming: &Incoming,
    cx: &mut Context<'_>,
) -> Result<Outcome, Caught> {
    let begun = catch_unwind(AssertUnwindSafe(|| handler(incoming)));
    let future = match begun {
        Ok(Ok(future)) => future,
        Ok(Err(error)) => return Ok(Outcome::Failed(error)),
        Err(panic) => return Ok(panicked(&*panic)),
    };
    let mut caught = Caught(Some(future));
    match Pin::new(&mut caught).poll(cx) {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => Err(caught),
    }
}

/// The future of a handler; a panic in it is an outcome.
pub(crate) struct Caught(Option<Boxed>);

impl Future for Caught {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(future) = &mut self.0 else {
            return Poll::Ready(Outcome::Silent);
        };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => {
                self.0 = None;
                Poll::Ready(outcome)
            }
            Err(panic) => {
                // What is left of it may panic when it is dropped, too.
                let rest = self.0.take();
                let _ = catch_unwind(AssertUnwindSafe(|| drop(rest)));
                Poll::Ready(panicked(&*panic))
            }
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Outcome::Failed(HandlerError::Panicked(text.unwrap_or_default()))
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silent => f.write_str("Silent"),
            Self::Ack(_) => f.write_str("Ack(..)"),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(..)")
    }
}
