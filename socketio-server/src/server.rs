//! The server: what it is built from, and what it has.

mod builder;
mod inner;
mod shutdown;

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use socketio_proto::{Namespace as Name, Value};

pub use self::builder::ServerBuilder;
pub(crate) use self::inner::{Sio, States};
pub use self::shutdown::Shutdown;
use crate::door::door_handle;
use crate::engine::http::Core;
use crate::event::Asking;
use crate::hooks::Failure;
use crate::namespace::{InvalidPattern, Namespace, Parent, Pattern};
use crate::target::Of;

/// A Socket.IO server.
///
/// Cheap to clone, usable from any thread. What concerns sockets and events is that of the namespace `/`, as in JavaScript:
/// `io.emit(..)` is `io.of("/").emit(..)`.
///
/// ```no_run
/// use socketio_server::{Ack, Data, Server};
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let io = Server::new();
/// io.on("echo", async |Data(text): Data<String>| Ack(text));
/// io.listen("127.0.0.1:3000").await
/// # }
/// ```
#[derive(Clone)]
pub struct Server {
    core: Arc<Core<Sio>>,
    root: Namespace,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server with all defaults.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// What can be chosen.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    fn start(core: Arc<Core<Sio>>) -> Self {
        let root = Of::One(core.protocol.namespace_or_new(&Name::ROOT));
        Self {
            core,
            root: Namespace::new(root),
        }
    }

    /// The namespace of this name, which is there from now on. A missing slash is added.
    ///
    /// # Panics
    ///
    /// If it cannot be a name: more than 1,024 bytes, a comma, control characters.
    #[track_caller]
    pub fn of(&self, name: &str) -> Namespace {
        match Name::new(name) {
            Ok(name) => Namespace::new(Of::One(self.core.protocol.namespace_or_new(&name))),
            Err(error) => panic!("{name:?} cannot be the name of a namespace: {error}"),
        }
    }

    /// All namespaces that match a pattern such as `/orders/{id}`, where each placeholder stands for one part of the name.
    ///
    /// Such a namespace comes into being when a client asks for it and is freed when nobody is in it. What is registered here holds
    /// for all of them; handlers get what the pattern matched as [`Params`](crate::Params). A name that was given to
    /// [`of`](Self::of) is never one of them. Of several patterns the first one counts.
    ///
    /// # Errors
    ///
    /// It is no pattern.
    pub fn of_pattern(&self, pattern: &str) -> Result<Namespace, InvalidPattern> {
        let sio = &self.core.protocol;
        let parent = Parent::of_pattern(Pattern::new(pattern)?, &sio.common);
        sio.add_parent(Arc::clone(&parent));
        Ok(Namespace::new(Of::Many(parent)))
    }

    /// All namespaces for whose name a function says yes. It is asked when a client asks for one that is not there.
    ///
    /// ```no_run
    /// # use socketio_server::Server;
    /// # let io = Server::new();
    /// let rooms = io.of_matching(async |asking| asking.namespace().starts_with("/room-"));
    /// ```
    pub fn of_matching<F, Fut>(&self, matches: F) -> Namespace
    where
        F: Fn(Asking) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let sio = &self.core.protocol;
        let judge = move |asking| {
            let matching: Pin<Box<dyn Future<Output = bool> + Send>> = Box::pin(matches(asking));
            matching
        };
        let parent = Parent::of_judge(Box::new(judge), &sio.common);
        sio.add_parent(Arc::clone(&parent));
        Namespace::new(Of::Many(parent))
    }

    /// Sets who hears of failures: of handlers that return errors or panic, and of arguments that are not what a handler takes. Without
    /// this they are logged.
    ///
    /// What it returns answers the client, if that waits for an acknowledgement; with `None` the client gets no answer.
    ///
    /// ```no_run
    /// # use socketio_server::{Server, Value};
    /// # let io = Server::new();
    /// io.on_error(|failure| {
    ///     eprintln!("{} in {}: {}", failure.event(), failure.namespace(), failure.error());
    ///     Some(Value::from("something went wrong"))
    /// });
    /// ```
    pub fn on_error(&self, hook: impl Fn(&Failure<'_>) -> Option<Value> + Send + Sync + 'static) {
        self.core.protocol.common.hooks.set_on_error(Arc::new(hook));
    }

    /// Calls a function with every namespace that comes into being from now on: by [`of`](Self::of), or because a client asked for
    /// one of a [pattern](Self::of_pattern); before anybody is in it.
    pub fn on_new_namespace(&self, hook: impl Fn(Namespace) + Send + Sync + 'static) {
        let hooks = &self.core.protocol.common.hooks;
        hooks.add_on_new_namespace(Arc::new(hook));
    }

    /// How many clients are connected, in whatever namespaces.
    pub fn connections(&self) -> usize {
        self.core.sessions.len()
    }

    /// The namespaces that there are on this node, those of patterns included.
    pub fn namespaces(&self) -> Vec<Namespace> {
        let all = self.core.protocol.all_namespaces().into_iter();
        all.map(|nsp| Namespace::new(Of::One(nsp))).collect()
    }
}

#[cfg(feature = "testing")]
impl Server {
    /// Where clients ask for it.
    pub(crate) fn path(&self) -> String {
        self.core.options.prefix()
    }
}

door_handle!(Server);

/// The namespace `/`.
impl Deref for Server {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.root
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}
