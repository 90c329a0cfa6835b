//! What can be chosen for a client.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::client::Config as EngineConfig;
use engineio_proto::{Revision, Transport};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use socketio_proto::client::Config as ProtocolConfig;
use socketio_proto::{Backoff, Codec, Json, Namespace};

use crate::client::{Client, Setup, setup_methods};
use crate::incoming::Incoming;
use crate::manager::{Manager, Options};
use crate::net::dial::Route;
use crate::net::http::Http;
use crate::net::proxy::Proxy;
#[cfg(feature = "tls")]
use crate::net::tls::TlsOptions;
use crate::socket::Socket;
use crate::url::{ServerUrl, push_query};
use crate::{Error, HandlerError};

pub(crate) type ErrorHook = Arc<dyn Fn(&Incoming, &HandlerError) + Send + Sync>;
pub(crate) type HeadersFunction =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<HeaderMap, String>> + Send>> + Send + Sync>;

/// A client that is being described: [`Client::builder`].
///
/// Every option has a default, which is the JavaScript client's unless it says otherwise. What is wrong with one is said by
/// [`connect`](Self::connect) and [`open`](Self::open).
#[must_use = "nothing happens until `connect` or `open`"]
pub struct Builder {
    url: Result<ServerUrl, Error>,
    namespace: Option<Result<Namespace, Error>>,
    path: String,
    engine: EngineConfig,
    transports: Vec<Transport>,
    protocol: ProtocolConfig,
    codec: Arc<dyn Codec>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    headers_with: Option<HeadersFunction>,
    protocols: Vec<String>,
    proxy: Option<Proxy>,
    #[cfg(feature = "tls")]
    tls: TlsOptions,
    connect_timeout: Duration,
    backoff: Backoff,
    reconnect: bool,
    max_attempts: Option<u32>,
    retry_first: bool,
    try_all: bool,
    remember_upgrade: bool,
    timestamp_always: bool,
    max_payload: usize,
    ack_timeout: Option<Duration>,
    retries: u32,
    on_error: ErrorHook,
    wrong: Option<Error>,
    setup: Setup,
}

