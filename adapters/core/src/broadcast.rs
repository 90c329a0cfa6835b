//! An event on its way to many sockets.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use socketio_proto::{
    AckError, AckId, Args, Arguments, Codec, Emit, EncodeError, Encoded, Namespace, SocketId, Value,
};

/// How a packet is sent, beside to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flags {
    /// It may be dropped where it would have to wait. Such a packet is not kept for recovery.
    pub volatile: bool,
    /// Transports that compress may compress it.
    pub compress: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            volatile: false,
            compress: true,
        }
    }
}

/// One event for any number of sockets, encoded once for all of them.
///
/// The server makes one for each call of `emit` on more than one socket and hands it to the
/// [`Adapter`](crate::Adapter), which gives it to [`Local`](crate::Local), which gives it to each
/// [`Recipient`](crate::Recipient); they ask for it [in their codec](Self::encoded). What outlives the call is a
/// [`Letter`].
///
/// ```
/// use std::sync::Arc;
/// use socketio_adapter::Broadcast;
/// use socketio_proto::{Arguments, Codec, Json, Namespace};
///
/// let json: Arc<dyn Codec> = Arc::new(Json::new());
/// let news = Broadcast::new(&Namespace::ROOT, "news", Arguments::new(&42));
/// let first = news.encoded(&json)?;
/// let second = news.encoded(&json)?;
/// assert_eq!(first.messages()[0].wire().as_ptr(), second.messages()[0].wire().as_ptr());
/// # Ok::<(), socketio_proto::EncodeError>(())
/// ```
pub struct Broadcast<'a> {
    namespace: Namespace,
    name: &'a str,
    arguments: Arguments<'a>,
    flags: Flags,
    offset: Option<Arc<str>>,
    ack: Option<AckRequest>,
    /// What the first recipient needed, which is what nearly all of them need.
    first: OnceCell<Prepared>,
    others: RefCell<Vec<Prepared>>,
}

type Prepared = (Arc<dyn Codec>, Result<Encoded, EncodeError>);

impl<'a> Broadcast<'a> {
    /// An event of this name with these arguments.
    pub fn new(namespace: &Namespace, name: &'a str, arguments: Arguments<'a>) -> Self {
        Self {
            namespace: namespace.clone(),
            name,
            arguments,
            flags: Flags::default(),
            offset: None,
            ack: None,
            first: OnceCell::new(),
            others: RefCell::default(),
        }
    }

    /// Says how it is sent.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self.forget();
        self
    }

    /// Asks every recipient for an acknowledgement.
    #[must_use]
    pub fn with_ack(mut self, ack: AckRequest) -> Self {
        self.ack = Some(ack);
        self.forget();
        self
    }

    /// Appends the place of this event in a log from which clients recover: for the adapter that keeps the log, before
    /// anybody was given the event.
    ///
    /// An event that is not in the log carries the offset of the last one that is, or its last argument, if it is text,
    /// would be taken for an offset by the client.
    pub fn set_offset(&mut self, offset: impl Into<Arc<str>>) {
        self.offset = Some(offset.into());
        self.forget();
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The name of the event.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The arguments, without the offset.
    pub fn arguments(&self) -> Arguments<'a> {
        self.arguments
    }

    /// How it is sent.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The offset that was set.
    pub fn offset(&self) -> Option<&Arc<str>> {
        self.offset.as_ref()
    }

    /// The acknowledgement that is asked for.
    pub fn ack(&self) -> Option<&AckRequest> {
        self.ack.as_ref()
    }

    /// The event as a codec takes it.
    pub fn emit(&self) -> Emit<'_> {
        let mut emit = Emit::new(self.name, self.arguments);
        if let Some(ack) = &self.ack {
            emit = emit.with_id(ack.id);
        }
        if let Some(offset) = &self.offset {
            emit = emit.with_offset(offset);
        }
        emit
    }

    /// The packet in this codec, encoded when it is asked for the first time and shared from then on.
    ///
    /// This may run the `Serialize` of the application: call it without a lock held. Before the event is handed to the
    /// adapter it is the way to learn whether it can be sent at all.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded; the caller of `emit` has to hear of it.
    pub fn encoded(&self, codec: &Arc<dyn Codec>) -> Result<Encoded, EncodeError> {
        self.with_encoded(codec, |encoded| encoded.cloned().map_err(Clone::clone))
    }

    /// The same for a look at it, which saves a reference count: for each of many recipients that is worth something.
    ///
    /// With a codec that is not the one of the first recipient it is a clone that is looked at.
    pub fn with_encoded<R>(
        &self,
        codec: &Arc<dyn Codec>,
        look: impl FnOnce(Result<&Encoded, &EncodeError>) -> R,
    ) -> R {
        let (known, encoded) = self.first.get_or_init(|| self.prepare(codec));
        if Arc::ptr_eq(known, codec) {
            return look(encoded.as_ref());
        }
        look(self.encoded_by_another(codec).as_ref())
    }

    /// What a codec makes of it that is not the one of the first recipient.
    fn encoded_by_another(&self, codec: &Arc<dyn Codec>) -> Result<Encoded, EncodeError> {
        let same = |(known, _): &&Prepared| Arc::ptr_eq(known, codec);
        if let Some((_, encoded)) = self.others.borrow().iter().find(same) {
            return encoded.clone();
        }
        let prepared = self.prepare(codec);
        let encoded = prepared.1.clone();
        self.others.borrow_mut().push(prepared);
        encoded
    }

    /// The first fault that a codec found, if one was asked and found one.
    pub fn fault(&self) -> Option<EncodeError> {
        let others = self.others.borrow();
        let all = self.first.get().into_iter().chain(others.iter());
        all.filter_map(|(_, encoded)| encoded.as_ref().err().cloned())
            .next()
    }

    /// The event, to be kept for longer than the call: for an adapter that sends it later, or to another node.
    ///
    /// # Errors
    ///
    /// If the arguments cannot be serialised.
    pub fn to_letter(&self) -> Result<Letter, EncodeError> {
        Ok(Letter {
            namespace: self.namespace.clone(),
            name: Arc::from(self.name),
            arguments: self.arguments.to_values()?.into(),
            flags: self.flags,
            offset: self.offset.clone(),
            ack: self.ack.clone(),
        })
    }

    fn prepare(&self, codec: &Arc<dyn Codec>) -> Prepared {
        let encoded = codec.encode(&self.namespace, &self.emit().into());
        let encoded = encoded.map(|encoded| match self.flags.compress {
            true => encoded,
            false => encoded.with_compress(false),
        });
        (Arc::clone(codec), encoded)
    }

    /// What was encoded is not what is to be sent any more.
    fn forget(&mut self) {
        self.first = OnceCell::new();
        self.others.get_mut().clear();
    }
}

