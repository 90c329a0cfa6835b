//! What can be chosen for a server, whatever it speaks over its sessions: one set of options, and one text about each.

use engineio_proto::server;

use super::origin::Origins;

/// What a server was built with. A builder has one of these in its field `options` and gets its methods from
/// [`door_options`].
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) path: String,
    pub(crate) trailing_slash: bool,
    pub(crate) origins: Origins,
    pub(crate) sessions: server::Config,
}

impl Options {
    /// The defaults, for a server that answers at `path`.
    pub(crate) fn new(path: &str) -> Self {
        Self {
            path: path.into(),
            trailing_slash: true,
            origins: Origins::same(),
            sessions: server::Config::default(),
        }
    }

    /// What the path of a request begins with if the request is for the server.
    pub(crate) fn prefix(&self) -> String {
        let mut prefix = self.path.strip_suffix('/').unwrap_or(&self.path).to_owned();
        if self.trailing_slash {
            prefix.push('/');
        }
        prefix
    }
}

/// The methods of a builder with a field `options`: [`Options`].
macro_rules! door_options {
    ($builder:ty) => {
        /// How clients reach the server.
        impl $builder {
            /// Where the server answers. Default `/engine.io` without Socket.IO, `/socket.io` with it. Everything below it is
            /// taken too, as in the reference.
            pub fn path(mut self, path: impl Into<String>) -> Self {
                self.options.path = path.into();
                self
            }

            /// Whether the path is followed by a slash (`addTrailingSlash`). Default true. Clients have to be told if not.
            pub fn trailing_slash(mut self, yes: bool) -> Self {
                self.options.trailing_slash = yes;
                self
            }

            /// Which web pages may talk to the server, over every transport. Default: those from the same host.
            ///
            /// The reference lets every page open a WebSocket, whatever its `cors` option says.
            pub fn origins(mut self, origins: $crate::engine::Origins) -> Self {
                self.options.origins = origins;
                self
            }

            /// How long after the last pong the next ping is sent. Default 25 s (`pingInterval`).
            ///
            /// Each ping costs a write and a wake-up on both sides; many proxies close a connection that was silent for 60 s.
            pub fn ping_interval(mut self, value: ::std::time::Duration) -> Self {
                self.options.sessions.ping_interval(value);
                self
            }

            /// How long a client may be silent after a ping. Default 20 s (`pingTimeout`).
            ///
            /// A client that vanished without a word is noticed after at most interval and timeout together, and what it is
            /// owed stays in memory until then. It is also how long a close waits for a polling client to fetch it.
            pub fn ping_timeout(mut self, value: ::std::time::Duration) -> Self {
                self.options.sessions.ping_timeout(value);
                self
            }

            /// How long a client may take to go over to a new link. Default 10 s (`upgradeTimeout`).
            pub fn upgrade_timeout(mut self, value: ::std::time::Duration) -> Self {
                self.options.sessions.upgrade_timeout(value);
                self
            }

            /// The largest body and the largest message that a client may send, in bytes, on every transport. Default
            /// 1,000,000 (`maxHttpBufferSize`).
            pub fn max_payload(mut self, bytes: usize) -> Self {
                self.options.sessions.max_payload(bytes);
                self
            }

            /// How many bytes and messages one client may be owed. Default 4 MiB and 65,536.
            pub fn buffer_limit(mut self, bytes: usize, messages: usize) -> Self {
                self.options.sessions.buffer_limit(bytes, messages);
                self
            }

            /// The transports that are offered. Default polling and WebSocket (`transports`).
            pub fn transports(
                mut self,
                value: impl IntoIterator<Item = $crate::engine::Transport>,
            ) -> Self {
                self.options.sessions.transports(value);
                self
            }

            /// Whether clients that poll are told that they may go over to a WebSocket. Default true (`allowUpgrades`).
            ///
            /// As in the reference, a client that does it unasked is let.
            pub fn upgrades(mut self, yes: bool) -> Self {
                self.options.sessions.upgrades(yes);
                self
            }

            /// Whether clients of revision 3 (Socket.IO 2.x) are taken. Default false (`allowEIO3`).
            pub fn revision_3(mut self, yes: bool) -> Self {
                self.options.sessions.revision_3(yes);
                self
            }
        }
    };
}

/// The methods of a handle with a field `core`: `Arc<Core<_>>`.
macro_rules! door_handle {
    ($handle:ty) => {
        /// How requests reach the server.
        impl $handle {
            /// Listens, until the server is closed. What is not for the server is answered 404.
            ///
            /// # Errors
            ///
            /// The address cannot be listened on.
            pub async fn listen(
                &self,
                address: impl ::tokio::net::ToSocketAddrs,
            ) -> ::std::io::Result<()> {
                let listener = $crate::door::bind(address).await?;
                self.serve(listener).await
            }

            /// The same with a listener that is open already, whose address can be asked for.
            ///
            /// # Errors
            ///
            /// The listener failed for good.
            pub async fn serve(
                &self,
                listener: ::tokio::net::TcpListener,
            ) -> ::std::io::Result<()> {
                $crate::door::accept(listener, self.service()).await
            }

            /// The server as a [`tower_service::Service`] and [`hyper::service::Service`]. Requests for other paths are
            /// answered 404.
            pub fn service(&self) -> $crate::engine::HttpService {
                $crate::engine::HttpService::new(::std::sync::Arc::clone(&self.core) as _)
            }

            /// The server as a [`tower_layer::Layer`], in front of an application: requests for other paths go to the service
            /// below it.
            pub fn layer(&self) -> $crate::engine::HttpLayer {
                self.service().layer()
            }
        }
    };
}

pub(crate) use {door_handle, door_options};
