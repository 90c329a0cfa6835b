//! Rooms, and what may stand where rooms are named.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use socketio_proto::SocketId;

/// The name of a room.
///
/// A room is nothing but its name: it is there as long as a socket is in it. Any text will do, the empty one included.
/// Every socket is in a room of [its own id](SocketId), which is how one socket is addressed. Cloning costs a reference
/// count.
///
/// ```
/// use socketio_adapter::Room;
///
/// let room = Room::from("lobby");
/// assert_eq!(room.as_str(), "lobby");
/// assert_eq!(room, Room::from(String::from("lobby")));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Room(Arc<str>);

impl Room {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Room {
    fn from(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

impl From<&&str> for Room {
    fn from(name: &&str) -> Self {
        Self::from(*name)
    }
}

impl From<String> for Room {
    fn from(name: String) -> Self {
        Self(Arc::from(name))
    }
}

impl From<&String> for Room {
    fn from(name: &String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<Arc<str>> for Room {
    fn from(name: Arc<str>) -> Self {
        Self(name)
    }
}

impl From<&Self> for Room {
    fn from(room: &Self) -> Self {
        room.clone()
    }
}

/// The room that the socket of this id is in by itself.
impl From<&SocketId> for Room {
    fn from(id: &SocketId) -> Self {
        Self::from(id.as_str())
    }
}

/// The room that the socket of this id is in by itself.
impl From<SocketId> for Room {
    fn from(id: SocketId) -> Self {
        Self::from(&id)
    }
}

impl AsRef<str> for Room {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Room {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Room {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Room {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<SocketId> for Room {
    fn eq(&self, other: &SocketId) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One room, or several: what may be given where rooms are named.
///
/// Text, a [`Room`] and a [`SocketId`] are one room. Arrays, slices and vectors of these are several, and an empty one
/// is none at all.
///
/// ```
/// use socketio_adapter::{IntoRooms, Room};
///
/// fn count(rooms: impl IntoRooms) -> usize {
///     rooms.into_rooms().count()
/// }
///
/// assert_eq!(count("lobby"), 1);
/// assert_eq!(count(["lobby", "games"]), 2);
/// assert_eq!(count(vec![Room::from("lobby")]), 1);
/// assert_eq!(count(&Vec::<String>::new()), 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name rooms",
    label = "neither a room nor a list of rooms",
    note = "a room is text, a `Room` or a `SocketId`; several are an array, a slice or a `Vec` of these"
)]
pub trait IntoRooms {
    /// The rooms.
    fn into_rooms(self) -> impl Iterator<Item = Room>;
}

/// One room each.
macro_rules! one_room {
    ($($type:ty),*) => {$(
        impl IntoRooms for $type {
            fn into_rooms(self) -> impl Iterator<Item = Room> {
                std::iter::once(Room::from(self))
            }
        }
    )*};
}

one_room!(
    &str,
    String,
    &String,
    Room,
    &Room,
    SocketId,
    &SocketId,
    Arc<str>
);

impl<T: Into<Room>, const N: usize> IntoRooms for [T; N] {
    fn into_rooms(self) -> impl Iterator<Item = Room> {
        self.into_iter().map(Into::into)
    }
}

impl<'a, T, const N: usize> IntoRooms for &'a [T; N]
where
    Room: From<&'a T>,
{
    fn into_rooms(self) -> impl Iterator<Item = Room> {
        self.iter().map(Room::from)
    }
}

impl<'a, T> IntoRooms for &'a [T]
where
    Room: From<&'a T>,
{
    fn into_rooms(self) -> impl Iterator<Item = Room> {
        self.iter().map(Room::from)
    }
}

impl<T: Into<Room>> IntoRooms for Vec<T> {
    fn into_rooms(self) -> impl Iterator<Item = Room> {
        self.into_iter().map(Into::into)
    }
}

impl<'a, T> IntoRooms for &'a Vec<T>
where
    Room: From<&'a T>,
{
    fn into_rooms(self) -> impl Iterator<Item = Room> {
        self.iter().map(Room::from)
    }
}
