//! What arrived for one socket and was not handled yet; and the task that hands it out.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::handler::{Erased, Outcome, start};
use crate::incoming::{Event, Incoming, What};
use crate::manager::SocketState;
use crate::status::{Lifecycle, Status};
use crate::{HandlerError, Socket, lock};

/// Two queues: what is to be handed out, and what nobody handles and [`recv`](Socket::recv) takes.
#[derive(Default)]
pub(crate) struct Inbox {
    queues: Mutex<Queues>,
    arrived: Notify,
    kept: Notify,
    closed: AtomicBool,
}

#[derive(Default)]
struct Queues {
    arrived: VecDeque<(What, usize)>,
    kept: VecDeque<(Event, usize)>,
    kept_bytes: usize,
    /// The task is at work on one that it took.
    is_busy: bool,
    /// Somebody has called `recv`: a gap in what it gets must not be.
    is_pulled: bool,
    /// More came than is kept for somebody who might never ask.
    overflowed: bool,
}

/// Events that are kept before anybody has asked for one, and their bytes.
const MAX_UNASKED: usize = 1_024;
const MAX_UNASKED_BYTES: usize = 1 << 20;

/// Handlers of one socket that wait at the same time. Beyond it events wait, and what they wait for is still read.
const MAX_WAITING: usize = 256;

/// Events that are handed out before others have a turn.
const BATCH: usize = 64;

impl Inbox {
    pub(crate) fn push_lifecycle(&self, lifecycle: Lifecycle) {
        lock(&self.queues)
            .arrived
            .push_back((What::Lifecycle(lifecycle), 0));
        self.arrived.notify_one();
    }

    /// An event that handlers may want. `bytes` are counted until it is taken.
    pub(crate) fn push_event(&self, event: Event, bytes: usize) {
        lock(&self.queues)
            .arrived
            .push_back((What::Event(event), bytes));
        self.arrived.notify_one();
    }

    /// An event that no handler wants. What comes back was not kept: bytes that are free again.
    pub(crate) fn keep(&self, event: Event, bytes: usize) -> usize {
        let mut queues = lock(&self.queues);
        let mut freed = 0;
        let mut dropped = VecDeque::new();
        if !queues.is_pulled {
            let is_full =
                queues.kept.len() >= MAX_UNASKED || queues.kept_bytes + bytes > MAX_UNASKED_BYTES;
            if queues.overflowed || is_full {
                // Whoever begins to ask gets what comes from then on, rather than something with a hole in it.
                if !std::mem::replace(&mut queues.overflowed, true) {
                    tracing::warn!(
                        event = event.name(),
                        "events have neither a handler nor somebody who calls recv, and are dropped"
                    );
                }
                freed = bytes + std::mem::take(&mut queues.kept_bytes);
                dropped = std::mem::take(&mut queues.kept);
            }
        }
        if freed == 0 {
            queues.kept.push_back((event, bytes));
            queues.kept_bytes += bytes;
        }
        drop(queues);
        drop(dropped);
        self.kept.notify_one();
        freed
    }

    /// Whether nothing is being handed out, or waits for it.
    pub(crate) fn is_idle(&self) -> bool {
        let queues = lock(&self.queues);
        queues.arrived.is_empty() && !queues.is_busy
    }

    /// The next event that was kept, with its bytes.
    pub(crate) fn take(&self) -> Option<(Event, usize)> {
        let mut queues = lock(&self.queues);
        queues.is_pulled = true;
        queues.overflowed = false;
        let (event, bytes) = queues.kept.pop_front()?;
        queues.kept_bytes -= bytes;
        if !queues.kept.is_empty() {
            // Another task may be waiting for the next one.
            self.kept.notify_one();
        }
        Some((event, bytes))
    }

    /// Waits until something may have been kept.
    pub(crate) async fn kept(&self) {
        self.kept.notified().await;
    }

    /// Those who wait in `recv` look again: what they wait for may never come.
    pub(crate) fn look_again(&self) {
        self.kept.notify_waiters();
        self.kept.notify_one();
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.arrived.notify_one();
        self.look_again();
    }

