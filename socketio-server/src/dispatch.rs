//! What happens on a connection, handed out in order: who was let in, events, acknowledgements, departures.
//!
//! Everything here runs in the hands of whoever has the dispatch baton of the connection, so one thing at a time for each
//! client, and with no lock held.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::{Bytes, BytesMut};
use engineio_proto::server::Session;
use engineio_proto::{
    ContentType, DecodeError, Frame, LinkId, Reject, Revision, Sid, Time, Transport, TransportFault,
};
use socketio_proto::server::{Connection as Joined, Event as Happened};
use socketio_proto::{Codec, DisconnectReason, Namespace as Name};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::admission::{self, Decision};
use crate::backlog;
use crate::engine::Handshake;
use crate::engine::connection::Connection;
use crate::engine::machine::{Application, Machine, Protocol};
use crate::event::{Disconnected, Event};
use crate::member::Member;
use crate::namespace::Claim;
use crate::pace::{self, Pace};
use crate::run;
use crate::server::Sio;

/// A client of a Socket.IO server.
pub(crate) type Client = Connection<Sio>;

/// The state machine of a client, and what was posted to be handed out with its events.
#[repr(C)]
pub(crate) struct Multiplexed {
    pub(crate) inner: Joined,
    codec: Arc<dyn Codec>,
    posted: VecDeque<Posted>,
}

/// What others want to have done by whoever hands out events.
pub(crate) enum Posted {
    /// A client may come in, or may not.
    Decided(Box<Decision>),
    /// Handlers have ended, so that events that wait may start.
    Resume,
}

/// What is handed out.
pub(crate) enum Happening {
    Posted(Posted),
    Protocol(Happened),
}

/// What is kept with a client.
#[derive(Default)]
pub(crate) struct ClientState {
    /// Handlers of all its sockets that wait for something.
    pub(crate) running: AtomicUsize,
    /// Something that was sent has left.
    pub(crate) taken: Notify,
    inner: Mutex<Inside>,
}

#[derive(Default)]
pub(crate) struct Inside {
    /// Its sockets.
    pub(crate) memberships: Vec<Membership>,
    /// Decisions that are being made.
    pub(crate) deciding: Vec<(Name, AbortHandle)>,
    /// Bytes of events that wait.
    pub(crate) backlog_bytes: usize,
    /// How reading goes on while they do.
    pub(crate) pace: Pace,
}

/// A socket of a client.
pub(crate) struct Membership {
    pub(crate) member: Arc<Member>,
    /// Keeps a namespace that would be freed if nobody were in it.
    pub(crate) claim: Option<Claim>,
    /// Events that may not start yet.
    pub(crate) backlog: VecDeque<Event>,
}

impl ClientState {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing of a user runs under it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    pub(crate) fn membership(&mut self, name: &Name) -> Option<&mut Membership> {
        let all = self.memberships.iter_mut();
        all.into_iter().find(|each| each.member.nsp.name == *name)
    }
}

impl Client {
    /// What tells the client from others: its revision, the id of its session, its codec.
    pub(crate) fn identity(&self) -> (Revision, Sid, Arc<dyn Codec>) {
        let state = self.lock();
        let session = state.machine.session();
        let codec = Arc::clone(&state.machine.codec);
        (session.revision(), session.sid().clone(), codec)
    }

    /// Has something handed out in its turn.
    pub(crate) fn post(self: &Arc<Self>, what: Posted) {
        self.lock().machine.posted.push_back(what);
        self.dispatch();
    }

