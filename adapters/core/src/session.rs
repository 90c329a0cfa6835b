//! What is kept of a socket that was lost, so that its client can go on where it was.

use std::sync::Arc;

use socketio_proto::{Object, SocketId};

use crate::{Letter, Room};

/// A socket whose connection was lost.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Session {
    /// The id that the socket had and gets again.
    pub id: SocketId,
    /// The secret by which its client proves who it was.
    pub private_id: Arc<str>,
    /// Its rooms, the one of its id included.
    pub rooms: Vec<Room>,
    /// What the application kept with it for all nodes to see.
    pub data: Object,
    /// Where the log stood when the client was first admitted: what it may have missed if it never received an event. Being
    /// taken up does not move it, since the client may not hear of that.
    pub floor: Option<Arc<str>>,
}

impl Session {
    /// A session without rooms, data and floor.
    pub fn new(id: SocketId, private_id: impl Into<Arc<str>>) -> Self {
        Self {
            id,
            private_id: private_id.into(),
            rooms: Vec::new(),
            data: Object::default(),
            floor: None,
        }
    }
}

/// A session that was found, and what its client missed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The session, which is not kept any more: it can be taken up once.
    pub session: Session,
    /// The events that its client missed, in order, each with its offset.
    pub missed: Vec<Letter>,
}

impl Recovered {
    /// A session of which nothing was missed yet.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            missed: Vec::new(),
        }
    }
}
