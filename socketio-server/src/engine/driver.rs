//! One task per client, from open to close, that owns its links and its timer.
//!
//! Four steps, and bounded work per turn: links into the machine, events to the application, the clock into the machine, the
//! machine into links. A link that takes nothing for a minute stops neither the clock nor the reading.
//!
//! Most turns have one round: what was read is answered by what is written, and a link is asked for more before that, so that there
//! need not be another round only to find that there is none.

mod driven;

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio_proto::server::Session;
use engineio_proto::{CloseReason, Frame, Time, Transport, TransportFault};
use tokio::task::{unconstrained, yield_now};
use tokio::time::{Instant, Sleep, sleep_until};

use self::driven::{Driven, Phase};
use super::connection::{Connection, Reading};
use super::http::Core;
use super::link::Received;
use super::machine::{Application, Machine, Protocol};
use super::meter::{Upgrading, Way};

pub(crate) struct Driver<P: Protocol> {
    core: Arc<Core<P>>,
    connection: Arc<Connection<P>>,
    /// The session has ended and cannot be asked for any more; links may still be saying goodbye.
    ended: bool,
    transport: Transport,
    links: Vec<Driven>,
    timer: Pin<Box<Sleep>>,
    /// When the timer fires, if the task is to be woken then.
    armed: Option<Time>,
    /// A link was left unread in this round because the session is owed too much.
    not_read_from: bool,
    /// A link was left unread in this round, for whatever reason.
    left_unread: bool,
    /// What the application does with this client, if that is one thing.
    application: Option<Application>,
}

/// Rounds per turn. Afterwards others have a turn.
const ROUNDS: usize = 16;

/// Reads of a link per round. The second one nearly always says that there is nothing more.
const READS: usize = 2;

/// How long a turn may take before others have theirs. It is looked at after each round.
const TURN: Duration = Duration::from_millis(1);

/// Frames that are taken at a time. The lock is held so long, and no longer.
const FRAMES: usize = 64;

/// Bytes that are taken at a time, and the frame with which they are reached.
const BYTES: usize = 64 * 1024;

/// How long a link may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

thread_local! {
    /// Vectors that a turn needs, and a connection between two turns does not.
    static SCRATCH: Cell<(Vec<Received>, Vec<Frame>)> = const { Cell::new((Vec::new(), Vec::new())) };
}

impl<P: Protocol> Driver<P> {
    pub(crate) fn new(
        core: Arc<Core<P>>,
        connection: Arc<Connection<P>>,
        application: Option<Application>,
    ) -> Self {
        let transport = connection.session(Session::transport);
        Self {
            core,
            connection,
            ended: false,
            transport,
            links: Vec::new(),
            timer: Box::pin(sleep_until(Instant::now())),
            armed: None,
            not_read_from: false,
            left_unread: false,
            application,
        }
    }

    fn turn(
        &mut self,
        cx: &mut Context<'_>,
        received: &mut Vec<Received>,
        frames: &mut Vec<Frame>,
    ) -> Poll<()> {
        let mut begun = None;
        // What is sent during the turn is seen to in it.
        self.connection.lock().turns.driver_runs();
        if self.application.is_some() {
            self.connection.protocol.runs(&self.connection, cx.waker());
        }
        for round in 0..ROUNDS {
            let (has_received, mut progress) = self.receive(cx, received);
            if round == 0 || has_received {
                self.run_application(cx);
            }
            // All that was done until now is looked at from here on, except what allows to read on.
            let (new, looks) = self.connection.lock().driver_looks();
            progress |= !new.is_empty() || looks.is_asked;
            progress |= looks.is_roused && self.left_unread;
            // Nearly always one, and never another.
            self.links.reserve_exact(new.len());
            self.links.extend(new.into_iter().map(Driven::from));
            if looks.is_asked {
                self.connection.dispatch();
            }
            progress |= self.keep_time();
            progress |= self.send(cx, frames);
            // What was not read from because of what it was owed may have made room since.
            progress |= self.not_read_from && self.connection.session(Session::wants_input);
            self.links.retain(|driven| driven.phase != Phase::Gone);
            if progress {
                // Most turns have no round like this, which is not worth two looks at the clock.
                let now = self.connection.clock.now();
                if now - *begun.get_or_insert(now) > TURN {
                    break;
                }
                continue;
            }
            if let Some(outcome) = self.rest(cx) {
                return outcome;
            }
        }
        // Not simply woken: what has arrived for others is looked at first.
        let _ = pin!(yield_now()).poll(cx);
        Poll::Pending
    }

