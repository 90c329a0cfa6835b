//! A handle of one connection.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, Weak};

use engineio_proto::Transport;
use serde::Serialize;
use socketio_proto::Namespace;
use tokio::sync::watch;

use crate::auth::Auth;
use crate::builder::Builder;
use crate::handler::{Handler, erase};
use crate::inbox::{Inbox, dispatch};
use crate::listeners::{Listeners, On};
use crate::manager::{Manager, SocketState};
use crate::socket::{Socket, SocketInner};
use crate::status::{Closed, Status};
use crate::{Error, lock};

/// One connection to a server, on which there can be many namespaces.
///
/// A handle: cheap to clone. [`Client::builder`] makes the first [`Socket`] with it, and [`Client::of`] the others. The connection is
/// there as long as one of its sockets wants it.
#[derive(Clone)]
pub struct Client(Arc<ClientInner>);

struct ClientInner {
    manager: Arc<Manager>,
}

impl Client {
    /// Begins with the URL of the server: `https://example.com`, or `https://example.com/chat` for the namespace `/chat`.
    ///
    /// As in JavaScript, the path of the URL is the namespace, and its query goes into every request. Where the server listens
    /// for Socket.IO is [`Builder::path`].
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    pub(crate) fn new(manager: Arc<Manager>) -> Self {
        let driver = crate::driver::Driver::new(Arc::clone(&manager));
        manager.runtime.spawn(driver);
        Self(Arc::new(ClientInner { manager }))
    }

    /// Another namespace on the same connection.
    ///
    /// ```no_run
    /// # async fn example(socket: socketio_client::Socket) -> Result<(), socketio_client::Error> {
    /// let admin = socket.client().of("/admin").connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(&self, namespace: &str) -> SocketBuilder {
        let namespace = Namespace::new(namespace)
            .map_err(|error| Error::Config(format!("{namespace:?}: {error}")));
        SocketBuilder {
            client: self.clone(),
            namespace,
            setup: Setup::default(),
        }
    }

    /// Ends the connection as if it had been lost, so that it is made again as after any loss. For programs that know that the
    /// network has changed, and for tests.
    pub fn cut(&self) {
        self.0.manager.change(|state| state.wishes.cut = true);
    }

    /// Does not wait for the next attempt to connect, if one is being waited for.
    pub fn reconnect_now(&self) {
        self.0.manager.change(|state| state.wishes.hurry = true);
    }

    /// The transport that is used now, while there is a connection.
    pub fn transport(&self) -> Option<Transport> {
        let state = self.0.manager.lock();
        let session = state.connection.session();
        (state.is_live && session.is_open()).then(|| session.transport())
    }

    /// The id of the session, while there is one. It is a secret: who knows it can speak in this client's name.
    pub fn session_id(&self) -> Option<String> {
        let state = self.0.manager.lock();
        let session = state.connection.session();
        if !(state.is_live && session.is_open()) {
            return None;
        }
        session.sid().map(|sid| sid.as_str().to_owned())
    }

    /// Waits until there is no connection, because no socket wants one.
    pub async fn closed(&self) {
        let mut busy = self.0.manager.busy.subscribe();
        // The sender lives as long as this handle.
        let _ = busy.wait_for(|busy| !busy).await;
    }

    /// The socket of a namespace: the one that there is, or a new one.
    fn socket(&self, namespace: &Namespace) -> Socket {
        let manager = &self.0.manager;
        let known = manager.find(namespace);
        if let Some(inner) = known.and_then(|state| lock(&state.handle).upgrade()) {
            return Socket(inner);
        }
        let reason = Closed::New;
        let state = Arc::new(SocketState {
            manager: Arc::clone(manager),
            namespace: namespace.clone(),
            listeners: Listeners::default(),
            inbox: Inbox::default(),
            status: watch::Sender::new(Status::Closed { reason }),
            epoch: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            handle: Mutex::new(Weak::new()),
        });
        let client = self.clone();
        let inner = Arc::new(SocketInner {
            state: Arc::clone(&state),
            client,
        });
        *lock(&state.handle) = Arc::downgrade(&inner);
        manager.add(Arc::clone(&state));
        manager.runtime.spawn(dispatch(state));
        Socket(inner)
    }
}

impl Drop for ClientInner {
    fn drop(&mut self) {
        self.manager.change(|state| state.wishes.end = true);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.0.manager.http.route.url.host_and_port())
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

type Register = Box<dyn FnOnce(&Socket) + Send>;

/// What a socket begins with: what it shows to the server, and its handlers.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) auth: Option<Auth>,
    pub(crate) wrong: Option<Error>,
    register: Vec<Register>,
}

