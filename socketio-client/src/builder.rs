//! A client that is being described, and how it begins.

mod behaviour;
mod server;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::Transport;
use engineio_proto::client::Config as EngineConfig;
use http::header::HeaderMap;
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
