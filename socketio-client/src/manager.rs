//! One connection for many namespaces: what handles, tasks of the application and the driver share.

mod state;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use engineio_proto::client::{Config as EngineConfig, Session};
use engineio_proto::{Time, Transport};
use socketio_proto::client::{Config as ProtocolConfig, Connection, Retry};
use socketio_proto::{AckId, Backoff, Codec, DisconnectReason, Encoded, Namespace, RawValue};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

pub(crate) use self::state::{AckResult, Entry, SocketState, State, Wishes};
use crate::auth::Auth;
use crate::builder::{ErrorHook, HeadersFunction};
use crate::clock::Clock;
use crate::net::http::Http;
use crate::status::{Closed, Lifecycle, Status};
use crate::{EmitError, Error, lock};

/// What was chosen, and does not change.
pub(crate) struct Options {
    pub(crate) engine: EngineConfig,
    pub(crate) transports: Vec<Transport>,
    pub(crate) protocol: Arc<ProtocolConfig>,
    pub(crate) codec: Arc<dyn Codec>,
    /// What the application wants to say in every request, escaped.
    pub(crate) query: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) headers_with: Option<HeadersFunction>,
    pub(crate) connect_timeout: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) reconnect: bool,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) try_all: bool,
    pub(crate) remember_upgrade: bool,
    pub(crate) timestamp_always: bool,
    pub(crate) ack_timeout: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) on_error: ErrorHook,
}

pub(crate) struct Manager {
    pub(crate) options: Options,
    pub(crate) http: Arc<Http>,
    pub(crate) clock: Clock,
    pub(crate) runtime: Handle,
    state: Mutex<State>,
    next_ack: AtomicU64,
    /// Bytes of events that wait for the application.
    pub(crate) backlog: AtomicUsize,
    /// The driver does not read until the application has taken some.
    pub(crate) throttled: AtomicBool,
    /// Whether a session is there, being made, or ending.
    pub(crate) busy: watch::Sender<bool>,
}

