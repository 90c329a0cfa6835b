//! Everybody in a namespace: who they are, and what can be sent to them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{IntoRooms, Room};
use socketio_proto::SocketId;

use super::{Namespace, Nsp};
use crate::ack::AckStream;
use crate::error::EmitError;
use crate::remote::{self, FetchError, Incomplete, RemoteSocket, ServerAnswers};
use crate::socket::Socket;
use crate::target::Target;

/// Who is in it.
impl<D: 'static> Namespace<D> {
    /// The socket of this id, if it is connected to this node.
    ///
    /// `None` too for a socket that joined before [`auth`](Self::auth) was set, and so has no `D`.
    pub fn socket(&self, id: &str) -> Option<Socket<D>> {
        let find = |nsp: Arc<Nsp>| nsp.member(id);
        let member = self.of.namespaces().into_iter().find_map(find)?;
        Socket::typed(&member)
    }

    /// The sockets that are connected to this node. [`fetch_sockets`](Self::fetch_sockets) asks the other nodes too.
    pub fn sockets(&self) -> Vec<Socket<D>> {
        let members = |nsp: Arc<Nsp>| nsp.members();
        let all = self.of.namespaces().into_iter().flat_map(members);
        all.filter_map(|member| Socket::typed(&member)).collect()
    }

    /// How many sockets are connected to this node.
    pub fn len(&self) -> usize {
        let namespaces = self.of.namespaces().into_iter();
        namespaces.map(|nsp| nsp.adapter().local().len()).sum()
    }

    /// Whether no socket is connected to this node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody, as a [`Target`] to be narrowed down.
    pub fn target(&self) -> Target {
        Target::new(self.of.clone())
    }

    /// Sends an event to everybody. See [`Target::emit`].
    ///
    /// # Errors
    ///
    /// The event cannot be encoded.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: &T) -> Result<(), EmitError> {
        self.target().emit(event, arguments)
    }

    /// Sends the event `message` to everybody.
    ///
    /// # Errors
    ///
    /// The arguments cannot be encoded.
    pub fn send<T: Serialize>(&self, arguments: &T) -> Result<(), EmitError> {
        self.emit("message", arguments)
    }

    /// Asks everybody. See [`Target::emit_with_ack`].
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        arguments: &impl Serialize,
    ) -> AckStream<T> {
        self.target().emit_with_ack(event, arguments)
    }

    /// Those in this room, or in one of these.
    #[doc(alias = "in")]
    #[doc(alias = "within")]
    pub fn to(&self, rooms: impl IntoRooms) -> Target {
        self.target().to(rooms)
    }

    /// Everybody but those in this room, or in one of these.
    pub fn except(&self, rooms: impl IntoRooms) -> Target {
        self.target().except(rooms)
    }

    /// Only those on this node.
    pub fn local(&self) -> Target {
        self.target().local()
    }

    /// Whoever can take it now; see [`Target::volatile`].
    pub fn volatile(&self) -> Target {
        self.target().volatile()
    }

    /// Everybody, with or without compression; see [`Target::compress`].
    pub fn compress(&self, yes: bool) -> Target {
        self.target().compress(yes)
    }

    /// Everybody, with so much time to answer.
    pub fn timeout(&self, timeout: Duration) -> Target {
        self.target().timeout(timeout)
    }

    /// All sockets, those of other nodes included.
    ///
    /// # Errors
    ///
    /// A node did not answer in time.
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, FetchError> {
        self.target().fetch_sockets().await
    }

    /// How many sockets there are on all nodes; [`len`](Self::len) counts those of this one.
    ///
    /// # Errors
    ///
    /// A node did not answer in time.
    pub async fn count_sockets(&self) -> Result<usize, Incomplete<usize>> {
        self.target().count_sockets().await
    }

    /// The rooms that somebody on this node is in, in the order of their names. The room that each socket has for itself is one
    /// of them.
    #[doc(alias = "adapter.rooms")]
    pub fn rooms(&self) -> Vec<Room> {
        remote::local_rooms(&self.of).into_iter().collect()
    }

    /// The rooms of all nodes, in the order of their names.
    ///
    /// # Errors
    ///
    /// A node did not answer in time, or the adapter has no way to ask.
    pub async fn fetch_rooms(&self) -> Result<Vec<Room>, Incomplete<Vec<Room>>> {
        remote::rooms(&self.of).await
    }

    /// How many servers the namespace is on, this one included.
    #[doc(alias = "serverCount")]
    pub async fn server_count(&self) -> usize {
        remote::servers(&self.of).await
    }

    /// Makes all sockets join a room, or several.
    pub fn sockets_join(&self, rooms: impl IntoRooms) {
        self.target().sockets_join(rooms);
    }

    /// Makes all sockets leave a room, or several.
    pub fn sockets_leave(&self, rooms: impl IntoRooms) {
        self.target().sockets_leave(rooms);
    }

    /// Disconnects all sockets from the namespace, or closes their connections.
    pub fn disconnect_sockets(&self, close: bool) {
        self.target().disconnect_sockets(close);
    }

    /// Emits an event to the other servers of the cluster, where [`on_server_event`](Self::on_server_event) hears it. Without
    /// other servers nobody does.
    ///
    /// # Errors
    ///
    /// The arguments cannot be serialised, or the name is one of the server's own: `connect`, `connection`, `new_namespace`.
    pub fn server_side_emit<T: Serialize>(
        &self,
        event: &str,
        arguments: &T,
    ) -> Result<(), EmitError> {
        remote::server_side_emit(&self.of, event, arguments)
    }

    /// The same, and every other server answers.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn server_side_emit_with_ack<T: Serialize>(
        &self,
        event: &str,
        arguments: &T,
    ) -> Result<ServerAnswers, EmitError> {
        remote::server_side_ask(&self.of, event, arguments).await
    }

    /// The socket of this id, on whatever node it is, as a target.
    pub fn to_socket(&self, id: &SocketId) -> Target {
        self.to(id)
    }
}
