//! Acknowledgements of clients, awaited: of one as a future, of many as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde::de::DeserializeOwned;
use socketio_adapter::{Answered, Answers, Asked};
use socketio_proto::{AckError as ProtocolAckError, AckId, Args, SocketId};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use crate::error::{AckError, EmitError};
use crate::member::Member;

/// The acknowledgement of one client, as a `T`: see [`Socket::emit_with_ack`](crate::Socket::emit_with_ack).
///
/// The event has been sent already. This resolves once: with the answer, or with an error when the time is over or the socket is
/// disconnected. Dropping it forgets the acknowledgement, not the event.
#[must_use = "whoever does not want to know the answer uses `emit`"]
pub struct AckFuture<T> {
    state: State,
    _type: PhantomData<fn() -> T>,
}

enum State {
    Failed(Option<EmitError>),
    Waiting {
        member: Arc<Member>,
        id: AckId,
        answer: oneshot::Receiver<Result<Args, ProtocolAckError>>,
    },
    Done,
}

impl<T> AckFuture<T> {
    pub(crate) fn failed(error: EmitError) -> Self {
        Self {
            state: State::Failed(Some(error)),
            _type: PhantomData,
        }
    }

    pub(crate) fn waiting(
        member: Arc<Member>,
        id: AckId,
        answer: oneshot::Receiver<Result<Args, ProtocolAckError>>,
    ) -> Self {
        Self {
            state: State::Waiting { member, id, answer },
            _type: PhantomData,
        }
    }

    /// Waits so long, from now on, instead of [the server's time](crate::ServerBuilder::ack_timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        if let State::Waiting { member, id, .. } = &self.state {
            member.ask_for(*id, timeout);
        }
        self
    }
}

impl<T: DeserializeOwned> Future for AckFuture<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.state {
            State::Failed(error) => Err(error.take().unwrap_or(EmitError::Closed).into()),
            State::Waiting { answer, .. } => match Pin::new(answer).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Ok(args))) => args.deserialize().map_err(AckError::Decode),
                Poll::Ready(Ok(Err(error))) => Err(error.into()),
                Poll::Ready(Err(_)) => Err(AckError::Closed),
            },
            State::Done => Err(AckError::Closed),
        };
        self.state = State::Done;
        Poll::Ready(result)
    }
}

impl<T> Drop for AckFuture<T> {
    fn drop(&mut self) {
        if let State::Waiting { member, id, .. } = &self.state {
            member.forget_ack(*id);
        }
    }
}

impl<T> fmt::Debug for AckFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckFuture").finish_non_exhaustive()
    }
}

/// The acknowledgements of many clients, each as a `T`, as they come: see [`Target::emit_with_ack`](crate::Target::emit_with_ack).
///
/// The event has been sent already. Every client that was asked comes up once: with its answer, or with an error when the time is
/// over or its socket is disconnected. Then the stream ends; with nobody to ask it ends at once.
#[must_use = "whoever does not want to know the answers uses `emit`"]
pub struct AckStream<T> {
    gathered: Arc<Gathered>,
    /// If other nodes say nothing at all.
    patience: Duration,
    giving_up: Option<Pin<Box<Sleep>>>,
    _type: PhantomData<fn() -> T>,
}

/// Whose answer it is, if that is known, and what it is.
pub type Answer<T> = (Option<SocketId>, Result<T, AckError>);

/// Beyond the time that clients have, for nodes to tell each other.
const GRACE: Duration = Duration::from_secs(1);

impl<T> AckStream<T> {
    pub(crate) fn new(gathered: Arc<Gathered>, timeout: Duration) -> Self {
        Self {
            gathered,
            patience: timeout.saturating_add(GRACE),
            giving_up: None,
            _type: PhantomData,
        }
    }

    /// How many nodes are known to be there and did not say whom they asked. Known at the end.
    pub fn missing_nodes(&self) -> usize {
        self.gathered.lock().missing_nodes
    }
}

impl<T: DeserializeOwned> AckStream<T> {
    /// The next answer, and whose it is. `None` when all have come up.
    ///
    /// Some adapters do not tell whose answer it is, if the client is on another node.
    pub async fn next(&mut self) -> Option<Answer<T>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// All answers.
    pub async fn all(mut self) -> Vec<Answer<T>> {
        let mut all = Vec::new();
        while let Some(answer) = self.next().await {
            all.push(answer);
        }
        all
    }

    /// As [`next`](Self::next), for whoever makes a stream of another kind of this.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer<T>>> {
        let mut inside = self.gathered.lock();
        if let Some((from, result)) = inside.arrived.pop_front() {
            drop(inside);
            let result = result.and_then(|answered| {
                let args = answered.into_args().map_err(|_| AckError::Closed)?;
                Ok(args.deserialize()?)
            });
            return Poll::Ready(Some((from, result)));
        }
        if inside.is_complete() {
            return Poll::Ready(None);
        }
        match &mut inside.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            waker => *waker = Some(cx.waker().clone()),
        }
        drop(inside);
        let patience = self.patience;
        let giving_up = self
            .giving_up
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        if giving_up.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Whoever is left is on a node that says nothing more.
        let mut inside = self.gathered.lock();
        if inside.answered < inside.expected {
            inside.answered += 1;
            return Poll::Ready(Some((None, Err(AckError::Timeout))));
        }
        inside.asked_all = true;
        Poll::Ready(None)
    }
}

impl<T> fmt::Debug for AckStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckStream")
            .field("gathered", &self.gathered)
            .finish_non_exhaustive()
    }
}

/// Where the answers of many come together.
#[derive(Default)]
pub(crate) struct Gathered {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    arrived: VecDeque<Answer<Answered>>,
    expected: usize,
    answered: usize,
    asked_all: bool,
    missing_nodes: usize,
    waker: Option<Waker>,
}

impl Inside {
    fn is_complete(&self) -> bool {
        self.asked_all && self.answered >= self.expected
    }
}

impl Gathered {
    /// The event was not sent, for this reason: all that there is to hear.
    pub(crate) fn failed(error: EmitError) -> Arc<Self> {
        let this = Self::default();
        let mut inside = this.lock();
        inside.arrived.push_back((None, Err(error.into())));
        inside.asked_all = true;
        drop(inside);
        Arc::new(this)
    }

    fn change(&self, change: impl FnOnce(&mut Inside)) {
        let mut inside = self.lock();
        change(&mut inside);
        let waker = inside.waker.take();
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers for Gathered {
    fn asked(&self, whom: Asked) {
        self.change(|inside| inside.expected = inside.expected.saturating_add(whom.count()));
    }

    fn answered(&self, from: Option<&SocketId>, result: Result<Answered, ProtocolAckError>) {
        let arrived = (from.cloned(), result.map_err(AckError::from));
        self.change(|inside| {
            inside.answered = inside.answered.saturating_add(1);
            inside.arrived.push_back(arrived);
        });
    }

    fn asked_all(&self, missing_nodes: usize) {
        self.change(|inside| {
            inside.asked_all = true;
            inside.missing_nodes = missing_nodes;
        });
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = self.lock();
        f.debug_struct("Gathered")
            .field("expected", &inside.expected)
            .field("answered", &inside.answered)
            .finish_non_exhaustive()
    }
}