impl Setup {
    pub(crate) fn show<T: Serialize + ?Sized>(&mut self, value: &T) {
        match Auth::value(value) {
            Ok(auth) => self.auth = Some(auth),
            Err(error) => self.wrong = Some(error),
        }
    }

    pub(crate) fn listen<Args>(&mut self, on: On, once: bool, handler: impl Handler<Args>) {
        let handler = erase(handler);
        self.register.push(Box::new(move |socket| {
            socket.0.state.listeners.add(on, once, handler);
        }));
    }

    pub(crate) fn later(&mut self, register: impl FnOnce(&Socket) + Send + 'static) {
        self.register.push(Box::new(register));
    }

    /// Makes the socket and begins to connect.
    pub(crate) fn open(self, client: &Client, namespace: &Namespace) -> Result<Socket, Error> {
        let socket = self.make(client, namespace)?;
        socket.open();
        Ok(socket)
    }

    /// Makes the socket.
    pub(crate) fn make(self, client: &Client, namespace: &Namespace) -> Result<Socket, Error> {
        if let Some(error) = self.wrong {
            return Err(error);
        }
        let socket = client.socket(namespace);
        for register in self.register {
            register(&socket);
        }
        if let Some(auth) = self.auth {
            client.0.manager.set_auth(namespace, auth);
        }
        Ok(socket)
    }
}

/// Another namespace on a connection: [`Client::of`].
#[must_use = "nothing happens until `connect` or `open`"]
pub struct SocketBuilder {
    client: Client,
    namespace: Result<Namespace, Error>,
    setup: Setup,
}

macro_rules! setup_methods {
    () => {
        /// What the server is shown: an object.
        pub fn auth<T: serde::Serialize>(mut self, value: T) -> Self {
            self.setup.show(&value);
            self
        }

        /// The same from a function that is asked at every attempt to connect, for tokens that expire. It can take its time,
        /// and fail: then it is asked again a little later.
        pub fn auth_with<F, Fut, T, E>(mut self, function: F) -> Self
        where
            F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
            Fut: std::future::Future<Output = Result<T, E>> + Send + 'static,
            T: serde::Serialize,
            E: std::fmt::Display,
        {
            self.setup.auth = Some(crate::auth::Auth::function(function));
            self
        }

        /// Handles an event; see [`Socket::on`]. What is registered here misses nothing.
        pub fn on<Args>(mut self, event: &str, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::Event(event.into()), false, handler);
            self
        }

        /// Handles an event once.
        pub fn once<Args>(mut self, event: &str, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::Event(event.into()), true, handler);
            self
        }

        /// Handles every event; see [`Socket::on_any`].
        pub fn on_any<Args>(mut self, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::AnyEvent, false, handler);
            self
        }

        /// Called when the namespace is joined; see [`Socket::on_connect`].
        pub fn on_connect<Args>(mut self, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::Connect, false, handler);
            self
        }

        /// Called when the server refused, or an attempt failed; see [`Socket::on_connect_error`].
        pub fn on_connect_error<Args>(mut self, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::ConnectError, false, handler);
            self
        }

        /// Called when the namespace is left; see [`Socket::on_disconnect`].
        pub fn on_disconnect<Args>(mut self, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::Disconnect, false, handler);
            self
        }

        /// Called for everything that happens to the socket; see [`Socket::on_lifecycle`].
        pub fn on_lifecycle<Args>(mut self, handler: impl crate::Handler<Args>) -> Self {
            self.setup
                .listen(crate::listeners::On::AnyLifecycle, false, handler);
            self
        }

        /// Does something with the socket before it connects.
        pub fn setup(mut self, function: impl FnOnce(&Socket) + Send + 'static) -> Self {
            self.setup.later(function);
            self
        }
    };
}
pub(crate) use setup_methods;

impl SocketBuilder {
    setup_methods!();

    /// Joins the namespace, and waits until the server has agreed.
    ///
    /// # Errors
    ///
    /// The server refused, or the connection could not be made.
    pub async fn connect(self) -> Result<Socket, Error> {
        let socket = self.open()?;
        socket.connected(0, false).await?;
        Ok(socket)
    }

    /// Joins the namespace without waiting. What is sent meanwhile leaves when the server has agreed.
    ///
    /// # Errors
    ///
    /// An option is wrong.
    pub fn open(self) -> Result<Socket, Error> {
        self.setup.open(&self.client, &self.namespace?)
    }
}

impl fmt::Debug for SocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketBuilder")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
