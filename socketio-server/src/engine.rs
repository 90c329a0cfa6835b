//! Engine.IO: messages, text and binary, over whatever a client can do: long polling, WebSocket, and the upgrade from one to
//! the other while messages flow.
//!
//! For people who want the transport without Socket.IO. An echo server:
//!
//! ```no_run
//! use socketio_server::engine::Engine;
//!
//! # async fn run() -> std::io::Result<()> {
//! let engine = Engine::builder().serve(async |socket| {
//!     while let Some(message) = socket.recv().await {
//!         if socket.send(message).is_err() {
//!             break;
//!         }
//!     }
//! });
//! engine.listen("127.0.0.1:3000").await
//! # }
//! ```

mod builder;
mod clock;
pub(crate) mod connection;
mod driver;
pub(crate) mod http;
mod ids;
mod link;
pub(crate) mod machine;
mod meter;
mod raw;
mod registry;
mod socket;
mod turns;
mod ws;

pub use self::builder::EngineBuilder;
pub use self::http::{Entrance, Refused};
pub use self::link::{Link, Received};
pub use self::raw::Engine;
pub use self::socket::Socket;
#[cfg(feature = "tls")]
pub use crate::door::Tls;
pub use crate::door::{
    Cookie, Handshake, Headers, HttpLayer, HttpService, Layered, LayeredFuture, Never, Origins,
    Peer, Proxies, ResponseBody, SameSite, Served,
};
pub use engineio_proto::server::OnFull;
pub use engineio_proto::{
    CloseReason, DecodeError, Frame, Message, Payload, Revision, SendError, Sid, Text, Transport,
    TransportFault,
};

pub(crate) use self::clock::Clock;
pub(crate) use self::ids::random as random_id;
pub(crate) use self::meter::Meter;

/// The time of the calendar.
pub(crate) fn calendar() -> std::time::SystemTime {
    Clock::calendar()
}
