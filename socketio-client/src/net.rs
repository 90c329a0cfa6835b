//! Everything that touches a socket: connections, TLS, proxies, HTTP, WebSocket.

pub(crate) mod cookies;
pub(crate) mod dial;
pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod reader;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod websocket;

use tokio::io::{AsyncRead, AsyncWrite};

/// A connection, whatever is beneath it.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

pub(crate) type Stream = Box<dyn Io>;
