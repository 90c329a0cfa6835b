//! Who is addressed.

use socketio_proto::SocketId;

use crate::{IntoRooms, Room};

/// Which sockets of a namespace are addressed: all of them, or those in some rooms; without those in others; on every
/// node or on this one.
///
/// A socket that is in several of the rooms is still addressed once. Naming an empty list of rooms addresses nobody,
/// which is not what the reference does: there it addresses everybody, and a list that happens to be empty is a mistake
/// that everybody hears of.
///
/// ```
/// use socketio_adapter::Target;
///
/// let mut target = Target::all();
/// target.to(["lobby", "games"]).except("muted");
/// assert_eq!(target.rooms().map(<[_]>::len), Some(2));
///
/// let mut nobody = Target::all();
/// nobody.to(Vec::<String>::new());
/// assert!(nobody.is_nobody());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `None`: the rooms do not matter.
    rooms: Option<Vec<Room>>,
    except: Vec<Room>,
    local: bool,
}

impl Target {
    /// Everybody in the namespace.
    pub fn all() -> Self {
        Self::default()
    }

    /// The socket of this id, on whatever node it is.
    pub fn socket(id: &SocketId) -> Self {
        let mut target = Self::all();
        target.to(id);
        target
    }

    /// Adds rooms. From the first call on, only sockets in one of the rooms are addressed.
    pub fn to(&mut self, rooms: impl IntoRooms) -> &mut Self {
        self.rooms
            .get_or_insert_default()
            .extend(rooms.into_rooms());
        self
    }

    /// Adds rooms whose sockets are not addressed, whatever other rooms they are in. For the sender of an event, name
    /// its id.
    pub fn except(&mut self, rooms: impl IntoRooms) -> &mut Self {
        self.except.extend(rooms.into_rooms());
        self
    }

    /// Whether only sockets of this node are addressed.
    pub fn local(&mut self, yes: bool) -> &mut Self {
        self.local = yes;
        self
    }

    /// The rooms, as they were named; `None` if everybody is addressed.
    pub fn rooms(&self) -> Option<&[Room]> {
        self.rooms.as_deref()
    }

    /// The rooms whose sockets are left out, as they were named.
    pub fn excepted(&self) -> &[Room] {
        &self.except
    }

    /// Whether only sockets of this node are addressed.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// Whether a list of rooms was given and is empty.
    ///
    /// Adapters send nothing then. What other implementations put on the wire for "everybody" is an empty list.
    pub fn is_nobody(&self) -> bool {
        self.rooms.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether a socket is addressed that is in those rooms for which `is_in` says so. That includes the room of its id.
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use socketio_adapter::{Room, Target};
    ///
    /// let rooms: HashSet<Room> = ["its-own-id", "lobby"].map(Room::from).into();
    /// let mut target = Target::all();
    /// assert!(target.to("lobby").selects(|room| rooms.contains(room)));
    /// assert!(!target.except("its-own-id").selects(|room| rooms.contains(room)));
    /// ```
    pub fn selects(&self, is_in: impl Fn(&Room) -> bool) -> bool {
        let named = self.rooms.as_ref();
        named.is_none_or(|named| named.iter().any(&is_in)) && !self.except.iter().any(is_in)
    }
}
