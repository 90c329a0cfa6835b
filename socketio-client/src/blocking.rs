//! For programs without a runtime: the same client with calls that block.
//!
//! ```no_run
//! use std::time::Duration;
//! use socketio_client::Client;
//!
//! let socket = Client::builder("http://localhost:3000").connect_blocking()?;
//! socket.emit("hello", "world")?;
//! let sum: u32 = socket.call("add", (1, 2), Duration::from_secs(5))?;
//! while let Some(event) = socket.recv() {
//!     println!("{} {:?}", event.name(), event.args());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A thread in the background owns the connection. Events are taken by [`Socket::recv`], in as many threads as you like; a handler
//! that is registered with the [`Builder`] runs on the thread of the connection, and must not block it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::{AckError, Builder, EmitError, Error, Event};

/// One namespace of one connection. A handle: cheap to clone, and usable from any thread.
///
/// None of its methods may be called from asynchronous code; there, use [`inner`](Self::inner).
#[derive(Clone, Debug)]
#[must_use = "when its last handle is dropped, the connection is closed"]
pub struct Socket {
    // Dropped first, so that the runtime is there while the namespace is left.
    socket: crate::Socket,
    background: Arc<Background>,
}

/// The runtime, which ends with the last handle.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting here would block whoever drops; who wants to wait calls `close`.
            runtime.shutdown_background();
        }
    }
}

impl Builder {
    /// Connects, joins the namespace, and blocks until the server has agreed. For programs without a runtime.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect); or no thread could be started.
    pub fn connect_blocking(self) -> Result<Socket, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("socketio-client")
            .enable_all()
            .build()
            .map_err(|error| Error::Config(format!("no thread for the connection: {error}")))?;
        let socket = runtime.block_on(self.connect())?;
        let background = Arc::new(Background(Some(runtime)));
        Ok(Socket { socket, background })
    }
}

impl Socket {
    /// Sends an event; see [`crate::Socket::emit`]. It does not block.
    ///
    /// # Errors
    ///
    /// It cannot be encoded, or too much is waiting already.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: T) -> Result<(), EmitError> {
        self.socket.emit(event, arguments)
    }

    /// Sends an event and waits for the answer.
    ///
    /// # Errors
    ///
    /// There is no answer in time, or none that is an `R`.
    pub fn call<R: DeserializeOwned>(
        &self,
        event: &str,
        arguments: impl Serialize,
        timeout: Duration,
    ) -> Result<R, AckError> {
        self.wait(async {
            self.socket
                .emit_with_ack(event, arguments)
                .timeout(timeout)
                .await
        })
        .unwrap_or(Err(AckError::Closed))
    }

    /// Waits for the next event that no handler took; see [`crate::Socket::recv`]. `None` when the socket is closed.
    pub fn recv(&self) -> Option<Event> {
        self.wait(self.socket.recv()).flatten()
    }

    /// The same, but not for longer than this. `None` also if nothing came in time.
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Event> {
        self.wait(async {
            tokio::time::timeout(timeout, self.socket.recv())
                .await
                .ok()
                .flatten()
        })
        .flatten()
    }

    /// Another namespace on the same connection.
    ///
    /// # Errors
    ///
    /// The server refused it.
    pub fn of(&self, namespace: &str) -> Result<Self, Error> {
        let joined = self.wait(self.socket.client().of(namespace).connect());
        Ok(Self {
            socket: joined.ok_or_else(|| Error::Config("there is no runtime".into()))??,
            background: Arc::clone(&self.background),
        })
    }

    /// Leaves the namespace and, if it was the last one, waits until everything has left that was sent.
    pub fn close(self) {
        let Self { socket, background } = self;
        if let Some(runtime) = &background.0 {
            runtime.block_on(socket.close());
        }
    }

    /// The socket that this wraps, for everything else it can do.
    pub fn inner(&self) -> &crate::Socket {
        &self.socket
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.background
            .0
            .as_ref()
            .map(|runtime| runtime.block_on(future))
    }
}
