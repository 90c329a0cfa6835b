//! What a server asks of an adapter, and an adapter of a server.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use socketio_proto::{AckId, Namespace, Value};

use crate::{Broadcast, Description, Local, Recovered, Room, Session, Target};

/// Joins the sockets of one namespace on many nodes.
///
/// Object-safe, so that no type of the application knows which adapter there is. Only [`local`](Self::local) has to be
/// written: what is provided acts on the sockets of this node alone, and that is [`MemoryAdapter`](crate::MemoryAdapter).
/// An adapter with a broker behind it tells the other nodes, and then does what is provided.
///
/// No method waits. What other nodes have to be asked for comes as an [`Answer`]. What fails is
/// [reported](Host::report), because nobody waits who could be told; local delivery never depends on a broker.
///
/// Membership is not here: it is [`Local`]'s, for every adapter the same.
pub trait Adapter: fmt::Debug + Send + Sync + 'static {
    /// The sockets of this node, as they were given to the [`AdapterFactory`].
    fn local(&self) -> &Arc<Local>;

    /// Sends an event to the sockets of a target.
    ///
    /// An adapter whose log has to be asked for the offset of an event keeps a [`Letter`](crate::Letter) and the
    /// [`Selection`](crate::Selection) of this moment, so that who leaves a room afterwards still gets what was sent before. It
    /// delivers when it has the offset, and [holds back](Self::holds_back) until then.
    fn broadcast(&self, event: &mut Broadcast<'_>, target: &Target) {
        self.local().deliver(event, target);
        if let Some(ack) = event.ack() {
            ack.answers.asked_all(0);
        }
    }

    /// Whether something is being held back that what is done now must not overtake: true from a
    /// [`broadcast`](Self::broadcast) that could not deliver at once until it has delivered, and until all that was given to
    /// [`in_order`](Self::in_order) meanwhile has run.
    ///
    /// The server asks before everything that reaches a client past `broadcast`: events and questions to a single socket,
    /// acknowledgements, volatile events too, and before it disconnects a socket. What an adapter delivers is not asked for.
    fn holds_back(&self) -> bool {
        false
    }

    /// Runs `send` when everything has been delivered that was held back before, and after what was given here before, at
    /// once if that is so already. Each is run, whatever the broker does, and with no lock held.
    fn in_order(&self, send: Box<dyn FnOnce() + Send>) {
        send();
    }

    /// Makes the sockets of a target join rooms.
    fn join(&self, target: &Target, rooms: &[Room]) {
        self.local().join_all(target, rooms);
    }

    /// Makes the sockets of a target leave rooms.
    fn leave(&self, target: &Target, rooms: &[Room]) {
        self.local().leave_all(target, rooms);
    }

    /// Disconnects the sockets of a target from the namespace, or closes their connections, after what they were sent before.
    fn disconnect(&self, target: &Target, close: bool) {
        let selection = self.local().select(target);
        self.in_order(Box::new(move || {
            for recipient in selection.iter() {
                recipient.disconnect(close);
            }
        }));
    }

    /// The sockets of a target on the *other* nodes; those of this one are known.
    fn fetch(&self, target: &Target, timeout: Duration) -> Answer<Replies<Description>> {
        let _ = (target, timeout);
        Box::pin(ready(Replies::none()))
    }

    /// How many sockets of a target there are on each of the *other* nodes.
    fn count(&self, target: &Target, timeout: Duration) -> Answer<Replies<usize>> {
        let _ = (target, timeout);
        Box::pin(ready(Replies::none()))
    }

    /// The rooms on the *other* nodes, in which a room may be named more than once. `None` if this adapter cannot ask.
    fn rooms(&self, timeout: Duration) -> Answer<Option<Replies<Room>>> {
        let _ = timeout;
        Box::pin(ready(Some(Replies::none())))
    }

    /// Sends an event to the servers of the other nodes. What they hear is up to [`Host::server_event`].
    fn server_emit(&self, name: &str, arguments: &[Value]) {
        let _ = (name, arguments);
    }

    /// The same, and each of them is to answer.
    fn server_ask(
        &self,
        name: &str,
        arguments: &[Value],
        timeout: Duration,
    ) -> Answer<Replies<Option<Value>>> {
        let _ = (name, arguments, timeout);
        Box::pin(ready(Replies::none()))
    }

    /// How many nodes there are, this one included.
    fn nodes(&self) -> Answer<usize> {
        Box::pin(ready(1))
    }

    /// Whether [sessions](Session) can be kept.
    fn can_recover(&self) -> bool {
        false
    }

    /// The offset of the newest event that is kept: the floor of a [`Session`] that begins now.
    fn latest_offset(&self) -> Option<Arc<str>> {
        None
    }

    /// Keeps a session whose connection was lost.
    fn keep(&self, session: Session) {
        let _ = session;
    }

    /// Takes up a session, once. `None` if it is not known, too old, or if what was missed since `offset` is not kept any
    /// more. Without an offset the client received nothing since it was admitted.
    fn recover(&self, private_id: &str, offset: Option<&str>) -> Answer<Option<Recovered>> {
        let _ = (private_id, offset);
        Box::pin(ready(None))
    }

    /// Leaves the other nodes. The namespace is not used any more.
    fn close(&self) -> Answer<()> {
        Box::pin(ready(()))
    }
}

