//! What a socket is to an adapter.

use std::any::Any;
use std::fmt;

use socketio_proto::{Object, SocketId, Value};

use crate::{Broadcast, Room};

/// A socket of this node that can be sent events. Implemented by the server.
///
/// No method waits, and none is called with a lock held. The server gets its own type back by way of [`Any`]:
///
/// ```
/// use std::any::Any;
/// use std::sync::Arc;
/// use socketio_adapter::Recipient;
///
/// fn own<T: Recipient>(recipient: Arc<dyn Recipient>) -> Option<Arc<T>> {
///     let any: Arc<dyn Any + Send + Sync> = recipient;
///     any.downcast().ok()
/// }
/// ```
pub trait Recipient: Any + fmt::Debug + Send + Sync {
    /// Its id, which never changes.
    fn id(&self) -> &SocketId;

    /// Sends it an event. A socket that is gone ignores it, apart from telling an
    /// [`AckRequest`](crate::AckRequest) that there will be no answer.
    fn deliver(&self, event: &Broadcast<'_>);

    /// Disconnects it from its namespace, or closes its whole connection.
    fn disconnect(&self, close: bool);

    /// What other nodes may know of it. Its rooms are added by whoever asks.
    fn describe(&self) -> Description;
}

/// What other nodes may know of a socket.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// Its id.
    pub id: SocketId,
    /// Its rooms, the one of its id included.
    pub rooms: Vec<Room>,
    /// What its client said when it connected: an object with `headers`, `time`, `address`, `xdomain`, `secure`,
    /// `issued`, `url`, `query` and `auth`, as the reference has it.
    pub handshake: Value,
    /// What the application keeps with it for all nodes to see.
    pub data: Object,
}

impl Description {
    /// A description without rooms.
    pub fn new(id: SocketId, handshake: impl Into<Value>, data: Object) -> Self {
        Self {
            id,
            rooms: Vec::new(),
            handshake: handshake.into(),
            data,
        }
    }
}
