//! Calling handlers: the first step in place, the rest in a task of its own, and nobody else suffers if one fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use tracing::Span;

use crate::error::Error;
use crate::event::{AckSender, Connected, Disconnected, Event};
use crate::handler::{BoxedOutcome, Outcome};
use crate::hooks::{Failure, FailureKind, Panicked, panicked};
use crate::listeners::Entry;
use crate::member::Member;
use crate::meter::Begun;

/// What a handler is called for, as those who report its failures see it.
pub(crate) trait Reported: Clone + Send + Unpin + 'static {
    fn member(&self) -> &Arc<Member>;
    fn name(&self) -> &str;
    fn ack(&self) -> Option<&AckSender> {
        None
    }
}

impl Reported for Event {
    fn member(&self) -> &Arc<Member> {
        &self.member
    }
    fn name(&self) -> &str {
        self.args.event_name()
    }
    fn ack(&self) -> Option<&AckSender> {
        Some(&self.ack)
    }
}

impl Reported for Connected {
    fn member(&self) -> &Arc<Member> {
        &self.member
    }
    fn name(&self) -> &'static str {
        "connect"
    }
}

impl Reported for Disconnected {
    fn member(&self) -> &Arc<Member> {
        &self.member
    }
    fn name(&self) -> &'static str {
        "disconnect"
    }
}

/// Starts all handlers of a list, in order.
pub(crate) fn start_all<E: Reported>(list: Option<&[Entry<E>]>, event: &E) {
    let Some(list) = list else { return };
    for handler in list.iter().filter_map(Entry::take) {
        start(event, || handler(event));
    }
}

/// Calls a handler, and goes as far as it goes without waiting. Most end there; what has to wait goes on in a task.
pub(crate) fn start<E: Reported>(event: &E, call: impl FnOnce() -> Result<BoxedOutcome, Error>) {
    let begun = Begun::now();
    // Within that of the session. What a peer sends is in it by the event's name alone.
    let span = tracing::debug_span!(
        "event",
        namespace = event.member().nsp.name.as_str(),
        event = event.name(),
    );
    let entered = span.enter();
    let first = catch_unwind(AssertUnwindSafe(|| {
        let mut future = call()?;
        // Whatever it waits for hears of the task when that polls it for the first time, at once.
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(outcome) => Ok(Ok(outcome)),
            Poll::Pending => Ok(Err(future)),
        }
    }));
    match first {
        Ok(Ok(Ok(outcome))) => end(event, outcome, begun),
        Ok(Ok(Err(future))) => {
            let running = Running::begin(event.member());
            event.member().nsp.common.spawn(Rest {
                future,
                begun,
                span: span.clone(),
                event: event.clone(),
                _running: running,
            });
        }
        Ok(Err(error)) => fail(event, FailureKind::Parameter, &error),
        Err(panic) => fail(event, FailureKind::Panicked, &panicked(&*panic)),
    }
    drop(entered);
}

fn end<E: Reported>(event: &E, outcome: Outcome, begun: Begun) {
    event.member().nsp.shared.meter.handled(begun);
    if let Outcome::Failed(error) = outcome {
        let kind = match error.downcast_ref::<Panicked>() {
            Some(_) => FailureKind::Panicked,
            None => FailureKind::Returned,
        };
        fail(event, kind, &error);
    }
}

fn fail<E: Reported>(event: &E, kind: FailureKind, error: &Error) {
    let member = event.member();
    member.nsp.shared.meter.failed(kind);
    let ack = event.ack().filter(|ack| ack.is_wanted());
    let failure = Failure {
        kind,
        error,
        namespace: member.nsp.name.as_str(),
        event: event.name(),
        member: Some(member),
        wants_answer: ack.is_some(),
    };
    member.nsp.common.hooks.failed(&failure, ack);
}

/// A handler that goes on.
struct Rest<E> {
    future: BoxedOutcome,
    begun: Begun,
    span: Span,
    event: E,
    /// Dropped last.
    _running: Running,
}

impl<E: Reported> Future for Rest<E> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let _entered = this.span.enter();
        match catch_unwind(AssertUnwindSafe(|| this.future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => end(&this.event, outcome, this.begun),
            Err(panic) => fail(&this.event, FailureKind::Panicked, &panicked(&*panic)),
        }
        Poll::Ready(())
    }
}

/// A handler waits for something: counted for its socket, its connection and the server.
pub(crate) struct Running {
    member: Arc<Member>,
}

impl Running {
    fn begin(member: &Arc<Member>) -> Self {
        member.running.fetch_add(1, Ordering::AcqRel);
        member.nsp.common.running.fetch_add(1, Ordering::AcqRel);
        if let Some(client) = member.connection() {
            client.local.running.fetch_add(1, Ordering::AcqRel);
        }
        Self {
            member: Arc::clone(member),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let member = &self.member;
        let common = &member.nsp.common;
        let of_socket = member.running.fetch_sub(1, Ordering::AcqRel);
        common.running.fetch_sub(1, Ordering::AcqRel);
        if of_socket == 1 {
            member.became_idle();
        }
        let Some(client) = member.connection() else {
            return;
        };
        let of_client = client.local.running.fetch_sub(1, Ordering::AcqRel);
        // Only whoever was in the way of others has to say that it is not any more.
        let was_in_the_way = of_client >= common.max_running
            || (of_socket == 1 && member.nsp.shared.is_sequential());
        if was_in_the_way {
            crate::backlog::resume_later(&client);
        }
    }
}
