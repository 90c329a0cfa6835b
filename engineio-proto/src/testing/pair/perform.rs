//! Operations of a plan, one by one.

use core::time::Duration;

use super::Pair;
use crate::Time;
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::plan::{Op, Side};

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// Does what one operation says, but for [`Op::Send`], which does nothing here: what is built on sessions has
    /// messages of its own.
    pub fn disturb(&mut self, op: Op) {
        self.note(|| alloc::format!("-- {op:?}"));
        let ms = |ms: u32| Duration::from_millis(u64::from(ms));
        match op {
            Op::Send { .. } => {}
            Op::Advance(duration) => self.advance(ms(duration)),
            Op::Tick => self.tick(),
            Op::Arrive => self.arrive(),
            Op::Stall(way, duration) => {
                self.lanes
                    .stall(way, self.now, self.now + ms(u32::from(duration)));
            }
            Op::Hold(side, duration) => self.hold(side, self.now + ms(u32::from(duration))),
            Op::Freeze(side, duration) => self.lanes.freeze(side, self.now + ms(duration)),
            Op::RefuseLink => self.refusal = true,
            Op::KillProbe(notice) => self.kill_probes(notice),
            Op::Stray { probe: true } => self.stray(Some("2probe")),
            Op::Stray { probe: false } => self.stray(None),
            Op::Hijack => self.stray(Some("5")),
            Op::AbortGet(notice) => self.abort_get(notice),
            Op::AbortPost(notice) => self.abort_post(notice),
            Op::BadGateway { post, told } => self.bad_gateway(post, told),
            Op::CutLinks(notice) => self.cut_links(notice, |_| true),
            Op::CutAll(notice) => self.cut_all(notice),
            Op::Close(side) => self.close(side),
            Op::Abort(side) => self.abort(side),
        }
    }

    fn hold(&mut self, side: Side, until: Time) {
        let [client, server] = &mut self.held;
        match side {
            Side::Client => *client = until,
            Side::Server => *server = until,
        }
    }

    pub(super) fn is_held(&self, side: Side) -> bool {
        let [client, server] = self.held;
        match side {
            Side::Client => client > self.now,
            Side::Server => server > self.now,
        }
    }
}
