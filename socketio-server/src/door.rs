//! The door: how requests get in. Engine.IO alone and Socket.IO stand behind the same one, with the same options.

mod body;
mod handshake;
mod listen;
mod options;
mod origin;
mod service;

pub use self::body::{Never, ResponseBody};
pub use self::handshake::{Handshake, Headers, Peer};
pub use self::origin::Origins;
pub use self::service::{HttpLayer, HttpService, Layered, LayeredFuture, Served};

pub(crate) use self::body::Unwritten;
pub(crate) use self::listen::{accept, bind};
pub(crate) use self::options::{Options, door_handle, door_options};
pub(crate) use self::service::{Answering, AnyBody, Door};
