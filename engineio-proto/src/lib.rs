//! Engine.IO without I/O.
#![no_std]

extern crate alloc;

pub mod admit;
mod b64;
mod frame;
pub mod jsonp;
mod message;
pub mod open;
mod packet;
pub mod payload;
mod percent;
pub mod query;
mod reason;
pub mod reject;
pub mod stream;
mod text;
mod time;
mod transport;

pub use frame::{Frame, WsFrame};
pub use message::{Message, Payload, TextBuilder};
pub use packet::Packet;
pub use reason::{CloseReason, DecodeError, TransportFault};
pub use text::Text;
pub use time::Time;
pub use transport::{Revision, Sid, Transport};
