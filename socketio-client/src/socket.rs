//! A handle of one namespace of one connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::{Arguments, Emit, Namespace, SocketId};
use tokio::sync::watch;

use crate::auth::Auth;
use crate::client::Client;
use crate::emit::{AckFuture, Emitter};
use crate::handler::{Handler, erase};
use crate::incoming::Event;
use crate::listeners::{Listener, On};
use crate::manager::SocketState;
use crate::status::{Closed, Status};
use crate::{EmitError, Error};

/// One namespace of one connection: events go out and come in here.
///
/// A handle: cheap to clone, and usable from any task or thread. When the last one of a namespace is dropped, the namespace is
/// left, with its handlers; what was sent before still leaves. So a handler must not capture its own socket, or there will never be a last one: it takes a
/// [`Socket`] as a parameter instead.
#[derive(Clone)]
#[must_use = "when its last handle is dropped, the namespace is left"]
pub struct Socket(pub(crate) Arc<SocketInner>);

/// What the handles of a socket share.
pub(crate) struct SocketInner {
    pub(crate) state: Arc<SocketState>,
    pub(crate) client: Client,
}

impl Socket {
    // --- sending --------------------------------------------------------------------------------------------

    /// Sends an event, at once or when the socket is connected. It never waits.
    ///
    /// How many arguments it has follows from the type: `()` is none, a tuple of two or more is several, and everything else
    /// is one. What is sent while there is no connection is kept and leaves with the next one, in order, within
    /// [limits](crate::Builder::send_buffer).
    ///
    /// # Errors
    ///
    /// It cannot be encoded, or too much is waiting already.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: T) -> Result<(), EmitError> {
        self.emitter().emit(event, arguments)
    }

    /// Sends an event and asks for an answer, of this type. It is sent at once; wait for the answer whenever you like.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example(socket: socketio_client::Socket) -> Result<(), socketio_client::AckError> {
    /// let id: u64 = socket.emit_with_ack("save", ("a.txt", "text")).timeout(Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack<R: DeserializeOwned>(
        &self,
        event: &str,
        arguments: impl Serialize,
    ) -> AckFuture<R> {
        self.emitter().emit_with_ack(event, arguments)
    }

    /// Sends arguments of any kind, also those that were received.
    ///
    /// # Errors
    ///
    /// As for [`emit`](Self::emit).
    pub fn emit_arguments(&self, event: &str, arguments: Arguments<'_>) -> Result<(), EmitError> {
        self.emitter().emit_arguments(event, arguments)
    }

    /// For events that are dropped if they would have to wait.
    pub fn volatile(&self) -> Emitter {
        self.emitter().volatile()
    }

    /// For events that transports may or may not compress.
    pub fn compress(&self, yes: bool) -> Emitter {
        self.emitter().compress(yes)
    }

    /// For events whose answers are waited for so long.
    pub fn timeout(&self, timeout: Duration) -> Emitter {
        self.emitter().timeout(timeout)
    }

    /// For events that are sent until they are acknowledged: [`Emitter::retries`].
    pub fn retries(&self, retries: u32) -> Emitter {
        self.emitter().retries(retries)
    }

    fn emitter(&self) -> Emitter {
        Emitter::new(&self.0.state)
    }

    // --- receiving ------------------------------------------------------------------------------------------

    /// Handles an event: [`Handler`] says what can be. Several handlers of one event start in the order in which they were
    /// registered.
    pub fn on<Args>(&self, event: &str, handler: impl Handler<Args>) -> Listener {
        self.listen(On::Event(event.into()), false, handler)
    }

    /// Handles an event once.
    pub fn once<Args>(&self, event: &str, handler: impl Handler<Args>) -> Listener {
        self.listen(On::Event(event.into()), true, handler)
    }

    /// Removes all handlers of an event. Says whether there were any.
    pub fn off(&self, event: &str) -> bool {
        self.0.state.listeners.remove_event(event)
    }

    /// Removes one handler. Says whether it was there.
    pub fn remove(&self, listener: Listener) -> bool {
        self.0.state.listeners.remove(listener)
    }

    /// Handles every event, before the handlers for its name.
    pub fn on_any<Args>(&self, handler: impl Handler<Args>) -> Listener {
        self.listen(On::AnyEvent, false, handler)
    }

    /// Looks at every event that is sent. It is called where the event is emitted.
    pub fn on_any_outgoing(&self, hook: impl Fn(&Emit<'_>) + Send + Sync + 'static) -> Listener {
        self.0.state.listeners.add_outgoing(hook)
    }

    /// Called when the namespace is joined, also again after a loss. It can take a [`Socket`].
    pub fn on_connect<Args>(&self, handler: impl Handler<Args>) -> Listener {
        self.listen(On::Connect, false, handler)
    }

    /// Called when the server refused the namespace, or an attempt to connect failed. It can take the [`Error`].
    pub fn on_connect_error<Args>(&self, handler: impl Handler<Args>) -> Listener {
        self.listen(On::ConnectError, false, handler)
    }

    /// Called when the namespace is left, by whoever. It can take the [`DisconnectReason`](crate::DisconnectReason).
    pub fn on_disconnect<Args>(&self, handler: impl Handler<Args>) -> Listener {
        self.listen(On::Disconnect, false, handler)
    }

    /// Called for everything that happens to the socket and the connection beneath it: it takes a
    /// [`Lifecycle`](crate::Lifecycle).
    pub fn on_lifecycle<Args>(&self, handler: impl Handler<Args>) -> Listener {
        self.listen(On::AnyLifecycle, false, handler)
    }

    fn listen<Args>(&self, on: On, once: bool, handler: impl Handler<Args>) -> Listener {
        self.0.state.listeners.add(on, once, erase(handler))
    }

    /// The next event that no handler took: for those who like a loop. `None` when the socket is closed, and all events were
    /// taken; while a lost connection is being made again, it waits.
    ///
    /// What arrives before the first call is kept, up to a thousand events or a megabyte; if there is more, all of it is
    /// dropped, since most programs never ask. From the first call on nothing is dropped: if too much waits, the connection is
    /// not read from, and given up if that does not help.
    ///
    /// It may be cancelled: no event is lost then. If several tasks call it, each event goes to one of them.
    pub async fn recv(&self) -> Option<Event> {
        let state = &self.0.state;
        loop {
            if let Some((event, bytes)) = state.inbox.take() {
                state.manager.taken(bytes);
                return Some(event);
            }
            if state.inbox.is_idle() && matches!(&*state.status.borrow(), Status::Closed { .. }) {
                return None;
            }
            state.inbox.kept().await;
        }
    }

    // --- the connection -------------------------------------------------------------------------------------

    /// Connects again, after [`disconnect`](Self::disconnect), or after the server refused or sent it away, and waits until the
    /// namespace is joined. Does nothing if it is.
    ///
    /// # Errors
    ///
    /// The server refused, or there is no connection. While attempts go on by themselves, it waits for them.
    pub async fn connect(&self) -> Result<(), Error> {
        let connects = self.0.state.connects.load(Ordering::Acquire);
        if self.is_connected() {
            return Ok(());
        }
        self.open();
        self.connected(connects, true).await
    }

    /// The same without waiting.
    pub fn open(&self) {
        let state = &self.0.state;
        state.manager.connect(&state.namespace, None);
    }

    /// The same with something else to show to the server than before.
    ///
    /// # Errors
    ///
    /// It is no object.
    pub fn open_with_auth<T: Serialize + ?Sized>(&self, auth: &T) -> Result<(), Error> {
        let state = &self.0.state;
        state
            .manager
            .connect(&state.namespace, Some(Auth::value(auth)?));
        Ok(())
    }

    /// Waits for the end of the first connection after the given number of them. Whether failures end it, or the next attempt
    /// is waited for.
    pub(crate) async fn connected(&self, connects: u64, retry: bool) -> Result<(), Error> {
        let state = &self.0.state;
        let mut status = state.status.subscribe();
        loop {
            if state.connects.load(Ordering::Acquire) > connects {
                return Ok(());
            }
            match status.borrow_and_update().clone() {
                Status::Closed {
                    reason: Closed::New,
                }
                | Status::Connecting => {}
                Status::Connected { .. } => return Ok(()),
                Status::Waiting { .. } if retry => {}
                Status::Waiting { error, .. } => return Err(error),
                Status::Closed { reason } => return Err(reason.into_error()),
            }
            // The sender lives as long as this handle.
            let _ = status.changed().await;
        }
    }

    /// Leaves the namespace; the connection is closed when no other namespace needs it. It is not made again until
    /// [`connect`](Self::connect). What was sent still leaves; what could not leave, because there is no connection, is dropped
    /// if no namespace is left.
    pub fn disconnect(&self) {
        let state = &self.0.state;
        state.manager.disconnect(&state.namespace);
        state.inbox.look_again();
    }

    /// Leaves the namespace and, if it was the last one, waits until everything has left that was sent: to be called before a
    /// program ends.
    pub async fn close(self) {
        self.disconnect();
        let client = self.client().clone();
        let is_last = !self.0.state.manager.lock().is_wanted();
        drop(self);
        if is_last {
            client.closed().await;
        }
    }

    /// How the socket is doing, now and from now on.
    ///
    /// ```no_run
    /// # async fn example(socket: socketio_client::Socket) {
    /// let mut status = socket.status();
    /// while status.changed().await.is_ok() {
    ///     println!("{:?}", *status.borrow_and_update());
    /// }
    /// # }
    /// ```
    pub fn status(&self) -> watch::Receiver<Status> {
        self.0.state.status.subscribe()
    }

    /// Whether the namespace is joined.
    pub fn is_connected(&self) -> bool {
        self.0
            .state
            .manager
            .lock()
            .connection
            .is_connected(&self.0.state.namespace)
    }

    /// What the server calls this socket, while it is connected. Another one after each loss that was not recovered.
    pub fn id(&self) -> Option<SocketId> {
        self.0
            .state
            .manager
            .lock()
            .connection
            .id(&self.0.state.namespace)
            .cloned()
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.0.state.namespace
    }

    /// The connection, and its other namespaces.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

impl Drop for SocketInner {
    fn drop(&mut self) {
        self.state.manager.remove(&self.state);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("namespace", &self.0.state.namespace)
            .field("status", &*self.0.state.status.borrow())
            .finish_non_exhaustive()
    }
}
