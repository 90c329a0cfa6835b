//! Handlers of one socket.

use std::sync::Arc;

use super::Socket;
use crate::error::Error;
use crate::event::Event;
use crate::handler::{Handler, IntoOutcome, Setup, erase};
use crate::hooks::Outgoing;
use crate::listeners::{Listener, Slot};
use crate::wrap::{Next, wrap};

/// Handlers of this socket alone. Those of the [namespace](crate::Namespace::on) cost less, and are called before these.
impl<D: 'static> Socket<D> {
    #[track_caller]
    fn check(&self, check: fn(&Setup<'_>) -> Result<(), Error>) {
        let setup = Setup {
            states: self.member.states(),
            data: self.member.nsp.shared.data_type(),
        };
        if let Err(error) = check(&setup) {
            panic!("a handler of a socket: {error}");
        }
    }

    /// Called for every event of this name that this client sends.
    ///
    /// No event is missed if it is called in [`on_connect`](crate::Namespace::on_connect) before that waits for anything.
    ///
    /// # Panics
    ///
    /// If the handler asks for what will never be there, such as a [`State`](crate::State) that was not given.
    #[track_caller]
    pub fn on<A, H: Handler<Event, A>>(&self, event: impl Into<Box<str>>, handler: H) -> Listener {
        self.check(H::check);
        let slot = Slot::Event(event.into());
        self.member.own_listeners().on(slot, erase(handler), false)
    }

    /// Called for the next event of this name, and not again.
    #[track_caller]
    pub fn once<A, H: Handler<Event, A>>(
        &self,
        event: impl Into<Box<str>>,
        handler: H,
    ) -> Listener {
        self.check(H::check);
        let slot = Slot::Event(event.into());
        self.member.own_listeners().on(slot, erase(handler), true)
    }

    /// Removes all handlers of this socket for events of this name.
    pub fn off(&self, event: &str) {
        if let Some(listeners) = self.member.listeners.get() {
            listeners.off(event);
        }
    }

    /// Called for every event of this client, before the handlers for its name are.
    #[track_caller]
    pub fn on_any<A, H: Handler<Event, A>>(&self, handler: H) -> Listener {
        self.check(H::check);
        let listeners = self.member.own_listeners();
        listeners.on(Slot::Any, erase(handler), false)
    }

    /// Called for every event that is sent to this client, before it leaves.
    pub fn on_any_outgoing(
        &self,
        look: impl Fn(Socket, &Outgoing<'_>) + Send + Sync + 'static,
    ) -> Listener {
        let listeners = self.member.own_listeners();
        listeners.on_outgoing(Arc::new(move |member, event| {
            look(Socket::new(Arc::clone(member)), event);
        }))
    }

    /// Puts middleware around the handlers of this client's events; see [`Namespace::use_event`](crate::Namespace::use_event).
    pub fn use_event<F, Fut>(&self, middleware: F) -> Listener
    where
        F: FnOnce(Event, Next) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: IntoOutcome<Event>> + Send + 'static,
    {
        self.member.own_listeners().wrap(wrap(middleware))
    }
}