/// What comes later.
pub type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What other nodes replied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replies<T> {
    /// All replies that came in time, in no particular order.
    pub replies: Vec<T>,
    /// How many nodes are known to be there and did not reply.
    pub missing: usize,
}

impl<T> Replies<T> {
    /// What is known if there are no other nodes: nothing, and nothing is missing.
    pub fn none() -> Self {
        Self::new(Vec::new(), 0)
    }

    /// These replies, while so many nodes were silent.
    pub fn new(replies: Vec<T>, missing: usize) -> Self {
        Self { replies, missing }
    }
}

/// Makes the adapter of each namespace: what a server is given.
pub trait AdapterFactory: fmt::Debug + Send + Sync + 'static {
    /// Makes the adapter for one namespace. Called when the namespace comes into being, before it has sockets.
    ///
    /// An adapter that is told by its broker what other nodes want keeps the host as a `Weak`: the host owns it.
    fn create(&self, host: Arc<dyn Host>, local: Arc<Local>) -> Arc<dyn Adapter>;
}

/// The namespace of a server, as its adapter sees it. Implemented by the server.
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// Its name.
    fn namespace(&self) -> &Namespace;

    /// An acknowledgement id that nothing else of the namespace on this node uses: for an event that another node
    /// wants acknowledged.
    fn next_ack_id(&self) -> AckId;

    /// The server of another node emitted this. `reply` is there if it wants an answer; the first one counts.
    fn server_event(&self, name: &str, arguments: Vec<Value>, reply: Option<Reply>);

    /// Something happened that the operator should know.
    fn report(&self, report: Report);
}

/// Answers an event of another server.
pub struct Reply(Box<dyn FnOnce(Option<Value>) + Send>);

impl Reply {
    /// What to do with the answer.
    pub fn new(send: impl FnOnce(Option<Value>) + Send + 'static) -> Self {
        Self(Box::new(send))
    }

    /// Answers. Other nodes get the first argument, if there is one.
    pub fn send(self, answer: Option<Value>) {
        (self.0)(answer);
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// What an adapter has to tell, for logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// The broker does not answer. What is sent meanwhile reaches the sockets of this node only.
    Down(String),
    /// The broker answers again.
    Up,
    /// Something was published by another node and did not arrive: so many messages, if that is known.
    Gap {
        /// The node that published it, if that is known.
        node: Option<String>,
        /// How many messages.
        messages: Option<u64>,
    },
    /// Something could not be published, for this reason.
    Unpublished(String),
    /// Events were delivered without an offset, because the log did not answer in time. Clients that are lost now cannot
    /// recover them.
    WithoutOffset,
    /// Something on the bus made no sense and was dropped.
    Garbage(String),
}
