//! What a connection runs over, and what names it.

use alloc::sync::Arc;
use core::fmt;

/// The revision of the Engine.IO protocol, chosen once per session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "both revisions are spoken, and a third would change the machines"
)]
pub enum Revision {
    /// `EIO=3`: clients 2.x. The client pings, lengths stand before packets, binary frames carry their type.
    V3,
    /// `EIO=4`: clients 3.x and 4.x. The server pings, packets are separated by `0x1e`, binary frames are bare.
    #[default]
    V4,
}

impl Revision {
    /// The value of `EIO` in a request.
    pub const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}

/// The name of a transport.
///
/// An open list: whoever brings a transport of their own gives it a name with [`custom`](Self::custom).
/// There are two shapes of transport. Long polling is an *exchange*: requests that are answered late.
/// Everything else is a *link*: frames in order, both ways.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transport(&'static str);

impl Transport {
    /// HTTP long polling, the one transport that is not a link.
    pub const POLLING: Self = Self("polling");
    /// WebSocket.
    pub const WEBSOCKET: Self = Self("websocket");
    /// WebTransport: one bidirectional stream, cut into frames by [`stream`](crate::stream).
    pub const WEBTRANSPORT: Self = Self("webtransport");

    /// A link of your own.
    pub const fn custom(name: &'static str) -> Self {
        Self(name)
    }

    /// The name, as in `transport=` of a request and in the `upgrades` of the open packet.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether this is a link, that is: not polling.
    pub fn is_link(self) -> bool {
        self != Self::POLLING
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The id of a session: what a client shows to come back to it, and therefore a secret.
///
/// The protocol crate makes no ids, because it has no source of randomness; a server passes one that nobody
/// can guess, with at least 96 random bits. Cloning is cheap.
///
/// ```
/// use engineio_proto::Sid;
///
/// let sid = Sid::new("CutEdQFlYU6blFeZAAAB").unwrap();
/// assert_eq!(sid.as_str(), "CutEdQFlYU6blFeZAAAB");
/// assert!(Sid::new("").is_none());
/// assert!(Sid::new("no blanks, no \"quotes\"").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid(Arc<str>);

impl Sid {
    /// The longest id that is accepted. The reference's have 20 characters, a UUID has 36.
    pub const MAX_LEN: usize = 128;

    /// `None` unless the id has 1 to [`MAX_LEN`](Self::MAX_LEN) visible ASCII characters without `"` and `\`,
    /// so that it can stand in JSON, in a header and, percent-encoded, in a URL.
    pub fn new(id: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&id.len());
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        (fits && id.bytes().all(plain)).then(|| Self(Arc::from(id)))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Sid {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl core::borrow::Borrow<str> for Sid {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
