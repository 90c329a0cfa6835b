//! What goes beyond this node: sockets of other nodes, and events between servers.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{Description, IntoRooms, Reply, Room, Target as Selected};
use socketio_proto::{Args, ArgsError, Arguments, EncodeError, Object, SocketId, Value};

use crate::ack::AckStream;
use crate::error::{AckError, EmitError};
use crate::socket::Socket;
use crate::target::{Of, Target};

/// How long other nodes may take to answer, as in the reference.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Not all nodes of the cluster answered. What is known is in here.
#[derive(Debug, thiserror::Error)]
#[error("{missing_nodes} nodes did not answer in time")]
#[non_exhaustive]
pub struct FetchError {
    /// How many nodes are known to be there and said nothing.
    pub missing_nodes: usize,
    /// The sockets of this node, and of those that answered.
    pub sockets: Vec<RemoteSocket>,
}

/// What is known, while other nodes did not answer.
#[derive(Debug, thiserror::Error)]
#[error("not all nodes answered")]
#[non_exhaustive]
pub struct Incomplete<T> {
    /// What this node knows, and those that answered.
    pub known: T,
    /// How many nodes are known to be there and said nothing in time. `None` if the adapter has no way to ask.
    pub missing_nodes: Option<usize>,
}

impl<T> Incomplete<T> {
    fn unless_all(known: T, missing_nodes: Option<usize>) -> Result<T, Self> {
        match missing_nodes {
            Some(0) => Ok(known),
            missing_nodes => Err(Self {
                known,
                missing_nodes,
            }),
        }
    }
}

/// A socket somewhere in the cluster, as it was when it was fetched. Everything that can be done with it is done where it is.
#[derive(Clone)]
pub struct RemoteSocket {
    of: Of,
    description: Description,
    local: Option<Socket>,
}

impl RemoteSocket {
    /// Its id.
    pub fn id(&self) -> &SocketId {
        &self.description.id
    }

    /// The rooms that it was in, the one of its id included.
    pub fn rooms(&self) -> &[Room] {
        &self.description.rooms
    }

    /// Its [attributes](Socket::attributes) at that moment.
    pub fn attributes(&self) -> &Object {
        &self.description.data
    }

    /// One of them as a type of yours. `None` if there is none.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn attribute<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ArgsError> {
        let value = self.description.data.get(name);
        value.map(Value::to_type).transpose()
    }

    /// All of them together, as a type of yours.
    ///
    /// # Errors
    ///
    /// One is missing, or is something else.
    pub fn read_attributes<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        Value::from(self.description.data.clone()).to_type()
    }

    /// What its client said when it came: the object that JavaScript knows as `socket.handshake`.
    pub fn handshake(&self) -> &Value {
        &self.description.handshake
    }

    /// The socket itself, if it is on this node.
    pub fn as_local(&self) -> Option<&Socket> {
        self.local.as_ref()
    }

    /// The socket as a target.
    pub fn target(&self) -> Target {
        Target::new(self.of.clone()).to(&self.description.id)
    }

    /// Sends it an event.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: &T) -> Result<(), EmitError> {
        self.target().emit(event, arguments)
    }

    /// Sends it an event and waits for its answer.
    ///
    /// # Errors
    ///
    /// It did not answer in time, or with something else; it is gone; or the event cannot be encoded.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        arguments: &impl Serialize,
        timeout: Duration,
    ) -> Result<T, AckError> {
        let mut answers: AckStream<T> = self
            .target()
            .timeout(timeout)
            .emit_with_ack(event, arguments);
        match answers.next().await {
            Some((_, answer)) => answer,
            None => Err(AckError::Closed),
        }
    }

    /// Makes it join a room, or several.
    pub fn join(&self, rooms: impl IntoRooms) {
        self.target().sockets_join(rooms);
    }

    /// Makes it leave a room, or several.
    pub fn leave(&self, rooms: impl IntoRooms) {
        self.target().sockets_leave(rooms);
    }

    /// Disconnects it from its namespace, or closes its connection.
    pub fn disconnect(&self, close: bool) {
        self.target().disconnect_sockets(close);
    }
}

impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", &self.description.id)
            .field("rooms", &self.description.rooms)
            .field("is_local", &self.local.is_some())
            .finish_non_exhaustive()
    }
}

/// All sockets of a target, here and elsewhere.
pub(crate) async fn fetch(
    of: &Of,
    selected: &Selected,
    timeout: Duration,
) -> Result<Vec<RemoteSocket>, FetchError> {
    let mut sockets = Vec::new();
    let mut missing_nodes = 0;
    for nsp in of.namespaces() {
        let adapter = nsp.adapter();
        let of = Of::One(Arc::clone(&nsp));
        for recipient in adapter.local().select(selected).iter() {
            let mut description = recipient.describe();
            description.rooms = adapter.local().rooms_of(recipient.id()).unwrap_or_default();
            sockets.push(RemoteSocket {
                of: of.clone(),
                description,
                local: crate::namespace::downcast(recipient).map(Socket::new),
            });
        }
        if selected.is_local() || selected.is_nobody() {
            continue;
        }
        let others = adapter.fetch(selected, timeout).await;
        missing_nodes += others.missing;
        sockets.extend(others.replies.into_iter().map(|description| RemoteSocket {
            of: of.clone(),
            description,
            local: None,
        }));
    }
    match missing_nodes {
        0 => Ok(sockets),
        missing_nodes => Err(FetchError {
            missing_nodes,
            sockets,
        }),
    }
}

