//! One client, as everybody who deals with it sees it: the driver, HTTP requests, and the application.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use engineio_proto::server::Session;
use engineio_proto::{LinkId, Time};

use tracing::Span;

use super::clock::Clock;
use super::link::Link;
use super::machine::{Machine, Protocol};
use crate::door::Handshake;

/// A client: the state machine, and who waits for it.
///
/// The lock is held for the machine only: never across a system call, a wake-up, a handler, or the `Drop` or `Serialize` of a
/// user's type.
pub(crate) struct Connection<P: Protocol> {
    pub(crate) protocol: Arc<P>,
    pub(crate) clock: Clock,
    /// What the client said when it came.
    pub(crate) handshake: Arc<Handshake>,
    /// What is logged about the client stands in this. It has a number: the id of a session is a secret.
    pub(crate) span: Span,
    state: Mutex<State<P::Machine>>,
    /// What the protocol keeps with each client.
    pub(crate) local: P::Local,
}

/// What is behind the lock.
pub(crate) struct State<M> {
    pub(crate) machine: M,
    /// The driver, if it sleeps.
    driver: Option<Waker>,
    /// It has links. There may be something for a link that is only tried while the session polls.
    driver_has_links: bool,
    /// There is something for the driver to do that came while it was at work: it may have looked before.
    more_to_do: bool,
    /// The waiting `GET`, if there is one and it sleeps.
    get: Option<Waker>,
    /// The `POST` under way, if it waits for somebody else to move on.
    post: Option<Waker>,
    /// Somebody hands out events; others need not, and must not.
    dispatching: bool,
    /// Links that the driver does not have yet.
    pub(crate) new_links: Vec<(LinkId, Box<dyn Link>)>,
    /// Links that are on their way: their requests have been answered. The driver waits for them even if the session ends
    /// meanwhile, because somebody has to say goodbye to them.
    coming_links: usize,
    /// When the driver wakes by itself.
    pub(crate) armed: Option<Time>,
}

impl<P: Protocol> Connection<P> {
    pub(crate) fn new(
        protocol: Arc<P>,
        machine: P::Machine,
        clock: Clock,
        handshake: Arc<Handshake>,
        span: Span,
        local: P::Local,
    ) -> Arc<Self> {
        let state = State {
            machine,
            driver: None,
            driver_has_links: false,
            more_to_do: false,
            get: None,
            post: None,
            dispatching: false,
            new_links: Vec::new(),
            coming_links: 0,
            armed: None,
        };
        Arc::new(Self {
            protocol,
            clock,
            handshake,
            span,
            state: Mutex::new(state),
            local,
        })
    }

    /// Does something with the machine, then wakes whoever has to do something about it.
    pub(crate) fn with<R>(&self, what: impl FnOnce(&mut P::Machine) -> R) -> R {
        let mut state = self.lock();
        let result = what(&mut state.machine);
        let wakers = state.wakers();
        drop(state);
        wakers.wake();
        result
    }

    /// Does something, then hands out what came of it.
    pub(crate) fn input<R>(self: &Arc<Self>, what: impl FnOnce(&mut P::Machine, Time) -> R) -> R {
        let now = self.clock.now();
        let result = what(&mut self.lock().machine, now);
        self.dispatch();
        result
    }

