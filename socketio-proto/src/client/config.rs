//! What can be chosen for the connections of a client.

use alloc::sync::Arc;
use core::time::Duration;

use crate::{Codec, Json, Limits};

/// Everything that can be tuned above Engine.IO.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) codec: Arc<dyn Codec>,
    limits: Option<Limits>,
    pub(super) packet_timeout: Duration,
    pub(super) max_buffered_bytes: usize,
    pub(super) max_buffered: usize,
    pub(super) max_waiting: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            codec: Arc::new(Json::new()),
            limits: None,
            packet_timeout: Duration::from_secs(20),
            max_buffered_bytes: 4 << 20,
            max_buffered: 1 << 16,
            max_waiting: 1 << 16,
        }
    }
}

impl Config {
    /// How packets travel. Default JSON; the server has to use the same.
    pub fn codec(&mut self, value: impl Codec) -> &mut Self {
        self.codec = Arc::new(value);
        self
    }

    /// What one packet of the server may be. By default 1,000 attachments, and as many bytes as the session takes in one
    /// message: [`max_payload`](engineio_proto::client::Config::max_payload), 16 MiB unless it was set.
    pub fn limits(&mut self, value: Limits) -> &mut Self {
        self.limits = Some(value);
        self
    }

    /// The limits on a session that takes messages of this size.
    pub(super) fn limits_of(&self, max_payload: usize) -> Limits {
        self.limits.unwrap_or(Limits {
            max_payload,
            // A server is trusted more than a client: it was chosen.
            max_attachments: 1_000,
            ..Limits::default()
        })
    }

    /// How long a packet whose attachments were announced may wait for the next one. Default 20 s, the usual ping timeout
    /// of servers. After it the connection is closed.
    pub fn packet_timeout(&mut self, value: Duration) -> &mut Self {
        self.packet_timeout = value;
        self
    }

    /// How many bytes and how many packets one namespace keeps that were sent while it was not connected, and again of
    /// those that are sent until they are acknowledged. Default 4 MiB and 65,536; beyond either [`send`](super::Connection::send) says that it is full. The JavaScript client keeps everything.
    pub fn buffer_limit(&mut self, bytes: usize, packets: usize) -> &mut Self {
        self.max_buffered_bytes = bytes;
        self.max_buffered = packets;
        self
    }

    /// How many events may arrive before the server has agreed to the namespace: those that were missed, after a loss.
    /// Default 65,536, and as many bytes as one packet may have. Beyond either the connection is closed.
    pub fn max_waiting(&mut self, packets: usize) -> &mut Self {
        self.max_waiting = packets;
        self
    }
}
