//! Engine.IO without I/O.
#![no_std]

extern crate alloc;

mod frame;
mod message;
mod packet;
mod reason;
mod text;
mod time;
mod transport;

pub use frame::{Frame, WsFrame};
pub use message::{Message, Payload, TextBuilder, Wire};
pub use packet::Packet;
pub use reason::{CloseReason, DecodeError, TransportFault};
pub use text::Text;
pub use time::Time;
pub use transport::{Revision, Sid, Transport};
