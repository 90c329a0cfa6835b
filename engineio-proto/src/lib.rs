//! Engine.IO without I/O.
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
pub use message::{Message, Payload, TextBuilder};
pub use packet::Packet;
pub use reason::{CloseReason, DecodeError, TransportFault};
pub use reject::Reject;
pub use text::Text;
pub use time::Time;
pub use transport::{Revision, Sid, Transport};
