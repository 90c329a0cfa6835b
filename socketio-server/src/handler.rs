//! Handlers: functions that take what they need of an event, and return what becomes of it.
//!
//! A handler is any `async` function or closure with up to six parameters. Each parameter is something that can be had
//! [from the event](FromEvent); the result is [what becomes of it](IntoOutcome). Captures are cloned for every call, so put what
//! is large into an [`Arc`].
//!
//! | parameter | is |
//! |---|---|
//! | [`Socket<D>`](crate::Socket) | who sent it; `D` is what [`auth`](crate::Namespace::auth) of the namespace returned |
//! | [`Data<T>`](crate::Data) | the arguments as a `T` |
//! | [`Args`](crate::Args) | the arguments, not decoded |
//! | [`Event`](crate::Event) | all of it, the name too |
//! | [`AckSender`](crate::AckSender) | the way to answer later |
//! | [`State<T>`](State) | what was given to [`ServerBuilder::state`](crate::ServerBuilder::state) |
//! | [`Handshake`](crate::Handshake) | what the client said when it came |
//! | [`DisconnectReason`](crate::DisconnectReason) | why, in [`on_disconnect`](crate::Namespace::on_disconnect) |
//! | [`Params`](crate::Params) | what the [pattern](crate::Server::of_pattern) of the namespace matched |
//! | `Option<T>`, `Result<T, Error>` | any of these if it can be had |
//!
//! | result | means |
//! |---|---|
//! | `()` | no answer |
//! | [`Ack(value)`](crate::Ack) | the answer, if the client asked for one; the first one counts |
//! | `Result<_, E>` | the same, or an error for the [error hook](crate::Server::on_error) |

mod extract;
mod outcome;

use std::any::TypeId;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use socketio_proto::ConnectError;

pub use self::extract::{FromEvent, Setup, State};
pub use self::outcome::{IntoOutcome, Outcome};
use crate::error::Error;
use crate::event::AckSender;

/// What handlers are called for: an [`Event`](crate::Event) of a client, or something that the server itself has to tell.
pub trait Occasion: Send + Sync + 'static {
    /// Application state that was given to [`ServerBuilder::state`](crate::ServerBuilder::state).
    fn state<T: Clone + Send + Sync + 'static>(&self) -> Option<T>;

    /// The way to answer, if an answer is wanted.
    fn answer(&self) -> Option<AckSender>;
}

/// A function that handles an event. Implemented for `async` functions and closures; see [the module](self).
///
/// `E` is what it is called for: an [`Event`](crate::Event), or [`Connected`](crate::event::Connected) and
/// [`Disconnected`](crate::event::Disconnected). `A` are its parameters.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is an `async` closure or function whose parameters can all be had from the event: `Socket`, `Data<T>`, \
            `Args`, `AckSender`, `State<T>`, `Handshake`, ...",
    note = "the types of its parameters have to be written out, and there are at most six",
    note = "it returns `()`, `Ack(value)`, or a `Result` of these",
    note = "what it captures is cloned for every call, and what it keeps across an `await` must be `Send`"
)]
pub trait Handler<E, A>: Clone + Send + Sync + 'static {
    /// What is wrong with its parameters, seen when it is registered.
    #[doc(hidden)]
    fn check(setup: &Setup<'_>) -> Result<(), Error>;

    /// Makes its parameters and calls it.
    #[doc(hidden)]
    fn call(self, event: &E) -> Result<BoxedOutcome, Error>;
}

/// A function that decides whether a client is let in, and what is kept with its socket. Implemented for `async` functions
/// and closures that return `Result<U, E>`, where `E` becomes a [`ConnectError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot decide who is let in",
    label = "not a function that decides who is let in",
    note = "it is an `async` closure or function with parameters like `Handshake`, `State<T>`, `Params` (for `auth`) or \
            `Socket` (for `middleware`), with their types written out",
    note = "it returns `Result<T, ConnectError>`"
)]
pub trait Gate<E, A, U>: Clone + Send + Sync + 'static {
    /// What is wrong with its parameters, seen when it is registered.
    #[doc(hidden)]
    fn check(setup: &Setup<'_>) -> Result<(), Error>;

    /// Makes its parameters and calls it.
    #[doc(hidden)]
    fn call(self, event: &E) -> Result<BoxedGate<U>, Error>;
}

/// A call of a handler that goes on.
pub type BoxedOutcome = Pin<Box<dyn Future<Output = Outcome> + Send>>;
/// A decision that is being made.
pub type BoxedGate<U> = Pin<Box<dyn Future<Output = Result<U, ConnectError>> + Send>>;

/// A handler whose type is forgotten.
pub(crate) type Erased<E> = Arc<dyn Fn(&E) -> Result<BoxedOutcome, Error> + Send + Sync>;

/// Forgets the type of a handler.
pub(crate) fn erase<E: 'static, A, H: Handler<E, A>>(handler: H) -> Erased<E> {
    Arc::new(move |event| handler.clone().call(event))
}

macro_rules! handlers {
    ($($param:ident),*) => {
        impl<E, F, Fut, $($param),*> Handler<E, ($($param,)*)> for F
        where
            E: Occasion,
            F: FnOnce($($param),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoOutcome<E>> + Send + 'static,
            $($param: FromEvent<E>,)*
        {
            fn check(_setup: &Setup<'_>) -> Result<(), Error> {
                $($param::check(_setup)?;)*
                Ok(())
            }

            fn call(self, event: &E) -> Result<BoxedOutcome, Error> {
                let future = self($($param::from_event(event)?),*);
                let ack = event.answer();
                Ok(Box::pin(async move { future.await.into_outcome(ack.as_ref()) }))
            }
        }

        impl<E, F, Fut, U, R, $($param),*> Gate<E, ($($param,)*), U> for F
        where
            E: Occasion,
            F: FnOnce($($param),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<U, R>> + Send + 'static,
            R: Into<ConnectError>,
            $($param: FromEvent<E>,)*
        {
            fn check(_setup: &Setup<'_>) -> Result<(), Error> {
                $($param::check(_setup)?;)*
                Ok(())
            }

            fn call(self, _event: &E) -> Result<BoxedGate<U>, Error> {
                let future = self($($param::from_event(_event)?),*);
                Ok(Box::pin(async move { future.await.map_err(Into::into) }))
            }
        }
    };
}

handlers!();
handlers!(A1);
handlers!(A1, A2);
handlers!(A1, A2, A3);
handlers!(A1, A2, A3, A4);
handlers!(A1, A2, A3, A4, A5);
handlers!(A1, A2, A3, A4, A5, A6);

/// The type of what is kept with the sockets of a namespace.
#[derive(Clone, Copy)]
pub(crate) struct DataType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl DataType {
    pub(crate) fn of<D: 'static>() -> Self {
        Self {
            id: TypeId::of::<D>(),
            name: std::any::type_name::<D>(),
        }
    }
}

impl fmt::Debug for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