/// How many sockets of a target there are, here and elsewhere.
pub(crate) async fn count(
    of: &Of,
    selected: &Selected,
    timeout: Duration,
) -> Result<usize, Incomplete<usize>> {
    let (mut count, mut missing) = (0_usize, 0);
    for nsp in of.namespaces() {
        let adapter = nsp.adapter();
        count += adapter.local().select(selected).iter().count();
        if selected.is_local() || selected.is_nobody() {
            continue;
        }
        let others = adapter.count(selected, timeout).await;
        missing += others.missing;
        // What other nodes say is not to be trusted with arithmetic.
        count = others
            .replies
            .into_iter()
            .fold(count, usize::saturating_add);
    }
    Incomplete::unless_all(count, Some(missing))
}

/// All rooms, here and elsewhere, each once.
pub(crate) async fn rooms(of: &Of) -> Result<Vec<Room>, Incomplete<Vec<Room>>> {
    let mut missing = Some(0);
    let mut rooms = local_rooms(of);
    for nsp in of.namespaces() {
        match nsp.adapter().rooms(TIMEOUT).await {
            Some(others) => {
                missing = missing.map(|missing| missing + others.missing);
                rooms.extend(others.replies);
            }
            None => missing = None,
        }
    }
    Incomplete::unless_all(rooms.into_iter().collect(), missing)
}

/// All rooms of this node, each once.
pub(crate) fn local_rooms(of: &Of) -> BTreeSet<Room> {
    let each = of.namespaces();
    let each = each.iter().map(|nsp| nsp.adapter().local().rooms());
    each.flatten().collect()
}

/// How many servers there are, this one included.
pub(crate) async fn servers(of: &Of) -> usize {
    let mut most = 1;
    for nsp in of.namespaces() {
        most = nsp.adapter().nodes().await.max(most);
    }
    most
}

/// What other servers answered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerAnswers {
    /// What each of them answered, in no particular order; `None` if it answered nothing.
    pub answers: Vec<Option<Value>>,
    /// How many are known to be there and did not answer in time.
    pub missing_nodes: usize,
}

/// An event of another server of the cluster: see [`Namespace::on_server_event`](crate::Namespace::on_server_event).
#[derive(Clone)]
pub struct ServerEvent {
    name: Arc<str>,
    arguments: Arc<[Value]>,
    reply: Arc<Mutex<Option<Reply>>>,
}

impl ServerEvent {
    pub(crate) fn new(name: &str, arguments: Vec<Value>, reply: Option<Reply>) -> Self {
        Self {
            name: Arc::from(name),
            arguments: arguments.into(),
            reply: Arc::new(Mutex::new(reply)),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments as plain values.
    pub fn values(&self) -> &[Value] {
        &self.arguments
    }

    /// The arguments as a type of yours.
    ///
    /// # Errors
    ///
    /// They are something else.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        use serde::de::Error as _;

        let args = Args::ack(&self.arguments).map_err(ArgsError::custom)?;
        args.deserialize()
    }

    /// Answers the server that asked. The first answer counts; if none is wanted, this does nothing.
    ///
    /// # Errors
    ///
    /// The answer cannot be serialised.
    pub fn reply<T: Serialize>(&self, answer: &T) -> Result<(), EncodeError> {
        let answer = Value::from_serialize(answer)?;
        let reply = self
            .reply
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(reply) = reply {
            reply.send(Some(answer));
        }
        Ok(())
    }
}

impl fmt::Debug for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerEvent")
            .field("name", &self.name)
            .field("arguments", &self.arguments.len())
            .finish_non_exhaustive()
    }
}

pub(crate) fn server_side_emit<T: Serialize>(
    of: &Of,
    event: &str,
    arguments: &T,
) -> Result<(), EmitError> {
    let arguments = check(event, Arguments::new(arguments))?;
    for nsp in of.namespaces() {
        nsp.adapter().server_emit(event, &arguments);
    }
    Ok(())
}

pub(crate) async fn server_side_ask<T: Serialize>(
    of: &Of,
    event: &str,
    arguments: &T,
) -> Result<ServerAnswers, EmitError> {
    let arguments = check(event, Arguments::new(arguments))?;
    let mut all = ServerAnswers {
        answers: Vec::new(),
        missing_nodes: 0,
    };
    for nsp in of.namespaces() {
        let replies = nsp.adapter().server_ask(event, &arguments, TIMEOUT).await;
        all.answers.extend(replies.replies);
        all.missing_nodes += replies.missing;
    }
    Ok(all)
}

/// Servers report these themselves.
fn check(event: &str, arguments: Arguments<'_>) -> Result<Vec<Value>, EncodeError> {
    if matches!(event, "connect" | "connection" | "new_namespace") {
        return Err(EncodeError::ReservedName(event.into()));
    }
    arguments.to_values()
}
