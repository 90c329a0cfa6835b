//! One task per client, from open to close, that owns its links and its timer.
//!
//! Four steps, and bounded work per turn: links into the machine, the clock into the machine, events to the application, the
//! machine into links. A link that takes nothing for a minute stops neither the clock nor the reading.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio_proto::server::Session;
use engineio_proto::{CloseReason, Frame, LinkId, Time, Transport, TransportFault};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connection::{Connection, Reading};
use super::http::Core;
use super::link::{Link, Received};
use super::machine::{Machine, Protocol};
use super::meter::{Upgrading, Way};

pub(crate) struct Driver<P: Protocol> {
    core: Arc<Core<P>>,
    connection: Arc<Connection<P>>,
    /// The session has ended and cannot be asked for any more; links may still be saying goodbye.
    ended: bool,
    transport: Transport,
    links: Vec<Driven>,
    timer: Pin<Box<Sleep>>,
    armed: Option<Time>,
    /// A link was left unread in this round because the session is owed too much.
    not_read_from: bool,
}

/// A link, and how far it is.
struct Driven {
    id: LinkId,
    link: Box<dyn Link>,
    phase: Phase,
    /// What was read and has not had its turn yet.
    waiting: VecDeque<Received>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing more is received; what was taken is still sent.
    Received,
    /// Nothing more comes from the session: it is closed, at the latest then.
    Closing {
        by: Time,
    },
    Gone,
}

/// Rounds per turn. Afterwards others have a turn.
const ROUNDS: usize = 16;

/// How long a turn may take before others have theirs. It is looked at after each round.
const TURN: Duration = Duration::from_millis(1);

/// What is handed to the session at a time of what was read. One read may bring thousands of small events, whose handlers run in
/// this turn.
const AT_ONCE: usize = 128;

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
    pub(crate) fn new(core: Arc<Core<P>>, connection: Arc<Connection<P>>) -> Self {
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
        }
    }

    fn turn(
        &mut self,
        cx: &mut Context<'_>,
        received: &mut Vec<Received>,
        frames: &mut Vec<Frame>,
    ) -> Poll<()> {
        let mut begun = None;
        for _ in 0..ROUNDS {
            let new = self.connection.lock().driver_runs();
            self.links.extend(new.into_iter().map(|(id, link)| Driven {
                id,
                link,
                phase: Phase::Open,
                waiting: VecDeque::new(),
            }));
            let mut progress = self.receive(cx, received);
            progress |= self.keep_time(cx);
            progress |= self.send(cx, frames);
            // What was not read from because of what it was owed may have made room since.
            progress |= self.not_read_from && self.connection.session(Session::wants_input);
            self.links.retain(|driven| driven.phase != Phase::Gone);
            if progress {
                // Most turns have one round with something in it, which is not worth two looks at the clock.
                let now = self.connection.clock.now();
                if now - *begun.get_or_insert(now) > TURN {
                    break;
                }
                continue;
            }
            if !self.ended {
                self.ended = self.end();
            }
            let mut state = self.connection.lock();
            if self.ended && self.links.is_empty() && state.is_left() {
                return Poll::Ready(());
            }
            if state
                .turns
                .driver_sleeps(cx.waker(), !self.links.is_empty())
            {
                return Poll::Pending;
            }
        }
        // Not simply woken: what has arrived for others is looked at first.
        let _ = pin!(yield_now()).poll(cx);
        Poll::Pending
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

    /// Links into the machine, and what came of it to the application.
    fn receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> bool {
        let mut progress = false;
        let connection = &self.connection;
        self.not_read_from = false;
        for driven in &mut self.links {
            if driven.phase != Phase::Open {
                continue;
            }
            match connection.reading() {
                Reading::Yes => {}
                Reading::Owed => {
                    self.not_read_from = true;
                    continue;
                }
                Reading::Behind => continue,
            }
            // The protocol wakes the driver when it wants more again.
            if !connection.protocol.wants_input(connection) {
                continue;
            }
            let mut bytes = 0;
            if driven.waiting.is_empty() {
                if driven.link.poll_receive(cx, received).is_pending() {
                    continue;
                }
                let now = received.len().min(AT_ONCE);
                bytes += driven.hand_over(connection, received.drain(..now));
                driven.waiting.extend(received.drain(..));
            } else {
                bytes += driven.hand_over_waiting(connection, AT_ONCE);
            }
            progress = true;
            self.core.meter.received(Way::Link, bytes);
            connection.dispatch();
        }
        progress
    }

    /// The clock into the machine. The timer is set anew only when the deadline changed.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> bool {
        let connection = &self.connection;
        let closing = self.links.iter().filter_map(|driven| match driven.phase {
            Phase::Closing { by } => Some(by),
            _ => None,
        });
        let deadline = closing
            .chain(connection.lock().machine.poll_timeout())
            .min();
        if deadline != self.armed {
            self.armed = deadline;
            connection.lock().armed = deadline;
            if let Some(deadline) = deadline {
                self.timer
                    .as_mut()
                    .reset(connection.clock.instant(deadline));
            }
        }
        if deadline.is_none() || self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.armed = None;
        let now = connection.clock.now();
        connection.input(Machine::handle_timeout);
        for driven in &mut self.links {
            if matches!(driven.phase, Phase::Closing { by } if by <= now) {
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
                    finished = !more && state.machine.session().is_link_finished(driven.id);
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
            if sent > 0 && !connection.session(Session::wants_input) {
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

impl Driven {
    /// Hands what was read to the session. How many bytes it was.
    fn hand_over<P: Protocol>(
        &mut self,
        connection: &Connection<P>,
        received: impl Iterator<Item = Received>,
    ) -> usize {
        let (now, id) = (connection.clock.now(), self.id);
        let mut bytes = 0;
        let mut state = connection.lock();
        for received in received {
            if received.is_end() {
                self.phase = Phase::Received;
            }
            if let Received::Frame(frame) = &received {
                bytes += frame.len();
                state.turns.received(frame.len());
            }
            match received {
                Received::Frame(frame) => state.machine.handle_frame(id, frame, now),
                Received::Activity => state.machine.handle_activity(now),
                Received::Closed => state.machine.handle_link_closed(id, now),
                Received::Failed(fault) => state.machine.handle_link_failed(id, fault, now),
                Received::Invalid(error) => state.machine.handle_decode_error(id, error, now),
            }
        }
        bytes
    }

    /// The same with what had to wait.
    fn hand_over_waiting<P: Protocol>(&mut self, connection: &Connection<P>, most: usize) -> usize {
        let mut waiting = std::mem::take(&mut self.waiting);
        let now = waiting.len().min(most);
        let bytes = self.hand_over(connection, waiting.drain(..now));
        if !waiting.is_empty() {
            self.waiting = waiting;
        }
        bytes
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
        }
        turn
    }
}
