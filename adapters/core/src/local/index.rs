//! Who is in which room. Everything here runs under the lock of [`Local`](super::Local).

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use socketio_proto::SocketId;

use super::Watch;
use super::members::{Members, Memberships, Slab};
use super::selection::{Found, Part};
use crate::{Recipient, Room, Target};

/// Sockets by id, rooms by name, and each in the other.
///
/// Names of rooms come from peers, in many applications; hence the hash that cannot be aimed at.
#[derive(Default)]
pub(super) struct Index {
    ids: HashMap<SocketId, usize>,
    sockets: Slab<Entry>,
    names: HashMap<Room, usize>,
    rooms: Slab<Named>,
    everyone: Members,
}

struct Entry {
    recipient: Arc<dyn Recipient>,
    /// Where it is in `everyone`.
    place: usize,
    /// Whether it is in the room of its own id. That room costs nothing else, unless others join it.
    own: bool,
    rooms: Memberships,
}

struct Named {
    name: Room,
    members: Members,
}

/// What happened to a room, for those who watch.
pub(super) enum Change {
    Created(Room),
    Joined(Room, SocketId),
    Left(Room, SocketId),
    Emptied(Room),
}

impl Change {
    pub(super) fn tell(&self, watch: &dyn Watch) {
        match self {
            Self::Created(room) => watch.created(room),
            Self::Joined(room, id) => watch.joined(room, id),
            Self::Left(room, id) => watch.left(room, id),
            Self::Emptied(room) => watch.emptied(room),
        }
    }
}

/// `None` if nobody watches.
type Changes = Option<Vec<Change>>;

impl Index {
    pub(super) fn len(&self) -> usize {
        self.everyone.len()
    }

    pub(super) fn key(&self, id: &SocketId) -> Option<usize> {
        self.ids.get(id).copied()
    }

    pub(super) fn recipient(&self, key: usize) -> Option<&Arc<dyn Recipient>> {
        Some(&self.sockets.get(key)?.recipient)
    }

    pub(super) fn insert(
        &mut self,
        recipient: Arc<dyn Recipient>,
        rooms: Vec<Room>,
        changes: &mut Changes,
    ) -> bool {
        let id = recipient.id().clone();
        if self.ids.contains_key(&id) {
            return false;
        }
        let key = self.sockets.insert(Entry {
            recipient: Arc::clone(&recipient),
            place: 0,
            own: false,
            rooms: Memberships::default(),
        });
        let place = self.everyone.push(key, recipient);
        if let Some(entry) = self.sockets.get_mut(key) {
            entry.place = place;
        }
        self.join_own(key, &id, changes);
        self.ids.insert(id, key);
        for room in rooms {
            self.join(key, room, changes);
        }
        true
    }

    /// Removes a socket if it is this one. It is returned, so that it is dropped without the lock.
    pub(super) fn remove(
        &mut self,
        recipient: &dyn Recipient,
        changes: &mut Changes,
    ) -> Option<(Vec<Room>, Arc<dyn Recipient>)> {
        let id = recipient.id();
        let key = self.key(id)?;
        let entry = self.sockets.get(key)?;
        if address(&*entry.recipient) != address(recipient) {
            return None;
        }
        let rooms = self.rooms_of(key);
        for room in &rooms {
            self.leave(key, room, changes);
        }
        self.ids.remove(id);
        if self.ids.len() < self.ids.capacity() / 8 {
            self.ids.shrink_to(self.ids.len() * 2);
        }
        let entry = self.sockets.remove(key)?;
        if let Some(moved) = self.everyone.remove(entry.place)
            && let Some(moved) = self.sockets.get_mut(moved)
        {
            moved.place = entry.place;
        }
        Some((rooms, entry.recipient))
    }

    pub(super) fn join(&mut self, key: usize, room: Room, changes: &mut Changes) {
        let occupied = changes.is_some() && self.is_occupied(room.as_str());
        let Some(entry) = self.sockets.get_mut(key) else {
            return;
        };
        let id = entry.recipient.id();
        if room == *id {
            let id = id.clone();
            return self.join_own(key, &id, changes);
        }
        let known = self.names.get(&room).copied();
        if known.is_some_and(|at| entry.rooms.place(at).is_some()) {
            return;
        }
        let at = known.unwrap_or_else(|| {
            let at = self.rooms.insert(Named {
                name: room.clone(),
                members: Members::default(),
            });
            self.names.insert(room.clone(), at);
            at
        });
        let Some(named) = self.rooms.get_mut(at) else {
            return;
        };
        let place = named.members.push(key, Arc::clone(&entry.recipient));
        entry.rooms.set(at, place);
        note_joined(changes, &room, id, occupied);
    }

