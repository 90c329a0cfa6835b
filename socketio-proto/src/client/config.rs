//! What can be chosen for the connections of a client.

use alloc::sync::Arc;

use crate::{Codec, Json, Limits};

/// Everything that can be tuned above Engine.IO.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) codec: Arc<dyn Codec>,
    pub(super) limits: Limits,
    pub(super) max_buffered_bytes: usize,
    pub(super) max_buffered: usize,
    pub(super) max_waiting: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            codec: Arc::new(Json::new()),
            // A server is trusted more than a client: it was chosen.
            limits: Limits {
                max_payload: 16 << 20,
                max_attachments: 1_000,
                ..Limits::default()
            },
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

    /// What one packet of the server may be. By default 16 MiB and 1,000 attachments.
    pub fn limits(&mut self, value: Limits) -> &mut Self {
        self.limits = value;
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
