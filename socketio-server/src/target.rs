//! Who is addressed, and how: what `to`, `except` and the others build, and what can be done with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{
    AckRequest, Answers, Asked, Broadcast, Flags, IntoRooms, Room, Target as Selected,
};
use socketio_proto::{Arguments, Emit};

use crate::ack::{AckStream, Gathered};
use crate::error::EmitError;
use crate::member::{Member, Waiter};
use crate::namespace::{Common, Nsp, Parent, Shared};
use crate::remote::{self, FetchError, Incomplete, RemoteSocket};

/// A namespace, or those of a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    One(Arc<Nsp>),
    Many(Arc<Parent>),
}

impl Of {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        match self {
            Self::One(nsp) => &nsp.shared,
            Self::Many(parent) => &parent.shared,
        }
    }

    pub(crate) fn common(&self) -> &Arc<Common> {
        match self {
            Self::One(nsp) => &nsp.common,
            Self::Many(parent) => &parent.common,
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::One(nsp) => nsp.name.as_str(),
            Self::Many(parent) => parent.label(),
        }
    }

    /// Those that there are now.
    pub(crate) fn namespaces(&self) -> Vec<Arc<Nsp>> {
        match self {
            Self::One(nsp) => vec![Arc::clone(nsp)],
            Self::Many(parent) => parent.children(),
        }
    }
}

/// Sockets that are addressed together, and how. Made by [`Namespace::to`](crate::Namespace::to) and its like; every call makes
/// a new one, so that one can be kept and used again.
///
/// Rooms add up: `to("a").to("b")` are those in either, each once. Who is in several of them gets an event once. From a
/// [`Socket`](crate::Socket), `to` and `except` leave that socket out, as in JavaScript. An empty list of rooms addresses
/// nobody.
///
/// ```no_run
/// # use socketio_server::Server;
/// # let io = Server::new();
/// let players = io.of("/game").to(["red", "blue"]).except("spectators");
/// players.emit("tick", &1)?;
/// players.volatile().emit("position", &(0.5, 0.25))?;
/// # Ok::<(), socketio_server::EmitError>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `emit` or its like is called"]
pub struct Target {
    of: Of,
    /// One socket, and not those of rooms.
    only: Option<Arc<Member>>,
    selected: Selected,
    flags: Flags,
    timeout: Option<Duration>,
}

impl Target {
    pub(crate) fn new(of: Of) -> Self {
        Self {
            of,
            only: None,
            selected: Selected::all(),
            flags: Flags::default(),
            timeout: None,
        }
    }

    /// One socket, until others are addressed instead.
    pub(crate) fn only(member: Arc<Member>) -> Self {
        Self {
            only: Some(Arc::clone(&member)),
            ..Self::new(Of::One(Arc::clone(&member.nsp)))
        }
    }

    /// Others are addressed, and not the one from which this was made.
    pub(crate) fn others(mut self) -> Self {
        if let Some(member) = self.only.take() {
            self.selected.except(&member.id);
        }
        self
    }

    // --- who and how ----------------------------------------------------------------------------------------

    /// Those in this room, or in one of these; besides those in rooms that were named before.
    pub fn to(self, rooms: impl IntoRooms) -> Self {
        let mut this = self.others();
        this.selected.to(rooms);
        this
    }

    /// Not those in this room, or in one of these.
    pub fn except(self, rooms: impl IntoRooms) -> Self {
        let mut this = self.others();
        this.selected.except(rooms);
        this
    }

    /// Only those on this node.
    pub fn local(self) -> Self {
        let mut this = self.others();
        this.selected.local(true);
        this
    }

    /// What is sent may be dropped where it would have to wait: for positions in a game and the like, of which only the latest
    /// counts.
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// Whether transports that compress may compress it. They may, unless told otherwise.
    pub fn compress(mut self, yes: bool) -> Self {
        self.flags.compress = yes;
        self
    }

    /// How long answers are waited for, instead of [the server's time](crate::ServerBuilder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    // --- what is done ---------------------------------------------------------------------------------------

