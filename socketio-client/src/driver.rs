//! One task per client, from its first handle to its last: it owns the sockets, the timer, and when to connect again.
//!
//! ```text
//!            a socket wants it            headers are there            the session ends
//!    Idle ──────────────────▶ Preparing ──────────────────▶ Running ──────────────────▶ Waiting
//!     ▲                           ▲                            │                           │
//!     │                           └────────────────────────────┼───────────────────────────┘
//!     └────────────────────────────────────────────────────────┘  the delay is over, or somebody is in a hurry
//!        nobody wants it any more
//! ```
//!
//! It never runs code of the application: handlers and functions that are asked for something have tasks of their own.

mod deliver;
mod ending;
mod session;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio_proto::client::Session;
use engineio_proto::{CloseReason, Time, Transport};
use http::HeaderMap;
use socketio_proto::Backoff;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep_until};

use self::deliver::Taken;
use self::session::Live;
use crate::Cause;
use crate::manager::{Manager, SocketState, fresh};
use crate::status::{Lifecycle, Status};

/// See [the module](self).
pub(crate) struct Driver {
    manager: Arc<Manager>,
    phase: Phase,
    live: Live,
    timer: Pin<Box<Sleep>>,
    armed: Option<Time>,
    backoff: Backoff,
    /// How many transports were tried in vain in this attempt.
    skipped: usize,
    /// The last connection got as far as WebSocket.
    knows_websocket: bool,
    /// Bytes that arrived and belong to events that were not handed out yet.
    received_bytes: usize,
    /// Empty between two calls; its room is used again.
    taken: Vec<Taken>,
}

enum Phase {
    Idle,
    /// The application is asked for headers.
    Preparing(JoinHandle<Result<HeaderMap, String>>),
    Running,
    Waiting {
        until: Time,
    },
    Ended,
}

/// Rounds per turn. Afterwards others have a turn.
const ROUNDS: usize = 16;

/// How long what was sent may take to leave, before the session is told to close.
const LEAVE: Duration = Duration::from_secs(2);

/// How often the clock is looked at while a session is there: a machine that has slept is noticed after so long.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(2);

