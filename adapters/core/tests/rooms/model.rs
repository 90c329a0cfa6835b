//! Rooms against a model that is nothing but sets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::Index;
use socketio_adapter::{Local, Room, Target, Watch};
use socketio_proto::{Codec, Json, SocketId};

use crate::support::{Inbox, ids};

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, Vec<u8>),
    Remove(u8),
    Join(u8, Vec<u8>),
    Leave(u8, Vec<u8>),
    JoinAll(Where, Vec<u8>),
    LeaveAll(Where, Vec<u8>),
    /// A broadcast begins here: what it selects is looked at when everything is over.
    Begin(Where),
}

#[derive(Clone, Debug)]
struct Where {
    rooms: Option<Vec<u8>>,
    except: Vec<u8>,
}

/// Twelve sockets and thirty rooms: the first twelve rooms have the names of the sockets.
const SOCKETS: u8 = 12;
const ROOMS: u8 = 30;

fn room(number: u8) -> Room {
    Room::from(format!("r{number}"))
}

fn rooms(numbers: &[u8]) -> Vec<Room> {
    numbers.iter().copied().map(room).collect()
}

impl Where {
    fn target(&self) -> Target {
        let mut target = Target::all();
        if let Some(named) = &self.rooms {
            target.to(rooms(named));
        }
        target.except(rooms(&self.except));
        target
    }
}

/// Rooms of each socket. That is all there is to know.
#[derive(Clone, Default)]
struct Model(BTreeMap<u8, BTreeSet<u8>>);

impl Model {
    fn select(&self, at: &Where) -> Vec<u8> {
        let selected = self.0.iter().filter(|(_, own)| {
            let named = at.rooms.as_ref();
            named.is_none_or(|named| named.iter().any(|room| own.contains(room)))
                && !at.except.iter().any(|room| own.contains(room))
        });
        selected.map(|(socket, _)| *socket).collect()
    }

    fn names(&self, at: &Where) -> Vec<String> {
        let mut names: Vec<String> = self
            .select(at)
            .iter()
            .map(|s| room(*s).to_string())
            .collect();
        names.sort();
        names
    }

    fn rooms(&self) -> BTreeSet<String> {
        let all = self.0.values().flatten();
        all.map(|number| room(*number).to_string()).collect()
    }
}

/// Follows the rooms by what it is told of them.
#[derive(Default)]
struct Follower(Mutex<BTreeMap<String, BTreeSet<String>>>);

impl Watch for Follower {
    fn created(&self, room: &Room) {
        let before = self
            .0
            .lock()
            .unwrap()
            .insert(room.to_string(), BTreeSet::new());
        assert_eq!(before, None, "{room} was there");
    }
    fn joined(&self, room: &Room, id: &SocketId) {
        let mut rooms = self.0.lock().unwrap();
        assert!(rooms.get_mut(room.as_str()).unwrap().insert(id.to_string()));
    }
    fn left(&self, room: &Room, id: &SocketId) {
        let mut rooms = self.0.lock().unwrap();
        assert!(rooms.get_mut(room.as_str()).unwrap().remove(id.as_str()));
    }
    fn emptied(&self, room: &Room) {
        let before = self.0.lock().unwrap().remove(room.as_str());
        assert_eq!(before, Some(BTreeSet::new()), "{room} was not empty");
    }
}

fn some_rooms() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..ROOMS, 0..25)
}

fn few_rooms() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..ROOMS, 0..4)
}

fn anywhere() -> impl Strategy<Value = Where> {
    let rooms = prop_oneof![
        Just(None),
        few_rooms().prop_map(Some),
        some_rooms().prop_map(Some)
    ];
    (rooms, prop_oneof![Just(vec![]), few_rooms(), some_rooms()])
        .prop_map(|(rooms, except)| Where { rooms, except })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..SOCKETS, some_rooms()).prop_map(|(s, r)| Op::Insert(s, r)),
        2 => (0..SOCKETS).prop_map(Op::Remove),
        6 => (0..SOCKETS, some_rooms()).prop_map(|(s, r)| Op::Join(s, r)),
        5 => (0..SOCKETS, some_rooms()).prop_map(|(s, r)| Op::Leave(s, r)),
        1 => (anywhere(), few_rooms()).prop_map(|(t, r)| Op::JoinAll(t, r)),
        1 => (anywhere(), few_rooms()).prop_map(|(t, r)| Op::LeaveAll(t, r)),
        2 => anywhere().prop_map(Op::Begin),
    ]
}

