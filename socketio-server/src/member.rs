//! One client in one namespace, as the inside of the server knows it. What applications have is a handle on it.

mod acks;
mod early;
mod recipient;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use socketio_adapter::Room;
use socketio_proto::{AckError as ProtocolAckError, AckId, Codec, Emit, Encoded, Object, SocketId};
use tokio::sync::Notify;

pub(crate) use self::acks::Waiter;
use self::early::Early;
use crate::Handshake;
use crate::dispatch::Client;
use crate::error::EmitError;
use crate::hooks::{Outgoing, panicked};
use crate::listeners::Listeners;
use crate::namespace::Nsp;
use crate::server::States;

/// A socket.
///
/// Handles keep this, and nothing else: connection, rooms, pending acknowledgements and what `auth` returned are let go when it
/// is disconnected; only the latter stays for as long as somebody may ask for it.
///
/// The members stand in memory in this order: what a broadcast looks at comes first.
#[repr(C)]
pub(crate) struct Member {
    connection: Weak<Client>,
    pub(crate) nsp: Arc<Nsp>,
    phase: AtomicU8,
    /// Handlers of this socket alone.
    pub(crate) listeners: OnceLock<Arc<Listeners>>,
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) id: SocketId,
    pub(crate) handshake: Handshake,
    this: Weak<Member>,
    /// What `auth` returned; empty until it has.
    pub(crate) data: OnceLock<Box<dyn Any + Send + Sync>>,
    /// Handlers of this socket that wait for something.
    pub(crate) running: AtomicUsize,
    state: Mutex<State>,
    closed: Notify,
}

#[derive(Default)]
struct State {
    /// What is sent and joined before the client was let in.
    early: Option<Box<Early>>,
    /// Acknowledgements that are awaited.
    acks: BTreeMap<AckId, Waiter>,
    attributes: Option<Box<Object>>,
    /// The rooms that it was in when it left.
    last_rooms: Vec<Room>,
}

/// How a packet is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// If the client is not owed too much already.
    Plain,
    /// If it can leave at once.
    Volatile,
    /// Whatever the client is owed: for acknowledgements.
    Reserved,
}

impl Lane {
    pub(crate) fn plain_or_volatile(is_volatile: bool) -> Self {
        match is_volatile {
            true => Self::Volatile,
            false => Self::Plain,
        }
    }
}

/// How far a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Auth and middlewares have not decided.
    Joining,
    /// It was let in, and is about to be in its rooms.
    Entering,
    /// It is in its namespace.
    Joined,
    /// It has left, or was never let in.
    Left,
}

/// More than any middleware has a reason to send.
const MAX_EARLY: usize = 256;

