//! Whether more may come in: more connections, more clients, or nobody because the server closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engineio_proto::Time;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::limits::Rate;
use super::options::Options;

/// What counts, for all listeners of a server.
#[derive(Debug)]
pub(crate) struct Gate {
    closed: watch::Sender<bool>,
    connections: Option<Arc<Semaphore>>,
    max_sessions: usize,
    handshakes: Option<Rate>,
    /// Clients that were admitted and have no session yet.
    entering: Arc<AtomicUsize>,
}

/// A client that was admitted, until it has its session.
#[derive(Debug)]
pub(crate) struct Entering(Arc<AtomicUsize>);

impl Drop for Entering {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Why a client cannot be taken now. It may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The server closes.
    Closing,
    /// `max_sessions`.
    TooMany,
    /// `handshake_rate`.
    TooFast,
}

impl Gate {
    pub(crate) fn new(options: &Options) -> Self {
        let permits = |number: usize| Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)));
        Self {
            closed: watch::Sender::new(false),
            connections: options.listening.max_connections.map(permits),
            max_sessions: options.max_sessions,
            handshakes: options.handshake_rate.map(Rate::new),
            entering: Arc::default(),
        }
    }

    /// Whether one more client may have a session. `sessions` says how many there are.
    pub(crate) fn admit(&self, sessions: impl Fn() -> usize, now: Time) -> Result<Entering, Busy> {
        // Counted first, so that of several who come at the same time each counts the others.
        let others = self.entering.fetch_add(1, Ordering::AcqRel);
        let entering = Entering(Arc::clone(&self.entering));
        if *self.closed.borrow() {
            return Err(Busy::Closing);
        }
        if sessions().saturating_add(others) >= self.max_sessions {
            return Err(Busy::TooMany);
        }
        match &self.handshakes {
            Some(rate) if !rate.take(now) => Err(Busy::TooFast),
            _ => Ok(entering),
        }
    }

    /// Lets nobody in from now on; listeners end.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Tells when the gate is closed.
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Waits until one more connection may be open. `None` if their number is not limited.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let connections = Arc::clone(self.connections.as_ref()?);
        if connections.available_permits() == 0 {
            tracing::warn!(
                "as many connections are open as the option `max_connections` allows; others wait"
            );
        }
        // Nobody closes it.
        connections.acquire_owned().await.ok()
    }
}

impl Busy {
    /// The option by which it can be changed.
    pub(crate) fn option(self) -> Option<&'static str> {
        match self {
            Self::Closing => None,
            Self::TooMany => Some("max_sessions"),
            Self::TooFast => Some("handshake_rate"),
        }
    }
}
