//! Who is here, in which rooms, and what was said in them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use socketio_server::SocketId;

use crate::message::{Message, Refusal, name};

/// Rooms that are there when nobody is in them.
const ALWAYS: [&str; 3] = ["Lobby", "Music", "Rust"];
const MAX_ROOMS: usize = 100;
const MAX_ROOMS_EACH: usize = 8;

/// What is kept of a room for those who come later: so many messages, and so many bytes of them.
const HISTORY: usize = 60;
const HISTORY_BYTES: usize = 2_000_000;
/// And so many pictures, which are attachments: clients take no more than ten in one packet.
const HISTORY_PICTURES: usize = 8;

/// The state of the chat. All clones are the same.
#[derive(Clone)]
pub(crate) struct Chat(Arc<Mutex<Inside>>);

struct Inside {
    people: BTreeMap<String, Person>,
    sockets: HashMap<SocketId, String>,
    rooms: BTreeMap<String, Room>,
}

/// Somebody, in one tab or in several.
struct Person {
    key: String,
    sockets: BTreeSet<SocketId>,
}

#[derive(Default)]
struct Room {
    people: HashMap<SocketId, String>,
    history: VecDeque<Message>,
}

/// A room in the list of all.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Listed {
    pub(crate) room: String,
    pub(crate) people: usize,
}

/// A room for somebody who comes in.
#[derive(Serialize)]
pub(crate) struct Entered {
    pub(crate) room: String,
    pub(crate) people: Vec<String>,
    pub(crate) history: Vec<Message>,
}

impl Chat {
    pub(crate) fn new() -> Self {
        let rooms = ALWAYS.map(|name| (name.to_owned(), Room::default()));
        Self(Arc::new(Mutex::new(Inside {
            people: BTreeMap::new(),
            sockets: HashMap::new(),
            rooms: rooms.into(),
        })))
    }

    /// Whether the name is free, or belongs to who has this key.
    pub(crate) fn is_free(&self, name: &str, key: &str) -> bool {
        let inside = self.lock();
        inside
            .people
            .get(name)
            .is_none_or(|person| person.key == key)
    }

    /// Somebody comes, perhaps in a further tab. `false` if somebody else took the name in the meantime.
    pub(crate) fn arrive(&self, id: &SocketId, name: &str, key: &str) -> bool {
        let mut inside = self.lock();
        let person = inside
            .people
            .entry(name.to_owned())
            .or_insert_with(|| Person {
                key: key.to_owned(),
                sockets: BTreeSet::new(),
            });
        if person.key != key {
            return false;
        }
        person.sockets.insert(id.clone());
        inside.sockets.insert(id.clone(), name.to_owned());
        true
    }

    /// A tab is closed. The rooms in which it was.
    pub(crate) fn depart(&self, id: &SocketId) -> Vec<String> {
        let mut inside = self.lock();
        if let Some(name) = inside.sockets.remove(id)
            && let Some(person) = inside.people.get_mut(&name)
        {
            person.sockets.remove(id);
            if person.sockets.is_empty() {
                inside.people.remove(&name);
            }
        }
        let in_it =
            |(name, room): (&String, &mut Room)| room.people.remove(id).map(|_| name.clone());
        let left = inside.rooms.iter_mut().filter_map(in_it).collect();
        inside.drop_empty_rooms();
        left
    }

    /// Enters a room, which is there from then on.
    pub(crate) fn enter(&self, id: &SocketId, room: &str) -> Result<Entered, Refusal> {
        let room = name(room)?;
        let mut inside = self.lock();
        let Some(who) = inside.sockets.get(id).cloned() else {
            return Err(Refusal("you are not here".into()));
        };
        let others = inside
            .rooms
            .iter()
            .filter(|(name, kept)| **name != room && kept.people.contains_key(id));
        if others.count() >= MAX_ROOMS_EACH {
            return Err(Refusal(format!(
                "nobody is in more than {MAX_ROOMS_EACH} rooms"
            )));
        }
        if inside.rooms.len() >= MAX_ROOMS && !inside.rooms.contains_key(&room) {
            return Err(Refusal("there are too many rooms already".into()));
        }
        let kept = inside.rooms.entry(room.clone()).or_default();
        kept.people.insert(id.clone(), who);
        Ok(Entered {
            people: kept.names(),
            history: kept.history.iter().cloned().collect(),
            room,
        })
    }

    /// Leaves a room.
    pub(crate) fn leave(&self, id: &SocketId, room: &str) {
        let mut inside = self.lock();
        if let Some(room) = inside.rooms.get_mut(room) {
            room.people.remove(id);
        }
        inside.drop_empty_rooms();
    }

    /// Keeps a message that is said in a room. `false` if it was said before: its author never heard that it arrived.
    pub(crate) fn say(
        &self,
        id: &SocketId,
        room: &str,
        message: &Message,
    ) -> Result<bool, Refusal> {
        let mut inside = self.lock();
        match inside.rooms.get_mut(room) {
            Some(kept) if kept.people.contains_key(id) => Ok(kept.keep(message)),
            _ => Err(Refusal(format!("you are not in {room}"))),
        }
    }

    pub(crate) fn is_here(&self, name: &str) -> bool {
        self.lock().people.contains_key(name)
    }

    pub(crate) fn name_of(&self, id: &SocketId) -> Option<String> {
        self.lock().sockets.get(id).cloned()
    }

    /// Everybody.
    pub(crate) fn everybody(&self) -> Vec<String> {
        self.lock().people.keys().cloned().collect()
    }

    /// Who is in a room.
    pub(crate) fn people_in(&self, room: &str) -> Vec<String> {
        self.lock()
            .rooms
            .get(room)
            .map(Room::names)
            .unwrap_or_default()
    }

    /// All rooms.
    pub(crate) fn rooms(&self) -> Vec<Listed> {
        let inside = self.lock();
        let listed = |(name, room): (&String, &Room)| Listed {
            room: name.clone(),
            people: room.names().len(),
        };
        inside.rooms.iter().map(listed).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn drop_empty_rooms(&mut self) {
        self.rooms
            .retain(|name, room| !room.people.is_empty() || ALWAYS.contains(&name.as_str()));
    }
}

impl Room {
    /// Each person once, in however many tabs.
    fn names(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.people.values().cloned().collect();
        names.into_iter().collect()
    }

    fn keep(&mut self, message: &Message) -> bool {
        if self
            .history
            .iter()
            .any(|kept| kept.id == message.id && kept.from == message.from)
        {
            return false;
        }
        self.history.push_back(message.clone());
        let pictures = |history: &VecDeque<Message>| {
            history.iter().filter(|kept| kept.picture.is_some()).count()
        };
        let bytes = |history: &VecDeque<Message>| history.iter().map(Message::size).sum::<usize>();
        while self.history.len() > HISTORY
            || pictures(&self.history) > HISTORY_PICTURES
            || bytes(&self.history) > HISTORY_BYTES
        {
            self.history.pop_front();
        }
        true
    }
}
