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
    limits: Option<Limits>,
    pub(super) connect_timeout: Duration,
    pub(super) packet_timeout: Option<Duration>,
    pub(super) max_namespaces: usize,
    pub(super) max_acks: usize,
    pub(super) max_waiting: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            codec: Arc::new(Json::new()),
            limits: None,
            connect_timeout: Duration::from_secs(45),
            packet_timeout: None,
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

    /// What one packet of a client may be. By default [`Limits::default`], with as many bytes as the session takes in one
    /// message: [`max_payload`](engineio_proto::server::Config::max_payload). Whoever sets limits sets that one too; a
    /// packet is then held to it with its attachments, and each message of it to the limit of the session.
    pub fn limits(&mut self, value: Limits) -> &mut Self {
        self.limits = Some(value);
        self
    }

    /// The limits on a session that takes messages of this size.
    pub(super) fn limits_of(&self, max_payload: usize) -> Limits {
        self.limits.unwrap_or(Limits {
            max_payload,
            ..Limits::default()
        })
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
    /// Default the [ping timeout](engineio_proto::server::Config::ping_timeout) of the session. The reference waits for ever, and keeps what came.
    pub fn packet_timeout(&mut self, value: Duration) -> &mut Self {
        self.packet_timeout = Some(value);
        self
    }

    /// How many namespaces one client may be in, or ask for, at a time. Default 64; beyond that it is refused, and after 64
    /// such refusals in a row the connection is closed. A request counts until the application gives it back, even if
    /// the client has withdrawn it: its decision is work that goes on.
    pub fn max_namespaces(&mut self, value: usize) -> &mut Self {
        self.max_namespaces = value;
        self
    }

    /// How many acknowledgements may be awaited from one socket at a time. Default 1,024.
    pub fn max_acks(&mut self, value: usize) -> &mut Self {
        self.max_acks = value;
        self
    }

    /// How many packets of one client may wait for decisions about their namespaces, all together. Default 256; they may
    /// have as many bytes as one packet. Beyond either the connection is closed. Clients that keep to the protocol send nothing
    /// before they are in.
    pub fn max_waiting(&mut self, value: usize) -> &mut Self {
        self.max_waiting = value;
        self
    }
}