    /// Nothing is left to be done: sleeps until there is. `None` if there is already.
    fn rest(&mut self, cx: &mut Context<'_>) -> Option<Poll<()>> {
        let connection = Arc::clone(&self.connection);
        let mut state = connection.lock();
        let session = state.machine.session();
        if !self.ended
            && (session.transport() != self.transport || session.close_reason().is_some())
        {
            drop(state);
            self.ended = self.end();
            state = connection.lock();
        }
        if self.ended && self.links.is_empty() && state.is_left() {
            return Some(Poll::Ready(()));
        }
        let deadline = self
            .links
            .iter()
            .filter_map(Driven::deadline)
            .chain(state.machine.poll_timeout())
            .min();
        if deadline != self.armed {
            self.armed = deadline;
            state.armed = deadline;
            if let Some(deadline) = deadline {
                let deadline = connection.clock.instant(deadline);
                self.timer.as_mut().reset(deadline);
                // The task is woken by it from now on, whatever else wakes it until then. Not even a task that has used up its
                // turn may put this off: nobody would ask the timer again.
                if pin!(unconstrained(self.timer.as_mut())).poll(cx).is_ready() {
                    return None;
                }
            }
        }
        let has_links = !self.links.is_empty();
        let sleeps = state.turns.driver_sleeps(cx.waker(), has_links);
        sleeps.then_some(Poll::Pending)
    }

