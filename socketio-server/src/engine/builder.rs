//! Building an engine.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::{Transport, server};

use super::config::Config;
use super::http::Core;
use super::origin::Origins;
use super::raw::{Engine, Raw};
use super::socket::Socket;

/// What can be chosen for an [`Engine`]. Defaults are those of the reference server where it has the option, except for
/// [`origins`](Self::origins).
#[derive(Clone, Debug)]
#[must_use]
pub struct EngineBuilder {
    path: String,
    trailing_slash: bool,
    origins: Origins,
    sessions: server::Config,
    inbox: usize,
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            path: "/engine.io".into(),
            trailing_slash: true,
            origins: Origins::same(),
            sessions: server::Config::default(),
            inbox: 256,
        }
    }
}

impl EngineBuilder {
    /// Where the engine answers. Default `/engine.io`; everything below it is taken too, as in the reference.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the path is followed by a slash (`addTrailingSlash`). Default true. Clients have to be told if not.
    pub fn trailing_slash(mut self, yes: bool) -> Self {
        self.trailing_slash = yes;
        self
    }

    /// Which web pages may talk to the engine, over every transport. Default: those from the same host.
    ///
    /// The reference lets every page open a WebSocket, whatever its `cors` option says.
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// How long after the last pong the next ping is sent. Default 25 s (`pingInterval`).
    pub fn ping_interval(mut self, value: Duration) -> Self {
        self.sessions.ping_interval(value);
        self
    }

    /// How long a client may be silent after a ping. Default 20 s (`pingTimeout`).
    pub fn ping_timeout(mut self, value: Duration) -> Self {
        self.sessions.ping_timeout(value);
        self
    }

    /// How long a client may take to go over to a new link. Default 10 s (`upgradeTimeout`).
    pub fn upgrade_timeout(mut self, value: Duration) -> Self {
        self.sessions.upgrade_timeout(value);
        self
    }

    /// The largest body and the largest message that a client may send, in bytes, on every transport. Default 1,000,000
    /// (`maxHttpBufferSize`).
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.sessions.max_payload(bytes);
        self
    }

    /// How many bytes and messages one client may be owed. Default 4 MiB and 65,536.
    pub fn buffer_limit(mut self, bytes: usize, messages: usize) -> Self {
        self.sessions.buffer_limit(bytes, messages);
        self
    }

    /// The transports that are offered. Default polling and WebSocket.
    pub fn transports(mut self, value: impl IntoIterator<Item = Transport>) -> Self {
        self.sessions.transports(value);
        self
    }

    /// Whether clients of revision 3 (Socket.IO 2.x) are taken. Default false (`allowEIO3`).
    pub fn revision_3(mut self, yes: bool) -> Self {
        self.sessions.revision_3(yes);
        self
    }

    /// How many messages of a client may wait to be [received](Socket::recv). Default 256; beyond that it is not read from.
    pub fn inbox(mut self, messages: usize) -> Self {
        self.inbox = messages.max(1);
        self
    }

    /// Finishes the engine. `serve` is called for each client, in a task of its own; the session is closed when it returns.
    pub fn serve<F, Fut>(self, serve: F) -> Engine
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut path = self.path.strip_suffix('/').unwrap_or(&self.path).to_owned();
        if self.trailing_slash {
            path.push('/');
        }
        let config = Config::new(path, self.origins, self.sessions, self.inbox);
        let raw = Raw::new(config.inbox, move |socket| Box::pin(serve(socket)));
        Engine::new(Core::new(config, Arc::new(raw)))
    }
}