impl Manager {
    pub(crate) fn new(options: Options, http: Arc<Http>, runtime: Handle) -> Arc<Self> {
        let clock = Clock::start();
        let connection = fresh(&options, clock.now());
        Arc::new(Self {
            options,
            http,
            clock,
            runtime,
            state: Mutex::new(State {
                connection,
                draining: None,
                is_live: false,
                generation: 0,
                sockets: Vec::new(),
                acks: HashMap::default(),
                wishes: Wishes::default(),
                waker: None,
                dirty: false,
            }),
            next_ack: AtomicU64::new(0),
            backlog: AtomicUsize::new(0),
            throttled: AtomicBool::new(false),
            busy: watch::Sender::new(false),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes something that the driver has to know of, and wakes it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        state.dirty = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    // --- sockets --------------------------------------------------------------------------------------------

    /// The socket of a namespace, if there is one.
    pub(crate) fn find(&self, namespace: &Namespace) -> Option<Arc<SocketState>> {
        let state = self.lock();
        state
            .entry(namespace)
            .map(|entry| Arc::clone(&entry.socket))
    }

    pub(crate) fn add(&self, socket: Arc<SocketState>) {
        let entry = Entry {
            socket,
            auth: Auth::None,
            wanted: false,
            joined: false,
            join_by: None,
        };
        self.lock().sockets.push(entry);
    }

    /// Nobody has a handle of this socket any more.
    pub(crate) fn remove(&self, socket: &Arc<SocketState>) {
        self.disconnect(&socket.namespace);
        let removed = self.change(|state| {
            let at = state
                .sockets
                .iter()
                .position(|entry| Arc::ptr_eq(&entry.socket, socket));
            at.map(|at| state.sockets.swap_remove(at))
        });
        socket.inbox.close();
        socket.listeners.clear();
        drop(removed);
    }

    /// What the application shows from now on.
    pub(crate) fn set_auth(&self, namespace: &Namespace, auth: Auth) {
        if let Some(entry) = self.lock().entry_mut(namespace) {
            entry.auth = auth;
        }
    }

    /// The application wants to be in a namespace.
    pub(crate) fn connect(self: &Arc<Self>, namespace: &Namespace, auth: Option<Auth>) {
        let _ = self
            .busy
            .send_if_modified(|busy| !std::mem::replace(busy, true));
        let asked = self.change(|state| {
            let is_live = state.is_live;
            let join_by = state
                .connection
                .session()
                .is_open()
                .then(|| self.clock.now() + self.options.connect_timeout);
            let entry = state.entry_mut(namespace)?;
            if let Some(auth) = auth {
                entry.auth = auth;
            }
            if std::mem::replace(&mut entry.wanted, true) {
                state.wishes.hurry = true;
                return None;
            }
            let socket = Arc::clone(&entry.socket);
            socket.set_status(Status::Connecting);
            if is_live {
                entry.joined = false;
                entry.join_by = join_by;
                return Some(socket);
            }
            // The driver begins a session, or waits with one; there is no need to wait.
            state.wishes.hurry = true;
            None
        });
        if let Some(socket) = asked {
            self.ask(&socket);
        }
    }

    /// Asks the server for a namespace, with what the application shows. Asks the application first, if it wants that.
    pub(crate) fn ask(self: &Arc<Self>, socket: &Arc<SocketState>) {
        let (auth, generation) = {
            let state = self.lock();
            let Some(entry) = state.entry(&socket.namespace) else {
                return;
            };
            (entry.auth.clone(), state.generation)
        };
        match auth {
            Auth::None => self.show(socket, None, generation),
            Auth::Value(value) => self.show(socket, Some(value), generation),
            Auth::Function(function) => {
                let manager = Arc::downgrade(self);
                let socket = Arc::downgrade(socket);
                let mut backoff = self.options.backoff.clone();
                self.runtime.spawn(async move {
                    loop {
                        let asked = function().await;
                        let (Some(manager), Some(socket)) = (manager.upgrade(), socket.upgrade()) else {
                            return;
                        };
                        match asked {
                            Ok(value) => return manager.show(&socket, value, generation),
                            Err(error) if manager.lock().is_asked(&socket, generation) => {
                                tracing::warn!(namespace = socket.namespace.as_str(), %error, "cannot authenticate");
                                socket.tell(Lifecycle::ConnectError(error.clone()));
                                let next = backoff.next_delay(crate::random::bits());
                                socket.set_status(Status::Waiting { attempt: backoff.attempts(), next, error });
                                drop((manager, socket));
                                tokio::time::sleep(next).await;
                            }
                            Err(_) => return,
                        }
                    }
                });
            }
        }
    }

    fn show(&self, socket: &Arc<SocketState>, value: Option<RawValue>, generation: u64) {
        let refused = self.change(|state| {
            if !state.is_asked(socket, generation) {
                return None;
            }
            let error = state.connection.connect(&socket.namespace, value).err()?;
            if let Some(entry) = state.entry_mut(&socket.namespace) {
                entry.wanted = false;
            }
            Some(Error::Auth(error.to_string()))
        });
        if let Some(error) = refused {
            socket.tell(Lifecycle::ConnectError(error.clone()));
            socket.set_status(Status::Closed {
                reason: Closed::Failed(error),
            });
        }
    }

    /// The application leaves a namespace.
    pub(crate) fn disconnect(&self, namespace: &Namespace) {
        self.change(|state| {
            let Some(entry) = state.entry_mut(namespace) else {
                return;
            };
            if !std::mem::replace(&mut entry.wanted, false) {
                return;
            }
            entry.join_by = None;
            let socket = Arc::clone(&entry.socket);
            if state.is_live {
                state.connection.disconnect(namespace);
            }
            socket.set_status(Status::Closed {
                reason: Closed::Disconnected(DisconnectReason::IoClientDisconnect),
            });
        });
    }

    // --- sending --------------------------------------------------------------------------------------------

    pub(crate) fn new_ack(&self) -> AckId {
        AckId(self.next_ack.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn send(&self, namespace: &Namespace, packet: &Encoded) -> Result<(), EmitError> {
        Ok(self.change(|state| state.connection.send(namespace, packet))?)
    }

    pub(crate) fn send_volatile(
        &self,
        namespace: &Namespace,
        packet: &Encoded,
    ) -> Result<(), EmitError> {
        if self.change(|state| state.connection.send_volatile(namespace, packet)) {
            Ok(())
        } else {
            Err(EmitError::Dropped)
        }
    }

    pub(crate) fn send_with_ack(
        &self,
        namespace: &Namespace,
        packet: &Encoded,
        id: AckId,
    ) -> Result<oneshot::Receiver<AckResult>, EmitError> {
        let (answer, answered) = oneshot::channel();
        self.change(|state| {
            state
                .connection
                .send_with_ack(namespace, packet, id, None)?;
            state.acks.insert(id, answer);
            Ok(answered)
        })
    }

    /// `answer` is `None` for an event that is only to arrive.
    pub(crate) fn send_retried(
        &self,
        namespace: &Namespace,
        event: Retry,
        answer: Option<oneshot::Sender<AckResult>>,
    ) -> Result<(), EmitError> {
        let now = self.clock.now();
        let id = event.id;
        self.change(|state| {
            state.connection.send_retried(namespace, event, now)?;
            if let Some(answer) = answer {
                state.acks.insert(id, answer);
            }
            Ok(())
        })
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget_ack(&self, namespace: &Namespace, id: AckId) {
        let answer = self.change(|state| {
            state.connection.forget_ack(namespace, id);
            state.acks.remove(&id)
        });
        drop(answer);
    }

    // --- the driver -----------------------------------------------------------------------------------------

    /// The driver is about to sleep. False if there is something to look at first.
    pub(crate) fn driver_sleeps(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        if std::mem::take(&mut state.dirty) {
            return false;
        }
        state.waker = Some(waker.clone());
        true
    }

    /// The application has taken events from its inboxes.
    pub(crate) fn taken(&self, bytes: usize) {
        let before = self.backlog.fetch_sub(bytes, Ordering::AcqRel);
        if before.saturating_sub(bytes) < SOFT_BACKLOG
            && self.throttled.swap(false, Ordering::AcqRel)
        {
            self.change(|_| ());
        }
    }
}

/// Bytes of events beyond which no more is read, unless an acknowledgement is awaited: then whoever takes the events may wait
/// for just that.
pub(crate) const SOFT_BACKLOG: usize = 1 << 20;
/// Bytes of events beyond which the connection is given up.
pub(crate) const HARD_BACKLOG: usize = 16 << 20;

/// A connection that has not begun, in which what is sent waits.
pub(crate) fn fresh(options: &Options, now: Time) -> Connection {
    let session = Session::new(Arc::new(options.engine.clone()), now);
    Connection::new(session, Arc::clone(&options.protocol), now)
}

/// Whoever holds something of it can see that it is gone.
impl Drop for Manager {
    fn drop(&mut self) {
        tracing::trace!("a client is gone");
    }
}
