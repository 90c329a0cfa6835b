//! Who listens: the handlers of a namespace, or of one socket.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use crate::error::Error;
use crate::event::{Connected, Disconnected, Event};
use crate::handler::{BoxedOutcome, Erased};
use crate::hooks::Outgoing;
use crate::member::Member;
use crate::wrap::Next;

/// Handlers, as those who call them see them: a table that does not change any more. Who registers one makes a new table.
#[derive(Clone, Default)]
pub(crate) struct Table {
    pub(crate) events: HashMap<Box<str>, Arc<[Entry<Event>]>, BuildHasherDefault<Fnv>>,
    pub(crate) any: List<Event>,
    pub(crate) unhandled: List<Event>,
    pub(crate) connected: List<Connected>,
    pub(crate) disconnecting: List<Disconnected>,
    pub(crate) disconnected: List<Disconnected>,
    pub(crate) wraps: Option<Arc<[(u64, Wrap)]>>,
    pub(crate) outgoing: Option<Arc<[(u64, OutgoingHook)]>>,
}

/// A hash for names of events. The application alone adds names, so nobody can make them collide, and clients ask for one with
/// every event.
#[derive(Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// `None` if nobody listens, which is the case most of the time and costs nothing.
pub(crate) type List<E> = Option<Arc<[Entry<E>]>>;

/// Middleware around the handlers of an event.
pub(crate) type Wrap = Arc<dyn Fn(Event, Next) -> Result<BoxedOutcome, Error> + Send + Sync>;
/// A look at what is sent.
pub(crate) type OutgoingHook = Arc<dyn Fn(&Arc<Member>, &Outgoing<'_>) + Send + Sync>;

/// One handler.
pub(crate) struct Entry<E> {
    id: u64,
    /// For handlers that are called once: whether that has happened.
    spent: Option<Arc<AtomicBool>>,
    handler: Erased<E>,
}

impl<E> Entry<E> {
    /// The handler, unless it was to be called once and has been.
    pub(crate) fn take(&self) -> Option<&Erased<E>> {
        let is_first = |spent: &Arc<AtomicBool>| !spent.swap(true, Ordering::AcqRel);
        match &self.spent {
            Some(spent) if !is_first(spent) => None,
            _ => Some(&self.handler),
        }
    }

    pub(crate) fn is_once(&self) -> bool {
        self.spent.is_some()
    }
}

impl<E> Clone for Entry<E> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            spent: self.spent.clone(),
            handler: Arc::clone(&self.handler),
        }
    }
}

/// The handlers of a namespace, or of one socket.
#[derive(Default)]
pub(crate) struct Listeners {
    table: RwLock<Arc<Table>>,
    next: AtomicU64,
    /// Whether somebody looks at what is sent: asked for every event that is.
    looks_at_outgoing: AtomicBool,
}

/// Which list of a table.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Event(Box<str>),
    Any,
    Unhandled,
    Wrap,
    Outgoing,
}

impl Listeners {
    /// The handlers at this moment.
    pub(crate) fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn looks_at_outgoing(&self) -> bool {
        self.looks_at_outgoing.load(Ordering::Relaxed)
    }

