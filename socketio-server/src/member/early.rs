//! What is sent, joined and left before a socket is in its namespace, and the moment in which it enters.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use socketio_adapter::Room;
use socketio_proto::Encoded;

use super::{Member, Phase};

/// What waits until the client is let in. It is told that first.
#[derive(Default)]
pub(super) struct Early {
    pub(super) packets: Vec<Encoded>,
    /// Rooms that were joined, which is true, and left, in order.
    rooms: Vec<(bool, Vec<Room>)>,
}

impl Early {
    /// The rooms that come of it.
    fn rooms(&self) -> Vec<Room> {
        let mut all: Vec<Room> = Vec::new();
        for (joins, rooms) in &self.rooms {
            match joins {
                true => all.extend(rooms.iter().cloned()),
                false => all.retain(|room| !rooms.contains(room)),
            }
        }
        all
    }
}

impl Member {
    /// It was let in. What was sent before.
    pub(crate) fn let_in(&self) -> Vec<Encoded> {
        let mut state = self.lock();
        self.phase.store(Phase::Entering as u8, Ordering::Release);
        let early = state.early.as_mut();
        early.map_or_else(Vec::new, |early| std::mem::take(&mut early.packets))
    }

    /// Enters its rooms: those that were joined before, and what is joined and left in this moment. False if somebody else
    /// has its id.
    pub(crate) fn enter(self: &Arc<Self>) -> bool {
        let local = self.nsp.adapter().local();
        let (rooms, mut done) = {
            let state = self.lock();
            let early = state.early.as_ref();
            early.map_or_else(Default::default, |early| (early.rooms(), early.rooms.len()))
        };
        let is_new = local.insert(Arc::<Self>::clone(self), rooms);
        loop {
            let mut state = self.lock();
            let early = state.early.as_ref();
            let Some((joins, rooms)) = early.and_then(|early| early.rooms.get(done)).cloned()
            else {
                self.phase.store(Phase::Joined as u8, Ordering::Release);
                let early = state.early.take();
                drop(state);
                drop(early);
                return is_new;
            };
            drop(state);
            done += 1;
            match joins {
                true => local.join(&self.id, rooms),
                false => local.leave(&self.id, rooms),
            };
        }
    }

    /// Joins rooms, or leaves them, when it enters. False if it is in its rooms already, or not in them any more.
    pub(crate) fn change_early(&self, joins: bool, rooms: &[Room]) -> bool {
        if self.phase() >= Phase::Joined {
            return false;
        }
        let mut state = self.lock();
        let Some(early) = &mut state.early else {
            return false;
        };
        early.rooms.push((joins, rooms.to_vec()));
        true
    }

    /// The rooms that it has joined and may not have entered.
    pub(crate) fn early_rooms(&self) -> Vec<Room> {
        let state = self.lock();
        let own = self.is_let_in().then(|| Room::from(&self.id));
        let early = state.early.iter().flat_map(|early| early.rooms());
        own.into_iter().chain(early).collect()
    }
}
