//! What happened, as handlers get to see it: what their parameters are made from.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use socketio_proto::{AckId, Args, Arguments, DisconnectReason, Outgoing};

use crate::Handshake;
use crate::error::EmitError;
use crate::member::{Lane, Member};
use crate::namespace::Params;
use crate::server::States;
use crate::socket::Socket;

/// An event of a client: who sent it, its name, its arguments, and whether it wants an answer.
///
/// Handlers take parts of it, or all of it. Whoever wants an own kind of parameter implements
/// [`FromEvent<Event>`](crate::FromEvent). Cheap to clone.
#[derive(Clone)]
pub struct Event {
    pub(crate) member: Arc<Member>,
    pub(crate) args: Args,
    pub(crate) ack: AckSender,
}

impl Event {
    /// The name.
    pub fn name(&self) -> &str {
        self.args.event_name()
    }

    /// The arguments, not decoded yet.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Who sent it.
    pub fn socket(&self) -> Socket {
        Socket::new(Arc::clone(&self.member))
    }

    /// The name of the namespace.
    pub fn namespace(&self) -> &str {
        self.member.nsp.name.as_str()
    }

    /// The way to answer, which also knows whether an answer is wanted.
    pub fn ack(&self) -> &AckSender {
        &self.ack
    }

    /// The same event with other arguments and perhaps another name, for [wrapping](crate::Namespace::use_event) middleware.
    #[must_use]
    pub fn with_args(mut self, args: Args) -> Self {
        self.args = args;
        self
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("namespace", &self.namespace())
            .field("socket", &self.member.id)
            .field("name", &self.name())
            .field("arguments", &self.args.len())
            .finish_non_exhaustive()
    }
}

/// Answers an event, now or later: what a JavaScript handler gets as its last argument.
///
/// Take it as a parameter where the answer does not come from the handler's return value. The first answer counts. If the
/// client did not ask for one, sending does nothing; dropping it sends nothing.
///
/// ```no_run
/// # use socketio_server::{AckSender, Data, Server};
/// # let io = Server::new();
/// io.of("/").on("job", async |Data(n): Data<u64>, ack: AckSender| {
///     tokio::task::spawn_blocking(move || ack.send(&(n * 2)));
/// });
/// ```
#[derive(Clone)]
pub struct AckSender {
    wanted: Option<Arc<Wanted>>,
}

struct Wanted {
    member: Arc<Member>,
    id: AckId,
    answered: AtomicBool,
}

impl AckSender {
    pub(crate) fn new(member: &Arc<Member>, id: Option<AckId>) -> Self {
        let wanted = id.map(|id| {
            Arc::new(Wanted {
                member: Arc::clone(member),
                id,
                answered: AtomicBool::new(false),
            })
        });
        Self { wanted }
    }

    /// Whether the client waits for an answer, and has none yet.
    pub fn is_wanted(&self) -> bool {
        let open = |wanted: &Arc<Wanted>| !wanted.answered.load(Ordering::Acquire);
        self.wanted.as_ref().is_some_and(open)
    }

    /// Answers with these arguments: several are a tuple, none is `&()`.
    ///
    /// # Errors
    ///
    /// They cannot be serialised; the socket is gone; or the event was answered already.
    pub fn send<T: Serialize>(&self, arguments: &T) -> Result<(), EmitError> {
        self.send_arguments(Arguments::new(arguments))
    }

    pub(crate) fn send_arguments(&self, arguments: Arguments<'_>) -> Result<(), EmitError> {
        let Some(wanted) = &self.wanted else {
            return Ok(());
        };
        let member = &wanted.member;
        let packet = Outgoing::Ack(wanted.id, arguments);
        let encoded = member.codec.encode(&member.nsp.name, &packet)?;
        if wanted.answered.swap(true, Ordering::AcqRel) {
            return Err(EmitError::Answered);
        }
        member.send(&encoded, Lane::Reserved)
    }
}

impl fmt::Debug for AckSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckSender")
            .field("is_wanted", &self.is_wanted())
            .finish_non_exhaustive()
    }
}

/// A socket was let in: for handlers of [`on_connect`](crate::Namespace::on_connect).
#[derive(Clone, Debug)]
pub struct Connected {
    pub(crate) member: Arc<Member>,
}

/// A socket is leaving or has left: for handlers of [`on_disconnect`](crate::Namespace::on_disconnect).
#[derive(Clone, Debug)]
pub struct Disconnected {
    pub(crate) member: Arc<Member>,
    pub(crate) reason: DisconnectReason,
}

/// A client asks to be let in: for [`auth`](crate::Namespace::auth).
#[derive(Clone, Debug)]
pub struct Asking {
    pub(crate) handshake: Handshake,
    pub(crate) namespace: socketio_proto::Namespace,
    pub(crate) params: Params,
    pub(crate) states: Arc<States>,
}

/// A socket that nobody sees yet: for [`middleware`](crate::Namespace::middleware).
#[derive(Clone, Debug)]
pub struct Joining {
    pub(crate) member: Arc<Member>,
}

impl Connected {
    /// The socket.
    pub fn socket(&self) -> Socket {
        Socket::new(Arc::clone(&self.member))
    }
}

impl Disconnected {
    /// The socket.
    pub fn socket(&self) -> Socket {
        Socket::new(Arc::clone(&self.member))
    }

    /// Why it left.
    pub fn reason(&self) -> DisconnectReason {
        self.reason
    }
}

impl Asking {
    /// What the client said and shows.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// The name of the namespace that it asks for.
    pub fn namespace(&self) -> &str {
        self.namespace.as_str()
    }

    /// What the pattern of the namespace matched.
    pub fn params(&self) -> &Params {
        &self.params
    }
}

impl Joining {
    /// The socket, which sends and joins only when it is let in.
    pub fn socket(&self) -> Socket {
        Socket::new(Arc::clone(&self.member))
    }
}
