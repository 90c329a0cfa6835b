//! The methods by which a server is built: one text about each option, for every builder.

/// The methods of a builder with a field `options`: `Options`.
macro_rules! door_options {
    ($builder:ty) => {
        /// Where the server answers, and whom.
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

            /// Which web pages of other origins may talk to the server, over every transport. Default: none, only those
            /// from the same host.
            ///
            /// Refused is refused: with code 4 and before any 101. The reference lets every page open a WebSocket,
            /// whatever its `cors` option says.
            ///
            /// ```
            /// # use socketio_server::engine::{Engine, Origins};
            /// # fn main() {
            /// let builder = Engine::builder().cors("https://example.com");
            /// let builder = Engine::builder().cors(["https://example.com", "https://*.example.com"]);
            /// let builder = Engine::builder().cors(Origins::any());
            /// # }
            /// ```
            pub fn cors(mut self, origins: impl Into<$crate::engine::Origins>) -> Self {
                self.options.origins = origins.into();
                self
            }

            /// The same as [`cors`](Self::cors).
            pub fn origins(self, origins: $crate::engine::Origins) -> Self {
                self.cors(origins)
            }

            /// By which names the server may be asked: `example.com`, `*.example.com`, `localhost:3000`. Without a port any
            /// port will do. Default: by all.
            ///
            /// It is for servers that are reached without a proxy: a page that makes its own name point to your address
            /// (DNS rebinding) is of the same origin, but it cannot change the name. Others are refused with code 4.
            pub fn hosts<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
                self.options.hosts = $crate::door::Hosts::of(names);
                self
            }

            /// Which proxies are believed about who the client is. Default: none.
            pub fn trusted_proxies(mut self, proxies: $crate::engine::Proxies) -> Self {
                self.options.proxies = proxies;
                self
            }

            /// Where the address of the client is found if another listener than that of this crate accepts connections:
            /// in which extension of the request. [`Peer`]($crate::engine::Peer) is found without this.
            ///
            /// With axum: `.peer_address(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0))`.
            pub fn peer_address<F>(mut self, find: F) -> Self
            where
                F: Fn(&::http::Extensions) -> Option<::std::net::SocketAddr>
                    + Send
                    + Sync
                    + 'static,
            {
                self.options.hooks.peer(find);
                self
            }

            /// Keeps something that a layer in front has found out about the first request of a client, such as its user: an
            /// extension of that request, of this type. It is there wherever the handshake is, as
            /// [`extension`]($crate::engine::Handshake::extension).
            ///
            /// Extensions are not kept unless they are named, since they are kept for as long as the client stays.
            pub fn keep_extension<T: Clone + Send + Sync + 'static>(mut self) -> Self {
                self.options.hooks.keep_extension::<T>();
                self
            }

            /// Asks the application whether a client may have a session (`allowRequest`). An error refuses: its words are
            /// told to the client with code 4 and status 403. Default: all may.
            ///
            /// It is called for the first request of a client, whatever its transport, after everything else was
            /// checked, and may take its time. A panic refuses.
            ///
            /// ```
            /// # use socketio_server::engine::Engine;
            /// # fn main() {
            /// let builder = Engine::builder().allow_request(async |request| {
            ///     match request.query("token").as_deref() {
            ///         Some("sesame") => Ok(()),
            ///         _ => Err("who are you?"),
            ///     }
            /// });
            /// # }
            /// ```
            pub fn allow_request<F, Fut, E>(mut self, allow: F) -> Self
            where
                F: Fn(::std::sync::Arc<$crate::engine::Handshake>) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = Result<(), E>> + Send + 'static,
                E: Into<::std::borrow::Cow<'static, str>>,
            {
                self.options.hooks.allow_request(allow);
                self
            }
        }

        /// What clients are answered.
        impl $builder {
            /// The cookie that polling clients get (`cookie`), for load balancers that want one. Default: none.
            pub fn cookie(mut self, cookie: $crate::engine::Cookie) -> Self {
                self.options.cookie = Some(cookie);
                self
            }

            /// A header that every answer has, also the 101 of a WebSocket and refusals.
            pub fn header(mut self, name: ::http::HeaderName, value: ::http::HeaderValue) -> Self {
                self.options.header(name, value);
                self
            }

            /// Sets headers of the first answer to a client (`initial_headers`): that to the first poll, or the 101.
            pub fn initial_headers<F>(mut self, set: F) -> Self
            where
                F: Fn(&mut ::http::HeaderMap, &$crate::engine::Handshake) + Send + Sync + 'static,
            {
                self.options.hooks.initial_headers(set);
                self
            }

            /// Sets headers of every answer (`headers`), also of the 101 and of refusals. It is called when the request
            /// arrives; what it sets replaces what the answer has.
            pub fn headers<F>(mut self, set: F) -> Self
            where
                F: Fn(&mut ::http::HeaderMap, &::http::request::Parts) + Send + Sync + 'static,
            {
                self.options.hooks.headers(set);
                self
            }

            /// From how many bytes on answers of polling are compressed, with gzip or deflate, for clients that take it
            /// (`httpCompression`); `None` for never. Default 1024, as in the reference.
            ///
            /// It costs processor time, and a client that takes it costs the server more than one that does not. A secret and
            /// something that an attacker chooses should not stand in one compressed answer, or its length tells of
            /// the secret.
            pub fn http_compression(mut self, from: impl Into<Option<usize>>) -> Self {
                self.options.compression = from.into();
                self
            }

            /// Serves the bundles of the JavaScript client from this folder (`serveClient`), for pages that load
            /// `/socket.io/socket.io.js`: the folder `client-dist` of the npm package `socket.io`. Default: none are served.
            ///
            /// Only its eight names are served, whatever else the folder has. They are read when they are asked for.
            pub fn client_files(mut self, folder: impl Into<::std::path::PathBuf>) -> Self {
                self.options.client_files(folder.into());
                self
            }

            /// Who answers requests that are not for the server, on the listeners of this crate: any tower service, such as
            /// the router of an application. Default: they are answered 404.
            pub fn fallback<S, B>(mut self, service: S) -> Self
            where
                S: ::tower_service::Service<
                        ::http::Request<::hyper::body::Incoming>,
                        Response = ::http::Response<B>,
                    > + Clone
                    + Send
                    + 'static,
                S::Error: Into<Box<dyn ::std::error::Error + Send + Sync>>,
                S::Future: Send,
                B: ::http_body::Body<Data = ::bytes::Bytes> + Send + 'static,
                B::Error: Into<Box<dyn ::std::error::Error + Send + Sync>>,
            {
                self.options.listening.fallback = Some($crate::door::Fallback::new(service));
                self
            }
        }

        /// How sessions go on.
        impl $builder {
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

        /// What clients may cost.
        impl $builder {
            /// The largest body and the largest message that a client may send, in bytes, on every transport. Default
            /// 1,000,000 (`maxHttpBufferSize`).
            pub fn max_payload(mut self, bytes: usize) -> Self {
                self.options.sessions.max_payload(bytes);
                self
            }

            /// How many bytes and messages one client may be owed. Default 4 MiB and 65,536. A message larger than that
            /// is sent if nothing else waits.
            pub fn buffer_limit(mut self, bytes: usize, messages: usize) -> Self {
                self.options.sessions.buffer_limit(bytes, messages);
                self
            }

            /// What happens when a client is owed more than [`buffer_limit`](Self::buffer_limit). Default
            /// [`OnFull::Disconnect`]($crate::engine::OnFull::Disconnect): a client that takes too little is closed, rather than
            /// that it misses something and does not know.
            pub fn on_full(mut self, policy: $crate::engine::OnFull) -> Self {
                self.options.sessions.on_full(policy);
                self
            }

            /// How many sessions there may be. Default: any number. Clients beyond it are answered 503 and may try again.
            pub fn max_sessions(mut self, number: usize) -> Self {
                self.options.max_sessions = number;
                self
            }

            /// How many sessions may begin per second, over all clients. Default: any number. Clients beyond it are answered 503
            /// and may try again.
            ///
            /// When a server starts again all its clients come back at once. What a handshake costs you is up to your
            /// application.
            pub fn handshake_rate(mut self, per_second: impl Into<Option<u32>>) -> Self {
                self.options.handshake_rate = per_second.into();
                self
            }

            /// How many connections the listeners keep open, those of a WebSocket included. Default: any number, or as many as the
            /// system lets the process have. Others wait to be accepted.
            pub fn max_connections(mut self, number: impl Into<Option<usize>>) -> Self {
                self.options.listening.max_connections = number.into();
                self
            }

            /// How long a client may take for a TLS handshake, and for the head of a request once it has begun; as long a
            /// connection may stay without a request. For the listeners of this crate. Default 15 s.
            pub fn head_timeout(mut self, value: ::std::time::Duration) -> Self {
                self.options.listening.head_timeout = value;
                self
            }

            /// How many bytes and how many headers a request may have before its body, for the listeners of this crate. Default
            /// 16 KiB and 64; not less than 8 KiB. Others are answered 431.
            pub fn head_limit(mut self, bytes: usize, headers: usize) -> Self {
                self.options.listening.max_head = bytes;
                self.options.listening.max_headers = headers;
                self
            }

            /// How long the body of a request may take. Default 60 s.
            ///
            /// A client that takes longer is answered 408, and its session ends.
            pub fn body_timeout(mut self, value: ::std::time::Duration) -> Self {
                self.options.body_timeout = value;
                self
            }

            /// How long a client may take nothing of an answer before its connection is closed, for the listeners of this
            /// crate. Default 60 s. On a WebSocket the heartbeat decides.
            pub fn write_timeout(mut self, value: ::std::time::Duration) -> Self {
                self.options.listening.write_timeout = value;
                self
            }
        }
    };
}

pub(crate) use door_options;
