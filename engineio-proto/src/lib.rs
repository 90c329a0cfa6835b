//! Engine.IO without I/O: what two ends of a connection say to each other, and nothing about sockets.
//!
//! Engine.IO carries the messages of Socket.IO over whatever there is: HTTP long polling, WebSocket, WebTransport. It
//! opens sessions, keeps them alive, upgrades them to a better transport while messages flow, and closes them. This
//! crate holds all of that, for both roles ([`server`], [`client`]) and both revisions of the protocol that are in use
//! ([`Revision`]).
//!
//! It holds **no** sockets, no HTTP, no runtime, no clock and no source of randomness. Time and ids are arguments, so
//! a test can be a replay, and hours of protocol run in milliseconds. It is `no_std` with `alloc`.
//!
//! **Who wants to run a server or a client** takes `socketio-server` or `socketio-client`. This crate is for those who
//! bring their own transport, parse packets, or test.
//!
//! # Where to begin
//!
//! | you want to | look at |
//! |---|---|
//! | carry Engine.IO over your own transport | [`server::Session`], [`client::Session`], and the example `custom-transport` |
//! | cut a stream of bytes into frames | [`stream`] |
//! | read or write bodies of long polling | [`payload`], [`jsonp`] |
//! | decide about an HTTP request | [`query`], [`admit`](mod@admit), [`reject`] |
//! | test a transport with virtual time | `testing`, behind the feature of that name |
//!
//! # The shape
//!
//! A session is driven by three kinds of calls: `handle_*` says what happened, plain verbs (`send`, `close`) say what the
//! application wants, `poll_*` asks what to do next. Transports come in two shapes: an *exchange*, a request that may
//! be answered late (polling), and a *link*, frames in order both ways (everything else).
//!
//! Three promises hold for every input.
//!
//! - What a peer sends never makes a call fail in a way that a driver could forget, and never panics: it becomes an event,
//!   bytes to send, or a [`Reject`] to answer with.
//! - Nothing is allocated because a number announced it, and every queue has a bound.
//! - While a session lasts, each message arrives once and in order, also across an upgrade. If one cannot be delivered,
//!   the session ends with a [`CloseReason`].
//!
//! # Features
//!
//! - `testing`: two endpoints, one virtual clock and a seeded network between them. Off by default; needs `std`.
#![no_std]

extern crate alloc;

pub mod admit;
mod b64;
pub mod client;
mod content;
mod frame;
mod heartbeat;
mod inbox;
pub mod jsonp;
mod link;
mod message;
pub mod open;
mod outbox;
mod packet;
pub mod payload;
mod percent;
pub mod query;
mod queue;
mod reason;
pub mod reject;
pub mod server;
pub mod stream;
mod text;
mod time;
mod transport;

pub use content::ContentType;
pub use frame::{Frame, WsFrame};
pub use link::{LinkId, SendError};
pub use message::{Message, Payload, TextBuilder, Wire};
pub use packet::Packet;
pub use reason::{CloseReason, DecodeError, TransportFault};
pub use reject::Reject;
pub use text::Text;
pub use time::Time;
pub use transport::{Revision, Sid, Transport};
