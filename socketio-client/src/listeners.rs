//! What a socket has registered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use socketio_proto::Emit;

use crate::handler::Erased;
use crate::lock;
use crate::status::Lifecycle;

/// Names one registered handler: [`Socket::remove`](crate::Socket::remove) takes it away again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listener(u64);

/// The handlers of a socket, in the order in which they were registered.
#[derive(Default)]
pub(crate) struct Listeners {
    all: RwLock<Vec<Registered>>,
    outgoing: Mutex<Vec<(Listener, Outgoing)>>,
    /// Whether there are any for events, so that the usual case of none costs no lock.
    for_events: AtomicBool,
    has_outgoing: AtomicBool,
    next: Mutex<u64>,
}

type Outgoing = std::sync::Arc<dyn Fn(&Emit<'_>) + Send + Sync>;

struct Registered {
    id: Listener,
    on: On,
    once: bool,
    handler: Erased,
}

/// What a handler is registered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Event(Box<str>),
    AnyEvent,
    Connect,
    ConnectError,
    Disconnect,
    AnyLifecycle,
}

impl On {
    fn is_for_events(&self) -> bool {
        matches!(self, Self::Event(_) | Self::AnyEvent)
    }

    fn wants(&self, lifecycle: &Lifecycle) -> bool {
        matches!(
            (self, lifecycle),
            (Self::AnyLifecycle, _)
                | (Self::Connect, Lifecycle::Connected { .. })
                | (Self::ConnectError, Lifecycle::ConnectError(_))
                | (Self::Disconnect, Lifecycle::Disconnected { .. })
        )
    }
}

impl Listeners {
    pub(crate) fn add(&self, on: On, once: bool, handler: Erased) -> Listener {
        let id = self.new_id();
        let for_events = on.is_for_events();
        self.write().push(Registered {
            id,
            on,
            once,
            handler,
        });
        if for_events {
            self.for_events.store(true, Ordering::Release);
        }
        id
    }

    pub(crate) fn add_outgoing(
        &self,
        hook: impl Fn(&Emit<'_>) + Send + Sync + 'static,
    ) -> Listener {
        let id = self.new_id();
        lock(&self.outgoing).push((id, std::sync::Arc::new(hook)));
        self.has_outgoing.store(true, Ordering::Release);
        id
    }

    pub(crate) fn remove(&self, listener: Listener) -> bool {
        let mut outgoing = lock(&self.outgoing);
        let before = outgoing.len();
        outgoing.retain(|(id, _)| *id != listener);
        let found = outgoing.len() != before;
        drop(outgoing);
        self.remove_if(|registered| registered.id == listener) || found
    }

    /// Removes all handlers of an event. Says whether there were any.
    pub(crate) fn remove_event(&self, name: &str) -> bool {
        self.remove_if(|registered| matches!(&registered.on, On::Event(on) if **on == *name))
    }

    fn remove_if(&self, which: impl Fn(&Registered) -> bool) -> bool {
        let mut all = self.write();
        // A handler owns what it captured, whose `Drop` is somebody else's code: not below the lock.
        let (removed, kept): (Vec<_>, Vec<_>) = all.drain(..).partition(which);
        let for_events = kept.iter().any(|registered| registered.on.is_for_events());
        *all = kept;
        self.for_events.store(for_events, Ordering::Release);
        drop(all);
        !removed.is_empty()
    }

    /// Whether any handler is for events.
    pub(crate) fn has_events(&self) -> bool {
        self.for_events.load(Ordering::Acquire)
    }

    /// The handlers for an event: the catch-alls first, then those for its name.
    pub(crate) fn for_event(&self, name: &str) -> Vec<Erased> {
        let mut found = Vec::new();
        let mut has_once = false;
        {
            let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
            for any in [true, false] {
                for registered in all.iter() {
                    let matches = match &registered.on {
                        On::AnyEvent => any,
                        On::Event(on) => !any && **on == *name,
                        _ => false,
                    };
                    if matches {
                        has_once |= registered.once;
                        found.push(registered.handler.clone());
                    }
                }
            }
        }
        if has_once {
            self.remove_if(|registered| {
                let matches = match &registered.on {
                    On::AnyEvent => true,
                    On::Event(on) => **on == *name,
                    _ => false,
                };
                registered.once && matches
            });
        }
        found
    }

    pub(crate) fn for_lifecycle(&self, lifecycle: &Lifecycle) -> Vec<Erased> {
        let mut found = Vec::new();
        let mut has_once = false;
        {
            let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
            for registered in all.iter() {
                if registered.on.wants(lifecycle) {
                    has_once |= registered.once;
                    found.push(registered.handler.clone());
                }
            }
        }
        if has_once {
            self.remove_if(|registered| registered.once && registered.on.wants(lifecycle));
        }
        found
    }

    /// Shows an event that is about to be sent to those who want to see it.
    pub(crate) fn show_outgoing(&self, emit: &Emit<'_>) {
        if !self.has_outgoing.load(Ordering::Acquire) {
            return;
        }
        let hooks: Vec<_> = lock(&self.outgoing)
            .iter()
            .map(|(_, hook)| hook.clone())
            .collect();
        for hook in hooks {
            hook(emit);
        }
    }

    /// Drops everything, with what it captured.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.write());
        let outgoing = std::mem::take(&mut *lock(&self.outgoing));
        drop((all, outgoing));
    }

    fn new_id(&self) -> Listener {
        let mut next = lock(&self.next);
        *next += 1;
        Listener(*next)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Registered>> {
        self.all.write().unwrap_or_else(PoisonError::into_inner)
    }
}
