//! Lists that broadcasts take as they are, and the rooms of one socket.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Recipient;

/// What a broadcast goes through: shared, so that taking it costs a reference count.
pub(super) type Recipients = Arc<Vec<Arc<dyn Recipient>>>;

/// Sockets that are addressed together, in no particular order.
#[derive(Default)]
pub(super) struct Members {
    /// Copied before it is changed if a broadcast is going through it: once for each broadcast at most, because the copy is
    /// nobody else's.
    recipients: Recipients,
    /// The key of each, in the same order.
    keys: Vec<usize>,
}

impl Members {
    pub(super) fn recipients(&self) -> &Recipients {
        &self.recipients
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds a socket, which is not in the list; its place is returned.
    pub(super) fn push(&mut self, key: usize, recipient: Arc<dyn Recipient>) -> usize {
        let place = self.keys.len();
        let recipients = Arc::make_mut(&mut self.recipients);
        if place == 0 {
            // Many rooms have one socket and never more.
            recipients.reserve_exact(1);
            self.keys.reserve_exact(1);
        }
        recipients.push(recipient);
        self.keys.push(key);
        place
    }

    /// Removes what is at this place. If another one moves there, its key is returned.
    pub(super) fn remove(&mut self, place: usize) -> Option<usize> {
        if place >= self.keys.len() {
            return None;
        }
        let recipients = Arc::make_mut(&mut self.recipients);
        recipients.swap_remove(place);
        self.keys.swap_remove(place);
        // What a crowd needed is given back when three quarters of it are gone.
        if self.keys.len() < self.keys.capacity() / 4 {
            self.keys.shrink_to(self.keys.len() * 2);
            recipients.shrink_to(recipients.len() * 2);
        }
        self.keys.get(place).copied()
    }
}

/// Which rooms a socket is in, and its place in each: both by key.
pub(super) enum Memberships {
    /// Most sockets are in few rooms, and looking through them is quicker than hashing.
    Few(Vec<(usize, usize)>),
    /// A socket in many rooms must not cost those who share a room with it.
    Many(HashMap<usize, usize>),
}

const FEW: usize = 16;

impl Default for Memberships {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Memberships {
    /// The place in a room; `None` if the socket is not in it.
    pub(super) fn place(&self, room: usize) -> Option<usize> {
        match self {
            Self::Few(list) => list.iter().find(|each| each.0 == room).map(|each| each.1),
            Self::Many(map) => map.get(&room).copied(),
        }
    }

    /// Notes a room and the place in it, whether it is new or has changed.
    pub(super) fn set(&mut self, room: usize, place: usize) {
        match self {
            Self::Few(list) => {
                if let Some(each) = list.iter_mut().find(|each| each.0 == room) {
                    each.1 = place;
                } else if list.len() < FEW {
                    list.push((room, place));
                } else {
                    let all = list.drain(..).chain([(room, place)]);
                    *self = Self::Many(all.collect());
                }
            }
            Self::Many(map) => {
                map.insert(room, place);
            }
        }
    }

    /// Forgets a room; the place in it is returned.
    pub(super) fn remove(&mut self, room: usize) -> Option<usize> {
        match self {
            Self::Few(list) => {
                let at = list.iter().position(|each| each.0 == room)?;
                Some(list.remove(at).1)
            }
            Self::Many(map) => map.remove(&room),
        }
    }

    /// The rooms.
    pub(super) fn rooms(&self) -> Vec<usize> {
        match self {
            Self::Few(list) => list.iter().map(|each| each.0).collect(),
            Self::Many(map) => map.keys().copied().collect(),
        }
    }
}

/// Values by keys that stay the same, and are used again when a value is gone.
pub(super) struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Slab<T> {
    pub(super) fn get(&self, key: usize) -> Option<&T> {
        self.values.get(key)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut T> {
        self.values.get_mut(key)?.as_mut()
    }

    pub(super) fn insert(&mut self, value: T) -> usize {
        let key = self.free.pop().unwrap_or(self.values.len());
        match self.values.get_mut(key) {
            Some(slot) => *slot = Some(value),
            None => self.values.push(Some(value)),
        }
        key
    }

    pub(super) fn remove(&mut self, key: usize) -> Option<T> {
        let value = self.values.get_mut(key)?.take();
        if value.is_some() {
            self.free.push(key);
            if self.free.len() == self.values.len() {
                *self = Self::default();
            }
        }
        value
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter().flatten()
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            free: Vec::new(),
        }
    }
}