    /// Hands out events, in order and without the lock, unless somebody else is at it: then they do.
    ///
    /// Whoever waits for output is woken when all are handed out: what one read brought is answered by one write.
    pub(crate) fn dispatch(self: &Arc<Self>) {
        if std::mem::replace(&mut self.lock().dispatching, true) {
            return;
        }
        let baton = Baton(self);
        let _span = self.span.enter();
        loop {
            let mut state = self.lock();
            let Some(event) = state.machine.poll_event() else {
                // Given back before the lock, or an event that comes now would find nobody.
                state.dispatching = false;
                let wakers = state.wakers();
                drop(state);
                std::mem::forget(baton);
                return wakers.wake();
            };
            drop(state);
            self.protocol.handle(self, event);
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<P::Machine>> {
        // The machine does not panic; if it does, the session is worth no more than its next error.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a question about the session.
    pub(crate) fn session<R>(&self, question: impl FnOnce(&Session) -> R) -> R {
        question(self.lock().machine.session())
    }

    /// Whoever reads from the client may go on with what it had to leave: the driver, or a `POST`.
    pub(crate) fn wake_readers(&self) {
        let mut state = self.lock();
        let wakers = [state.rouse(), state.post.take()];
        drop(state);
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
    }

    /// A `POST` may go on.
    pub(crate) fn wake_post(&self) {
        let post = self.lock().post.take();
        if let Some(post) = post {
            post.wake();
        }
    }

    /// A link is on its way. [`link_came`](Self::link_came) is to follow, whatever becomes of it.
    pub(crate) fn link_comes(&self) {
        self.lock().coming_links += 1;
    }

    /// The link that was on its way has been given to the driver, or never will be.
    pub(crate) fn link_came(&self) {
        let mut state = self.lock();
        state.coming_links -= 1;
        let driver = state.rouse();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Gives a link to the driver.
    pub(crate) fn add_link(&self, id: LinkId, link: Box<dyn Link>) {
        let mut state = self.lock();
        state.new_links.push((id, link));
        drop(state);
        self.wake_readers();
    }
}

impl<M: Machine> State<M> {
    /// Who has to be woken after the machine has changed.
    fn wakers(&mut self) -> Wakers {
        // Whoever holds the baton wakes everybody when it is done.
        if self.dispatching {
            return Wakers {
                driver: None,
                get: None,
                post: None,
            };
        }
        // Most of what is sent in a burst finds the driver roused already.
        let is_roused = self.more_to_do && self.driver.is_none();
        let driver = if !is_roused && self.is_for_driver() {
            self.rouse()
        } else {
            None
        };
        Wakers {
            driver,
            get: self.get.take(),
            post: self.post.take(),
        }
    }

    /// Whether what has changed is something for the driver.
    fn is_for_driver(&self) -> bool {
        let session = self.machine.session();
        // Without a link the driver has nothing to write; it only keeps the time.
        if session.transport().is_link()
            || session.close_reason().is_some()
            || self.driver_has_links
            || !self.new_links.is_empty()
        {
            return true;
        }
        match (self.machine.poll_timeout(), self.armed) {
            (Some(deadline), Some(armed)) => deadline < armed,
            (deadline, None) => deadline.is_some(),
            (None, Some(_)) => false,
        }
    }

    /// The driver has something to do. If it sleeps, it is to be woken; if not, it goes round once more.
    fn rouse(&mut self) -> Option<Waker> {
        self.more_to_do = true;
        self.driver.take()
    }

    /// The driver has its turn: nobody needs to wake it. Gives it the links that are new.
    pub(crate) fn driver_runs(&mut self) -> Vec<(LinkId, Box<dyn Link>)> {
        self.driver = None;
        self.more_to_do = false;
        self.driver_has_links |= !self.new_links.is_empty();
        std::mem::take(&mut self.new_links)
    }

    /// The driver has nothing to do. False if it has: then it does not sleep.
    #[must_use]
    pub(crate) fn driver_sleeps(&mut self, waker: &Waker, has_links: bool) -> bool {
        if !self.more_to_do {
            store(&mut self.driver, waker);
            self.driver_has_links = has_links;
        }
        !self.more_to_do
    }

    pub(crate) fn get_sleeps(&mut self, waker: &Waker) {
        store(&mut self.get, waker);
    }

    pub(crate) fn post_sleeps(&mut self, waker: &Waker) {
        store(&mut self.post, waker);
    }

    /// The `POST` waits no more.
    pub(crate) fn post_wakes(&mut self) {
        self.post = None;
    }

    /// Whether nobody but the driver has to do with the client any more, once the session has ended.
    pub(crate) fn is_left(&self) -> bool {
        self.new_links.is_empty() && self.coming_links == 0 && !self.dispatching
    }

    pub(crate) fn is_dispatching(&self) -> bool {
        self.dispatching
    }
}

fn store(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(stored) => stored.clone_from(waker),
        None => *slot = Some(waker.clone()),
    }
}

#[must_use]
struct Wakers {
    driver: Option<Waker>,
    get: Option<Waker>,
    post: Option<Waker>,
}

impl Wakers {
    fn wake(self) {
        for waker in [self.driver, self.get, self.post].into_iter().flatten() {
            waker.wake();
        }
    }
}

/// Gives the baton back if a handler panics.
struct Baton<'a, P: Protocol>(&'a Connection<P>);

impl<P: Protocol> Drop for Baton<'_, P> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.dispatching = false;
        let wakers = state.wakers();
        drop(state);
        wakers.wake();
    }
}

impl<P: Protocol> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
