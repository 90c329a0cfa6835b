//! What the two ends of a test are configured with.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::framing::{Framing, StreamFraming};
use crate::{Revision, Transport, client, server};

/// How the ends of a [`Pair`](super::Pair) are configured.
///
/// The default is the usual connection of revision 4: polling first, then over to a WebSocket. Intervals are the
/// reference's; the payload limit is 1,500 bytes instead of 1 MB, so that tests reach it.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(super) revision: Revision,
    pub(super) transports: Vec<Transport>,
    pub(super) base64: bool,
    pub(super) jsonp: bool,
    pub(super) ping_interval: Duration,
    pub(super) ping_timeout: Duration,
    pub(super) upgrade_timeout: Duration,
    pub(super) close_timeout: Duration,
    pub(super) max_payload: usize,
    pub(super) buffer_limit: (usize, usize),
    pub(super) framing: Option<MakeFraming>,
    pub(super) trace: bool,
}

/// Makes one end of a link, given the largest frame it has to take.
pub type MakeFraming = fn(usize) -> Box<dyn Framing>;

impl Default for Setup {
    fn default() -> Self {
        Self::new(vec![Transport::POLLING, Transport::WEBSOCKET])
    }
}

impl Setup {
    /// These transports, on both sides; the client begins with the first and upgrades to the others.
    pub fn new(transports: Vec<Transport>) -> Self {
        Self {
            revision: Revision::V4,
            transports,
            base64: false,
            jsonp: false,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            max_payload: 1500,
            buffer_limit: (4 << 20, 1 << 16),
            framing: None,
            trace: false,
        }
    }

    /// Polling and nothing else.
    pub fn polling() -> Self {
        Self::new(vec![Transport::POLLING])
    }

    /// One link from the beginning, and no polling.
    pub fn link(transport: Transport) -> Self {
        Self::new(vec![transport])
    }

    /// The revision of the protocol.
    #[must_use]
    pub fn revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Binary travels as base64 in text.
    #[must_use]
    pub fn base64(mut self, yes: bool) -> Self {
        self.base64 = yes;
        self
    }

    /// Polling by scripts and forms. The network unpacks them, since the client of this crate does not speak JSONP.
    #[must_use]
    pub fn jsonp(mut self, yes: bool) -> Self {
        self.jsonp = yes;
        self
    }

    /// Interval and timeout of heartbeats.
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        self.ping_interval = interval;
        self.ping_timeout = timeout;
        self
    }

    /// How long the server waits for the client to decide for a link. Default 30 s.
    #[must_use]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }

    /// How long the client's close waits until everything has left. Default 5 s. The server's waits for the timeout of
    /// heartbeats.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// The largest body and the largest frame.
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Bytes and messages that each end may owe the other.
    #[must_use]
    pub fn buffer_limit(mut self, bytes: usize, messages: usize) -> Self {
        self.buffer_limit = (bytes, messages);
        self
    }

    /// Links carry bytes that the network cuts anywhere, framed by what `make` returns. Unless this is called they
    /// carry whole frames, as a WebSocket does.
    #[must_use]
    pub fn framing(mut self, make: MakeFraming) -> Self {
        self.framing = Some(make);
        self
    }

    /// Links carry bytes, framed as WebTransport does.
    #[must_use]
    pub fn stream(self) -> Self {
        self.framing(StreamFraming::boxed)
    }

    /// Keeps a record of what went over the network, see [`Pair::trace`](super::Pair::trace).
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = true;
        self
    }

    /// The transports that were given.
    pub fn transports(&self) -> &[Transport] {
        &self.transports
    }

    /// Within this time an end must notice that the other has vanished: interval and timeout of heartbeats.
    pub fn patience(&self) -> Duration {
        self.ping_interval + self.ping_timeout
    }

    pub(super) fn server_config(&self) -> Arc<server::Config> {
        let mut config = server::Config::default();
        let (bytes, messages) = self.buffer_limit;
        config
            .ping_interval(self.ping_interval)
            .ping_timeout(self.ping_timeout)
            .upgrade_timeout(self.upgrade_timeout)
            .max_payload(self.max_payload)
            .transports(self.transports.iter().copied())
            .buffer_limit(bytes, messages)
            .revision_3(self.revision == Revision::V3);
        Arc::new(config)
    }

    pub(super) fn client_config(&self) -> Arc<client::Config> {
        let mut config = client::Config::default();
        let (bytes, messages) = self.buffer_limit;
        config
            .revision(self.revision)
            .base64(self.base64)
            .transports(self.transports.iter().copied())
            .close_timeout(self.close_timeout)
            .buffer_limit(bytes, messages);
        Arc::new(config)
    }
}

/// Every kind of connection: both revisions; polling, a link, an upgrade, two links to choose from; base64, JSONP,
/// links of frames and links of bytes.
pub fn setup() -> impl Strategy<Value = Setup> {
    let transports = prop_oneof![
        4 => Just(vec![Transport::POLLING, Transport::WEBSOCKET]),
        2 => Just(vec![Transport::POLLING, Transport::WEBSOCKET, Transport::WEBTRANSPORT]),
        1 => Just(vec![Transport::POLLING]),
        1 => Just(vec![Transport::WEBSOCKET]),
    ];
    let revision = prop_oneof![3 => Just(Revision::V4), 2 => Just(Revision::V3)];
    let rarely = || prop_oneof![4 => Just(false), 1 => Just(true)];
    let stream = prop_oneof![2 => Just(false), 1 => Just(true)];
    (transports, revision, rarely(), rarely(), stream).prop_map(
        |(transports, revision, base64, jsonp, stream)| {
            // JSONP clients ask for base64 too, and cannot post bytes.
            let setup = Setup::new(transports)
                .revision(revision)
                .base64(base64 || jsonp)
                .jsonp(jsonp);
            // A form can be three times as long as the body in it.
            let setup = if jsonp {
                setup.max_payload(1_000_000)
            } else {
                setup
            };
            if stream { setup.stream() } else { setup }
        },
    )
}
