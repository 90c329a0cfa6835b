//! The sockets of one namespace on this node, and their rooms.

mod index;
mod members;
mod selection;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socketio_proto::SocketId;

use self::index::{Change, Index};
pub use self::selection::Selection;
use crate::{Broadcast, IntoRooms, Recipient, Room, Target};

/// The sockets of one namespace on this node, and which rooms they are in.
///
/// Each socket is in the room of its own id from the start, and may leave it. Rooms come into being when somebody joins
/// and are gone when the last one leaves.
///
/// Its lock is held for looking things up and never while somebody is delivered to: what is selected is a snapshot. A
/// broadcast that has begun may therefore still reach a socket that leaves meanwhile.
///
/// Joining and leaving take constant time. A broadcast to one room or to all takes the list of the room as it is; if
/// somebody joins or leaves while it is under way, the list is copied then, once for each broadcast at most.
#[derive(Default)]
pub struct Local {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    index: Index,
    /// `None` as long as nobody watches, so that nothing is noted for nobody.
    watchers: Option<Arc<[Arc<dyn Watch>]>>,
}

/// Hears of rooms as they come and go on this node. Calls are made without a lock, by whoever made the change, after it.
///
/// When two threads change the same room at the same time, their calls may come in either order. Whoever acts on a room
/// asks [`Local::has_room`] how it is now, under a lock of its own if acting takes more than one step.
pub trait Watch: Send + Sync + 'static {
    /// A room has its first socket.
    fn created(&self, room: &Room) {
        let _ = room;
    }

    /// A socket joined a room.
    fn joined(&self, room: &Room, id: &SocketId) {
        let _ = (room, id);
    }

    /// A socket left a room.
    fn left(&self, room: &Room, id: &SocketId) {
        let _ = (room, id);
    }

    /// The last socket of a room left.
    fn emptied(&self, room: &Room) {
        let _ = room;
    }
}

impl Local {
    /// Nobody, so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has somebody told of rooms that come and go, from now on.
    pub fn watch(&self, watcher: Arc<dyn Watch>) {
        let mut state = self.lock();
        let known = state
            .watchers
            .iter()
            .flat_map(|known| known.iter().cloned());
        state.watchers = Some(known.chain([watcher]).collect());
    }

    /// Adds a socket, in the room of its id and in these; from now on it is addressed. False, and nothing happens, if there is one
    /// of this id already.
    #[must_use]
    pub fn insert(&self, recipient: Arc<dyn Recipient>, rooms: impl IntoRooms) -> bool {
        let rooms: Vec<Room> = rooms.into_rooms().collect();
        self.change(|index, changes| index.insert(recipient, rooms, changes))
    }

    /// Removes a socket. What is returned are the rooms that it was in; `None` if it is not there, or another one is there with
    /// its id.
    pub fn remove(&self, recipient: &dyn Recipient) -> Option<Vec<Room>> {
        let removed = self.change(|index, changes| index.remove(recipient, changes));
        // Only here, without the lock, the socket itself may go.
        removed.map(|(rooms, _recipient)| rooms)
    }

    /// Has a socket join rooms. False if there is no such socket.
    pub fn join(&self, id: &SocketId, rooms: impl IntoRooms) -> bool {
        let mut rooms = rooms.into_rooms().collect::<Vec<_>>().into_iter();
        self.change(|index, changes| {
            let key = index.key(id);
            key.inspect(|&key| {
                rooms
                    .by_ref()
                    .for_each(|room| index.join(key, room, changes))
            })
            .is_some()
        })
    }

    /// Has a socket leave rooms. False if there is no such socket.
    pub fn leave(&self, id: &SocketId, rooms: impl IntoRooms) -> bool {
        let rooms: Vec<Room> = rooms.into_rooms().collect();
        self.change(|index, changes| {
            let key = index.key(id);
            key.inspect(|&key| {
                rooms
                    .iter()
                    .for_each(|room| index.leave(key, room, changes))
            })
            .is_some()
        })
    }

    /// The rooms of a socket, the one of its id first if it has not left that. `None` if there is no such socket.
    pub fn rooms_of(&self, id: &SocketId) -> Option<Vec<Room>> {
        let state = self.lock();
        state.index.key(id).map(|key| state.index.rooms_of(key))
    }

    /// Whether a socket is in a room.
    pub fn is_in(&self, id: &SocketId, room: &str) -> bool {
        let state = self.lock();
        let key = state.index.key(id);
        key.is_some_and(|key| state.index.is_in(key, room))
    }

    /// The socket of this id.
    pub fn get(&self, id: &SocketId) -> Option<Arc<dyn Recipient>> {
        let state = self.lock();
        state.index.recipient(state.index.key(id)?).cloned()
    }

    /// How many sockets there are.
    pub fn len(&self) -> usize {
        self.lock().index.len()
    }

    /// Whether there is no socket.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rooms, those of the ids of sockets included, each once.
    pub fn rooms(&self) -> Vec<Room> {
        self.lock().index.all_rooms()
    }

    /// Whether somebody is in this room.
    pub fn has_room(&self, room: &str) -> bool {
        self.lock().index.is_occupied(room)
    }

    /// The sockets of a target, each once, as they are now.
    pub fn select(&self, target: &Target) -> Selection {
        let found = self.lock().index.find(target);
        found.select()
    }

    /// Gives an event to the sockets of a target, and says how many they are.
    ///
    /// If it asks for acknowledgements, its [`Answers`](crate::Answers) hear first who is asked.
    pub fn deliver(&self, event: &Broadcast<'_>, target: &Target) -> usize {
        self.select(target).deliver(event)
    }

    /// Has the sockets of a target join rooms.
    pub fn join_all(&self, target: &Target, rooms: &[Room]) {
        for recipient in self.select(target).iter() {
            self.join(recipient.id(), rooms);
        }
    }

    /// Has the sockets of a target leave rooms.
    pub fn leave_all(&self, target: &Target, rooms: &[Room]) {
        for recipient in self.select(target).iter() {
            self.leave(recipient.id(), rooms);
        }
    }

    /// Changes the index, and then tells those who watch.
    fn change<R>(&self, change: impl FnOnce(&mut Index, &mut Option<Vec<Change>>) -> R) -> R {
        let mut state = self.lock();
        let watchers = state.watchers.clone();
        let mut changes = watchers.as_ref().map(|_| Vec::new());
        let result = change(&mut state.index, &mut changes);
        drop(state);
        for watcher in watchers.iter().flat_map(|watchers| watchers.iter()) {
            changes
                .iter()
                .flatten()
                .for_each(|change| change.tell(&**watcher));
        }
        result
    }

    /// Nothing that runs under the lock is anybody else's code, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("sockets", &self.len())
            .finish_non_exhaustive()
    }
}
