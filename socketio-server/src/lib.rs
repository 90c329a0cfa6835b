//! A Socket.IO server: named events, rooms and acknowledgements with the JavaScript clients that people already have, 2.x to
//! today, over long polling and WebSocket.
//!
//! A [`Server`] has [`Namespace`]s, where handlers are registered; a client in a namespace is a [`Socket`]. Handlers are `async`
//! functions or closures that take what they need of an event, and what they return is the acknowledgement.
//!
//! # A chat
//!
//! ```no_run
//! use socketio_server::{Ack, Data, DisconnectReason, EmitError, Server, Socket};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = Server::builder().cors("https://example.com").build();
//!
//!     io.on_connect(async |socket: Socket| socket.join("lobby"));
//!     io.on("message", async |socket: Socket, Data(text): Data<String>| {
//!         socket.to("lobby").emit("message", &(socket.id(), text))?; // a tuple is several arguments
//!         Ok::<_, EmitError>(Ack("delivered"))
//!     });
//!     io.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
//!         println!("{} left: {reason}", socket.id());
//!     });
//!
//!     io.listen("127.0.0.1:3000").await
//! }
//! ```
//!
//! # Who may come in, and what is kept with them
//!
//! What [`auth`](Namespace::auth) returns is the data of the socket; a refusal reaches the client with its words and data.
//! Nothing of a client is visible to anybody before.
//!
//! ```no_run
//! use serde::Deserialize;
//! use socketio_server::{Ack, ConnectError, Data, Handshake, Server, Socket, State};
//!
//! # #[derive(Clone)]
//! # struct Db;
//! # impl Db {
//! #     async fn user(&self, token: &str) -> Option<User> { (token == "right").then_some(User { id: 1 }) }
//! #     async fn rename(&self, _: u64, _: &str) -> Result<(), std::fmt::Error> { Ok(()) }
//! # }
//! struct User {
//!     id: u64,
//! }
//!
//! #[derive(Deserialize)]
//! struct Login {
//!     token: String,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! let io = Server::builder().state(Db).build();
//!
//! let account = io.of("/account").auth(async |handshake: Handshake, State(db): State<Db>| {
//!     let login: Login = handshake.auth()?;
//!     db.user(&login.token).await.ok_or_else(|| ConnectError::new("bad token").with_data(401))
//! });
//! account.on(
//!     "rename",
//!     async |socket: Socket<User>, Data(name): Data<String>, State(db): State<Db>| {
//!         db.rename(socket.data().id, &name).await?; // an error goes to `Server::on_error`
//!         Ok::<_, std::fmt::Error>(Ack("renamed"))
//!     },
//! );
//!
//! io.listen("127.0.0.1:3000").await
//! # }
//! ```
//!
//! # Asking clients, from anywhere
//!
//! Handles can be kept and cloned and used from any task or thread. An acknowledgement is a future with an end; those of many
//! are a stream.
//!
//! ```no_run
//! use std::time::Duration;
//! use socketio_server::{AckError, Server, Socket};
//!
//! async fn ask_one(socket: &Socket) -> Result<String, AckError> {
//!     socket.emit_with_ack("what is your name?", &()).timeout(Duration::from_secs(5)).await
//! }
//!
//! async fn vote(io: &Server) -> (usize, usize) {
//!     let mut answers = io.to("voters").emit_with_ack::<bool>("agreed?", &());
//!     let (mut yes, mut no) = (0, 0);
//!     while let Some((_, answer)) = answers.next().await {
//!         match answer {
//!             Ok(true) => yes += 1,
//!             Ok(false) => no += 1,
//!             Err(error) => println!("no vote: {error}"),
//!         }
//!     }
//!     (yes, no)
//! }
//! ```
//!
//! # Where to look
//!
//! | to | start at |
//! |---|---|
//! | know what handlers take and return | [`handler`] |
//! | send to one, to rooms, to everybody | [`Socket::emit`], [`Socket::to`], [`Namespace::to`], [`Target`] |
//! | see every event, in or out, or wrap its handlers | [`Namespace::on_any`], [`Namespace::on_any_outgoing`], [`Namespace::use_event`] |
//! | have namespaces come into being as clients ask for them | [`Server::of_pattern`], [`Server::of_matching`] |
//! | hear of what fails | [`Server::on_error`] |
//! | serve it with axum or hyper, or pages beside it | [`Server::layer`], [`Server::service`], [`ServerBuilder::fallback`] |
//! | go down without losing what was said | [`Server::shutdown`] |
//! | carry raw messages without Socket.IO | [`engine`] |
//!
//! # What is promised
//!
//! While a connection lasts, events arrive in the order in which they were sent, each once, over whatever transport and across
//! an upgrade; what a client cannot be given ends its connection, with a reason. Its events *start* in the order in which they came,
//! and handlers that wait run side by side, unless the namespace is [sequential](Namespace::sequential). A handler that fails or
//! panics harms nobody else. When a connection ends, everything that waits for it is told.
//!
//! # Features
//!
//! - `msgpack`: the codec `MessagePack`, compatible with `socket.io-msgpack-parser`.
//! - `metrics`: counters through the facade of the crate `metrics`.
//! - `tls`: listening with TLS.

pub mod engine;
pub mod event;
pub mod handler;

mod ack;
mod admission;
mod attributes;
mod backlog;
mod dispatch;
mod door;
mod error;
mod handshake;
mod hooks;
mod listeners;
mod member;
mod meter;
mod namespace;
mod pace;
mod remote;
mod room;
mod run;
mod server;
mod socket;
mod target;
#[cfg(feature = "testing")]
pub mod testing;
mod wrap;

pub use ack::{AckFuture, AckStream, Answer};
pub use attributes::Attributes;
#[cfg(feature = "tls")]
pub use door::Tls;
pub use door::{Cookie, HttpLayer, HttpService, Origins, Peer, Proxies, SameSite};
pub use error::{AckError, EmitError, Error};
pub use event::{AckSender, Event};
pub use handler::{FromEvent, Outcome, State};
pub use handshake::Handshake;
pub use hooks::{Failure, FailureKind, Outgoing};
pub use listeners::Listener;
pub use namespace::{InvalidPattern, Namespace, Params};
pub use remote::{FetchError, Incomplete, RemoteSocket, ServerAnswers, ServerEvent};
pub use server::{Server, ServerBuilder, Shutdown};
pub use socket::Socket;
pub use target::Target;
pub use wrap::Next;

pub use engineio_proto::server::OnFull;
pub use engineio_proto::{Revision, Transport};
pub use socketio_adapter::{AdapterFactory, IntoRooms, MemoryAdapter, Room, Watch};
#[cfg(feature = "msgpack")]
pub use socketio_proto::MessagePack;
pub use socketio_proto::{
    Ack, Args, ArgsError, Arguments, Bytes, Codec, ConnectError, Data, DisconnectReason,
    EncodeError, Json, Limits, Number, Object, RawValue, SocketId, Value, Values,
};

/// The code of the README is compiled with the tests, and run by `tests/quick_starts`.
#[cfg(all(doctest, feature = "tls"))]
#[doc = include_str!("../README.md")]
struct Readme;
