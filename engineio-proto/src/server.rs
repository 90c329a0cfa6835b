//! The server's side of one session.
//!
//! [`Session`] is a state machine. It does no I/O and reads no clock: a driver tells it what happened, asks it
//! what to do, and owns sockets and timers. Its methods are of four kinds, told apart by name.
//!
//! - `handle_*`, `start_post` and `open_link`: something happened outside. What a peer does wrong never makes a call
//!   fail in a way that a driver could forget: a bad frame becomes an event and a close, a bad *request* is answered
//!   with the [`Reject`](crate::Reject) that comes back, and that is all there is to do.
//! - [`send`](Session::send), [`close`](Session::close), [`abort`](Session::abort): the application wants something.
//! - `poll_*`: what to do next. After any of the calls above fetch payload, frames and events, again and again until there
//!   are none: bodies are decoded as events are fetched, and a ping in one is something to send. Then the next deadline.
//! - Nouns and `is_*`: questions.
//!
//! Output is pulled when the other end can take it. What was not pulled yet belongs to no transport, so that an
//! upgrade neither loses nor doubles it.
//!
//! ```
//! use std::sync::Arc;
//! use engineio_proto::{Frame, Message, Sid, Time, Transport};
//! use engineio_proto::server::{Config, Event, Opening, Session};
//!
//! // A WebSocket was opened: a driver of it is a loop around these calls.
//! let config = Arc::new(Config::default());
//! let opening = Opening::new(Sid::new("CutEdQFlYU6blFeZAAAB").unwrap());
//! let (mut session, link) = Session::accept_link(config, opening, Transport::WEBSOCKET, Time::ZERO);
//! assert!(session.poll_frame(link).unwrap().to_text().unwrap().starts_with("0{\"sid\":"));
//!
//! session.handle_frame(link, Frame::text("4hello"), Time::from_micros(1_000));
//! while let Some(event) = session.poll_event() {
//!     if let Event::Message(message) = event {
//!         session.send(message).unwrap(); // an echo
//!     }
//! }
//! assert_eq!(session.poll_frame(link), Some(Frame::text("4hello")));
//! assert_eq!(session.poll_frame(link), None);
//! assert!(session.poll_timeout().is_some()); // the first ping is due in 25 s
//! ```

mod config;
mod polling;
mod session;
mod upgrade;

pub use config::{Config, OnFull, Opening};
pub use session::{Event, Session};
