//! The door: how requests get in. Engine.IO alone and Socket.IO stand behind the same one, with the same options.

mod body;
mod builder;
mod compress;
mod cookie;
mod fallback;
mod files;
mod gate;
mod handle;
mod handshake;
mod hooks;
mod host;
mod limits;
mod listen;
mod options;
mod origin;
mod park;
mod proxy;
mod service;
mod stream;
#[cfg(feature = "tls")]
mod tls;

pub use self::body::{Never, ResponseBody};
pub use self::cookie::{Cookie, SameSite};
pub use self::handshake::{Handshake, Headers, Peer};
pub use self::origin::Origins;
pub use self::proxy::Proxies;
pub use self::service::{HttpLayer, HttpService, Layered, LayeredFuture, Served};
#[cfg(feature = "tls")]
pub use self::tls::Tls;

pub(crate) use self::body::Unwritten;
pub(crate) use self::builder::door_options;
pub(crate) use self::compress::{Coding, compress};
pub(crate) use self::fallback::Fallback;
pub(crate) use self::files::Files;
pub(crate) use self::gate::{Busy, Entering, Gate};
pub(crate) use self::handle::door_handle;
pub(crate) use self::host::Hosts;
pub(crate) use self::listen::{Wrap, accept, bind};
pub(crate) use self::options::Options;
pub(crate) use self::proxy::Client;
pub(crate) use self::service::{Answering, AnyBody, Door};
pub(crate) use self::stream::Stream;