impl Driver {
    pub(crate) fn new(manager: Arc<Manager>) -> Self {
        let backoff = manager.options.backoff.clone();
        Self {
            live: Live::new(Arc::clone(&manager)),
            manager,
            phase: Phase::Idle,
            timer: Box::pin(sleep_until(Instant::now())),
            armed: None,
            backoff,
            skipped: 0,
            knows_websocket: false,
            received_bytes: 0,
            taken: Vec::new(),
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS {
            let mut progress = self.hear_wishes();
            progress |= self.live.say_goodbyes(cx);
            progress |= match &mut self.phase {
                Phase::Idle => self.begin_if_wanted(),
                Phase::Preparing(asked) => match Pin::new(asked).poll(cx) {
                    Poll::Pending => false,
                    Poll::Ready(headers) => {
                        self.prepared(headers.unwrap_or_else(|error| Err(error.to_string())));
                        true
                    }
                },
                Phase::Running => self.run(cx),
                Phase::Waiting { .. } | Phase::Ended => false,
            };
            progress |= self.keep_time(cx);
            if matches!(self.phase, Phase::Ended) && self.live.is_silent() {
                return Poll::Ready(());
            }
            if !progress && self.manager.driver_sleeps(cx.waker()) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What the application wants. Whether anything changed.
    fn hear_wishes(&mut self) -> bool {
        let (wishes, is_wanted) = {
            let mut state = self.manager.lock();
            let wishes = state.wishes;
            state.wishes.cut = false;
            state.wishes.hurry = false;
            (wishes, state.is_wanted())
        };
        match &self.phase {
            Phase::Running if !is_wanted => self.leave(),
            Phase::Running if wishes.cut => {
                self.live.lose(Cause::Cut);
                true
            }
            Phase::Waiting { .. } | Phase::Preparing(_) if !is_wanted => {
                self.phase = Phase::Idle;
                true
            }
            Phase::Waiting { .. } if wishes.hurry => {
                self.begin();
                true
            }
            Phase::Idle if wishes.end => {
                self.phase = Phase::Ended;
                true
            }
            _ => false,
        }
    }

    /// Nobody wants the session any more: it is closed when everything has left. What is sent from now on is for the next one.
    fn leave(&mut self) -> bool {
        let now = self.manager.clock.now();
        let next = fresh(&self.manager.options, now);
        let mut state = self.manager.lock();
        if state.draining.is_some() || !state.is_live {
            return false;
        }
        state.draining = Some(std::mem::replace(&mut state.connection, next));
        state.is_live = false;
        self.live.leave_by = Some(now + LEAVE);
        true
    }

    /// Closes what is being left, when the server knows that its namespaces are left. Said in one breath with the end of the
    /// session, as a body of polling can, the reference's server sees the end first, and reports a client that was lost.
    fn close_if_left(&mut self) -> bool {
        let Some(by) = self.live.leave_by else {
            return false;
        };
        let now = self.manager.clock.now();
        let mut state = self.manager.lock();
        let Some(old) = &mut state.draining else {
            return false;
        };
        let has_left = old.session().buffered_messages() == 0 && !self.live.is_posting();
        if old.session().is_open() && !has_left && by > now {
            return false;
        }
        old.close(now);
        self.live.leave_by = None;
        true
    }

    fn begin_if_wanted(&mut self) -> bool {
        let is_wanted = self.manager.lock().is_wanted();
        if is_wanted {
            self.begin();
        } else {
            self.rest();
        }
        is_wanted
    }

    /// There is nothing to do.
    fn rest(&mut self) {
        self.backoff.reset();
        self.skipped = 0;
        if self.live.is_silent() {
            self.manager.http.forget_idle();
            let _ = self
                .manager
                .busy
                .send_if_modified(|busy| std::mem::replace(busy, false));
        }
    }

    /// Begins an attempt.
    fn begin(&mut self) {
        let attempt = self.backoff.attempts();
        for socket in self.wanted() {
            socket.set_status(Status::Connecting);
            if attempt > 0 && self.skipped == 0 {
                socket.tell(Lifecycle::ReconnectAttempt { attempt });
            }
        }
        match &self.manager.options.headers_with {
            None => self.prepared(Ok(HeaderMap::new())),
            Some(function) => {
                let function = Arc::clone(function);
                let asked = self.manager.runtime.spawn(async move { function().await });
                self.phase = Phase::Preparing(asked);
            }
        }
    }

    /// Begins a session.
    fn prepared(&mut self, headers: Result<HeaderMap, String>) {
        let options = &self.manager.options;
        let mut all = options.headers.clone();
        let now = self.manager.clock.now();
        let transports = self.transports();
        self.live.reset(transports.first().copied());
        match headers {
            Ok(headers) => all.extend(headers),
            Err(error) => {
                self.live.cause = Some(Cause::Headers(error));
                return self.ended(CloseReason::Forced);
            }
        }
        self.live.headers = Arc::new(all);
        let mut engine = options.engine.clone();
        engine.transports(transports);
        let session = Session::new(Arc::new(engine), now);
        {
            let mut state = self.manager.lock();
            state.connection.restart(session, now);
            state.is_live = true;
            state.generation += 1;
            for entry in &mut state.sockets {
                entry.joined = false;
                entry.join_by = None;
            }
        }
        self.phase = Phase::Running;
        tracing::debug!(
            server = self.manager.http.route.url.host_and_port(),
            "connecting"
        );
        for socket in self.wanted() {
            self.manager.ask(&socket);
        }
    }

    /// Those to try in this attempt, in order.
    fn transports(&self) -> Vec<Transport> {
        let options = &self.manager.options;
        let mut transports: Vec<_> = options
            .transports
            .iter()
            .copied()
            .skip(self.skipped)
            .collect();
        if options.remember_upgrade && self.knows_websocket {
            // A stable sort: the others keep their order.
            transports.sort_by_key(|transport| *transport != Transport::WEBSOCKET);
        }
        transports
    }

    fn run(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = self.live.run(cx, &mut self.received_bytes);
        progress |= self.close_if_left();
        let mut ended = None;
        progress |= self.deliver(&mut ended);
        if let Some(reason) = ended {
            self.ended(reason);
        }
        progress
    }

    /// The clock into the machine. The timer is set anew only when the deadline changed.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.deadline();
        if deadline != self.armed {
            self.armed = deadline;
            if let Some(deadline) = deadline {
                self.timer
                    .as_mut()
                    .reset(self.manager.clock.instant(deadline));
            }
        }
        if deadline.is_none() || self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.armed = None;
        let now = self.manager.clock.now();
        match self.phase {
            Phase::Running => {
                let late = {
                    let mut state = self.manager.lock();
                    if self.live.is_throttled() {
                        // Silence that we keep ourselves says nothing about the server.
                        state.driven().handle_activity(now);
                    }
                    state.driven().handle_timeout(now);
                    let is_late = |by: Option<Time>| by.is_some_and(|by| by <= now);
                    state.is_live && state.sockets.iter().any(|entry| is_late(entry.join_by))
                };
                if late {
                    self.live.lose(Cause::JoinTimeout);
                }
            }
            Phase::Waiting { until } if until <= now => self.begin(),
            _ => {}
        }
        true
    }

    fn deadline(&self) -> Option<Time> {
        let own = match self.phase {
            Phase::Running => {
                let mut state = self.manager.lock();
                let joins = state.sockets.iter().filter_map(|entry| entry.join_by).min();
                let look = self
                    .armed
                    .unwrap_or_else(|| self.manager.clock.now() + LOOK_AT_CLOCK);
                [
                    state.driven().poll_timeout(),
                    joins,
                    self.live.leave_by,
                    Some(look),
                ]
                .into_iter()
                .flatten()
                .min()
            }
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        own.into_iter().chain(self.live.goodbye_by()).min()
    }

    fn wanted(&self) -> Vec<Arc<SocketState>> {
        let state = self.manager.lock();
        let wanted = state.sockets.iter().filter(|entry| entry.wanted);
        wanted.map(|entry| Arc::clone(&entry.socket)).collect()
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().turn(cx)
    }
}
