//! From one event to the next: deliveries, deadlines, and what the two sessions want done then.

use super::{Pair, Parcel};
use crate::Time;
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::network::Lane;
use crate::testing::plan::Side;

/// How much has happened at the present moment.
#[derive(Debug, Default)]
pub(super) struct Pace {
    at: Time,
    steps: usize,
}

/// More than any plan makes happen at one moment. Without it a session that spins would hang the test.
const STEPS_PER_MOMENT: usize = 50_000;

/// More rounds than it takes to fetch everything from a session once nothing new arrives.
const ROUNDS: usize = 10_000;

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// Fetches what there is to fetch, then does the next thing that is due by `end`. False if there is none; then it
    /// is `end`, and everything is fetched.
    pub(super) fn step_until(&mut self, end: Time) -> bool {
        // Drivers may handle several arrivals before they fetch anything.
        let more_arrives = self.lanes.poll_timeout().is_some_and(|at| at <= self.now);
        if !(more_arrives && self.lanes.rng().one_in(4)) {
            self.drain();
            if self.renew() {
                self.drain();
            }
        }
        let next = [
            self.lanes.poll_timeout(),
            self.deadline(Side::Client),
            self.deadline(Side::Server),
            self.lost_deadline(),
            self.wake(),
        ]
        .into_iter()
        .flatten()
        .min();
        let Some(next) = next.filter(|at| *at <= end) else {
            self.now = end;
            return false;
        };
        self.move_to(next);
        if self.lost_deadline().is_some_and(|at| at <= self.now) {
            self.time_out_lost();
            return true;
        }
        let arrives = self.lanes.poll_timeout().is_some_and(|at| at <= self.now);
        let [client_due, server_due] = [Side::Client, Side::Server].map(|side| self.is_due(side));
        // What is due at the same moment comes in any order.
        if arrives && !((client_due || server_due) && self.lanes.rng().one_in(2)) {
            self.deliver();
        } else if client_due && !(server_due && self.lanes.rng().one_in(2)) {
            self.time_out(Side::Client);
        } else if server_due {
            self.time_out(Side::Server);
        }
        true
    }

    /// Both drivers call `handle_timeout`, due or not.
    pub(super) fn tick(&mut self) {
        for side in [Side::Client, Side::Server] {
            if self.lanes.frozen_until(side) <= self.now {
                self.time_out(side);
            }
        }
    }

    /// The next thing arrives, and nothing is fetched after it.
    pub(super) fn arrive(&mut self) {
        self.drain();
        let deadlines = [self.deadline(Side::Client), self.deadline(Side::Server)];
        let Some(at) = self.lanes.poll_timeout() else {
            return;
        };
        // Drivers call `handle_timeout` in time.
        if deadlines
            .into_iter()
            .flatten()
            .all(|deadline| at < deadline)
        {
            self.move_to(at.max(self.now));
            self.deliver();
        }
    }

    fn move_to(&mut self, time: Time) {
        self.now = self.now.max(time);
        if self.pace.at < self.now {
            self.pace = Pace {
                at: self.now,
                steps: 0,
            };
        }
        self.pace.steps += 1;
        assert!(
            self.pace.steps < STEPS_PER_MOMENT,
            "things happen without end at one moment"
        );
    }

    /// When an end's driver calls `handle_timeout` next.
    fn deadline(&self, side: Side) -> Option<Time> {
        let deadline = self.session_deadline(side)?;
        Some(deadline.max(self.lanes.frozen_until(side)))
    }

    fn is_due(&self, side: Side) -> bool {
        self.deadline(side).is_some_and(|at| at <= self.now)
    }

    /// When the next hold or freeze ends: there may be something to fetch then.
    fn wake(&self) -> Option<Time> {
        let [client, server] = self.held;
        let frozen = [Side::Client, Side::Server].map(|side| self.lanes.frozen_until(side));
        frozen
            .into_iter()
            .chain([client, server])
            .filter(|at| *at > self.now)
            .min()
    }

    fn session_deadline(&self, side: Side) -> Option<Time> {
        match side {
            Side::Client => self.client.poll_timeout(),
            Side::Server => self.server.as_ref()?.poll_timeout(),
        }
    }

    fn time_out(&mut self, side: Side) {
        self.note(|| alloc::format!("{side:?} times out"));
        match (side, &mut self.server) {
            (Side::Client, _) => self.client.handle_timeout(self.now),
            (Side::Server, Some(server)) => server.handle_timeout(self.now),
            (Side::Server, None) => return,
        }
        let next = self.session_deadline(side);
        assert!(
            next.is_none_or(|at| at > self.now),
            "{side:?} spins: handle_timeout({:?}) left the deadline {next:?}",
            self.now
        );
    }

    fn deliver(&mut self) {
        if let Some((lane, parcel)) = self.lanes.poll(self.now) {
            self.dispatch(lane, parcel);
        }
    }

    /// A parcel arrives.
    pub(super) fn dispatch(&mut self, lane: Lane, parcel: Parcel) {
        match (lane, parcel) {
            (_, Parcel::Request(request)) => self.on_request(request),
            (lane, Parcel::Answer(answer)) => self.on_answer(lane, answer),
            (Lane::LinkUp(number) | Lane::LinkDown(number), Parcel::Link(what)) => {
                self.on_link(number, lane.to(), what);
            }
            (_, Parcel::Link(_)) => {}
        }
    }

    /// Puts a parcel on its way, unless the way is gone.
    pub(super) fn transmit(&mut self, lane: Lane, parcel: Parcel) {
        let gone = match lane {
            Lane::LinkUp(number) | Lane::LinkDown(number) => {
                self.links.get(number).is_none_or(|link| link.dead)
            }
            _ => false,
        };
        if self.dead.is_none() && !gone {
            self.travelled += 1;
            self.lanes.send(lane, parcel, self.now);
        }
    }

    /// Fetches everything from both sessions, and checks what must hold then.
    fn drain(&mut self) {
        let order = match self.lanes.rng().one_in(2) {
            true => [Side::Client, Side::Server],
            false => [Side::Server, Side::Client],
        };
        for side in order {
            if self.lanes.frozen_until(side) > self.now {
                continue;
            }
            self.fetch_all(side);
            self.check(side);
        }
        self.fetch_lost();
    }

    pub(super) fn fetch_all(&mut self, side: Side) {
        let mut rounds = 0;
        while self.fetch(side) {
            rounds += 1;
            assert!(rounds < ROUNDS, "{side:?} has something to do without end");
        }
    }

    /// One round of what the documentation of a session asks of its driver. False if there was nothing.
    fn fetch(&mut self, side: Side) -> bool {
        let mut progress = false;
        if !self.is_held(side) {
            match side {
                Side::Client => {
                    progress |= self.pump_requests();
                    progress |= self.pump_connects();
                }
                Side::Server => progress |= self.answer_get(),
            }
            progress |= self.pump_links(side);
        }
        match side {
            Side::Client => {
                while let Some(report) = self.client.poll_report() {
                    progress = true;
                    self.note(|| alloc::format!("client reports {report:?}"));
                    self.client_end.take(report, &mut self.client_events);
                }
                self.drop_requests();
            }
            Side::Server => {
                while let Some(report) = self.server.as_mut().and_then(S::poll_report) {
                    progress = true;
                    self.note(|| alloc::format!("server reports {report:?}"));
                    self.server_end.take(report, &mut self.server_events);
                }
                progress |= self.finish_post();
            }
        }
        progress
    }

    fn check(&self, side: Side) {
        let (reason, deadline) = match (side, &self.server) {
            (Side::Client, _) => {
                let session = self.client.session();
                (session.close_reason(), session.poll_timeout())
            }
            (Side::Server, Some(server)) => {
                let session = server.session();
                (session.close_reason(), session.poll_timeout())
            }
            (Side::Server, None) => return,
        };
        let own = self.session_deadline(side);
        assert!(
            deadline.is_none_or(|deadline| own.is_some_and(|own| own <= deadline)),
            "the {side:?} forgets the deadline of its session: {own:?} instead of {deadline:?}"
        );
        assert_eq!(
            self.end(side).closed,
            reason,
            "the {side:?}'s end is reported when it comes"
        );
        assert_eq!(
            deadline.is_some(),
            reason.is_none(),
            "a session has a deadline until it ends ({side:?}: {deadline:?}, {reason:?})"
        );
        if side == Side::Server && reason.is_some() && !self.is_held(side) {
            assert!(
                self.get.taken.is_none(),
                "a GET is left waiting after the end of its session"
            );
        }
        self.check_limits(side);
    }

    /// What a session owes stays within its limits. A single message that is larger may be all of it.
    pub(super) fn check_limits(&self, side: Side) {
        let (bytes, messages) = match (side, &self.server) {
            (Side::Client, _) => (
                self.client.session().buffered_bytes(),
                self.client.session().buffered_messages(),
            ),
            (Side::Server, Some(server)) => (
                server.session().buffered_bytes(),
                server.session().buffered_messages(),
            ),
            (Side::Server, None) => return,
        };
        assert!(
            messages > 0 || bytes == 0,
            "the {side:?} owes {bytes} bytes in no message"
        );
        assert!(
            messages == 0 || self.end(side).closed.is_none(),
            "the {side:?} owes {messages} messages after its end"
        );
        let (most_bytes, most_messages) = self.setup.buffer_limit;
        assert!(
            messages <= 1 || (bytes <= most_bytes && messages <= most_messages),
            "the {side:?} owes {bytes} bytes in {messages} messages"
        );
    }
}
