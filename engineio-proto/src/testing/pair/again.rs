//! A client that comes back: another session, while the server may not have noticed that the last one is over.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::BytesMut;

use super::http::Exchange;
use super::{Pair, sid};
use crate::testing::end::End;
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::plan::Side;
use crate::{LinkId, Time, client};

/// A machine of the server whose client has gone on to another session. It hears nothing any more, and what it sends goes
/// nowhere.
#[derive(Debug)]
pub(super) struct Lost<S> {
    pub(super) machine: S,
    pub(super) end: End,
    links: Vec<LinkId>,
    /// A `GET` waits that nobody reads the answer of.
    get: bool,
}

impl<S: ServerMachine> Lost<S> {
    /// One round of what a driver does. False if there was nothing.
    fn fetch(&mut self, events: &mut Vec<S::Event>) -> bool {
        let mut progress = false;
        while let Some(report) = self.machine.poll_report() {
            progress = true;
            self.end.take(report, events);
        }
        for link in &self.links {
            while self.machine.poll_frame(*link).is_some() {
                progress = true;
            }
        }
        if self.get && self.machine.poll_payload(&mut BytesMut::new()).is_some() {
            progress = true;
            self.get = false;
        }
        progress
    }
}

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// The client goes on with a new session, on a network that works again.
    ///
    /// Whether its last session ended does not matter. What was on its way to the server still arrives, unless
    /// [everything was cut](crate::testing::Op::CutAll); what was on its way to the client is lost. The server's machine
    /// learns that its client has gone, unless the cut was not to be noticed by it; then it finds out by itself, while
    /// the new session is open already.
    ///
    /// ```
    /// use engineio_proto::testing::{Network, Notice, Op, Pair, Setup};
    ///
    /// let mut pair = Pair::new(Setup::default(), Network::new(1));
    /// pair.settle();
    /// pair.run(&[Op::CutAll(Notice::Client), Op::Advance(10)]);
    /// assert!(pair.client().closed().is_some() && pair.server().closed().is_none());
    /// pair.restart_client();
    /// pair.settle();
    /// assert!(pair.is_open());
    /// ```
    pub fn restart_client(&mut self) {
        self.note(|| String::from("-- the client comes back"));
        for (lane, parcel) in self.lanes.take_all_to(Side::Server) {
            self.dispatch(lane, parcel);
        }
        if self.server.is_some() {
            self.fetch_all(Side::Server);
        }
        let told = self.dead.is_none_or(|notice| notice.by(Side::Server));
        if told {
            self.tell_server_that_its_client_has_gone();
        }
        let links = self.links.iter_mut();
        let links = links.filter_map(|link| link.half(Side::Server).open());
        let links = links.collect();
        let end = core::mem::take(&mut self.server_end);
        if let Some(machine) = self.server.take() {
            let get = self.get.taken.is_some();
            self.lost.push(Lost {
                machine,
                end,
                links,
                get,
            });
        }

        self.lanes.lose_all();
        self.links.clear();
        self.get = Exchange::default();
        self.post = Exchange::default();
        self.pausing = None;
        self.server_spoke = false;
        self.dead = None;
        self.client_end = End::default();
        self.sessions += 1;
        self.sid = sid(self.sessions);
        let session = client::Session::new(self.client_config.clone(), self.now);
        self.client.restart(session, self.now);
        self.fetch_lost();
    }

    fn tell_server_that_its_client_has_gone(&mut self) {
        for number in 0..self.links.len() {
            self.lose_link(number, Side::Server, None);
        }
        let (get, post) = (self.get.taken.take(), self.post.taken.take());
        if let Some(server) = &mut self.server {
            if get.is_some() {
                server.handle_get_aborted(self.now);
            }
            if post.is_some() {
                server.handle_post_aborted(self.now);
            }
        }
    }

    /// A new session, if the client's machine wants one.
    pub(super) fn renew(&mut self) -> bool {
        let frozen = self.lanes.frozen_until(Side::Client) > self.now;
        let wanted = !frozen && self.client.wants_session(self.now);
        if wanted {
            self.restart_client();
        }
        wanted
    }

    /// When the driver of a lost machine calls `handle_timeout` next.
    pub(super) fn lost_deadline(&self) -> Option<Time> {
        let deadlines = self.lost.iter();
        let deadlines = deadlines.filter_map(|lost| lost.machine.poll_timeout());
        Some(deadlines.min()?.max(self.lanes.frozen_until(Side::Server)))
    }

    pub(super) fn time_out_lost(&mut self) {
        let now = self.now;
        for lost in &mut self.lost {
            lost.machine.handle_timeout(now);
            let next = lost.machine.poll_timeout();
            assert!(
                next.is_none_or(|at| at > now),
                "a lost server spins: handle_timeout({now:?}) left the deadline {next:?}"
            );
        }
        self.fetch_lost();
    }

    /// Fetches everything from the lost machines; those that are over for good are dropped.
    pub(super) fn fetch_lost(&mut self) {
        if self.lanes.frozen_until(Side::Server) > self.now {
            return;
        }
        for lost in &mut self.lost {
            while lost.fetch(&mut self.server_events) {}
            let reason = lost.machine.session().close_reason();
            assert_eq!(
                lost.end.closed, reason,
                "a server's end is reported when it comes"
            );
            assert!(
                !(lost.get && reason.is_some()),
                "a GET is left waiting after the end of its session"
            );
        }
        self.lost
            .retain(|lost| lost.end.closed.is_none() || lost.machine.poll_timeout().is_some());
    }
}