impl Builder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: ServerUrl::parse(url),
            namespace: None,
            path: "/socket.io/".into(),
            engine: EngineConfig::default(),
            transports: vec![Transport::POLLING, Transport::WEBSOCKET],
            protocol: ProtocolConfig::default(),
            codec: Arc::new(Json::new()),
            query: Vec::new(),
            headers: HeaderMap::new(),
            headers_with: None,
            protocols: Vec::new(),
            proxy: None,
            #[cfg(feature = "tls")]
            tls: TlsOptions::default(),
            connect_timeout: Duration::from_secs(20),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(5)),
            reconnect: true,
            max_attempts: None,
            retry_first: false,
            try_all: false,
            remember_upgrade: false,
            timestamp_always: false,
            max_payload: 16 << 20,
            ack_timeout: None,
            retries: 0,
            on_error: Arc::new(report),
            wrong: None,
            setup: Setup::default(),
        }
    }

    // --- where the server is --------------------------------------------------------------------------------

    /// Where the server listens for Socket.IO. Default `/socket.io/`; a slash at the end is added.
    pub fn path(mut self, path: &str) -> Self {
        let slash = |yes: bool| if yes { "" } else { "/" };
        self.path = [
            slash(path.starts_with('/')),
            path,
            slash(path.ends_with('/')),
        ]
        .concat();
        self
    }

    /// The namespace to join, instead of the path of the URL.
    pub fn namespace(mut self, namespace: &str) -> Self {
        let parsed = Namespace::new(namespace);
        self.namespace =
            Some(parsed.map_err(|error| Error::Config(format!("{namespace:?}: {error}"))));
        self
    }

    /// Goes into the query of every request, beside what the URL has. The server sees it in the handshake.
    pub fn query(mut self, key: &str, value: &str) -> Self {
        self.query.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A header of every request, polling and WebSocket. It goes over those that the client sets itself.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = (HeaderName::try_from(name), HeaderValue::try_from(value));
        match parsed {
            (Ok(name), Ok(value)) => drop(self.headers.append(name, value)),
            _ => {
                self.wrong = Some(Error::Config(format!(
                    "{name:?} cannot be a header with that value"
                )))
            }
        }
        self
    }

    /// Headers from a function that is asked at every attempt to connect. They go over those that were
    /// [set](Self::header).
    pub fn headers_with<F, Fut, E>(mut self, function: F) -> Self
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<HeaderMap, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.headers_with = Some(Arc::new(move || {
            let asked = (function.clone())();
            Box::pin(async move { asked.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// A proxy: `http://[user:password@]host[:port]`, which is asked to connect us (CONNECT), or `socks5://…`. It resolves
    /// the name of the server. Default none; variables of the environment are not looked at.
    pub fn proxy(mut self, url: &str) -> Self {
        match Proxy::parse(url) {
            Ok(proxy) => self.proxy = Some(proxy),
            Err(error) => self.wrong = Some(error),
        }
        self
    }

    // --- how to talk to it ----------------------------------------------------------------------------------

    /// The transports that may be used. The first one connects; to the others the connection upgrades, if it began with
    /// polling and the server offers them. Default polling, then WebSocket; `[Transport::WEBSOCKET]` skips polling.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = transports.into_iter().collect();
        if self.transports.is_empty() {
            self.wrong = Some(Error::Config("there has to be a transport".into()));
        }
        if self
            .transports
            .iter()
            .any(|transport| ![Transport::POLLING, Transport::WEBSOCKET].contains(transport))
        {
            self.wrong = Some(Error::Config(
                "the transports are polling and websocket".into(),
            ));
        }
        self
    }

    /// Whether to upgrade at all. Default true.
    pub fn upgrade(mut self, yes: bool) -> Self {
        self.engine.upgrade(yes);
        self
    }

    /// Whether the next transport is tried at once where one does not connect. Default false.
    pub fn try_all_transports(mut self, yes: bool) -> Self {
        self.try_all = yes;
        self
    }

    /// Whether to begin with WebSocket if the last connection got that far. Default false.
    pub fn remember_upgrade(mut self, yes: bool) -> Self {
        self.remember_upgrade = yes;
        self
    }

    /// The revision of Engine.IO. Default 4; 3 for servers of Socket.IO 2.x.
    pub fn revision(mut self, revision: Revision) -> Self {
        self.engine.revision(revision);
        self
    }

    /// How packets travel. Default JSON; the server has to use the same.
    pub fn codec(mut self, codec: impl Codec + Clone) -> Self {
        self.protocol.codec(codec.clone());
        self.codec = Arc::new(codec);
        self
    }

    /// Whether to ask for base64 instead of binary, for proxies that break binary frames. Default false.
    pub fn force_base64(mut self, yes: bool) -> Self {
        self.engine.base64(yes);
        self
    }

    /// Whether also the WebSocket is asked for with a query that no cache has seen. Default false; for polling it is always so.
    pub fn timestamp_requests(mut self, yes: bool) -> Self {
        self.timestamp_always = yes;
        self
    }

    /// Sub-protocols to offer with a WebSocket. Default none.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = String>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    // --- limits ---------------------------------------------------------------------------------------------

    /// How long it may take until the connection is open, and again until the server has answered for a namespace. Default
    /// 20 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.engine.connect_timeout(timeout);
        self.connect_timeout = timeout;
        self
    }

    /// How long trying WebSocket may take, while polling goes on. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.engine.upgrade_timeout(timeout);
        self
    }

    /// How long a close may wait until everything has left. Default 5 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.engine.close_timeout(timeout);
        self
    }

    /// How many bytes the server may send in one message. Default 16 MiB.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.engine.max_payload(bytes);
        self.max_payload = bytes;
        self
    }

    /// How many packets one `POST` of polling may hold. Default 16, which is what python-socketio and Flask-SocketIO take: of
    /// a body with more they drop everything and say nothing. Servers of other kinds take a burst in fewer requests if there
    /// may be more.
    pub fn post_limit(mut self, packets: usize) -> Self {
        self.engine.post_limit(packets);
        self
    }

    /// How many bytes and events may wait to be sent: in one namespace while there is no connection, and in the connection.
    /// Default 4 MiB and 65,536; beyond it [`emit`](Socket::emit) says that it is full. The JavaScript client keeps everything.
    pub fn send_buffer(mut self, bytes: usize, events: usize) -> Self {
        self.engine.buffer_limit(bytes, events);
        self.protocol.buffer_limit(bytes, events);
        self
    }

    // --- connecting again -----------------------------------------------------------------------------------

    /// Whether a lost connection is made again by itself. Default true.
    pub fn reconnect(mut self, yes: bool) -> Self {
        self.reconnect = yes;
        self
    }

    /// How long to wait before each attempt. Default one to five seconds, with full jitter: anything between nothing and a
    /// delay that doubles. [`Backoff::reference`] is what the JavaScript client does.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// After how many attempts to give up. Default never.
    pub fn max_reconnect_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Whether [`connect`](Self::connect) waits for further attempts if the first one fails. Default false: it says why.
    pub fn retry_first(mut self, yes: bool) -> Self {
        self.retry_first = yes;
        self
    }

    // --- sending --------------------------------------------------------------------------------------------

    /// How long answers are waited for, where nothing else is said. Default until the socket is disconnected.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = Some(timeout);
        self
    }

    /// Sends every event until it is acknowledged: see [`Emitter::retries`](crate::Emitter::retries). Default zero, which is never.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    // --- TLS ------------------------------------------------------------------------------------------------

    /// Trusts these certificates (PEM), and none of the system.
    #[cfg(feature = "tls")]
    pub fn root_certificates(mut self, pem: &[u8]) -> Self {
        if let Err(error) = self.tls.add_roots(pem) {
            self.wrong = Some(error);
        }
        self
    }

    /// Shows this certificate to servers that ask for one: a chain and its private key (PEM).
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Self {
        if let Err(error) = self.tls.set_identity(chain, key) {
            self.wrong = Some(error);
        }
        self
    }

    /// Uses this configuration of rustls as it is.
    #[cfg(feature = "tls")]
    pub fn tls_config(mut self, config: Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Believes every certificate: whoever is on the way to the server can read and change everything. For tests.
    #[cfg(feature = "tls")]
    pub fn danger_accept_any_certificate(mut self) -> Self {
        self.tls.accept_any = true;
        self
    }

    // --- handlers -------------------------------------------------------------------------------------------

    setup_methods!();

    /// Called when a handler fails: it returned an error or panicked, the event did not fit, or its answer could not be sent.
    /// Default a warning by `tracing`. To answer nevertheless, use [`Incoming::event`].
    pub fn on_error(
        mut self,
        hook: impl Fn(&Incoming, &HandlerError) + Send + Sync + 'static,
    ) -> Self {
        self.on_error = Arc::new(hook);
        self
    }

    // --- the end --------------------------------------------------------------------------------------------

    /// Connects, joins the namespace, and waits until the server has agreed.
    ///
    /// # Errors
    ///
    /// The server refused, with what it said; or could not be reached, with the host and the cause; or an option is wrong.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn connect(self) -> Result<Socket, Error> {
        let retry = self.retry_first;
        let socket = self.open()?;
        socket.connected(0, retry).await?;
        Ok(socket)
    }

    /// Begins to connect, and does not wait. Whatever fails is tried again; what is sent meanwhile leaves when the server has
    /// agreed. [`Socket::status`] and [`on_connect_error`](Self::on_connect_error) tell how it goes.
    ///
    /// # Errors
    ///
    /// An option is wrong.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn open(self) -> Result<Socket, Error> {
        let socket = self.idle()?;
        socket.open();
        Ok(socket)
    }

    /// Makes the socket, and does not connect until [`Socket::connect`] or [`Socket::open`].
    ///
    /// # Errors
    ///
    /// An option is wrong.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn idle(mut self) -> Result<Socket, Error> {
        let url = self.url?;
        if let Some(error) = self.wrong {
            return Err(error);
        }
        let namespace = match self.namespace {
            Some(namespace) => namespace?,
            None => url.namespace.clone(),
        };
        let mut query = url.query.clone();
        for (key, value) in &self.query {
            push_query(&mut query, key, value);
        }
        #[cfg(not(feature = "tls"))]
        if url.secure {
            return Err(Error::Config("https and wss need the feature `tls`".into()));
        }
        let route = Route {
            #[cfg(feature = "tls")]
            tls: if url.secure {
                Some(self.tls.build()?)
            } else {
                None
            },
            url,
            proxy: self.proxy,
        };
        self.engine.transports(self.transports.clone());
        let http = Http::new(route, self.path, self.max_payload, self.protocols);
        let options = Options {
            engine: self.engine,
            transports: self.transports,
            protocol: Arc::new(self.protocol),
            codec: self.codec,
            query,
            headers: self.headers,
            headers_with: self.headers_with,
            connect_timeout: self.connect_timeout,
            backoff: self.backoff,
            reconnect: self.reconnect,
            max_attempts: self.max_attempts,
            try_all: self.try_all,
            remember_upgrade: self.remember_upgrade,
            timestamp_always: self.timestamp_always,
            ack_timeout: self.ack_timeout,
            retries: self.retries,
            on_error: self.on_error,
        };
        let runtime = tokio::runtime::Handle::current();
        let client = Client::new(Manager::new(options, Arc::new(http), runtime));
        self.setup.make(&client, &namespace)
    }
}

/// What happens to errors of handlers if nothing else was said: never silence.
fn report(incoming: &Incoming, error: &HandlerError) {
    let event = incoming.event().map_or("", |event| event.name());
    let namespace = incoming.socket().namespace().as_str();
    tracing::warn!(namespace, event, %error, "a handler failed");
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