    fn pop(&self) -> Option<(What, usize)> {
        let mut queues = lock(&self.queues);
        let item = queues.arrived.pop_front();
        queues.is_busy = item.is_some();
        item
    }

    /// Forgets everything; how many bytes that were.
    fn clear(&self) -> usize {
        let mut queues = lock(&self.queues);
        let arrived = std::mem::take(&mut queues.arrived);
        let kept = std::mem::take(&mut queues.kept);
        queues.kept_bytes = 0;
        drop(queues);
        let arrived_bytes: usize = arrived.iter().map(|(_, bytes)| bytes).sum();
        let kept_bytes: usize = kept.iter().map(|(_, bytes)| bytes).sum();
        arrived_bytes + kept_bytes
    }
}

/// Hands out what arrives for a socket, in order, until the last handle is gone.
///
/// It is a task of its own, so that a handler that computes for a while holds up the others of its socket and not the connection.
pub(crate) async fn dispatch(socket: Arc<SocketState>) {
    let waiting = Arc::new(Semaphore::new(MAX_WAITING));
    let mut batch = 0;
    while !socket.inbox.closed.load(Ordering::Acquire) {
        let Some((what, bytes)) = socket.inbox.pop() else {
            batch = 0;
            // Who waits in `recv` of a closed socket waits for the end of what was handed out.
            if matches!(&*socket.status.borrow(), Status::Closed { .. }) {
                socket.inbox.look_again();
            }
            socket.inbox.arrived.notified().await;
            continue;
        };
        let mut taken = bytes;
        let handlers = match &what {
            What::Event(event) => socket.listeners.for_event(event.name()),
            What::Lifecycle(lifecycle) => socket.listeners.for_lifecycle(lifecycle),
        };
        // Nobody who could do something with it is left if there is no handle.
        let Some(handle) = lock(&socket.handle).upgrade().map(Socket) else {
            socket.manager.taken(bytes);
            continue;
        };
        match what {
            What::Event(event) if handlers.is_empty() => taken = socket.inbox.keep(event, bytes),
            what => {
                let incoming = Incoming::new(handle, what);
                for handler in &handlers {
                    run(&socket, handler, &incoming, &waiting).await;
                }
            }
        }
        if taken > 0 {
            socket.manager.taken(taken);
        }
        batch += 1;
        if batch >= BATCH {
            batch = 0;
            tokio::task::yield_now().await;
        }
    }
    let bytes = socket.inbox.clear();
    if bytes > 0 {
        socket.manager.taken(bytes);
    }
}

/// Starts a handler in place. One that has to wait goes on by itself.
async fn run(
    socket: &Arc<SocketState>,
    handler: &Erased,
    incoming: &Incoming,
    waiting: &Arc<Semaphore>,
) {
    let Ok(permit) = Arc::clone(waiting).acquire_owned().await else {
        return;
    };
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match start(handler, incoming, &mut cx) {
        Ok(outcome) => finish(socket, incoming, outcome),
        Err(rest) => {
            let (socket, incoming) = (Arc::clone(socket), incoming.clone());
            // It is polled again at once, so that nothing is lost that woke nobody.
            tokio::spawn(async move {
                let outcome = rest.await;
                finish(&socket, &incoming, outcome);
                drop::<OwnedSemaphorePermit>(permit);
            });
        }
    }
}

/// Sends the answer, or reports the error.
fn finish(socket: &Arc<SocketState>, incoming: &Incoming, outcome: Outcome) {
    let error = match outcome {
        Outcome::Silent => return,
        Outcome::Failed(error) => error,
        Outcome::Ack(answer) => {
            let Some(ack) = incoming.event().and_then(|event| event.ack.as_ref()) else {
                return;
            };
            let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| answer.send(ack)));
            match sent {
                Ok(Ok(())) => return,
                Ok(Err(error)) => HandlerError::Answer(error),
                Err(_) => HandlerError::Panicked("while the answer was encoded".into()),
            }
        }
    };
    let hook = &socket.manager.options.on_error;
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(incoming, &error))).is_err() {
        tracing::error!(%error, "the error hook panicked");
    }
}
