//! Namespaces: channels that share one connection, each with its own handlers, rooms and sockets.

mod dynamic;
mod everybody;
mod inner;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use socketio_adapter::Watch;

pub use self::dynamic::{InvalidPattern, Params};
pub(crate) use self::dynamic::{Parent, Pattern};
pub(crate) use self::inner::{Claim, Common, ErasedGate, Nsp, Shared, downcast};
use crate::error::Error;
use crate::event::{Asking, Connected, Disconnected, Event, Joining};
use crate::handler::{Gate, Handler, IntoOutcome, Setup, erase};
use crate::hooks::{Guarded, Outgoing};
use crate::listeners::{Listener, Slot};
use crate::remote::ServerEvent;
use crate::socket::Socket;
use crate::target::Of;
use crate::wrap::{Next, wrap};

/// A namespace, or all those of a [pattern](crate::Server::of_pattern): where handlers are registered, and everybody in it can
/// be reached.
///
/// `D` is what [`auth`](Self::auth) returns and each [`Socket<D>`](Socket) has; it is `()` without `auth`. Cheap to clone, usable
/// from any thread. Handlers that are registered here cost nothing per client, and are there before the first event of any
/// client that connects afterwards.
///
/// ```no_run
/// # use socketio_server::{Ack, Data, DisconnectReason, EmitError, Server, Socket};
/// # let io = Server::new();
/// let chat = io.of("/chat");
/// chat.on_connect(async |socket: Socket| socket.join("lobby"));
/// chat.on("message", async |socket: Socket, Data(text): Data<String>| {
///     socket.to("lobby").emit("message", &(socket.id(), text))?;
///     Ok::<_, EmitError>(Ack("stored"))
/// });
/// chat.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
///     println!("{} left {:?}: {reason}", socket.id(), socket.rooms());
/// });
/// ```
pub struct Namespace<D = ()> {
    of: Of,
    _data: PhantomData<fn() -> D>,
}

impl<D> Namespace<D> {
    pub(crate) fn new(of: Of) -> Self {
        Self {
            of,
            _data: PhantomData,
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        self.of.shared()
    }

    /// The name: `/`, `/chat`; of a pattern the pattern.
    pub fn name(&self) -> &str {
        self.of.name()
    }

    /// Panics where the caller stands, if a handler asks for what will never be there.
    #[track_caller]
    fn check(&self, check: fn(&Setup<'_>) -> Result<(), Error>) {
        let setup = Setup {
            states: &self.of.common().states,
            data: self.shared().data_type(),
        };
        if let Err(error) = check(&setup) {
            panic!("a handler of the namespace {:?}: {error}", self.name());
        }
    }
}

/// Who is let in.
impl<D: 'static> Namespace<D> {
    /// Decides who is let in, and what is kept with each socket: what the function returns is [`Socket::data`].
    ///
    /// It runs for every client that asks for the namespace, before anything else, and nothing of the client is visible until it and
    /// all [middlewares](Self::middleware) have agreed. A client that is refused is told why, stays connected, and may ask again. A
    /// panic refuses too. If the client goes away meanwhile, the function is dropped where it waits.
    ///
    /// # Panics
    ///
    /// If the namespace has one already: what its sockets are has been decided then.
    #[track_caller]
    pub fn auth<A, U, F>(&self, decide: F) -> Namespace<U>
    where
        F: Gate<Asking, A, U>,
        U: Send + Sync + 'static,
    {
        self.check(F::check);
        let gate: ErasedGate<Asking, Box<dyn Any + Send + Sync>> = Arc::new(move |asking| {
            let deciding = decide.clone().call(asking)?;
            Ok(Box::pin(async move {
                let data: Box<dyn Any + Send + Sync> = Box::new(deciding.await?);
                Ok(data)
            }))
        });
        if !self.shared().set_auth::<U>(gate) {
            panic!("the namespace {:?} has an `auth` already", self.name());
        }
        Namespace::new(self.of.clone())
    }

    /// Adds a step between [`auth`](Self::auth) and being let in, with a socket that nobody sees yet: `Ok(())` lets it pass, an error
    /// refuses it.
    ///
    /// What the socket sends and joins here happens when it is let in, right after it was told so.
    #[doc(alias = "use")]
    #[track_caller]
    pub fn middleware<A, F: Gate<Joining, A, ()>>(&self, step: F) {
        self.check(F::check);
        self.shared()
            .add_middleware(Arc::new(move |joining| step.clone().call(joining)));
    }
}

/// What happens in it.
impl<D: 'static> Namespace<D> {
    /// Called for every socket that was let in, before any event of it.
    #[doc(alias = "connection")]
    #[track_caller]
    pub fn on_connect<A, H: Handler<Connected, A>>(&self, handler: H) {
        self.check(H::check);
        self.shared().listeners.on_connected(erase(handler));
    }

