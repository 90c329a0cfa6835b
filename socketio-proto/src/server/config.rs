//! What can be chosen for the connections of a server.

use alloc::sync::Arc;
use core::time::Duration;

use crate::{Codec, Json, Limits};

/// Everything that can be tuned above Engine.IO, shared by all connections of a server.
///
/// ```
/// use core::time::Duration;
/// use socketio_proto::server::Config;
///
/// let mut config = Config::default();
/// config.connect_timeout(Duration::from_secs(10)).max_namespaces(4);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) codec: Arc<dyn Codec>,
    pub(super) limits: Limits,
    pub(super) connect_timeout: Duration,
    pub(super) packet_timeout: Duration,
    pub(super) max_namespaces: usize,
    pub(super) max_acks: usize,
    pub(super) max_waiting: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            codec: Arc::new(Json::new()),
            limits: Limits::default(),
            connect_timeout: Duration::from_secs(45),
            packet_timeout: Duration::from_secs(20),
            max_namespaces: 64,
            max_acks: 1024,
            max_waiting: 256,
        }
    }
}

impl Config {
    /// How packets travel. Default JSON; clients have to use the same.
    pub fn codec(&mut self, value: impl Codec) -> &mut Self {
        self.codec = Arc::new(value);
        self
    }

    /// What one packet of a client may be.
    pub fn limits(&mut self, value: Limits) -> &mut Self {
        self.limits = value;
        self
    }

    /// How long a client may take to join its first namespace, the decision of the application included.
    ///
    /// Default 45 s (`connectTimeout`). After it the connection is closed.
    pub fn connect_timeout(&mut self, value: Duration) -> &mut Self {
        self.connect_timeout = value;
        self
    }

    /// How long a packet whose attachments were announced may wait for the next one.
    ///
    /// Default 20 s, the ping timeout of Engine.IO. The reference waits for ever, and keeps what came.
    pub fn packet_timeout(&mut self, value: Duration) -> &mut Self {
        self.packet_timeout = value;
        self
    }

    /// How many namespaces one client may be in, or ask for, at a time. Default 64; beyond that it is refused.
    pub fn max_namespaces(&mut self, value: usize) -> &mut Self {
        self.max_namespaces = value;
        self
    }

    /// How many acknowledgements may be awaited from one socket at a time. Default 1,024.
    pub fn max_acks(&mut self, value: usize) -> &mut Self {
        self.max_acks = value;
        self
    }

    /// How many packets may wait for the decision about their namespace. Default 256; together they may have as many
    /// bytes as one packet. Beyond either the connection is closed. Clients that keep to the protocol send nothing
    /// before they are in.
    pub fn max_waiting(&mut self, value: usize) -> &mut Self {
        self.max_waiting = value;
        self
    }
}
