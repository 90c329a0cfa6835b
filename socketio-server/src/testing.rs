//! A server and its clients in one process: for tests of applications.
//!
//! Clients of a [`TestServer`] go through everything that a client from outside goes through: HTTP, long polling or the WebSocket
//! handshake, both protocols, auth and middlewares. Only the network is left out: each connection is a pipe in memory. So a
//! test needs no port, and with `tokio::time::pause` hours of pings and timeouts pass in a moment.
//!
//! ```
//! use socketio_server::testing::TestServer;
//! use socketio_server::{Ack, Data, Server, Socket};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let io = Server::new();
//! io.of("/").on("echo", async |Data(text): Data<String>| Ack(text));
//! io.of("/").on("say", async |socket: Socket, Data(text): Data<String>| {
//!     socket.broadcast().emit("said", &text)
//! });
//!
//! let server = TestServer::new(&io);
//! let (alice, bob) = (server.client("/").await?, server.client("/").await?);
//! assert_eq!(alice.emit_with_ack::<String>("echo", &"x").await?, "x");
//! alice.emit("say", &"hello")?;
//! assert_eq!(bob.next::<String>("said").await?, "hello");
//! # Ok(())
//! # }
//! ```

mod client;
mod driver;
mod lines;
mod polling;
mod wire;

use std::fmt;
use std::future::IntoFuture;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use engineio_proto::Transport;
use serde::Serialize;
use socketio_proto::{
    AckError, ArgsError, Codec, ConnectError, DisconnectReason, Json, RawValue, Value,
};

pub use self::client::{TestClient, TestEvent};
use self::wire::Opening;
use crate::Server;
use crate::engine::HttpService;

/// A [`Server`] without a network, for as many clients as a test needs.
#[derive(Clone, Debug)]
pub struct TestServer {
    service: HttpService,
    path: String,
}

impl TestServer {
    /// For clients of this server. It may serve others at the same time.
    pub fn new(server: &Server) -> Self {
        Self {
            service: server.service(),
            path: server.path(),
        }
    }

    /// Connects a client and joins a namespace: `server.client("/chat").await`, with
    /// [more to say](Connecting) in between.
    ///
    /// # Panics
    ///
    /// If no namespace can have this name.
    #[track_caller]
    pub fn client(&self, namespace: &str) -> Connecting {
        Connecting {
            opening: Opening {
                service: self.service.clone(),
                path: self.path.clone(),
                query: String::new(),
                headers: Vec::new(),
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
            },
            transports: vec![Transport::WEBSOCKET],
            codec: Arc::new(Json::new()),
            namespace: client::name(namespace),
            auth: None,
        }
    }
}

/// A client that is about to connect. Await it, for a [`TestClient`].
#[must_use = "nothing is done before it is awaited"]
pub struct Connecting {
    opening: Opening,
    transports: Vec<Transport>,
    codec: Arc<dyn Codec>,
    namespace: socketio_proto::Namespace,
    auth: Option<Result<Value, TestError>>,
}

impl Connecting {
    /// What the client shows when it joins the namespace: an object.
    pub fn auth<T: Serialize + ?Sized>(mut self, auth: &T) -> Self {
        let value = Value::from_serialize(auth);
        self.auth = Some(value.map_err(TestError::from));
        self
    }

    /// Chooses the transports, by default WebSocket alone. The first is the one to begin with; a client that begins with long
    /// polling goes over to a WebSocket if that is named too, as browsers do: see [`TestClient::upgraded`].
    ///
    /// ```
    /// # use socketio_server::testing::{TestError, TestServer};
    /// # use socketio_server::{Server, Transport};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TestError> {
    /// # let server = TestServer::new(&Server::new());
    /// let polls = server.client("/").transports([Transport::POLLING]).await?;
    /// assert_eq!(polls.transport(), Transport::POLLING);
    ///
    /// let browser = [Transport::POLLING, Transport::WEBSOCKET];
    /// let goes_over = server.client("/").transports(browser).await?;
    /// assert_eq!(goes_over.upgraded().await, Transport::WEBSOCKET);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If there is none, or one that is neither of the two.
    #[track_caller]
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = transports.into_iter().collect();
        let known = [Transport::POLLING, Transport::WEBSOCKET];
        let all_known = self.transports.iter().all(|each| known.contains(each));
        assert!(
            all_known && !self.transports.is_empty(),
            "{:?} are no transports of the test kit",
            self.transports
        );
        self
    }

    /// Adds a parameter to the query.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.opening.add_query(name, value);
        self
    }

    /// Adds a header to the request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.opening.headers.push((name.into(), value.into()));
        self
    }

    /// Chooses the address from which the client seems to come. Default 127.0.0.1.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.opening.address.set_ip(address.into());
        self
    }

    /// Chooses the codec. Default [`Json`].
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.codec = Arc::new(codec);
        self
    }

    async fn connect(self) -> Result<TestClient, TestError> {
        let auth = match self.auth {
            Some(value) => Some(raw(&value?)?),
            None => None,
        };
        let connection =
            driver::Connection::open(self.opening, &self.transports, self.codec).await?;
        TestClient::join(connection, self.namespace, auth).await
    }
}

fn raw(value: &Value) -> Result<RawValue, TestError> {
    let raw = RawValue::from_value(value);
    raw.map_err(|_| TestError::Encode(socketio_proto::EncodeError::InvalidPayload))
}

impl IntoFuture for Connecting {
    type Output = Result<TestClient, TestError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// What a [`TestClient`] ran into.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The first request was not answered with a session: the status line and what came with it.
    #[error("no connection: {0}")]
    Http(String),
    /// The namespace was refused.
    #[error("refused: {0}")]
    Refused(#[from] ConnectError),
    /// The socket is disconnected.
    #[error("disconnected: {0}")]
    Disconnected(DisconnectReason),
    /// The next event was another one.
    #[error("the event {expected:?} was expected, and {came:?} came")]
    AnotherEvent {
        /// The name that was expected.
        expected: String,
        /// The name that came.
        came: String,
    },
    /// The arguments are of another type.
    #[error(transparent)]
    Arguments(#[from] ArgsError),
    /// The server did not acknowledge.
    #[error(transparent)]
    Ack(#[from] AckError),
    /// What is to be sent cannot be encoded.
    #[error(transparent)]
    Encode(#[from] socketio_proto::EncodeError),
}
