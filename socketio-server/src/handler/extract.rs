//! What the parameters of handlers are made from.

use std::any::TypeId;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use socketio_proto::{Args, Data, DisconnectReason};

use super::{DataType, Occasion};
use crate::Handshake;
use crate::error::Error;
use crate::event::{AckSender, Asking, Connected, Disconnected, Event, Joining};
use crate::member::Member;
use crate::namespace::Params;
use crate::server::States;
use crate::socket::Socket;

/// Something that can be a parameter of a handler.
///
/// Implement it for [`Event`] to have a parameter of your own:
///
/// ```
/// use socketio_server::{Error, Event, FromEvent};
///
/// struct UserAgent(String);
///
/// impl FromEvent<Event> for UserAgent {
///     fn from_event(event: &Event) -> Result<Self, Error> {
///         let socket = event.socket();
///         let agent = socket.handshake().header("user-agent").ok_or(Error::new("no user agent"))?;
///         Ok(Self(agent.to_owned()))
///     }
/// }
///
/// let io = socketio_server::Server::new();
/// io.of("/").on("hello", async |UserAgent(agent): UserAgent| println!("hello from {agent}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of this handler",
    label = "cannot be had from `{E}`",
    note = "arguments of an event are `Data<T>` where `T: Deserialize`; application state is `State<T>` where `T: Clone`",
    note = "a type of yours can be a parameter if it implements `FromEvent<{E}>`"
)]
pub trait FromEvent<E>: Sized {
    /// Called once, where the handler is registered, which panics with this error: the place to complain of something that will
    /// never be there.
    ///
    /// # Errors
    ///
    /// It will never be there.
    fn check(setup: &Setup<'_>) -> Result<(), Error> {
        let _ = setup;
        Ok(())
    }

    /// Makes the parameter. With an error the handler is not called, and the [error hook](crate::Server::on_error) is.
    ///
    /// # Errors
    ///
    /// It is not there, or not what it should be.
    fn from_event(event: &E) -> Result<Self, Error>;
}

/// What is known where a handler is registered.
#[derive(Debug)]
pub struct Setup<'a> {
    pub(crate) states: &'a States,
    pub(crate) data: DataType,
}

/// Application state, which was given to [`ServerBuilder::state`](crate::ServerBuilder::state).
///
/// It is cloned for each handler, so make it cheap to clone. Registering a handler panics if the state was not given.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use socketio_server::{Ack, Server, State};
///
/// let io = Server::builder().state(Arc::new(AtomicU64::new(0))).build();
/// io.of("/").on("next", async |State(counter): State<Arc<AtomicU64>>| {
///     Ack(counter.fetch_add(1, Ordering::Relaxed))
/// });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in patterns")]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<E: Occasion, T: Clone + Send + Sync + 'static> FromEvent<E> for State<T> {
    fn check(setup: &Setup<'_>) -> Result<(), Error> {
        match setup.states.has::<T>() {
            true => Ok(()),
            false => Err(no_state::<T>()),
        }
    }

    fn from_event(event: &E) -> Result<Self, Error> {
        event.state().map(State).ok_or_else(no_state::<T>)
    }
}

fn no_state<T>() -> Error {
    let name = std::any::type_name::<T>();
    Error::new(format!(
        "the state `{name}` was never given to `Server::builder().state(..)`"
    ))
}

/// `None` if it cannot be had, instead of an error. It is an error still where it can never be had.
impl<E, T: FromEvent<E>> FromEvent<E> for Option<T> {
    fn check(setup: &Setup<'_>) -> Result<(), Error> {
        T::check(setup)
    }

    fn from_event(event: &E) -> Result<Self, Error> {
        Ok(T::from_event(event).ok())
    }
}

/// The error for the handler itself to see.
impl<E, T: FromEvent<E>> FromEvent<E> for Result<T, Error> {
    fn check(setup: &Setup<'_>) -> Result<(), Error> {
        T::check(setup)
    }

    fn from_event(event: &E) -> Result<Self, Error> {
        Ok(T::from_event(event))
    }
}

impl<T: DeserializeOwned> FromEvent<Event> for Data<T> {
    fn from_event(event: &Event) -> Result<Self, Error> {
        Ok(Data(event.args.deserialize()?))
    }
}

/// Parameters that are a clone of something.
macro_rules! cloned {
    ($($type:ty: |$event:ident: $occasion:ty| $what:expr;)*) => {$(
        impl FromEvent<$occasion> for $type {
            fn from_event($event: &$occasion) -> Result<Self, Error> {
                Ok($what.clone())
            }
        }
    )*};
}

cloned! {
    Event: |event: Event| event;
    Args: |event: Event| event.args;
    AckSender: |event: Event| event.ack;
    DisconnectReason: |event: Disconnected| event.reason;
    Asking: |event: Asking| event;
    Handshake: |event: Asking| event.handshake;
    Params: |event: Asking| event.params;
}

/// Occasions on which there is a socket.
macro_rules! with_socket {
    ($($occasion:ty: $ack:expr;)*) => {$(
        impl Occasion for $occasion {
            fn state<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
                self.member.states().get()
            }

            fn answer(&self) -> Option<AckSender> {
                let answer: fn(&Self) -> Option<AckSender> = $ack;
                answer(self)
            }
        }

        impl<D: 'static> FromEvent<$occasion> for Socket<D> {
            fn check(setup: &Setup<'_>) -> Result<(), Error> {
                check_socket::<D>(setup.data)
            }

            fn from_event(event: &$occasion) -> Result<Self, Error> {
                socket(&event.member)
            }
        }

        impl FromEvent<$occasion> for Handshake {
            fn from_event(event: &$occasion) -> Result<Self, Error> {
                Ok(event.member.handshake.clone())
            }
        }

        impl FromEvent<$occasion> for Params {
            fn from_event(event: &$occasion) -> Result<Self, Error> {
                Ok(event.member.nsp.params.clone())
            }
        }
    )*};
}

with_socket! {
    Event: |event| event.ack.is_wanted().then(|| event.ack.clone());
    Connected: |_| None;
    Disconnected: |_| None;
    Joining: |_| None;
}

impl Occasion for Asking {
    fn state<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.states.get()
    }

    fn answer(&self) -> Option<AckSender> {
        None
    }
}

/// Whether the sockets of a namespace can be seen as `Socket<D>`: with what `auth` returned, or without.
fn check_socket<D: 'static>(data: DataType) -> Result<(), Error> {
    let wanted = DataType::of::<D>();
    if wanted.id == data.id || wanted.id == TypeId::of::<()>() {
        return Ok(());
    }
    let (wanted, name) = (wanted.name, data.name);
    Err(Error::new(format!(
        "the handler takes a `Socket<{wanted}>`, and the sockets of this namespace are `Socket<{name}>`: that is what `auth` \
         returns, and `auth` has to be set before the handlers that ask for it"
    )))
}

fn socket<D: 'static>(member: &Arc<Member>) -> Result<Socket<D>, Error> {
    let too_early = || Error::new("the socket was let in before `auth` was set, and has no data");
    Socket::typed(member).ok_or_else(too_early)
}
