//! The client's side of a connection: namespaces over one Engine.IO session.
//!
//! A [`Connection`] is driven like the [`Session`](engineio_proto::client::Session) in it, and outlives it: what was sent while its
//! namespace was not connected, what of that is awaited, and with what a lost session is recovered stay when the session ends. Whether and when to
//! connect again is policy, and belongs to whoever drives it: ask a [`Backoff`](crate::Backoff) for the delay, then
//! [`restart`](Connection::restart) with a new session and [`connect`](Connection::connect) the namespaces.
//!
//! ```
//! use std::sync::Arc;
//! use engineio_proto::{Frame, Time, Transport, client::{Config as EngineConfig, Session}};
//! use socketio_proto::client::{Config, Connection, Event};
//! use socketio_proto::Namespace;
//!
//! let now = Time::ZERO;
//! let mut config = EngineConfig::default();
//! config.transports([Transport::WEBSOCKET]);
//! let session = Session::new(Arc::new(config), now);
//! let mut connection = Connection::new(session, Arc::new(Config::default()), now);
//! connection.connect(&Namespace::ROOT, None).unwrap();
//!
//! let link = connection.poll_connect().unwrap().link; // open a WebSocket, then
//! connection.handle_link_open(link, now);
//! let open = r#"0{"sid":"secret","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
//! connection.handle_frame(link, Frame::text(open), now);
//! assert!(matches!(connection.poll_event(), Some(Event::Open(_))));
//! assert_eq!(connection.poll_frame(link), Some(Frame::text("40")));
//!
//! connection.handle_frame(link, Frame::text(r#"40{"sid":"public"}"#), now);
//! let Some(Event::Connect { id, recovered, .. }) = connection.poll_event() else { panic!() };
//! assert_eq!((id.as_str(), recovered), ("public", false));
//! ```

mod config;
mod connection;
mod event;
mod socket;

pub use crate::handshake::AuthError;
pub use config::Config;
pub use connection::Connection;
pub use event::Event;
pub use socket::Retry;
