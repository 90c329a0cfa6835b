//! Middleware around events, and what is innermost in it: the handlers.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::event::Event;
use crate::handler::{BoxedOutcome, IntoOutcome, Outcome};
use crate::listeners::{Table, Wrap};

/// The rest of what happens to an event: more middleware, and in the end the handlers.
pub struct Next {
    wraps: Arc<[Wrap]>,
    at: usize,
}

impl Next {
    pub(crate) fn new(wraps: Arc<[Wrap]>) -> Self {
        Self { wraps, at: 0 }
    }

    /// Goes on with this event, or with [another](Event::with_args) in its place.
    ///
    /// Resolves when all handlers are done. They start as soon as this is awaited, as long as nothing was awaited before: then
    /// events start in the order in which they came.
    pub async fn run(mut self, event: Event) -> Outcome {
        let wrap = self.wraps.get(self.at).map(Arc::clone);
        self.at += 1;
        match wrap {
            Some(wrap) => match wrap(event, self) {
                Ok(future) => future.await,
                Err(error) => Outcome::Failed(error),
            },
            None => Handlers::of(&event).await,
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// Makes middleware of a function.
pub(crate) fn wrap<F, Fut>(function: F) -> Wrap
where
    F: FnOnce(Event, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoOutcome<Event>> + Send + 'static,
{
    Arc::new(move |event: Event, next| {
        let ack = event.ack.clone();
        let future = function.clone()(event, next);
        Ok(Box::pin(
            async move { future.await.into_outcome(Some(&ack)) },
        ))
    })
}

/// The tables of a namespace and of a socket that has its own.
pub(crate) fn tables(event: &Event) -> (Arc<Table>, Option<Arc<Table>>) {
    let own = event.member.listeners.get();
    (
        event.member.nsp.shared.listeners.table(),
        own.map(|listeners| listeners.table()),
    )
}

/// Calls of all handlers of one event, side by side.
struct Handlers {
    calls: Vec<Option<BoxedOutcome>>,
    failed: Option<Error>,
    answered: bool,
}

impl Handlers {
    fn of(event: &Event) -> Self {
        let mut this = Self {
            calls: Vec::new(),
            failed: None,
            answered: false,
        };
        let (shared, own) = tables(event);
        for table in [Some(shared), own].into_iter().flatten() {
            let entries = table.events.get(event.name()).into_iter();
            for handler in entries
                .flat_map(|list| list.iter())
                .filter_map(|entry| entry.take())
            {
                match catch_unwind(AssertUnwindSafe(|| handler(event))) {
                    Ok(Ok(call)) => this.calls.push(Some(call)),
                    Ok(Err(error)) => this.ends(Outcome::Failed(error)),
                    Err(panic) => this.ends(Outcome::Failed(crate::hooks::panicked(&*panic))),
                }
            }
        }
        this
    }

    fn ends(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Handled => {}
            Outcome::Answered => self.answered = true,
            // The first failure is the one to tell; the others are in the log.
            Outcome::Failed(error) if self.failed.is_none() => self.failed = Some(error),
            Outcome::Failed(error) => {
                tracing::warn!(%error, "another handler of the same event failed")
            }
        }
    }
}

impl Future for Handlers {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut waits = false;
        for at in 0..self.calls.len() {
            let Some(call) = self.calls.get_mut(at) else {
                continue;
            };
            let Some(future) = call else { continue };
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => waits = true,
                Ok(Poll::Ready(outcome)) => {
                    *call = None;
                    self.ends(outcome);
                }
                Err(panic) => {
                    *call = None;
                    self.ends(Outcome::Failed(crate::hooks::panicked(&*panic)));
                }
            }
        }
        if waits {
            return Poll::Pending;
        }
        Poll::Ready(match self.failed.take() {
            Some(error) => Outcome::Failed(error),
            None if self.answered => Outcome::Answered,
            None => Outcome::Handled,
        })
    }
}
