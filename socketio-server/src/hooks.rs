//! What the application may be told of besides events: failures, and what is sent.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use socketio_adapter::{Room, Watch};
use socketio_proto::{Arguments, Emit, SocketId, Value};

use crate::error::Error;
use crate::event::AckSender;
use crate::member::Member;
use crate::namespace::{Namespace, Nsp};
use crate::socket::Socket;
use crate::target::Of;

/// Something of the application failed: a handler returned an error or panicked, or one of its parameters could not be had.
///
/// The [error hook](crate::Server::on_error) gets it.
pub struct Failure<'a> {
    pub(crate) kind: FailureKind,
    pub(crate) error: &'a Error,
    pub(crate) namespace: &'a str,
    pub(crate) event: &'a str,
    pub(crate) member: Option<&'a Arc<Member>>,
    pub(crate) wants_answer: bool,
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A parameter could not be had: most often the client sent arguments of another type.
    Parameter,
    /// The handler returned an error.
    Returned,
    /// Something panicked.
    Panicked,
}

impl Failure<'_> {
    /// What failed.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Why.
    pub fn error(&self) -> &Error {
        self.error
    }

    /// The name of the namespace.
    pub fn namespace(&self) -> &str {
        self.namespace
    }

    /// The name of the event; `connect` or `disconnect` for those of the server itself.
    pub fn event(&self) -> &str {
        self.event
    }

    /// The socket that it was for. There is none yet while `auth` runs.
    pub fn socket(&self) -> Option<Socket> {
        self.member.map(|member| Socket::new(Arc::clone(member)))
    }

    /// Whether the client waits for an acknowledgement, which the answer of the hook is.
    pub fn wants_answer(&self) -> bool {
        self.wants_answer
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("error", self.error)
            .field("namespace", &self.namespace)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

type ErrorHook = Arc<dyn Fn(&Failure<'_>) -> Option<Value> + Send + Sync>;

type NamespaceHook = Arc<dyn Fn(Namespace) + Send + Sync>;

/// Who hears of failures, which are logged if nobody does; and of namespaces that come into being.
#[derive(Default)]
pub(crate) struct Hooks {
    on_error: RwLock<Option<ErrorHook>>,
    on_new_namespace: RwLock<Vec<NamespaceHook>>,
}

impl Hooks {
    pub(crate) fn set_on_error(&self, hook: ErrorHook) {
        let mut slot = self
            .on_error
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let old = slot.replace(hook);
        drop(slot);
        drop(old);
    }

    pub(crate) fn add_on_new_namespace(&self, hook: NamespaceHook) {
        let hooks = self.on_new_namespace.write();
        hooks.unwrap_or_else(PoisonError::into_inner).push(hook);
    }

    /// A namespace has come into being. Called without a lock, and a hook that panics harms nobody.
    pub(crate) fn new_namespace(&self, nsp: &Arc<Nsp>) {
        let hooks = self.on_new_namespace.read();
        let hooks = hooks.unwrap_or_else(PoisonError::into_inner).clone();
        for hook in hooks {
            let namespace = Namespace::new(Of::One(Arc::clone(nsp)));
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| hook(namespace))) {
                let error = panicked(&*panic);
                tracing::error!(%error, "a hook for new namespaces panicked");
            }
        }
    }

    /// Somebody hears of it, and the client may get an answer.
    pub(crate) fn failed(&self, failure: &Failure<'_>, ack: Option<&AckSender>) {
        let slot = self.on_error.read().unwrap_or_else(PoisonError::into_inner);
        let hook = slot.clone();
        // The hook may set another one.
        drop(slot);
        let Some(hook) = hook else {
            tracing::warn!(
                namespace = failure.namespace,
                event = failure.event,
                kind = ?failure.kind,
                error = %failure.error,
                "a handler failed; `Server::on_error` is told, if it is set"
            );
            return;
        };
        let answer = catch_unwind(AssertUnwindSafe(|| hook(failure)));
        match (answer, ack) {
            (Ok(Some(answer)), Some(ack)) => {
                // Nobody waits for it, if it fails.
                let _ = ack.send_arguments(Arguments::from_values(&[answer]));
            }
            (Ok(_), _) => {}
            (Err(panic), _) => {
                tracing::error!(error = %panicked(&*panic), "the error hook panicked")
            }
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// A panic as an error.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(Panicked(
        words.unwrap_or("something that is no text").into(),
    ))
}

/// A handler panicked with these words.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
pub(crate) struct Panicked(Box<str>);

/// An event that is being sent, for [`on_any_outgoing`](crate::Namespace::on_any_outgoing).
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    emit: Emit<'a>,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(emit: Emit<'a>) -> Self {
        Self { emit }
    }

    /// The name.
    pub fn name(&self) -> &'a str {
        self.emit.name()
    }

    /// The arguments as plain values. They are made anew for each call.
    pub fn arguments(&self) -> Vec<Value> {
        self.emit.arguments().to_values().unwrap_or_default()
    }

    /// Whether an acknowledgement is asked for.
    pub fn asks_for_ack(&self) -> bool {
        self.emit.id().is_some()
    }
}

/// Somebody who watches rooms, and may panic: in the middle of what makes a socket enter or leave, which is to go on.
pub(crate) struct Guarded<W>(pub(crate) W);

impl<W: Watch> Guarded<W> {
    fn tell(&self, what: impl FnOnce(&W)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| what(&self.0))) {
            let error = panicked(&*panic);
            tracing::error!(%error, "somebody who watches rooms panicked");
        }
    }
}

impl<W: Watch> Watch for Guarded<W> {
    fn created(&self, room: &Room) {
        self.tell(|watcher| watcher.created(room));
    }
    fn joined(&self, room: &Room, id: &SocketId) {
        self.tell(|watcher| watcher.joined(room, id));
    }
    fn left(&self, room: &Room, id: &SocketId) {
        self.tell(|watcher| watcher.left(room, id));
    }
    fn emptied(&self, room: &Room) {
        self.tell(|watcher| watcher.emptied(room));
    }
}
