//! The server's side of a connection: namespaces over one Engine.IO session.
//!
//! A [`Connection`] is driven like the [`Session`](engineio_proto::server::Session) in it: `handle_*` for what happened outside, plain
//! verbs for what the application wants, `poll_*` for what to do next. It holds the session and passes on what
//! concerns transports, so that a driver holds one object.
//!
//! A client that wants to join a namespace is an [`Event::Connect`] with a [`ConnectRequest`], which has to be
//! [accepted](Connection::accept) or [refused](Connection::refuse), now or later. What the client sends to the
//! namespace in the meantime waits.
//!
//! Answers to CONNECT, and acknowledgements, leave however much the client is owed. A driver therefore asks
//! [`session().wants_input()`](engineio_proto::server::Session::wants_input) before it reads from the client: who does
//! not read the answers is not read from either, and the answers stay bounded.
//!
//! ```
//! use std::sync::Arc;
//! use engineio_proto::{Frame, Sid, Time, Transport, server::{Config as EngineConfig, Opening, Session}};
//! use socketio_proto::SocketId;
//! use socketio_proto::server::{Accept, Config, Connection, Event};
//!
//! let now = Time::ZERO;
//! let opening = Opening::new(Sid::new("a-secret-of-the-session").unwrap());
//! let (session, link) =
//!     Session::accept_link(Arc::new(EngineConfig::default()), opening, Transport::WEBSOCKET, now);
//! let mut connection = Connection::new(session, Arc::new(Config::default()), now);
//! assert!(connection.poll_frame(link).is_some()); // the open packet
//!
//! connection.handle_frame(link, Frame::text("40"), now);
//! let Some(Event::Connect(request)) = connection.poll_event() else { panic!() };
//! connection.accept(request, Accept::new(SocketId::from("public"))).unwrap();
//! assert_eq!(connection.poll_frame(link), Some(Frame::text(r#"40{"sid":"public"}"#)));
//!
//! connection.handle_frame(link, Frame::text(r#"42["hello","world"]"#), now);
//! let Some(Event::Event { args, .. }) = connection.poll_event() else { panic!() };
//! assert_eq!(args.event_name(), "hello");
//! assert_eq!(args.deserialize::<String>().unwrap(), "world");
//! ```

mod config;
mod connection;
mod event;
mod request;

pub use config::Config;
pub use connection::Connection;
pub use event::{Event, ProtocolError};
pub use request::{Accept, ConnectRequest, Gone, Resume};