    fn join_own(&mut self, key: usize, id: &SocketId, changes: &mut Changes) {
        let occupied = self.names.contains_key(id.as_str());
        if let Some(entry) = self.sockets.get_mut(key)
            && !entry.own
        {
            entry.own = true;
            if changes.is_some() {
                note_joined(changes, &Room::from(id), id, occupied);
            }
        }
    }

    pub(super) fn leave(&mut self, key: usize, room: &Room, changes: &mut Changes) {
        let Some(entry) = self.sockets.get_mut(key) else {
            return;
        };
        let id = entry.recipient.id().clone();
        if *room == id {
            if !entry.own {
                return;
            }
            entry.own = false;
        } else {
            let Some(at) = self.names.get(room).copied() else {
                return;
            };
            let Some(place) = entry.rooms.remove(at) else {
                return;
            };
            self.vacate(at, place);
        }
        if let Some(list) = changes {
            list.push(Change::Left(room.clone(), id));
            if !self.is_occupied(room.as_str()) {
                list.push(Change::Emptied(room.clone()));
            }
        }
    }

    /// Takes whoever is at this place of a room out of it, and frees the room if nobody is left.
    fn vacate(&mut self, at: usize, place: usize) {
        let Some(named) = self.rooms.get_mut(at) else {
            return;
        };
        let moved = named.members.remove(place);
        if named.members.len() == 0 {
            self.names.remove(&named.name);
            if self.names.len() < self.names.capacity() / 8 {
                self.names.shrink_to(self.names.len() * 2);
            }
            self.rooms.remove(at);
        } else if let Some(moved) = moved
            && let Some(moved) = self.sockets.get_mut(moved)
        {
            moved.rooms.set(at, place);
        }
    }

    pub(super) fn rooms_of(&self, key: usize) -> Vec<Room> {
        let Some(entry) = self.sockets.get(key) else {
            return Vec::new();
        };
        let own = entry.own.then(|| Room::from(entry.recipient.id()));
        let others = entry.rooms.rooms().into_iter();
        let others = others.filter_map(|at| Some(self.rooms.get(at)?.name.clone()));
        own.into_iter().chain(others).collect()
    }

    pub(super) fn is_in(&self, key: usize, room: &str) -> bool {
        let Some(entry) = self.sockets.get(key) else {
            return false;
        };
        if entry.recipient.id().as_str() == room {
            return entry.own;
        }
        let at = self.names.get(room);
        at.is_some_and(|&at| entry.rooms.place(at).is_some())
    }

    pub(super) fn is_occupied(&self, room: &str) -> bool {
        self.names.contains_key(room) || self.owner(room).is_some()
    }

    pub(super) fn all_rooms(&self) -> Vec<Room> {
        let own = self.sockets.iter().filter(|entry| entry.own);
        let own = own.map(|entry| entry.recipient.id());
        // A room of an id that others joined is in both.
        let own = own.filter(|id| !self.names.contains_key(id.as_str()));
        self.names
            .keys()
            .cloned()
            .chain(own.map(Room::from))
            .collect()
    }

    /// What a target is made of. Looks up each room, and goes through none.
    pub(super) fn find(&self, target: &Target) -> Found {
        let mut found = Found::default();
        match target.rooms() {
            None => found
                .included
                .push(Part::Many(Arc::clone(self.everyone.recipients()))),
            Some(rooms) => self.collect(rooms, &mut found.included),
        }
        self.collect(target.excepted(), &mut found.excluded);
        found
    }

    fn collect(&self, rooms: &[Room], parts: &mut Vec<Part>) {
        for room in rooms {
            parts.extend(self.owner(room.as_str()).cloned().map(Part::One));
            let named = self.names.get(room).and_then(|&at| self.rooms.get(at));
            parts.extend(named.map(|named| Part::Many(Arc::clone(named.members.recipients()))));
        }
    }

    /// The socket whose id is the name of this room, if it is in it.
    fn owner(&self, room: &str) -> Option<&Arc<dyn Recipient>> {
        let entry = self.sockets.get(*self.ids.get(room)?)?;
        entry.own.then_some(&entry.recipient)
    }
}

fn note_joined(changes: &mut Changes, room: &Room, id: &SocketId, occupied: bool) {
    if let Some(list) = changes {
        if !occupied {
            list.push(Change::Created(room.clone()));
        }
        list.push(Change::Joined(room.clone(), id.clone()));
    }
}

/// What tells two sockets apart.
pub(super) fn address(recipient: &dyn Recipient) -> usize {
    ptr::from_ref(recipient).cast::<()>().addr()
}
