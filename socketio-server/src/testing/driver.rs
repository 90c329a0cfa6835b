//! What drives the connection of test clients: one task, as long as one of the clients is there.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use engineio_proto::client::{Config, Session};
use engineio_proto::{Frame, LinkId, Transport};
use socketio_proto::EncodeError;
use socketio_proto::client::{self as sio, Event};
use socketio_proto::{
    AckError, AckId, Args, Codec, ConnectError, Decoder, DisconnectReason, Encoded, Limits,
    Namespace, Outgoing, Protocol, SocketId,
};
use tokio::sync::{Notify, oneshot};

use super::TestError;
use super::lines::Lines;
use super::wire::Opening;
use crate::engine::Clock;

/// The connection of one or several test clients.
pub(super) struct Connection {
    pub(super) codec: Arc<dyn Codec>,
    clock: Clock,
    state: Mutex<State>,
    /// Something is to be sent, or the task is to do something else.
    pub(super) wake: Arc<Notify>,
    /// It was decided which transport is used.
    settled: Notify,
    next_id: AtomicU64,
}

struct State {
    machine: sio::Connection,
    inboxes: HashMap<Namespace, Arc<Inbox>>,
    acks: HashMap<(Namespace, AckId), oneshot::Sender<Result<Args, AckError>>>,
    /// Why the connection has ended.
    closed: Option<DisconnectReason>,
    /// The client has stopped reading.
    paused: bool,
    /// The connection is to end without a word.
    cut: bool,
    /// It may still go over to another transport.
    may_upgrade: bool,
}

/// What one client was sent and has not looked at.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) state: Mutex<InboxState>,
    pub(super) changed: Notify,
}

#[derive(Default)]
pub(super) struct InboxState {
    pub(super) id: Option<SocketId>,
    pub(super) refused: Option<ConnectError>,
    pub(super) events: VecDeque<(Option<AckId>, Args)>,
    pub(super) ended: Option<DisconnectReason>,
}

impl Inbox {
    pub(super) fn lock(&self) -> MutexGuard<'_, InboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut InboxState)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }
}