    /// Changes the table. Nothing of a user runs in here; what is dropped is dropped without the lock.
    fn change<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let mut slot = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let mut table = Table::clone(&slot);
        let result = change(&mut table);
        self.looks_at_outgoing
            .store(table.outgoing.is_some(), Ordering::Relaxed);
        let old = std::mem::replace(&mut *slot, Arc::new(table));
        drop(slot);
        drop(old);
        result
    }

    pub(crate) fn on(self: &Arc<Self>, slot: Slot, handler: Erased<Event>, once: bool) -> Listener {
        let entry = self.entry(handler, once);
        let id = entry.id;
        self.change(|table| match &slot {
            Slot::Event(name) => {
                let mut entries = table
                    .events
                    .remove(name)
                    .map_or(Vec::new(), |list| list.to_vec());
                entries.push(entry);
                table.events.insert(name.clone(), entries.into());
            }
            Slot::Unhandled => push(&mut table.unhandled, entry),
            _ => push(&mut table.any, entry),
        });
        self.listener(id, slot)
    }

    pub(crate) fn on_connected(&self, handler: Erased<Connected>) {
        let entry = self.entry(handler, false);
        self.change(|table| push(&mut table.connected, entry));
    }

    pub(crate) fn on_disconnecting(&self, handler: Erased<Disconnected>) {
        let entry = self.entry(handler, false);
        self.change(|table| push(&mut table.disconnecting, entry));
    }

    pub(crate) fn on_disconnected(&self, handler: Erased<Disconnected>) {
        let entry = self.entry(handler, false);
        self.change(|table| push(&mut table.disconnected, entry));
    }

    pub(crate) fn wrap(self: &Arc<Self>, wrap: Wrap) -> Listener {
        let id = self.next_id();
        self.change(|table| push(&mut table.wraps, (id, wrap)));
        self.listener(id, Slot::Wrap)
    }

    pub(crate) fn on_outgoing(self: &Arc<Self>, hook: OutgoingHook) -> Listener {
        let id = self.next_id();
        self.change(|table| push(&mut table.outgoing, (id, hook)));
        self.listener(id, Slot::Outgoing)
    }

    /// Nobody listens to this event any more.
    pub(crate) fn off(&self, event: &str) {
        let removed = self.change(|table| table.events.remove(event));
        drop(removed);
    }

    /// Nobody listens to anything any more.
    pub(crate) fn clear(&self) {
        self.change(|table| *table = Table::default());
    }

    fn remove(&self, id: u64, slot: &Slot) {
        self.change(|table| match slot {
            Slot::Event(name) => {
                let Some(entries) = table.events.remove(name) else {
                    return;
                };
                let left: Vec<_> = entries.iter().filter(|e| e.id != id).cloned().collect();
                if !left.is_empty() {
                    table.events.insert(name.clone(), left.into());
                }
            }
            Slot::Any => retain(&mut table.any, |entry| entry.id != id),
            Slot::Unhandled => retain(&mut table.unhandled, |entry| entry.id != id),
            Slot::Wrap => retain(&mut table.wraps, |(wrap, _)| *wrap != id),
            Slot::Outgoing => retain(&mut table.outgoing, |(hook, _)| *hook != id),
        });
    }

    /// Removes handlers that were to be called once and have been.
    pub(crate) fn forget_spent(&self, event: &str) {
        let is_left = |entry: &&Entry<Event>| {
            let spent = |spent: &Arc<AtomicBool>| spent.load(Ordering::Acquire);
            !entry.spent.as_ref().is_some_and(spent)
        };
        self.change(|table| {
            if let Some(entries) = table.events.remove(event) {
                let left: Vec<_> = entries.iter().filter(is_left).cloned().collect();
                if !left.is_empty() {
                    table.events.insert(event.into(), left.into());
                }
            }
        });
    }

    fn entry<E>(&self, handler: Erased<E>, once: bool) -> Entry<E> {
        Entry {
            id: self.next_id(),
            spent: once.then(Arc::default),
            handler,
        }
    }

    fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn listener(self: &Arc<Self>, id: u64, slot: Slot) -> Listener {
        Listener {
            of: Arc::downgrade(self),
            id,
            slot,
        }
    }
}

fn push<T: Clone>(list: &mut Option<Arc<[T]>>, entry: T) {
    let mut entries = list.take().map_or(Vec::new(), |list| list.to_vec());
    entries.push(entry);
    *list = Some(entries.into());
}

fn retain<T: Clone>(list: &mut Option<Arc<[T]>>, keep: impl Fn(&T) -> bool) {
    let entries = list.take().map_or(Vec::new(), |list| list.to_vec());
    let left: Vec<_> = entries.into_iter().filter(keep).collect();
    *list = (!left.is_empty()).then(|| left.into());
}

/// A handler that was registered. Dropping this changes nothing; [`remove`](Self::remove) does.
///
/// ```
/// # use socketio_server::Server;
/// # let io = Server::new();
/// let listener = io.of("/").on("news", async || {});
/// listener.remove();
/// ```
#[derive(Clone)]
pub struct Listener {
    of: Weak<Listeners>,
    id: u64,
    slot: Slot,
}

impl Listener {
    /// The handler is not called any more. Calls that have begun go on.
    pub fn remove(&self) {
        if let Some(listeners) = self.of.upgrade() {
            listeners.remove(self.id, &self.slot);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("to", &self.slot)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").finish_non_exhaustive()
    }
}