proptest! {
    /// Whoever joins and leaves in whatever order: a target selects each socket that it should once, a broadcast that has
    /// begun is not changed by what comes later, and no room is left when nobody is in it.
    #[test]
    fn recipients_are_those_of_the_model(ops in prop::collection::vec(op(), 1..60), probe in anywhere(), pick: Index) {
        let json: Arc<dyn Codec> = Arc::new(Json::new());
        let local = Local::new();
        let follower = Arc::new(Follower::default());
        local.watch(Arc::clone(&follower) as Arc<dyn Watch>);
        let mut model = Model::default();
        let mut live: BTreeMap<u8, Arc<Inbox>> = BTreeMap::new();
        let mut begun = Vec::new();

        for op in ops {
            match op {
                Op::Insert(socket, numbers) => {
                    let inbox = Inbox::new(room(socket).as_str(), &json);
                    let added = local.insert(inbox.clone(), rooms(&numbers));
                    prop_assert_eq!(added, !model.0.contains_key(&socket));
                    if added {
                        live.insert(socket, inbox);
                        model.0.insert(socket, numbers.into_iter().chain([socket]).collect());
                    } else {
                        // One that was never let in cannot remove the one that is there.
                        prop_assert!(local.remove(&*inbox).is_none());
                    }
                }
                Op::Remove(socket) => {
                    let removed = live.remove(&socket).and_then(|inbox| local.remove(&*inbox));
                    let removed = removed.map(|rooms| rooms.iter().map(Room::to_string).collect::<BTreeSet<_>>());
                    let expected = model.0.remove(&socket);
                    let expected = expected.map(|own| own.into_iter().map(|n| room(n).to_string()).collect());
                    prop_assert_eq!(removed, expected);
                }
                Op::Join(socket, numbers) => {
                    let there = local.join(&SocketId::from(room(socket).as_str()), rooms(&numbers));
                    prop_assert_eq!(there, model.0.contains_key(&socket));
                    if let Some(own) = model.0.get_mut(&socket) {
                        own.extend(numbers);
                    }
                }
                Op::Leave(socket, numbers) => {
                    let there = local.leave(&SocketId::from(room(socket).as_str()), rooms(&numbers));
                    prop_assert_eq!(there, model.0.contains_key(&socket));
                    if let Some(own) = model.0.get_mut(&socket) {
                        own.retain(|room| !numbers.contains(room));
                    }
                }
                Op::JoinAll(at, numbers) => {
                    local.join_all(&at.target(), &rooms(&numbers));
                    for socket in model.select(&at) {
                        model.0.get_mut(&socket).unwrap().extend(&numbers);
                    }
                }
                Op::LeaveAll(at, numbers) => {
                    local.leave_all(&at.target(), &rooms(&numbers));
                    for socket in model.select(&at) {
                        model.0.get_mut(&socket).unwrap().retain(|room| !numbers.contains(room));
                    }
                }
                Op::Begin(at) => begun.push((local.select(&at.target()), model.names(&at))),
            }
        }

        prop_assert_eq!(ids(&local.select(&probe.target())), model.names(&probe));
        for (selection, expected) in &begun {
            prop_assert_eq!(&ids(selection), expected);
        }
        prop_assert_eq!(local.len(), model.0.len());
        let all: Vec<String> = local.rooms().iter().map(Room::to_string).collect();
        prop_assert_eq!(all.len(), model.rooms().len());
        prop_assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), model.rooms());
        for number in 0..ROOMS {
            let room = room(number);
            let occupied = model.0.values().any(|own| own.contains(&number));
            prop_assert_eq!(local.has_room(room.as_str()), occupied);
        }
        if !model.0.is_empty() {
            let (socket, own) = model.0.iter().nth(pick.index(model.0.len())).unwrap();
            let id = SocketId::from(room(*socket).as_str());
            let of: BTreeSet<String> = local.rooms_of(&id).unwrap().iter().map(Room::to_string).collect();
            prop_assert_eq!(of, own.iter().map(|n| room(*n).to_string()).collect());
            for number in 0..ROOMS {
                prop_assert_eq!(local.is_in(&id, room(number).as_str()), own.contains(&number));
            }
        }
        let told = follower.0.lock().unwrap();
        prop_assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), model.rooms());
        for (name, members) in told.iter() {
            let of_room: Vec<String> = members.iter().cloned().collect();
            let mut target = Target::all();
            target.to(name);
            prop_assert_eq!(&of_room, &ids(&local.select(&target)));
        }
        drop(told);
        for inbox in live.values() {
            prop_assert!(local.remove(&**inbox).is_some());
        }
        prop_assert!(local.is_empty() && local.rooms().is_empty());
        prop_assert!(follower.0.lock().unwrap().is_empty());
        drop(begun);
        // Nothing else holds a socket: what was removed is gone.
        for inbox in live.values() {
            prop_assert_eq!(Arc::strong_count(inbox), 1);
        }
    }
}
