//! One client in one namespace, as the inside of the server knows it. What applications have is a handle on it.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use socketio_adapter::{Answered, Answers, Broadcast, Description, Recipient, Room};
use socketio_proto::{
    AckError as ProtocolAckError, AckId, Args, Codec, Emit, Encoded, ExpectError, Object,
    SendError, SocketId,
};
use tokio::sync::{Notify, oneshot};

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
pub(crate) struct Member {
    pub(crate) id: SocketId,
    pub(crate) nsp: Arc<Nsp>,
    pub(crate) handshake: Handshake,
    pub(crate) codec: Arc<dyn Codec>,
    connection: Weak<Client>,
    this: Weak<Member>,
    /// What `auth` returned; empty until it has.
    pub(crate) data: OnceLock<Box<dyn Any + Send + Sync>>,
    /// Handlers of this socket alone.
    pub(crate) listeners: OnceLock<Arc<Listeners>>,
    phase: AtomicU8,
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

/// What waits until the client is let in. It is told that first.
#[derive(Default)]
pub(crate) struct Early {
    pub(crate) packets: Vec<Encoded>,
    pub(crate) rooms: Vec<Room>,
}

/// Who waits for an acknowledgement.
pub(crate) enum Waiter {
    One(oneshot::Sender<Result<Args, ProtocolAckError>>),
    Many(Arc<dyn Answers>),
}

impl Waiter {
    /// It has come, from this socket, or never will.
    pub(crate) fn end(self, from: &SocketId, result: Result<Args, ProtocolAckError>) {
        match self {
            // Who waited may have gone.
            Self::One(waiter) => drop(waiter.send(result)),
            Self::Many(answers) => answers.answered(Some(from), result.map(Answered::Args)),
        }
    }
}

/// How far a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Auth and middlewares have not decided.
    Joining,
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
        match volatile {
            true => self.send_volatile(&encoded),
            false => self.send(&encoded),
        }
    }

    /// An event in the codec of this client, after all who want to have seen it.
    pub(crate) fn encode(&self, emit: Emit<'_>, compress: bool) -> Result<Encoded, EmitError> {
        let encoded = self.codec.encode(&self.nsp.name, &emit.into())?;
        self.show_outgoing(emit);
        Ok(match compress {
            true => encoded,
            false => encoded.with_compress(false),
        })
    }

    fn show_outgoing(&self, emit: Emit<'_>) {
        self.nsp.shared.meter.sent();
        let shared = &self.nsp.shared.listeners;
        for listeners in [Some(shared), self.listeners.get()].into_iter().flatten() {
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

    /// Sends a packet.
    pub(crate) fn send(&self, packet: &Encoded) -> Result<(), EmitError> {
        self.put(packet, |connection| {
            connection.with(|machine| machine.inner.send(&self.nsp.name, packet))
        })
    }

    /// Sends a packet if it can leave at once.
    pub(crate) fn send_volatile(&self, packet: &Encoded) -> Result<(), EmitError> {
        self.put(packet, |connection| {
            connection.with(|machine| machine.inner.send_volatile(&self.nsp.name, packet));
            Ok(())
        })
    }

    /// Sends an acknowledgement, whatever the client is owed.
    pub(crate) fn send_reserved(&self, packet: &Encoded) -> Result<(), EmitError> {
        self.put(packet, |connection| {
            connection.with(|machine| machine.inner.send_reserved(&self.nsp.name, packet))
        })
    }

    fn put(
        &self,
        packet: &Encoded,
        send: impl FnOnce(&Client) -> Result<(), SendError>,
    ) -> Result<(), EmitError> {
        match self.phase() {
            Phase::Joined => {}
            Phase::Joining => {
                let mut state = self.lock();
                match &mut state.early {
                    Some(early) if early.packets.len() < MAX_EARLY => {
                        early.packets.push(packet.clone());
                        return Ok(());
                    }
                    Some(_) => return Err(EmitError::Full),
                    // It was let in, or not, in the meantime.
                    None => {}
                }
            }
            Phase::Left => return Err(EmitError::Closed),
        }
        let connection = self.connection().ok_or(EmitError::Closed)?;
        Ok(send(&connection)?)
    }

    /// The same for one of many, where nobody hears of it if the client is owed too much: a gap in what it gets would be worse
    /// than the end of the connection, of which it does hear.
    fn send_as_one_of_many(&self, packet: &Encoded) {
        if self.send(packet) != Err(EmitError::Full) {
            return;
        }
        if let Some(connection) = self.connection() {
            tracing::warn!(
                namespace = self.nsp.name.as_str(),
                "a client takes too little of what it is sent; its connection is closed (`ServerBuilder::buffer_limit`)"
            );
            // Unless that is what happened already, as the policy may be.
            connection.with(|machine| {
                if machine.inner.session().is_open() {
                    machine.inner.abort();
                }
            });
            connection.dispatch_later();
        }
    }

    // --- acknowledgements -----------------------------------------------------------------------------------

    /// Sends an event whose acknowledgement somebody waits for.
    pub(crate) fn ask(
        &self,
        id: AckId,
        timeout: Duration,
        packet: &Encoded,
        waiter: Waiter,
    ) -> Result<(), (EmitError, Waiter)> {
        let connection = match self.connection() {
            Some(connection) if self.phase() == Phase::Joined => connection,
            _ => return Err((EmitError::Closed, waiter)),
        };
        let deadline = connection.clock.now() + timeout;
        self.lock().acks.insert(id, waiter);
        let name = &self.nsp.name;
        let sent = connection.with(|machine| {
            machine.inner.expect_ack(name, id, Some(deadline))?;
            machine.inner.send(name, packet).map_err(|error| {
                machine.inner.forget_ack(name, id);
                AskError::Send(error)
            })
        });
        let Err(error) = sent else { return Ok(()) };
        // If it is gone, it was answered by the disconnection.
        match self.lock().acks.remove(&id) {
            Some(waiter) => Err((error.into(), waiter)),
            None => Ok(()),
        }
    }

    /// Waits so long instead, from now on.
    pub(crate) fn ask_for(&self, id: AckId, timeout: Duration) {
        if let Some(connection) = self.connection() {
            let deadline = connection.clock.now() + timeout;
            let name = &self.nsp.name;
            connection.with(|machine| {
                if machine.inner.forget_ack(name, id) {
                    // The place has just become free, so that it can be taken.
                    let _ = machine.inner.expect_ack(name, id, Some(deadline));
                }
            });
        }
    }

    /// Nobody waits for the acknowledgement any more.
    pub(crate) fn forget_ack(&self, id: AckId) {
        let forgotten = self.lock().acks.remove(&id);
        drop(forgotten);
        if let Some(connection) = self.connection() {
            connection.with(|machine| machine.inner.forget_ack(&self.nsp.name, id));
        }
    }

    /// An acknowledgement has come, or never will.
    pub(crate) fn answered(&self, id: AckId, result: Result<Args, ProtocolAckError>) {
        let waiter = self.lock().acks.remove(&id);
        if let Some(waiter) = waiter {
            self.nsp
                .shared
                .meter
                .acknowledged(result.as_ref().err().copied());
            waiter.end(&self.id, result);
        }
    }

    // --- its life -------------------------------------------------------------------------------------------

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Joining,
            1 => Phase::Joined,
            _ => Phase::Left,
        }
    }

    /// It was let in. What was sent and joined before.
    pub(crate) fn joined(&self) -> Early {
        let mut state = self.lock();
        self.phase.store(Phase::Joined as u8, Ordering::Release);
        *state.early.take().unwrap_or_default()
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

    /// Rooms to join as soon as it is let in. `None` if that has been decided.
    pub(crate) fn early<R>(&self, change: impl FnOnce(&mut Vec<Room>) -> R) -> Option<R> {
        let mut state = self.lock();
        state.early.as_mut().map(|early| change(&mut early.rooms))
    }

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

/// Why an acknowledgement was not asked for.
enum AskError {
    Expect(ExpectError),
    Send(SendError),
}

impl From<ExpectError> for AskError {
    fn from(error: ExpectError) -> Self {
        Self::Expect(error)
    }
}

impl From<AskError> for EmitError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Expect(ExpectError::TooMany) => Self::TooManyAcks,
            AskError::Expect(_) => Self::Closed,
            AskError::Send(error) => error.into(),
        }
    }
}

