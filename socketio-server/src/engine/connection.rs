//! One client, as everybody who deals with it sees it: the driver, HTTP requests, and the application.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use engineio_proto::server::Session;
use engineio_proto::{ContentType, Frame, LinkId, Time};

use tracing::Span;

use super::clock::Clock;
use super::link::Link;
use super::machine::{Machine, Protocol};
use super::turns::{Looks, Turns, Wakers};
use crate::door::Handshake;

/// A client: the state machine, and who waits for it.
///
/// The lock is held for the machine only: never across a system call, a wake-up, a handler, or the `Drop` or `Serialize` of a
/// user's type.
///
/// Its members stand in memory in this order, here and in what it is made of: a message to thousands of clients waits for the
/// memory of each of them, and what it looks at is in half as many places if that comes first.
#[repr(C)]
pub(crate) struct Connection<P: Protocol> {
    state: Mutex<State<P::Machine>>,
    pub(crate) protocol: Arc<P>,
    pub(crate) clock: Clock,
    /// What the client said when it came.
    pub(crate) handshake: Arc<Handshake>,
    /// What is logged about the client stands in this. It has a number: the id of a session is a secret.
    pub(crate) span: Span,
    /// What the protocol keeps with each client.
    pub(crate) local: P::Local,
}

/// What is behind the lock.
#[repr(C)]
pub(crate) struct State<M> {
    /// Who hands out events, and who sleeps.
    pub(crate) turns: Turns,
    pub(crate) machine: M,
    /// Links that the driver does not have yet.
    pub(crate) new_links: NewLinks,
    /// Links that are on their way: their requests have been answered. The driver waits for them even if the session ends
    /// meanwhile, because somebody has to say goodbye to them.
    coming_links: usize,
    /// When the driver wakes by itself.
    pub(crate) armed: Option<Time>,
}

type NewLinks = Vec<(LinkId, Box<dyn Link>)>;

/// Whether a client may be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Yes,
    /// It does not take what it is owed.
    Owed,
    /// Somebody still hands out what it has sent before.
    Behind,
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
            turns: Turns::default(),
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
        let mut state = self.lock();
        if !state.turns.take_baton() {
            return;
        }
        let baton = Baton(self);
        let _span = self.span.enter();
        // Let go of before the baton, whatever happens.
        let mut state = state;
        loop {
            let Some(event) = state.machine.poll_event() else {
                let wakers = state.baton_back();
                drop(state);
                std::mem::forget(baton);
                return wakers.wake();
            };
            drop(state);
            self.protocol.handle(self, event);
            state = self.lock();
        }
    }

    /// Has what has just happened handed out by the driver: whoever calls may hold locks, and must not find handlers running
    /// inside of a call.
    pub(crate) fn dispatch_later(&self) {
        let driver = self.lock().turns.ask_driver();
        if let Some(driver) = driver {
            driver.wake();
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

    /// Whether more may be read from the client now, as far as what it is owed and what it has sent are concerned. Whoever reads is
    /// woken when that may have changed.
    pub(crate) fn reading(&self) -> Reading {
        let mut state = self.lock();
        if !state.machine.session().wants_input() {
            return Reading::Owed;
        }
        if !state.turns.is_behind() {
            return Reading::Yes;
        }
        // It cannot show that it lives while it is not heard.
        state.machine.handle_activity(self.clock.now());
        Reading::Behind
    }

    /// Whoever reads from the client may go on with what it had to leave: the driver, or a `POST`.
    pub(crate) fn wake_readers(&self) {
        let wakers = self.lock().turns.readers();
        wakers.wake();
    }

    /// A `POST` may go on.
    pub(crate) fn wake_post(&self) {
        let post = self.lock().turns.post();
        post.wake();
    }

    /// A link is on its way. [`link_came`](Self::link_came) is to follow, whatever becomes of it.
    pub(crate) fn link_comes(&self) {
        self.lock().coming_links += 1;
    }

    /// The link that was on its way has been given to the driver, or never will be.
    pub(crate) fn link_came(&self) {
        let mut state = self.lock();
        state.coming_links -= 1;
        let driver = state.turns.rouse();
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
        let (turns, is_for_driver) = self.turns_and_need();
        turns.changed(is_for_driver)
    }

    /// Nothing is left to be handed out.
    fn baton_back(&mut self) -> Wakers {
        let (turns, is_for_driver) = self.turns_and_need();
        turns.give_baton_back(is_for_driver)
    }

    /// The turns, and what they ask if it matters: whether what has changed is something for a driver that has no links.
    fn turns_and_need(&mut self) -> (&mut Turns, impl FnOnce() -> bool) {
        let Self {
            turns,
            machine,
            new_links,
            armed,
            ..
        } = self;
        (turns, || is_for_driver(machine, new_links, *armed))
    }

    /// The driver is about to look at all there is to do except reading: gives it the links that are new.
    pub(crate) fn driver_looks(&mut self) -> (NewLinks, Looks) {
        let looks = self.turns.driver_looks(!self.new_links.is_empty());
        (std::mem::take(&mut self.new_links), looks)
    }

    /// The next frame for a link, if it may leave.
    pub(crate) fn poll_frame(&mut self, link: LinkId) -> Option<Frame> {
        match self.turns.may_send() {
            true => self.machine.poll_frame(link),
            false => None,
        }
    }

    /// The answer to a `GET`. What is still being handed out belongs into the same answer.
    pub(crate) fn poll_payload(&mut self, out: &mut BytesMut) -> Option<ContentType> {
        match self.turns.may_send() && !self.turns.is_dispatching() {
            true => self.machine.poll_payload(out),
            false => None,
        }
    }

    /// Whether nobody but the driver has to do with the client any more, once the session has ended.
    pub(crate) fn is_left(&self) -> bool {
        self.new_links.is_empty() && self.coming_links == 0 && !self.turns.is_dispatching()
    }
}

/// Whether what has changed is something for a driver that has no links.
fn is_for_driver<M: Machine>(
    machine: &M,
    new_links: &[(LinkId, Box<dyn Link>)],
    armed: Option<Time>,
) -> bool {
    let session = machine.session();
    // Without a link the driver has nothing to write; it only keeps the time.
    if session.transport().is_link() || session.close_reason().is_some() || !new_links.is_empty() {
        return true;
    }
    match (machine.poll_timeout(), armed) {
        (Some(deadline), Some(armed)) => deadline < armed,
        (deadline, None) => deadline.is_some(),
        (None, Some(_)) => false,
    }
}

/// Gives the baton back if a handler panics.
struct Baton<'a, P: Protocol>(&'a Connection<P>);

impl<P: Protocol> Drop for Baton<'_, P> {
    fn drop(&mut self) {
        let wakers = self.0.lock().baton_back();
        wakers.wake();
    }
}

impl<P: Protocol> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