    /// Makes sockets leave. It is handed out before the client is told, so that who sees a DISCONNECT is in no room any more.
    pub(crate) fn part(&self, how: impl FnOnce(&mut Joined, Time)) {
        let now = self.clock.now();
        let mut state = self.lock();
        how(&mut state.machine.inner, now);
        state.turns.hold_output();
        let driver = state.turns.ask_driver();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

impl Protocol for Sio {
    type Machine = Multiplexed;
    type Local = ClientState;

    fn local(&self) -> ClientState {
        ClientState::default()
    }

    fn accept(&self, session: Session, handshake: &Handshake, now: Time) -> Multiplexed {
        self.common.note_runtime();
        let (config, codec) = self.config_for(handshake);
        Multiplexed {
            inner: Joined::new(session, config, now),
            codec,
            posted: VecDeque::new(),
        }
    }

    fn opened(&self, client: &Arc<Client>) -> Option<Application> {
        // A client 2.x is in `/` without asking, so something has happened already.
        client.dispatch();
        None
    }

    fn handle(&self, client: &Arc<Client>, happening: Happening) {
        // Handlers are caught each for itself. What is left are a user's `Drop` and the like, which must not take the
        // connection's task along.
        let handled = catch_unwind(AssertUnwindSafe(|| hand_out(client, happening)));
        if let Err(panic) = handled {
            let error = crate::hooks::panicked(&*panic);
            tracing::error!(%error, "something panicked outside of a handler");
        }
    }

    fn wants_input(&self, client: &Arc<Client>) -> bool {
        pace::wants_input(client)
    }

    fn sent(&self, client: &Client) {
        client.local.taken.notify_waiters();
    }

    fn gone(&self, client: &Arc<Client>) {
        let (memberships, deciding) = {
            let mut inside = client.local.lock();
            let inside = &mut *inside;
            (
                std::mem::take(&mut inside.memberships),
                std::mem::take(&mut inside.deciding),
            )
        };
        deciding.iter().for_each(|(_, task)| task.abort());
        // The connection has said goodbye for each of them; this is for one that could not.
        for membership in memberships {
            leave(client, membership, DisconnectReason::TransportClose);
        }
    }
}

fn hand_out(client: &Arc<Client>, happening: Happening) {
    let happened = match happening {
        Happening::Posted(Posted::Decided(decision)) => {
            return admission::conclude(client, *decision);
        }
        Happening::Posted(Posted::Resume) => return backlog::resume(client),
        Happening::Protocol(happened) => happened,
    };
    match happened {
        Happened::Event {
            namespace,
            id,
            args,
        } => backlog::arrive(client, &namespace, id, args),
        Happened::Ack {
            namespace,
            id,
            result,
        } => {
            let member = {
                let mut inside = client.local.lock();
                let membership = inside.membership(&namespace);
                membership.map(|membership| Arc::clone(&membership.member))
            };
            if let Some(member) = member {
                member.answered(id, result);
            }
        }
        Happened::Connect(request) => admission::begin(client, request),
        Happened::Withdrawn { namespace } => admission::give_up(client, &namespace),
        Happened::Disconnect { namespace, reason } => {
            let membership = {
                let mut inside = client.local.lock();
                let all = &mut inside.memberships;
                let at = all
                    .iter()
                    .position(|each| each.member.nsp.name == namespace);
                at.map(|at| all.remove(at))
            };
            if let Some(membership) = membership {
                leave(client, membership, reason);
            }
        }
        Happened::ProtocolError(error) => {
            tracing::debug!(%error, "a client broke the protocol; its connection is closed");
        }
        Happened::Upgrade(transport) => {
            tracing::trace!(%transport, "a client went over");
        }
        Happened::Close(reason) => {
            tracing::trace!(%reason, "a connection ended");
            let deciding = std::mem::take(&mut client.local.lock().deciding);
            deciding.iter().for_each(|(_, task)| task.abort());
        }
        _ => {}
    }
}

/// A socket leaves its namespace.
fn leave(client: &Arc<Client>, membership: Membership, reason: DisconnectReason) {
    let Membership {
        member,
        claim,
        backlog,
    } = membership;
    let backlog = backlog::take(client, backlog);
    let event = Disconnected { member, reason };
    let member = &event.member;
    let leaves = || {
        let rooms = member.nsp.adapter().local().remove(&**member);
        member.left(rooms.unwrap_or_default());
        member.nsp.shared.meter.left();
    };
    if !backlog.is_empty() && member.nsp.shared.is_sequential() {
        leaves();
        return backlog::finish(backlog, event, claim);
    }
    backlog.iter().for_each(backlog::begin);
    let table = member.nsp.shared.listeners.table();
    run::start_all(table.disconnecting.as_deref(), &event);
    leaves();
    run::start_all(table.disconnected.as_deref(), &event);
    drop(claim);
}

/// Weak, for what must not keep a connection.
pub(crate) fn downgrade(client: &Arc<Client>) -> Weak<Client> {
    Arc::downgrade(client)
}

impl Machine for Multiplexed {
    type Event = Happening;

    fn session(&self) -> &Session {
        self.inner.session()
    }
    fn handle_get(&mut self, now: Time) -> Result<(), Reject> {
        self.inner.handle_get(now)
    }
    fn handle_get_aborted(&mut self, now: Time) {
        self.inner.handle_get_aborted(now);
    }
    fn start_post(&mut self, content: ContentType, now: Time) -> Result<(), Reject> {
        self.inner.start_post(content, now)
    }
    fn handle_post(&mut self, body: Bytes, now: Time) -> Result<(), Reject> {
        self.inner.handle_post(body, now)
    }
    fn finish_post(&mut self) -> Result<(), Reject> {
        self.inner.finish_post()
    }
    fn handle_post_aborted(&mut self, now: Time) {
        self.inner.handle_post_aborted(now);
    }
    fn handle_post_too_large(&mut self, now: Time) {
        self.inner.handle_post_too_large(now);
    }
    fn open_link(
        &mut self,
        transport: Transport,
        base64: bool,
        now: Time,
    ) -> Result<LinkId, Reject> {
        self.inner.open_link(transport, base64, now)
    }
    fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Time) {
        self.inner.handle_frame(link, frame, now);
    }
    fn handle_decode_error(&mut self, link: LinkId, error: DecodeError, now: Time) {
        self.inner.handle_decode_error(link, error, now);
    }
    fn handle_link_closed(&mut self, link: LinkId, now: Time) {
        self.inner.handle_link_closed(link, now);
    }
    fn handle_link_failed(&mut self, link: LinkId, fault: TransportFault, now: Time) {
        self.inner.handle_link_failed(link, fault, now);
    }
    fn handle_activity(&mut self, now: Time) {
        self.inner.handle_activity(now);
    }
    fn handle_timeout(&mut self, now: Time) {
        self.inner.handle_timeout(now);
    }
    fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType> {
        self.inner.poll_payload(out)
    }
    fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        self.inner.poll_frame(link)
    }
    fn poll_event(&mut self) -> Option<Happening> {
        match self.posted.pop_front() {
            Some(posted) => Some(Happening::Posted(posted)),
            None => self.inner.poll_event().map(Happening::Protocol),
        }
    }
    fn poll_timeout(&self) -> Option<Time> {
        self.inner.poll_timeout()
    }
}
