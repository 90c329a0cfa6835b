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
//! | [`AckSender`] | the way to answer later |
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

/// A function that handles an event: implemented for `async` functions and closures with up to six parameters that can all
/// be had [from the event](FromEvent), and a result that says [what became of it](IntoOutcome). See [the module](self).
///
/// `E` is what it is called for: an [`Event`](crate::Event), or [`Connected`](crate::event::Connected) and
/// [`Disconnected`](crate::event::Disconnected). `A` are its parameters.
pub trait Handler<E, A>: Clone + Send + Sync + 'static {
    /// What is wrong with its parameters, seen when it is registered.
    #[doc(hidden)]
    fn check(setup: &Setup<'_>) -> Result<(), Error>;

    /// Makes its parameters and calls it.
    #[doc(hidden)]
    fn call(self, event: &E) -> Result<BoxedOutcome, Error>;
}

// The one implementation, so that the compiler says what exactly is missing: with one for each number of parameters it could
// only say that none of them fits.
impl<E, A, F> Handler<E, A> for F
where
    E: Occasion,
    F: Call<A>,
    A: Parameters<E>,
    F::Future: Future<Output: IntoOutcome<E>> + Send + 'static,
{
    fn check(setup: &Setup<'_>) -> Result<(), Error> {
        A::check(setup)
    }

    fn call(self, event: &E) -> Result<BoxedOutcome, Error> {
        let future = self.call_with(A::from_event(event)?);
        let ack = event.answer();
        Ok(Box::pin(
            async move { future.await.into_outcome(ack.as_ref()) },
        ))
    }
}

/// A function that decides whether a client is let in, and what is kept with its socket: implemented for `async` functions and
/// closures that return `Result<U, E>`, where `E` becomes a [`ConnectError`].
pub trait Gate<E, A, U>: Clone + Send + Sync + 'static {
    /// What is wrong with its parameters, seen when it is registered.
    #[doc(hidden)]
    fn check(setup: &Setup<'_>) -> Result<(), Error>;

    /// Makes its parameters and calls it.
    #[doc(hidden)]
    fn call(self, event: &E) -> Result<BoxedGate<U>, Error>;
}

impl<E, A, U, R, F> Gate<E, A, U> for F
where
    E: Occasion,
    F: Call<A>,
    A: Parameters<E>,
    F::Future: Future<Output = Result<U, R>> + Send + 'static,
    R: Into<ConnectError>,
{
    fn check(setup: &Setup<'_>) -> Result<(), Error> {
        A::check(setup)
    }

    fn call(self, event: &E) -> Result<BoxedGate<U>, Error> {
        let future = self.call_with(A::from_event(event)?);
        Ok(Box::pin(async move { future.await.map_err(Into::into) }))
    }
}

/// A function with parameters `A`, a tuple. Implemented for all functions and closures that can be cloned and sent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler",
    label = "not an `async` function or closure that can be cloned and sent to other threads",
    note = "the types of its parameters have to be written out, and there are at most six",
    note = "what it captures is cloned for every call and used on any thread"
)]
pub trait Call<A>: Clone + Send + Sync + 'static {
    /// What it returns; of a handler a future.
    type Future;

    /// Calls it.
    fn call_with(self, parameters: A) -> Self::Future;
}

/// Parameters of a handler: a tuple of what can be had [from the event](FromEvent).
pub trait Parameters<E>: Sized {
    /// What is wrong with them, seen when the handler is registered.
    #[doc(hidden)]
    fn check(setup: &Setup<'_>) -> Result<(), Error>;

    /// Makes them.
    #[doc(hidden)]
    fn from_event(event: &E) -> Result<Self, Error>;
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
    ($($param:ident $name:ident),*) => {
        impl<F, Fut, $($param),*> Call<($($param,)*)> for F
        where
            F: FnOnce($($param),*) -> Fut + Clone + Send + Sync + 'static,
        {
            type Future = Fut;

            fn call_with(self, ($($name,)*): ($($param,)*)) -> Fut {
                self($($name),*)
            }
        }

        impl<E, $($param: FromEvent<E>),*> Parameters<E> for ($($param,)*) {
            fn check(_setup: &Setup<'_>) -> Result<(), Error> {
                $($param::check(_setup)?;)*
                Ok(())
            }

            fn from_event(_event: &E) -> Result<Self, Error> {
                Ok(($($param::from_event(_event)?,)*))
            }
        }
    };
}

handlers!();
handlers!(A1 a1);
handlers!(A1 a1, A2 a2);
handlers!(A1 a1, A2 a2, A3 a3);
handlers!(A1 a1, A2 a2, A3 a3, A4 a4);
handlers!(A1 a1, A2 a2, A3 a3, A4 a4, A5 a5);
handlers!(A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6);

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