    /// Lets the application go on.
    fn run_application(&mut self, cx: &mut Context<'_>) {
        let Some(application) = &mut self.application else {
            return;
        };
        // A panic ends what the application does, as it would in a task of its own; that the session is closed then is for the
        // protocol to see to.
        let polled = catch_unwind(AssertUnwindSafe(|| application.as_mut().poll(cx)));
        if !matches!(polled, Ok(Poll::Pending)) {
            let application = self.application.take();
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(application)));
            if polled.is_err() || dropped.is_err() {
                tracing::error!("the application panicked; the session is closed");
            }
        }
    }

    /// If the session has ended, nobody finds it any more. Whether it has.
    fn end(&mut self) -> bool {
        let (transport, ended) = self.connection.session(|session| {
            let ended = session.close_reason();
            (
                session.transport(),
                ended.map(|reason| (reason, session.sid().clone())),
            )
        });
        if transport != self.transport {
            self.transport = transport;
            self.core.meter.upgrade(Upgrading::Done);
            tracing::debug!(transport = transport.name(), "upgraded");
        }
        let Some((reason, sid)) = ended else {
            return false;
        };
        self.core.sessions.remove(&sid);
        self.core.meter.closed(reason);
        if reason == CloseReason::TransportError(TransportFault::Slow) {
            tracing::warn!(
                "closed a client that takes too little of what it is sent; the options `buffer_limit` and `on_full` decide it"
            );
        } else {
            tracing::debug!(%reason, "closed");
        }
        true
    }

    /// Links into the machine, and what came of it to the application. Whether there was something, and whether there may be more
    /// that nobody is woken for.
    fn receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> (bool, bool) {
        let (mut something, mut more) = (false, false);
        let connection = &self.connection;
        self.not_read_from = false;
        self.left_unread = false;
        for driven in &mut self.links {
            let mut reads = 0;
            while driven.phase == Phase::Open {
                if reads == READS {
                    more = true;
                    break;
                }
                let reading = connection.reading();
                self.not_read_from |= reading == Reading::Owed;
                // The protocol wakes the driver when it wants more again.
                if reading != Reading::Yes || !connection.protocol.wants_input(connection) {
                    self.left_unread = true;
                    break;
                }
                if driven.waiting.is_empty() && driven.link.poll_receive(cx, received).is_pending()
                {
                    break;
                }
                let Some(bytes) = driven.hand_over_next(connection, received, reads == 0) else {
                    more = true;
                    break;
                };
                reads += 1;
                something = true;
                self.core.meter.received(Way::Link, bytes);
                connection.dispatch();
            }
        }
        (something, more)
    }

    /// The clock into the machine, if the timer has fired.
    fn keep_time(&mut self) -> bool {
        if self.armed.is_none() || !self.timer.is_elapsed() {
            return false;
        }
        self.armed = None;
        let connection = &self.connection;
        let now = connection.clock.now();
        connection.input(Machine::handle_timeout);
        for driven in &mut self.links {
            if driven.deadline().is_some_and(|by| by <= now) {
                driven.phase = Phase::Gone;
            }
        }
        true
    }

    /// The machine into links. Frames are taken with the lock, and written without it.
    fn send(&mut self, cx: &mut Context<'_>, frames: &mut Vec<Frame>) -> bool {
        let mut changed = false;
        let connection = &self.connection;
        for driven in &mut self.links {
            if driven.phase == Phase::Gone {
                continue;
            }
            let mut finished = matches!(driven.phase, Phase::Closing { .. });
            let mut more = !finished;
            let mut sent = 0;
            let mut wants_input = true;
            let mut failed = None;
            loop {
                if more && driven.link.has_room() {
                    let mut state = connection.lock();
                    let mut bytes = 0;
                    more = loop {
                        // What is not taken stays within the session's budget.
                        if frames.len() == FRAMES || bytes >= BYTES {
                            break true;
                        }
                        let Some(frame) = state.poll_frame(driven.id) else {
                            break false;
                        };
                        bytes += frame.len();
                        frames.push(frame);
                    };
                    let session = state.machine.session();
                    finished = !more && session.is_link_finished(driven.id);
                    wants_input = session.wants_input();
                    drop(state);
                    frames.drain(..).for_each(|frame| driven.link.send(frame));
                }
                match driven.link.poll_flush(cx, &mut sent) {
                    Poll::Ready(Ok(())) if more => {}
                    Poll::Ready(Ok(())) => break,
                    Poll::Ready(Err(fault)) => {
                        failed = Some(fault);
                        break;
                    }
                    Poll::Pending => {
                        finished = false;
                        break;
                    }
                }
            }
            if sent > 0 {
                connection.protocol.sent(connection);
            }
            self.core.meter.sent(Way::Link, sent);
            // Who is not read from shows that it lives by taking what is written.
            if sent > 0 && !wants_input {
                connection.input(Machine::handle_activity);
            }
            if let Some(fault) = failed {
                // What it brought before is not lost with it.
                let bytes = driven.hand_over_waiting(connection, usize::MAX);
                self.core.meter.received(Way::Link, bytes);
                driven.phase = Phase::Gone;
                let id = driven.id;
                connection.input(|machine, now| machine.handle_link_failed(id, fault, now));
                changed = true;
                continue;
            }
            if finished {
                if !matches!(driven.phase, Phase::Closing { .. }) {
                    driven.phase = Phase::Closing {
                        by: connection.clock.now() + CLOSE_TIMEOUT,
                    };
                    // Taking the last frame may have been what ended the session.
                    connection.dispatch();
                    changed = true;
                }
                if driven.link.poll_close(cx).is_ready() {
                    driven.phase = Phase::Gone;
                    changed = true;
                }
            }
        }
        changed
    }
}

impl<P: Protocol> Future for Driver<P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let connection = Arc::clone(&this.connection);
        let _span = connection.span.enter();
        let (mut received, mut frames) = SCRATCH.take();
        let turn = this.turn(cx, &mut received, &mut frames);
        received.clear();
        frames.clear();
        SCRATCH.set((received, frames));
        if turn.is_ready() {
            this.connection.dispatch();
            this.connection.protocol.gone(&this.connection);
            if let Some(application) = this.application.take() {
                // What it still does is nothing of the client's any more.
                tokio::spawn(application);
            }
        }
        turn
    }
}
