//! Whose turn it is with a client: who hands out what happened, and who sleeps until there is something to do.
//!
//! Each call is made under the lock of the connection, and what it returns is woken after that. So what may go wrong is
//! what happens between two calls: the test `every_order` tries all that can.

#[cfg(test)]
mod every_order;

use std::task::Waker;

/// What a client may have sent beyond what is being handed out before it is read from no further. Each frame counts
/// [`FRAME`] more than it has bytes.
const AHEAD: u32 = 64 * 1024;

/// What a frame costs that waits, beside its bytes.
const FRAME: usize = 64;

/// The driver, requests that wait, and the dispatch baton. `W` is how somebody is woken.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, PartialEq, Eq, Hash))]
#[repr(C)]
pub(crate) struct Turns<W = Waker> {
    /// The driver, if it sleeps.
    driver: Option<W>,
    /// The waiting `GET`, if there is one and it sleeps.
    get: Option<W>,
    /// The `POST` under way, if it waits for somebody else to move on.
    post: Option<W>,
    /// What came in while somebody had the baton.
    ahead: u32,
    /// It has links. There may be something for a link that is only tried while the session polls.
    driver_has_links: bool,
    /// There is something for the driver to do that came while it was at work: it may have looked before.
    more_to_do: bool,
    /// Somebody hands out events; others need not, and must not.
    dispatching: bool,
    /// Something was decided here of which the client hears only when it has been handed out.
    is_held: bool,
    /// The driver is to hand out events when it has its turn.
    is_asked: bool,
}

impl<W> Default for Turns<W> {
    fn default() -> Self {
        Self {
            driver: None,
            get: None,
            post: None,
            ahead: 0,
            driver_has_links: false,
            more_to_do: false,
            dispatching: false,
            is_held: false,
            is_asked: false,
        }
    }
}

impl<W: Clone> Turns<W> {
    // --- the baton ------------------------------------------------------------------------------------------

    /// Asks for the baton. Who gets it hands out all there is; who does not need not, because somebody else has it.
    #[must_use]
    pub(crate) fn take_baton(&mut self) -> bool {
        !std::mem::replace(&mut self.dispatching, true)
    }

    /// Gives the baton back, in the same hold of the lock in which nothing more was found: what comes after that finds it
    /// free. Whoever had to wait for it has to be woken.
    pub(crate) fn give_baton_back(&mut self, is_for_driver: impl FnOnce() -> bool) -> Wakers<W> {
        self.dispatching = false;
        self.is_held = false;
        self.ahead = 0;
        self.changed(is_for_driver)
    }

    pub(crate) fn is_dispatching(&self) -> bool {
        self.dispatching
    }

    /// Has the driver hand out what there is, for whoever must not do it itself. Whoever has the baton does it in any case.
    #[must_use]
    pub(crate) fn ask_driver(&mut self) -> Option<W> {
        if self.dispatching {
            return None;
        }
        self.is_asked = true;
        self.rouse()
    }

    /// Nothing leaves until the baton is given back the next time. Whoever calls this sees to it that it will be.
    pub(crate) fn hold_output(&mut self) {
        self.is_held = true;
    }

    /// Whether what there is for the client may leave.
    pub(crate) fn may_send(&self) -> bool {
        !self.is_held
    }

    // --- what comes in --------------------------------------------------------------------------------------

    /// Something came in that has not been handed out.
    pub(crate) fn received(&mut self, bytes: usize) {
        let cost = bytes.saturating_add(FRAME).try_into().unwrap_or(u32::MAX);
        self.ahead = self.ahead.saturating_add(cost);
    }

    /// Whether somebody has the baton and the client has sent so much meanwhile that it has to wait. Whoever reads is woken when
    /// that is over.
    pub(crate) fn is_behind(&self) -> bool {
        self.dispatching && self.ahead > AHEAD
    }

    // --- who is woken ---------------------------------------------------------------------------------------

    /// There may be something for the client. Says whom to wake.
    pub(crate) fn changed(&mut self, is_for_driver: impl FnOnce() -> bool) -> Wakers<W> {
        // Whoever has the baton wakes everybody when it is done.
        if self.dispatching {
            return Wakers([None, None, None]);
        }
        // Most of what is sent in a burst finds the driver roused already.
        let is_roused = self.more_to_do && self.driver.is_none();
        let driver = match !is_roused && (self.driver_has_links || is_for_driver()) {
            true => self.rouse(),
            false => None,
        };
        Wakers([driver, self.get.take(), self.post.take()])
    }

    /// The driver has something to do. If it sleeps, it is to be woken; if not, it goes round once more.
    #[must_use]
    pub(crate) fn rouse(&mut self) -> Option<W> {
        self.more_to_do = true;
        self.driver.take()
    }

    /// Those who read from the client may go on.
    pub(crate) fn readers(&mut self) -> Wakers<W> {
        Wakers([self.rouse(), None, self.post.take()])
    }

    /// The `POST` may go on.
    pub(crate) fn post(&mut self) -> Wakers<W> {
        Wakers([None, None, self.post.take()])
    }

    /// The driver has its turn: nobody needs to wake it.
    pub(crate) fn driver_runs(&mut self) {
        self.driver = None;
        self.more_to_do = false;
    }

    /// The driver looks at all there is to do except reading: what comes from now on it may not see.
    #[must_use]
    pub(crate) fn driver_looks(&mut self, gets_links: bool) -> Looks {
        self.driver = None;
        self.driver_has_links |= gets_links;
        Looks {
            is_roused: std::mem::take(&mut self.more_to_do),
            is_asked: std::mem::take(&mut self.is_asked),
        }
    }

    /// The driver has nothing to do. False if it has: then it does not sleep.
    #[must_use]
    pub(crate) fn driver_sleeps(&mut self, waker: &W, has_links: bool) -> bool {
        if !self.more_to_do {
            store(&mut self.driver, waker);
            self.driver_has_links = has_links;
        }
        !self.more_to_do
    }

    pub(crate) fn get_sleeps(&mut self, waker: &W) {
        store(&mut self.get, waker);
    }

    pub(crate) fn post_sleeps(&mut self, waker: &W) {
        store(&mut self.post, waker);
    }

    /// The `POST` waits no more.
    pub(crate) fn post_goes_on(&mut self) {
        self.post = None;
    }
}

/// What a driver finds when it looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    /// Somebody has wanted to wake it.
    pub(crate) is_roused: bool,
    /// It is to hand out events.
    pub(crate) is_asked: bool,
}

fn store<W: Clone>(slot: &mut Option<W>, waker: &W) {
    match slot {
        Some(stored) => stored.clone_from(waker),
        None => *slot = Some(waker.clone()),
    }
}

/// Who is to be woken, when the lock is not held any more.
#[derive(Debug)]
#[must_use]
pub(crate) struct Wakers<W = Waker>([Option<W>; 3]);

impl Wakers {
    pub(crate) fn wake(self) {
        // Called for each message that is sent to anybody; mostly there is nobody to be woken.
        let Self([driver, get, post]) = self;
        if let Some(driver) = driver {
            driver.wake();
        }
        if let Some(get) = get {
            get.wake();
        }
        if let Some(post) = post {
            post.wake();
        }
    }
}
