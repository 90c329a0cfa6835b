//! The client's side of one session.
//!
//! [`Session`] mirrors [`server::Session`](crate::server::Session), and is driven the same way; see there for the four kinds of
//! methods. On top of them a client makes requests and opens links, so its driver has two more things to ask for:
//!
//! - [`poll_request`](Session::poll_request): a `GET` or `POST` to make. Each ends in exactly one of `handle_get_response`,
//!   `handle_post_response` and `handle_request_failed`.
//! - [`poll_connect`](Session::poll_connect): a link to open. Each ends in `handle_link_open`, or in `handle_link_closed` or
//!   `handle_link_failed`.
//!
//! After every call fetch requests, links to open, frames and events, again and again until there are none: bodies are
//! decoded as events are fetched, and a ping in one is something to send. Then the next deadline. A session is one connection: whoever wants to connect again makes a new one.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use engineio_proto::client::{Config, Event, Request, Session};
//! use engineio_proto::{ContentType, Message, Time, Transport};
//!
//! let mut session = Session::new(Arc::new(Config::default()), Time::ZERO);
//! assert_eq!(session.poll_request(), Some(Request::Get));
//! assert_eq!(session.query(Transport::POLLING), "EIO=4&transport=polling");
//! let body = r#"0{"sid":"CutE","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
//! session.handle_get_response(200, ContentType::Text, Bytes::from(body), Time::ZERO);
//! assert!(matches!(session.poll_event(), Some(Event::Open(open)) if open.sid.as_str() == "CutE"));
//!
//! session.send(Message::text("hello")).unwrap();
//! assert_eq!(session.poll_request(), Some(Request::Get)); // the next poll, held by the server
//! assert_eq!(session.poll_request(), Some(Request::Post(Bytes::from("4hello"))));
//! assert_eq!(session.poll_request(), None);
//! assert_eq!(session.query(Transport::POLLING), "EIO=4&transport=polling&sid=CutE");
//! ```

mod config;
mod polling;
mod session;
mod upgrade;

pub use config::Config;
pub use polling::Request;
pub use session::{Event, Session};
pub use upgrade::Connect;