impl Recipient for Member {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn deliver(&self, event: &Broadcast<'_>) {
        self.show_outgoing(event.emit());
        let encoded = event.encoded(&self.codec);
        let Some(ack) = event.ack() else {
            // Whoever called `emit` hears of what cannot be encoded; a client that is gone hears nothing.
            if let Ok(encoded) = encoded {
                match event.flags().volatile {
                    true => drop(self.send_volatile(&encoded)),
                    false => self.send_as_one_of_many(&encoded),
                }
            }
            return;
        };
        let waiter = Waiter::Many(Arc::clone(&ack.answers));
        let asked = match encoded {
            Ok(encoded) => self.ask(ack.id, ack.timeout, &encoded, waiter).is_ok(),
            Err(_) => false,
        };
        if !asked {
            let gone = Err(ProtocolAckError::Disconnected);
            ack.answers.answered(Some(&self.id), gone);
        }
    }

    fn disconnect(&self, close: bool) {
        let Some(connection) = self.connection() else {
            return;
        };
        let now = connection.clock.now();
        connection.with(|machine| match close {
            true => machine.inner.close(now),
            false => machine.inner.disconnect(&self.nsp.name),
        });
        connection.dispatch_later();
    }

    fn describe(&self) -> Description {
        let handshake = self.handshake.to_object();
        Description::new(self.id.clone(), handshake, self.all_attributes())
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
