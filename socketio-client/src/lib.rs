//! A Socket.IO client: events to and from any Socket.IO server, over a connection that comes back by itself.
//!
//! ```no_run
//! use serde_json::json;
//! use socketio_client::{Ack, Client, Data};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let socket = Client::builder("https://example.com/chat")          // the path is the namespace
//!     .auth(json!({ "token": "secret" }))
//!     .on("message", async |Data((from, text)): Data<(String, String)>| println!("{from}: {text}"))
//!     .on("are you there?", async || Ack(true))                     // what a handler returns is the answer
//!     .connect()
//!     .await?;                                                      // joined, or why not
//!
//! socket.emit("message", "hello")?;                                 // never waits
//! let stored: u64 = socket.emit_with_ack("store", ("a.txt", 3)).await?; // a tuple is several arguments
//! println!("stored as {stored}");
//! while let Some(event) = socket.recv().await {                     // what no handler took
//!     println!("{} {:?}", event.name(), event.args());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What lasts
//!
//! A [`Socket`] is one namespace, and outlives connections: when one is lost, another is made, after a delay that grows and has
//! chance in it, and what was sent meanwhile leaves then. [`Socket::status`] tells how it goes, and
//! [`Socket::on_lifecycle`] every step of it. Several namespaces share one connection: [`Client::of`].
//!
//! What is promised: while a connection lasts, events arrive in the order in which they were sent, each once. When it is lost, so
//! is what was under way, and every answer that is waited for ends with [`AckError::Closed`]. Against a server that recovers
//! sessions (4.6 and later) nothing that it sent is missed: [`Status::Connected`] says `recovered`. With
//! [`retries`](Socket::retries) an event arrives at least once.
//!
//! When the last handle of a socket is dropped, its namespace is left, and the connection is closed after the last namespace. A
//! program that ends should wait for that: [`Socket::close`].
//!
//! # Where to look
//!
//! | to | start at |
//! |---|---|
//! | connect, with all options | [`Client::builder`], [`Builder`] |
//! | send | [`Socket::emit`], [`Socket::emit_with_ack`], [`Emitter`] |
//! | receive | [`Handler`], [`Socket::on`], [`Socket::recv`] |
//! | know how many arguments a type makes | [`Args`] |
//! | find what you know from JavaScript | [`from_javascript`] |
//! | answer the server | [`Ack`], [`AckSender`] |
//! | authenticate | [`Builder::auth`], [`Builder::auth_with`] |
//! | know what went wrong | [`Error`] and [`Cause`] (the connection), [`EmitError`], [`AckError`], [`HandlerError`] |
//! | do without a runtime | the module `blocking`, with the feature of that name |
//!
//! # Features
//!
//! - `tls` (default): `https` and `wss`, by rustls with the certificates of the system or your own.
//! - `msgpack`: the codec `MessagePack`, compatible with `socket.io-msgpack-parser`.
//! - `blocking`: the module `blocking`.
//!
//! # How it is made
//!
//! Everything that the protocol says is in `socketio-proto`, which does no I/O. Here one task per client, `driver`, owns the
//! sockets and the clock, and `manager` is what handles and driver share. Whatever touches a socket is below `net`. What arrives goes
//! into the `inbox` of its socket, whose task starts the handlers: they never hold up the connection.

mod auth;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod clock;
mod driver;
mod emit;
mod error;
#[doc = include_str!("../FROM-JAVASCRIPT.md")]
pub mod from_javascript {}
mod handler;
mod inbox;
mod incoming;
mod listeners;
mod manager;
mod net;
mod random;
mod socket;
mod status;
mod url;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use builder::Builder;
pub use client::{Client, SocketBuilder};
pub use emit::{AckFuture, Emitter};
pub use engineio_proto::reject::Refusal;
pub use engineio_proto::{Revision, Transport};
pub use error::{AckError, Cause, ConnectFailure, EmitError, Error, HandlerError};
pub use handler::{Answer, FromIncoming, Handler, IntoOutcome, Outcome};
pub use incoming::{AckSender, Event, Incoming};
pub use listeners::Listener;
pub use socket::Socket;
#[cfg(feature = "msgpack")]
pub use socketio_proto::MessagePack;
pub use socketio_proto::{
    Ack, Args, Arguments, Backoff, Bytes, Codec, ConnectError, Data, DisconnectReason, Emit,
    EncodeError, Jitter, Json, Namespace, Object, SocketId, Value, Values,
};
pub use status::{Closed, Lifecycle, Status};

/// The code of the README is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Locks, also after a panic elsewhere: what is behind the locks of this crate is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
