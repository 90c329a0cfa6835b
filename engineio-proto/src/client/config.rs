//! What can be chosen for a connection.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::outbox::Budget;
use crate::{Revision, Transport};

/// Everything that can be tuned. Defaults are the JavaScript client's where it has the option.
///
/// ```
/// use engineio_proto::Transport;
/// use engineio_proto::client::Config;
///
/// let mut config = Config::default();
/// config.transports([Transport::WEBSOCKET]); // no polling, no upgrade
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) revision: Revision,
    pub(super) transports: Vec<Transport>,
    pub(super) upgrade: bool,
    pub(super) base64: bool,
    pub(super) connect_timeout: Duration,
    pub(super) upgrade_timeout: Duration,
    pub(super) close_timeout: Duration,
    pub(super) max_payload: usize,
    pub(super) post_limit: usize,
    pub(super) budget: Budget,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            revision: Revision::V4,
            transports: vec![Transport::POLLING, Transport::WEBSOCKET],
            upgrade: true,
            base64: false,
            connect_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            max_payload: 16 << 20,
            post_limit: 16,
            budget: Budget {
                bytes: 4 << 20,
                messages: 1 << 16,
            },
        }
    }
}

impl Config {
    /// The revision to speak. Default 4; 3 for servers 2.x.
    pub fn revision(&mut self, value: Revision) -> &mut Self {
        self.revision = value;
        self
    }

    /// The transports that may be used. The first one connects; to the others the session upgrades, if it began
    /// with polling and the server offers them. Default polling, then WebSocket.
    ///
    /// An empty list is taken for polling alone.
    pub fn transports(&mut self, value: impl IntoIterator<Item = Transport>) -> &mut Self {
        self.transports = value.into_iter().collect();
        self
    }

    /// Whether to upgrade at all. Default true.
    pub fn upgrade(&mut self, yes: bool) -> &mut Self {
        self.upgrade = yes;
        self
    }

    /// Whether to ask the server for base64 instead of binary (`b64=1`), and to send it. Default false; for proxies that
    /// break binary frames.
    pub fn base64(&mut self, yes: bool) -> &mut Self {
        self.base64 = yes;
        self
    }

    /// How long it may take until the session is open. Default 20 s.
    pub fn connect_timeout(&mut self, value: Duration) -> &mut Self {
        self.connect_timeout = value;
        self
    }

    /// How long trying a link may take. Default 10 s; after it the session goes on with polling.
    pub fn upgrade_timeout(&mut self, value: Duration) -> &mut Self {
        self.upgrade_timeout = value;
        self
    }

    /// How long a close may wait until everything has left. Default 5 s.
    pub fn close_timeout(&mut self, value: Duration) -> &mut Self {
        self.close_timeout = value;
        self
    }

    /// The largest message and the largest body, in bytes, that the server may send. Default 16 MiB.
    ///
    /// Drivers enforce it while they read; the session checks it again.
    pub fn max_payload(&mut self, bytes: usize) -> &mut Self {
        self.max_payload = bytes;
        self
    }

    /// How many packets one `POST` may hold. Default 16, which is what servers of python-engineio take: they drop a body with
    /// more, and answer as if they had read it. Where no such server is spoken to, more packets make fewer requests of a
    /// burst. At least one.
    pub fn post_limit(&mut self, packets: usize) -> &mut Self {
        self.post_limit = packets.max(1);
        self
    }

    /// How many bytes and how many messages may wait to be sent. Default 4 MiB and 65,536.
    pub fn buffer_limit(&mut self, bytes: usize, messages: usize) -> &mut Self {
        self.budget = Budget { bytes, messages };
        self
    }

    pub(super) fn first_transport(&self) -> Transport {
        self.transports
            .first()
            .copied()
            .unwrap_or(Transport::POLLING)
    }
}