impl Connection {
    /// Makes the first request. What becomes of it is the caller's to know.
    pub(super) async fn open(
        opening: Opening,
        transports: &[Transport],
        codec: Arc<dyn Codec>,
    ) -> Result<Arc<Self>, TestError> {
        let clock = Clock::start();
        let mut config = Config::default();
        config.transports(transports.iter().copied());
        let session = Session::new(Arc::new(config), clock.now());
        let mut config = sio::Config::default();
        config.codec(Shared(Arc::clone(&codec)));
        let mut machine = sio::Connection::new(session, Arc::new(config), clock.now());
        let mut lines = Lines::new(opening);
        lines.begin(&mut machine, clock.now()).await?;
        let connection = Arc::new(Self {
            codec,
            clock,
            state: Mutex::new(State {
                machine,
                inboxes: HashMap::new(),
                acks: HashMap::new(),
                closed: None,
                paused: false,
                cut: false,
                may_upgrade: transports.len() > 1
                    && transports.first() == Some(&Transport::POLLING),
            }),
            wake: Arc::default(),
            settled: Notify::new(),
            next_id: AtomicU64::new(0),
        });
        let wake = Arc::clone(&connection.wake);
        tokio::spawn(drive(Arc::downgrade(&connection), wake, lines, clock));
        Ok(connection)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the machine, and has its task look at what came of it.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut sio::Connection) -> R) -> R {
        let result = act(&mut self.lock().machine);
        self.wake.notify_one();
        result
    }

    pub(super) fn close(&self) {
        let now = self.clock.now();
        self.with(|machine| machine.close(now));
    }

    pub(super) fn cut(&self) {
        self.lock().cut = true;
        self.wake.notify_one();
    }

    pub(super) fn pause(&self, yes: bool) {
        self.lock().paused = yes;
        self.wake.notify_one();
    }

    /// Why the connection has ended, if it has.
    pub(super) fn closed(&self) -> Option<DisconnectReason> {
        self.lock().closed
    }

    pub(super) fn inbox(&self, namespace: &Namespace) -> Arc<Inbox> {
        let mut state = self.lock();
        Arc::clone(state.inboxes.entry(namespace.clone()).or_default())
    }

    pub(super) fn next_ack_id(&self) -> AckId {
        AckId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn await_ack(
        &self,
        namespace: &Namespace,
        id: AckId,
    ) -> oneshot::Receiver<Result<Args, AckError>> {
        let (sender, receiver) = oneshot::channel();
        self.lock().acks.insert((namespace.clone(), id), sender);
        receiver
    }

    /// Asks a question about the session.
    pub(super) fn session<R>(&self, question: impl FnOnce(&Session) -> R) -> R {
        question(self.lock().machine.session())
    }

    /// Waits until the client goes over to no other transport any more.
    pub(super) async fn upgraded(&self) -> Transport {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // From here on nothing is missed.
            settled.as_mut().enable();
            let (may_upgrade, transport) = {
                let state = self.lock();
                (state.may_upgrade, state.machine.session().transport())
            };
            if !may_upgrade {
                return transport;
            }
            settled.await;
        }
    }

    /// Frames to write, and whether the link is finished after them.
    fn output(&self, link: LinkId) -> (Vec<Frame>, bool) {
        let mut state = self.lock();
        let mut frames = Vec::new();
        while let Some(frame) = state.machine.poll_frame(link) {
            frames.push(frame);
        }
        (frames, state.machine.is_link_finished(link))
    }

    /// Hands out what has happened.
    fn hand_out(&self) {
        loop {
            let mut state = self.lock();
            let Some(event) = state.machine.poll_event() else {
                return;
            };
            let namespace = match &event {
                Event::Connect { namespace, .. }
                | Event::ConnectError { namespace, .. }
                | Event::Event { namespace, .. }
                | Event::Disconnect { namespace, .. } => namespace.clone(),
                Event::Ack { namespace, id, .. } => {
                    let waiting = state.acks.remove(&(namespace.clone(), *id));
                    drop(state);
                    if let (Some(waiting), Event::Ack { result, .. }) = (waiting, event) {
                        // Nobody waits any more, perhaps.
                        let _ = waiting.send(result);
                    }
                    continue;
                }
                event => {
                    if let Event::Close(reason) = &event {
                        state.closed = Some((*reason).into());
                        // Who waits to be let in is told as well.
                        for inbox in state.inboxes.values() {
                            inbox.change(|inbox| {
                                inbox.ended.get_or_insert((*reason).into());
                            });
                        }
                    }
                    let may_upgrade = match event {
                        Event::Open(open) => open.upgrades.iter().any(|to| to == "websocket"),
                        Event::Upgrade(_) | Event::UpgradeFailed(_) | Event::Close(_) => false,
                        _ => continue,
                    };
                    state.may_upgrade &= may_upgrade;
                    self.settled.notify_waiters();
                    continue;
                }
            };
            let inbox = state.inboxes.get(&namespace).cloned();
            drop(state);
            if let Some(inbox) = inbox {
                inbox.change(|inbox| match event {
                    Event::Connect { id, .. } => {
                        inbox.id = Some(id);
                        inbox.ended = None;
                    }
                    Event::ConnectError { error, .. } => inbox.refused = Some(error),
                    Event::Event { id, args, .. } => inbox.events.push_back((id, args)),
                    Event::Disconnect { reason, .. } => inbox.ended = Some(reason),
                    _ => {}
                });
            }
        }
    }
}

/// The task of a connection. It ends with the connection, or when the last client is dropped.
async fn drive(connection: Weak<Connection>, wake: Arc<Notify>, mut lines: Lines, clock: Clock) {
    loop {
        let Some(strong) = connection.upgrade() else {
            return;
        };
        strong.hand_out();
        if std::mem::take(&mut strong.lock().cut) {
            lines.cut(&mut strong.lock().machine, clock.now());
            strong.hand_out();
            return;
        }
        let (frames, is_finished) = match lines.link() {
            Some(link) => strong.output(link),
            None => (Vec::new(), false),
        };
        let (hangs, has_ended, deadline) = {
            let mut state = strong.lock();
            lines.start(&mut state.machine);
            let has_ended = state.machine.session().close_reason().is_some();
            (state.paused, has_ended, state.machine.poll_timeout())
        };
        drop(strong);
        lines.send(&frames, is_finished).await;
        if has_ended {
            // The end may have come of what was written.
            if let Some(strong) = connection.upgrade() {
                strong.hand_out();
            }
            return;
        }
        let timer = async {
            match deadline {
                Some(deadline) if !hangs => tokio::time::sleep_until(clock.instant(deadline)).await,
                _ => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            () = wake.notified() => None,
            () = timer => None,
            heard = lines.next(hangs) => Some(heard),
        };
        let Some(strong) = connection.upgrade() else {
            return;
        };
        let now = clock.now();
        let mut state = strong.lock();
        if let Some(heard) = heard {
            lines.hear(&mut state.machine, heard, now);
        }
        // Who hangs does not notice that the server is silent either.
        if !hangs {
            state.machine.handle_timeout(now);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A codec that several own.
#[derive(Debug)]
struct Shared(Arc<dyn Codec>);

impl Codec for Shared {
    fn encode(&self, namespace: &Namespace, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
        self.0.encode(namespace, packet)
    }

    fn decoder(&self, protocol: Protocol, limits: Limits) -> Decoder {
        self.0.decoder(protocol, limits)
    }
}