impl fmt::Debug for Broadcast<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace)
            .field("emit", &self.emit())
            .field("flags", &self.flags)
            .field("ack", &self.ack)
            .finish_non_exhaustive()
    }
}

/// A [`Broadcast`] that can be kept, and sent to another thread: its arguments are plain values.
#[derive(Clone, Debug)]
pub struct Letter {
    namespace: Namespace,
    name: Arc<str>,
    arguments: Arc<[Value]>,
    flags: Flags,
    offset: Option<Arc<str>>,
    ack: Option<AckRequest>,
}

impl Letter {
    /// An event of this name with these arguments: what an adapter makes of what another node sent.
    pub fn new(
        namespace: &Namespace,
        name: impl Into<Arc<str>>,
        arguments: impl Into<Arc<[Value]>>,
    ) -> Self {
        Self {
            namespace: namespace.clone(),
            name: name.into(),
            arguments: arguments.into(),
            flags: Flags::default(),
            offset: None,
            ack: None,
        }
    }

    /// Says how it is sent.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }

    /// Asks every recipient for an acknowledgement.
    #[must_use]
    pub fn with_ack(mut self, ack: AckRequest) -> Self {
        self.ack = Some(ack);
        self
    }

    /// Appends the place of this event in a log from which clients recover.
    #[must_use]
    pub fn with_offset(mut self, offset: impl Into<Arc<str>>) -> Self {
        self.offset = Some(offset.into());
        self
    }

    /// The name of the event.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments, without the offset.
    pub fn arguments(&self) -> &[Value] {
        &self.arguments
    }

    /// How it is sent.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The offset, if there is one.
    pub fn offset(&self) -> Option<&Arc<str>> {
        self.offset.as_ref()
    }

    /// The event, ready to be delivered. What is encoded is shared by all who are given this one broadcast.
    pub fn open(&self) -> Broadcast<'_> {
        let arguments = Arguments::from_values(&self.arguments);
        let mut broadcast = Broadcast::new(&self.namespace, &self.name, arguments);
        broadcast.flags = self.flags;
        broadcast.offset.clone_from(&self.offset);
        broadcast.ack.clone_from(&self.ack);
        broadcast
    }
}

/// That the recipients of an event are asked for an acknowledgement, and where the answers go.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "servers and adapters make it, and each member matters to both"
)]
pub struct AckRequest {
    /// The id, one for all recipients of this node. See [`Host::next_ack_id`](crate::Host::next_ack_id).
    pub id: AckId,
    /// How long answers are waited for.
    pub timeout: Duration,
    /// Where answers go.
    pub answers: Arc<dyn Answers>,
}

/// Hears who is asked for an acknowledgement and what each answers.
///
/// The server implements it for whoever called `emit_with_ack`; an adapter does for a node that asked. Calls come from
/// any thread, with no lock held, and in this order: for each node [`asked`](Self::asked), then its
/// [`answered`](Self::answered); [`asked_all`](Self::asked_all) once, when no more will be asked.
///
/// Over some buses an answer arrives before its node has said how many it asked.
pub trait Answers: fmt::Debug + Send + Sync + 'static {
    /// These are being asked.
    fn asked(&self, whom: Asked);

    /// One of them answered, or never will. `from` is not known over buses that do not tell.
    fn answered(&self, from: Option<&SocketId>, result: Result<Answered, AckError>);

    /// Nobody else will be asked. So many nodes are known to be there and did not say whom they asked.
    fn asked_all(&self, missing_nodes: usize);
}

/// Who is asked by a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// These sockets.
    Sockets(Vec<SocketId>),
    /// So many sockets, on a node that does not say which.
    Count(usize),
}

impl Asked {
    /// How many they are.
    pub fn count(&self) -> usize {
        match self {
            Self::Sockets(ids) => ids.len(),
            Self::Count(count) => *count,
        }
    }
}

/// What a socket answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answered {
    /// A socket of this node: all that it sent.
    Args(Args),
    /// A socket of another node: what the bus carried, which is the first argument if there was one.
    Value(Option<Value>),
}

impl Answered {
    /// As one kind.
    ///
    /// # Errors
    ///
    /// If what came over a bus cannot be an argument; an adapter need not check it.
    pub fn into_args(self) -> Result<Args, socketio_proto::DecodeError> {
        match self {
            Self::Args(args) => Ok(args),
            Self::Value(value) => Args::ack(value.as_slice()),
        }
    }

    /// The first argument, which is all that other nodes are told.
    pub fn first(&self) -> Option<Value> {
        match self {
            Self::Args(args) => args.get(0).map(|value| value.to_value()),
            Self::Value(value) => value.clone(),
        }
    }
}