    /// Sends an event. Never waits; other nodes are told in the background.
    ///
    /// How many arguments it has follows from the type: a tuple is several, `&()` none, everything else one. See
    /// [`Args`](crate::Args). It is encoded once, however many get it.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; or, to one socket, it is not connected or is owed too much already. Clients of a room that are owed
    /// too much are disconnected.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: &T) -> Result<(), EmitError> {
        self.emit_arguments(event, Arguments::new(arguments))
    }

    /// The same with arguments that were made or received before.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn emit_arguments(&self, event: &str, arguments: Arguments<'_>) -> Result<(), EmitError> {
        if let Some(member) = &self.only {
            let emit = Emit::new(event, arguments);
            return member.emit(emit, self.flags.volatile, self.flags.compress);
        }
        match &self.of {
            Of::One(nsp) => self.broadcast(nsp, event, arguments, None),
            Of::Many(parent) => {
                let children = parent.children();
                let mut each = children.iter();
                each.try_for_each(|nsp| self.broadcast(nsp, event, arguments, None))
            }
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

    /// Sends an event and asks everybody who gets it for an acknowledgement.
    ///
    /// ```no_run
    /// # use socketio_server::Server;
    /// # async fn ask(io: Server) {
    /// let mut answers = io.to("voters").emit_with_ack::<String>("vote", &"tabs or spaces?");
    /// while let Some((id, answer)) = answers.next().await {
    ///     println!("{id:?}: {answer:?}");
    /// }
    /// # }
    /// ```
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        arguments: &impl Serialize,
    ) -> AckStream<T> {
        let timeout = self.timeout.unwrap_or(self.of.common().ack_timeout);
        let gathered = self.ask(event, Arguments::new(arguments), timeout);
        AckStream::new(gathered.unwrap_or_else(Gathered::failed), timeout)
    }

    fn ask(
        &self,
        event: &str,
        arguments: Arguments<'_>,
        timeout: Duration,
    ) -> Result<Arc<Gathered>, EmitError> {
        let gathered = Arc::new(Gathered::default());
        let answers: Arc<dyn Answers> = gathered.clone();
        if let Some(member) = &self.only {
            let id = member.nsp.next_ack_id();
            let emit = Emit::new(event, arguments).with_id(id);
            let packet = member.encode(emit, self.flags.compress)?;
            answers.asked(Asked::Sockets(vec![member.id.clone()]));
            answers.asked_all(0);
            if let Err((_, waiter)) = member.ask(id, timeout, &packet, Waiter::Many(answers)) {
                waiter.end(&member.id, Err(socketio_proto::AckError::Disconnected));
            }
            return Ok(gathered);
        }
        for nsp in self.of.namespaces() {
            let ack = AckRequest {
                id: nsp.next_ack_id(),
                timeout,
                answers: Arc::clone(&answers),
            };
            self.broadcast(&nsp, event, arguments, Some(ack))?;
        }
        if let Of::Many(_) = self.of {
            answers.asked_all(0);
        }
        Ok(gathered)
    }

    fn broadcast(
        &self,
        nsp: &Nsp,
        event: &str,
        arguments: Arguments<'_>,
        ack: Option<AckRequest>,
    ) -> Result<(), EmitError> {
        let mut broadcast = Broadcast::new(&nsp.name, event, arguments).with_flags(self.flags);
        if let Some(ack) = ack {
            broadcast = broadcast.with_ack(ack);
        }
        // Whether it can be encoded does not depend on who is there.
        if let Some(codec) = nsp.common.codecs.first() {
            broadcast.encoded(codec)?;
        }
        if self.selected.is_nobody() {
            if let Some(ack) = broadcast.ack() {
                ack.answers.asked_all(0);
            }
            return Ok(());
        }
        nsp.adapter().broadcast(&mut broadcast, &self.selected);
        match broadcast.fault() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// The sockets that are addressed, those of other nodes included.
    ///
    /// # Errors
    ///
    /// A node did not answer in time.
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, FetchError> {
        let timeout = self.timeout.unwrap_or(remote::TIMEOUT);
        remote::fetch(&self.of, &self.to_selected(), timeout).await
    }

    /// How many sockets are addressed, those of other nodes included.
    ///
    /// # Errors
    ///
    /// A node did not answer in time.
    pub async fn count_sockets(&self) -> Result<usize, Incomplete<usize>> {
        let timeout = self.timeout.unwrap_or(remote::TIMEOUT);
        remote::count(&self.of, &self.to_selected(), timeout).await
    }

    /// Makes all who are addressed join a room, or several.
    pub fn sockets_join(&self, rooms: impl IntoRooms) {
        let rooms: Vec<Room> = rooms.into_rooms().collect();
        let selected = self.to_selected();
        for nsp in self.of.namespaces() {
            nsp.adapter().join(&selected, &rooms);
        }
    }

    /// Makes all who are addressed leave a room, or several.
    pub fn sockets_leave(&self, rooms: impl IntoRooms) {
        let rooms: Vec<Room> = rooms.into_rooms().collect();
        let selected = self.to_selected();
        for nsp in self.of.namespaces() {
            nsp.adapter().leave(&selected, &rooms);
        }
    }

    /// Disconnects all who are addressed from the namespace; or closes their connections, whatever other namespaces they are in.
    pub fn disconnect_sockets(&self, close: bool) {
        if let Some(member) = &self.only {
            return member.disconnect_in_order(close);
        }
        for nsp in self.of.namespaces() {
            nsp.adapter().disconnect(&self.selected, close);
        }
    }

    fn to_selected(&self) -> Selected {
        match &self.only {
            Some(member) => Selected::socket(&member.id),
            None => self.selected.clone(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("namespace", &self.of.name())
            .field("only", &self.only.as_ref().map(|member| &member.id))
            .field("selected", &self.selected)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