impl Member {
    pub(crate) fn new(
        id: SocketId,
        nsp: Arc<Nsp>,
        handshake: Handshake,
        codec: Arc<dyn Codec>,
        connection: Weak<Client>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            id,
            nsp,
            handshake,
            codec,
            connection,
            this: Weak::clone(this),
            data: OnceLock::new(),
            listeners: OnceLock::new(),
            phase: AtomicU8::new(Phase::Joining as u8),
            running: AtomicUsize::new(0),
            state: Mutex::new(State {
                early: Some(Box::default()),
                ..State::default()
            }),
            closed: Notify::new(),
        })
    }

    // --- sending --------------------------------------------------------------------------------------------

    /// Sends an event to this socket alone.
    pub(crate) fn emit(
        &self,
        emit: Emit<'_>,
        volatile: bool,
        compress: bool,
    ) -> Result<(), EmitError> {
        let encoded = self.encode(emit, compress)?;
        self.send(&encoded, Lane::plain_or_volatile(volatile))
    }

    /// An event in the codec of this client, after all who want to have seen it.
    pub(crate) fn encode(&self, emit: Emit<'_>, compress: bool) -> Result<Encoded, EmitError> {
        let encoded = self.codec.encode(&self.nsp.name, &emit.into())?;
        self.show_outgoing(|| emit);
        Ok(match compress {
            true => encoded,
            false => encoded.with_compress(false),
        })
    }

    /// Whoever looks at what is sent sees it.
    fn show_outgoing<'a>(&self, emit: impl FnOnce() -> Emit<'a>) {
        self.nsp.shared.meter.sent();
        let shared = &self.nsp.shared.listeners;
        let own = self.listeners.get();
        if !shared.looks_at_outgoing() && own.is_none() {
            return;
        }
        let emit = emit();
        for listeners in [Some(shared), own].into_iter().flatten() {
            if !listeners.looks_at_outgoing() {
                continue;
            }
            let (table, Some(this)) = (listeners.table(), self.this.upgrade()) else {
                continue;
            };
            for (_, hook) in table.outgoing.iter().flat_map(|hooks| hooks.iter()) {
                // It must not keep an event from whoever comes after.
                let looked = catch_unwind(AssertUnwindSafe(|| hook(&this, &Outgoing::new(emit))));
                if let Err(panic) = looked {
                    let error = panicked(&*panic);
                    tracing::error!(%error, "a look at what is sent panicked");
                }
            }
        }
    }

    /// Sends a packet, after what the adapter may be holding back.
    pub(crate) fn send(&self, packet: &Encoded, lane: Lane) -> Result<(), EmitError> {
        if self.nsp.adapter().holds_back() && self.is_let_in() {
            return self.send_later(packet, lane);
        }
        self.deliver_packet(packet, lane)
    }

    /// The same when nobody waits any more who could be told.
    fn send_later(&self, packet: &Encoded, lane: Lane) -> Result<(), EmitError> {
        let this = self.this().ok_or(EmitError::Closed)?;
        let packet = packet.clone();
        let send = move || this.deliver_unheard(&packet, lane);
        self.nsp.adapter().in_order(Box::new(send));
        Ok(())
    }

    /// Sends a packet now: it is its turn.
    pub(crate) fn deliver_packet(&self, packet: &Encoded, lane: Lane) -> Result<(), EmitError> {
        match self.phase() {
            Phase::Entering | Phase::Joined => {}
            Phase::Joining => {
                let mut state = self.lock();
                match &mut state.early {
                    // It was let in, or not, in the meantime.
                    _ if self.phase() != Phase::Joining => {}
                    Some(early) if early.packets.len() < MAX_EARLY => {
                        early.packets.push(packet.clone());
                        return Ok(());
                    }
                    _ => return Err(EmitError::Full),
                }
            }
            Phase::Left => return Err(EmitError::Closed),
        }
        let connection = self.connection().ok_or(EmitError::Closed)?;
        let name = &self.nsp.name;
        connection.with(|machine| match lane {
            Lane::Plain => machine.inner.send(name, packet),
            Lane::Reserved => machine.inner.send_reserved(name, packet),
            Lane::Volatile => {
                machine.inner.send_volatile(name, packet);
                Ok(())
            }
        })?;
        Ok(())
    }

    // --- its life -------------------------------------------------------------------------------------------

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Joining,
            1 => Phase::Entering,
            2 => Phase::Joined,
            _ => Phase::Left,
        }
    }

    /// Whether it was let in and has not left.
    pub(crate) fn is_let_in(&self) -> bool {
        matches!(self.phase(), Phase::Entering | Phase::Joined)
    }

    /// It has left, or was not let in. Whoever waits for that, or for an answer, hears of it.
    pub(crate) fn left(&self, rooms: Vec<Room>) {
        let mut state = self.lock();
        self.phase.store(Phase::Left as u8, Ordering::Release);
        let early = state.early.take();
        let acks = std::mem::take(&mut state.acks);
        state.last_rooms = rooms;
        drop(state);
        drop(early);
        for waiter in acks.into_values() {
            waiter.end(&self.id, Err(ProtocolAckError::Disconnected));
        }
        if let Some(listeners) = self.listeners.get() {
            listeners.clear();
        }
        self.closed.notify_waiters();
    }

    /// Resolves when it has left.
    pub(crate) async fn closed(&self) {
        let notified = self.closed.notified();
        let mut notified = std::pin::pin!(notified);
        notified.as_mut().enable();
        if self.phase() != Phase::Left {
            notified.await;
        }
    }

    /// Resolves when none of its handlers waits for anything. To be asked only when it has left.
    pub(crate) async fn idle(&self) {
        loop {
            let notified = self.closed.notified();
            let mut notified = std::pin::pin!(notified);
            notified.as_mut().enable();
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }

    /// The last of its handlers that waited has ended.
    pub(crate) fn became_idle(&self) {
        // Before it has left nobody asks, and whoever waits for its end would be told too early.
        if self.phase() == Phase::Left {
            self.closed.notify_waiters();
        }
    }

    pub(crate) fn connection(&self) -> Option<Arc<Client>> {
        self.connection.upgrade()
    }

    pub(crate) fn this(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    pub(crate) fn states(&self) -> &Arc<States> {
        &self.nsp.common.states
    }

    pub(crate) fn own_listeners(&self) -> &Arc<Listeners> {
        self.listeners.get_or_init(Arc::default)
    }

    // --- rooms and attributes -------------------------------------------------------------------------------

    pub(crate) fn last_rooms(&self) -> Vec<Room> {
        self.lock().last_rooms.clone()
    }

    pub(crate) fn attributes<R>(&self, look: impl FnOnce(&mut Object) -> R) -> R {
        look(self.lock().attributes.get_or_insert_default())
    }

    pub(crate) fn all_attributes(&self) -> Object {
        self.lock()
            .attributes
            .as_deref()
            .cloned()
            .unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of a user runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the connection, whose handle may be a part of this.
impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id)
            .field("namespace", &self.nsp.name)
            .field("phase", &self.phase())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{ClientState, Membership};

    /// What every socket costs, beside the connection: see what a new field does to it.
    #[test]
    fn a_socket_that_does_nothing_is_small() {
        assert!(size_of::<Member>() <= 320, "{}", size_of::<Member>());
        assert!(size_of::<Membership>() <= 64, "{}", size_of::<Membership>());
        assert!(
            size_of::<ClientState>() <= 192,
            "{}",
            size_of::<ClientState>()
        );
    }
}
