//! One client in one namespace, as applications have it.

mod listening;

use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::Transport;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{IntoRooms, Room};
use socketio_proto::{Arguments, Emit, SocketId};
use tokio::sync::oneshot;

use crate::Handshake;
use crate::ack::AckFuture;
use crate::attributes::Attributes;
use crate::error::EmitError;
use crate::member::{Lane, Member, Phase, Waiter};
use crate::namespace::Namespace;
use crate::target::{Of, Target};

/// One client in one namespace.
///
/// A handle: cheap to clone, usable from any task, thread or HTTP route, and no connection stays open because one is kept. `D` is
/// what [`auth`](Namespace::auth) of the namespace returned; `Socket<()>` is a legal view of any socket.
///
/// ```no_run
/// # use socketio_server::{Data, EmitError, Server, Socket};
/// # let io = Server::new();
/// io.of("/").on("join", async |socket: Socket, Data(room): Data<String>| {
///     socket.join(&room);
///     socket.to(&room).emit("joined", &socket.id())?; // the others
///     socket.emit("welcome", &room) // this client
/// });
/// ```
pub struct Socket<D = ()> {
    member: Arc<Member>,
    _data: PhantomData<fn() -> D>,
}

impl<D> Socket<D> {
    /// The caller knows that `D` is what this socket has.
    pub(crate) fn new(member: Arc<Member>) -> Self {
        Self {
            member,
            _data: PhantomData,
        }
    }

    /// The public id: 20 characters, by which others may know the client. Every socket is in a room of this name.
    pub fn id(&self) -> &SocketId {
        &self.member.id
    }

    /// The namespace.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(Of::One(Arc::clone(&self.member.nsp)))
    }

    /// What the client said when it came and when it asked for the namespace.
    pub fn handshake(&self) -> &Handshake {
        &self.member.handshake
    }

    /// What the application keeps with the socket for other nodes to see: an object, which JavaScript knows as `socket.data`.
    pub fn attributes(&self) -> Attributes<'_> {
        Attributes::new(&self.member)
    }

    /// The socket without its data.
    pub fn view(&self) -> Socket {
        Socket::new(Arc::clone(&self.member))
    }
}

impl<D: 'static> Socket<D> {
    /// The caller does not know what this socket has.
    pub(crate) fn typed(member: &Arc<Member>) -> Option<Self> {
        let is_view = TypeId::of::<D>() == TypeId::of::<()>();
        let has = |data: &Box<dyn Any + Send + Sync>| data.is::<D>();
        let fits = is_view || member.data.get().is_some_and(has);
        fits.then(|| Self::new(Arc::clone(member)))
    }

    /// What [`auth`](Namespace::auth) returned.
    pub fn data(&self) -> &D {
        let data = self.member.data.get().and_then(|data| data.downcast_ref());
        match data.or_else(|| (&() as &dyn Any).downcast_ref()) {
            Some(data) => data,
            None => unreachable!("a socket is only made with the type of its data"),
        }
    }
}

/// Sending.
impl<D> Socket<D> {
    /// Sends an event. Never waits.
    ///
    /// How many arguments it has follows from the type: a tuple is several, `&()` none, everything else one. See
    /// [`Args`](crate::Args).
    ///
    /// # Errors
    ///
    /// The event cannot be encoded, the socket is disconnected, or the client is owed too much already.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: &T) -> Result<(), EmitError> {
        self.emit_arguments(event, Arguments::new(arguments))
    }

    /// The same with arguments that were made or received before.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn emit_arguments(&self, event: &str, arguments: Arguments<'_>) -> Result<(), EmitError> {
        self.member.emit(Emit::new(event, arguments), false, true)
    }

    /// Sends an event as soon as the client is not behind with what it was sent before: for much data, as fast as it is taken.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded, or the socket is disconnected, now or while this waits.
    pub async fn emit_wait<T: Serialize>(
        &self,
        event: &str,
        arguments: &T,
    ) -> Result<(), EmitError> {
        // Before the first wait, so that nothing of the caller's has to be sent to other threads.
        let emit = Emit::new(event, Arguments::new(arguments));
        let packet = self.member.encode(emit, true)?;
        crate::room::wait(&self.member).await?;
        self.member.send(&packet, Lane::Plain)
    }

    /// Sends an event and asks for an acknowledgement, which the future resolves to.
    ///
    /// The event is sent now, not when the future is awaited.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use socketio_server::{AckError, Socket};
    /// # async fn ask(socket: Socket) -> Result<(), AckError> {
    /// let age: u32 = socket.emit_with_ack("how old are you?", &()).await?;
    /// let (name, town): (String, String) =
    ///     socket.emit_with_ack("who are you?", &()).timeout(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        arguments: &impl Serialize,
    ) -> AckFuture<T> {
        let member = &self.member;
        let id = member.nsp.next_ack_id();
        let emit = Emit::new(event, Arguments::new(arguments)).with_id(id);
        let packet = match member.encode(emit, true) {
            Ok(packet) => packet,
            Err(error) => return AckFuture::failed(error),
        };
        let (sender, answer) = oneshot::channel();
        let timeout = member.nsp.common.ack_timeout;
        match member.ask(id, timeout, &packet, Waiter::One(sender)) {
            Ok(()) => AckFuture::waiting(Arc::clone(member), id, answer),
            Err((error, _)) => AckFuture::failed(error),
        }
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    ///
    /// As for [`emit`](Self::emit).
    pub fn send<T: Serialize>(&self, arguments: &T) -> Result<(), EmitError> {
        self.emit("message", arguments)
    }

    /// This socket as a [`Target`]; with rooms added, others instead.
    pub fn target(&self) -> Target {
        Target::only(Arc::clone(&self.member))
    }

    /// Those in this room, or in one of these, but not this socket.
    pub fn to(&self, rooms: impl IntoRooms) -> Target {
        self.target().to(rooms)
    }

    /// Everybody in the namespace but this socket, and but those in this room or in one of these.
    pub fn except(&self, rooms: impl IntoRooms) -> Target {
        self.target().except(rooms)
    }

    /// Everybody in the namespace but this socket.
    #[doc(alias = "others")]
    pub fn broadcast(&self) -> Target {
        self.target().others()
    }

    /// Everybody in the namespace on this node but this socket.
    pub fn local(&self) -> Target {
        self.target().local()
    }

    /// This client, if it can take it now; see [`Target::volatile`].
    pub fn volatile(&self) -> Target {
        self.target().volatile()
    }

    /// This client, with or without compression; see [`Target::compress`].
    pub fn compress(&self, yes: bool) -> Target {
        self.target().compress(yes)
    }

    /// This client, with so much time to answer; see [`Target::timeout`].
    pub fn timeout(&self, timeout: Duration) -> Target {
        self.target().timeout(timeout)
    }
}

