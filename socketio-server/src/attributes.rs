//! What the application keeps with a socket for other nodes to see.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::{ArgsError, EncodeError, Object, Value};

use crate::member::Member;

/// The object that JavaScript knows as `socket.data`: what other nodes see, and what a client has again when its session is
/// recovered. What only this node needs belongs into [`Socket::data`](crate::Socket::data), which needs not be serialised.
///
/// ```no_run
/// # use socketio_server::Socket;
/// # fn example(socket: Socket) -> Result<(), Box<dyn std::error::Error>> {
/// socket.attributes().set("name", &"Ada")?;
/// let name: Option<String> = socket.attributes().get("name")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    member: &'a Arc<Member>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(member: &'a Arc<Member>) -> Self {
        Self { member }
    }

    /// A member as a type of yours. `None` if there is none.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ArgsError> {
        // Read without the lock, since reading runs code of the application.
        let value = self.member.attributes(|object| object.get(name).cloned());
        value.map(|value| value.to_type()).transpose()
    }

    /// Sets a member.
    ///
    /// # Errors
    ///
    /// It cannot be serialised.
    pub fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), EncodeError> {
        let value = Value::from_serialize(value)?;
        self.member.attributes(|object| object.insert(name, value));
        Ok(())
    }

    /// Removes a member, and returns what it was.
    pub fn remove(&self, name: &str) -> Option<Value> {
        self.member.attributes(|object| object.remove(name))
    }

    /// All members together, as a type of yours.
    ///
    /// # Errors
    ///
    /// A member is missing, or is something else.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        Value::from(self.to_object()).to_type()
    }

    /// All members.
    pub fn to_object(&self) -> Object {
        self.member.all_attributes()
    }
}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_object(), f)
    }
}