    /// Called for every event of this name. Several handlers are called in the order in which they were registered, and each
    /// starts without waiting for the one before.
    ///
    /// Events of one socket start in the order in which they came. Each runs until it has to wait for something; then the next
    /// one starts, unless the namespace is [sequential](Self::sequential).
    ///
    /// See [the module](crate::handler) for what a handler may take and return.
    #[track_caller]
    pub fn on<A, H: Handler<Event, A>>(&self, event: impl Into<Box<str>>, handler: H) -> Listener {
        self.check(H::check);
        let slot = Slot::Event(event.into());
        self.shared().listeners.on(slot, erase(handler), false)
    }

    /// Called for the next event of this name, whoever sends it, and not again.
    #[track_caller]
    pub fn once<A, H: Handler<Event, A>>(
        &self,
        event: impl Into<Box<str>>,
        handler: H,
    ) -> Listener {
        self.check(H::check);
        let slot = Slot::Event(event.into());
        self.shared().listeners.on(slot, erase(handler), true)
    }

    /// Removes all handlers of events of this name. To remove one, keep the [`Listener`] that registering it returned.
    pub fn off(&self, event: &str) {
        self.shared().listeners.off(event);
    }

    /// Called for every event before the handlers for its name are: for logs, metrics, proxies.
    #[track_caller]
    pub fn on_any<A, H: Handler<Event, A>>(&self, handler: H) -> Listener {
        self.check(H::check);
        self.shared().listeners.on(Slot::Any, erase(handler), false)
    }

    /// Called for events that no handler was registered for.
    #[track_caller]
    pub fn on_unhandled<A, H: Handler<Event, A>>(&self, handler: H) -> Listener {
        self.check(H::check);
        let listeners = &self.shared().listeners;
        listeners.on(Slot::Unhandled, erase(handler), false)
    }

    /// Called for every event that is sent to a socket, once for each, before it leaves; not for acknowledgements.
    pub fn on_any_outgoing(
        &self,
        look: impl Fn(Socket, &Outgoing<'_>) + Send + Sync + 'static,
    ) -> Listener {
        let listeners = &self.shared().listeners;
        listeners.on_outgoing(Arc::new(move |member, event| {
            look(Socket::new(Arc::clone(member)), event);
        }))
    }

    /// Puts middleware around the handlers of every event: it sees the event first, and decides whether and when to go on.
    ///
    /// ```no_run
    /// # use socketio_server::{Error, Event, Next, Server};
    /// # let io = Server::new();
    /// io.of("/").use_event(async |event: Event, next: Next| {
    ///     if event.name().starts_with("admin:") {
    ///         return Err(Error::new("not allowed"));
    ///     }
    ///     let begun = std::time::Instant::now();
    ///     let outcome = next.run(event).await;
    ///     println!("took {:?}", begun.elapsed());
    ///     Ok(outcome)
    /// });
    /// ```
    #[doc(alias = "use")]
    pub fn use_event<F, Fut>(&self, middleware: F) -> Listener
    where
        F: FnOnce(Event, Next) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: IntoOutcome<Event>> + Send + 'static,
    {
        self.shared().listeners.wrap(wrap(middleware))
    }

    /// Called when a socket leaves, while it is still in its rooms.
    #[track_caller]
    pub fn on_disconnecting<A, H: Handler<Disconnected, A>>(&self, handler: H) {
        self.check(H::check);
        self.shared().listeners.on_disconnecting(erase(handler));
    }

    /// Called when a socket has left. [`Socket::rooms`] are those that it was in.
    #[track_caller]
    pub fn on_disconnect<A, H: Handler<Disconnected, A>>(&self, handler: H) {
        self.check(H::check);
        self.shared().listeners.on_disconnected(erase(handler));
    }

    /// Handles the events of each socket strictly one after the other: the next one starts when the one before has ended. Also
    /// when the client has left: what it had sent before goes on one by one, and then handlers hear of its end.
    ///
    /// A handler that waits for an acknowledgement of its own client is not held up by this; one that waits for another event
    /// of its client waits for ever.
    pub fn sequential(&self) {
        self.shared().set_sequential();
    }

    /// Has somebody told of rooms as they come and go on this node, and of who joins and leaves them. The room that each socket has for
    /// itself is one of them.
    pub fn watch_rooms(&self, watcher: impl Watch) {
        let watcher: Arc<dyn Watch> = Arc::new(Guarded(watcher));
        self.shared().add_watcher(Arc::clone(&watcher));
        for nsp in self.of.namespaces() {
            nsp.adapter().local().watch(Arc::clone(&watcher));
        }
    }

    /// Called for events that [other servers](Self::server_side_emit) of the cluster emit.
    pub fn on_server_event<F, Fut>(&self, event: impl Into<Box<str>>, handler: F)
    where
        F: Fn(ServerEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.shared().on_server_event(
            event.into(),
            Arc::new(move |event| Box::pin(handler(event))),
        );
    }
}

impl<D> Clone for Namespace<D> {
    fn clone(&self) -> Self {
        Self::new(self.of.clone())
    }
}

impl<D> fmt::Debug for Namespace<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Namespace").field(&self.name()).finish()
    }
}