/// Rooms and the connection.
impl<D> Socket<D> {
    /// Joins a room, or several. In a [middleware](Namespace::middleware) it does when it is let in; after the end it does nothing.
    pub fn join(&self, rooms: impl IntoRooms) {
        let rooms: Vec<Room> = rooms.into_rooms().collect();
        if self.member.change_early(true, &rooms) {
            return;
        }
        let local = self.member.nsp.adapter().local();
        local.join(&self.member.id, rooms);
    }

    /// Leaves a room, or several.
    pub fn leave(&self, rooms: impl IntoRooms) {
        let rooms: Vec<Room> = rooms.into_rooms().collect();
        if self.member.change_early(false, &rooms) {
            return;
        }
        let local = self.member.nsp.adapter().local();
        local.leave(&self.member.id, rooms);
    }

    /// The rooms it is in, the one of its id included; after the end those that it was in.
    pub fn rooms(&self) -> Vec<Room> {
        let local = self.member.nsp.adapter().local();
        match self.member.phase() {
            Phase::Joining | Phase::Entering => self.member.early_rooms(),
            Phase::Joined => local.rooms_of(&self.member.id).unwrap_or_default(),
            Phase::Left => self.member.last_rooms(),
        }
    }

    /// Whether it is in this room.
    pub fn is_in(&self, room: &str) -> bool {
        match self.member.phase() {
            Phase::Joined => {
                let local = self.member.nsp.adapter().local();
                local.is_in(&self.member.id, room)
            }
            _ => self.rooms().iter().any(|joined| joined == room),
        }
    }

    /// Disconnects it from this namespace. The client stays connected to others, and may join again.
    ///
    /// Handlers hear of it soon, and not within this call.
    pub fn disconnect(&self) {
        self.member.disconnect_in_order(false);
    }

    /// Disconnects it from all namespaces and closes the connection, when everything has left that was sent before.
    #[doc(alias = "disconnect(true)")]
    pub fn disconnect_connection(&self) {
        self.member.disconnect_in_order(true);
    }

    /// Whether it is in its namespace: not yet in a middleware, not any more after the end.
    pub fn is_connected(&self) -> bool {
        self.member.is_let_in()
    }

    /// Resolves when it is disconnected: for handlers that take long.
    pub async fn closed(&self) {
        self.member.closed().await;
    }

    /// The transport that the client uses now. `None` after the end.
    pub fn transport(&self) -> Option<Transport> {
        let client = self.member.connection()?;
        Some(client.session(engineio_proto::server::Session::transport))
    }

    /// Whether the client is behind: more than half of what it may be owed is waiting. Volatile events are dropped then.
    pub fn is_slow(&self) -> bool {
        let client = self.member.connection();
        client.is_some_and(|client| client.session(engineio_proto::server::Session::is_slow))
    }

    /// Bytes that were sent and have not left yet.
    pub fn buffered_bytes(&self) -> usize {
        let client = self.member.connection();
        client.map_or(0, |client| {
            client.session(engineio_proto::server::Session::buffered_bytes)
        })
    }
}

impl<D> Clone for Socket<D> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.member))
    }
}

/// The same client in the same namespace, and the same connection of it.
impl<D> PartialEq for Socket<D> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.member, &other.member)
    }
}

impl<D> Eq for Socket<D> {}

impl<D> fmt::Debug for Socket<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.member, f)
    }
}
