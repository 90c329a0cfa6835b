//! What can be chosen for a server, and for one session.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::admit::AdmitConfig;
use crate::heartbeat::SHORTEST;
use crate::jsonp::JsonpIndex;
use crate::open::Open;
use crate::outbox::Budget;
use crate::query::Query;
use crate::{Revision, Sid, Text, Transport};

/// Everything that can be tuned, shared by all sessions of a server.
///
/// Defaults are the reference server's where it has the option.
///
/// ```
/// use core::time::Duration;
/// use engineio_proto::server::Config;
///
/// let mut config = Config::default();
/// config.ping_interval(Duration::from_secs(10)).max_payload(5_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) max_payload: usize,
    pub(crate) transports: Vec<Transport>,
    pub(crate) upgrades: bool,
    pub(crate) revision_3: bool,
    pub(super) budget: Budget,
    pub(super) on_full: OnFull,
}

/// What becomes of a session that is owed all that it may be owed, when more is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFull {
    /// The message is refused with [`SendError::Full`](crate::SendError::Full), and the sender decides.
    Refuse,
    /// The session ends with [`TransportFault::Slow`](crate::TransportFault::Slow): who sends to many need not look at
    /// each result, and no client stays that misses something.
    Disconnect,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            transports: vec![Transport::POLLING, Transport::WEBSOCKET],
            upgrades: true,
            revision_3: false,
            budget: Budget {
                bytes: 4 << 20,
                messages: 1 << 16,
            },
            on_full: OnFull::Refuse,
        }
    }
}

impl Config {
    /// How long after the last pong the next ping is sent (revision 4).
    ///
    /// Default 25 s (`pingInterval`). Each ping costs a write and a wake-up on both sides; many proxies close a
    /// connection that was silent for 60 s, so stay below that. Less than 10 ms is taken for 10 ms,
    /// because clients refuse an interval of zero, and more than 12 days for 12 days, because timers in browsers overflow
    /// when interval and timeout together have more than 25.
    pub fn ping_interval(&mut self, value: Duration) -> &mut Self {
        self.ping_interval = value.clamp(SHORTEST, LONGEST);
        self
    }

    /// How long a client may be silent after a ping before the session is closed.
    ///
    /// Default 20 s (`pingTimeout`). A client that vanished without a word is noticed after at most interval and
    /// timeout together, and what it is owed stays in memory until then. In revision 3, where clients ping, it
    /// is the same sum. Also how long a close waits for a polling client to fetch it.
    pub fn ping_timeout(&mut self, value: Duration) -> &mut Self {
        self.ping_timeout = value.clamp(SHORTEST, LONGEST);
        self
    }

    /// How long a new link may take from opening to the client's decision for it.
    ///
    /// Default 10 s (`upgradeTimeout`). After it the link is closed, and the session goes on as before.
    pub fn upgrade_timeout(&mut self, value: Duration) -> &mut Self {
        self.upgrade_timeout = value;
        self
    }

    /// The largest body and the largest message, in bytes, that a client may send.
    ///
    /// Default 1,000,000 (`maxHttpBufferSize`). Clients are told, and cut their polling bodies accordingly. Drivers
    /// enforce it while they read; the session checks it again. Answers of polling are cut by it too, unless
    /// one message alone is larger.
    pub fn max_payload(&mut self, bytes: usize) -> &mut Self {
        self.max_payload = bytes;
        self
    }

    /// The transports that are offered, in the order in which upgrades are listed to clients.
    ///
    /// Default polling and WebSocket (`transports`).
    pub fn transports(&mut self, value: impl IntoIterator<Item = Transport>) -> &mut Self {
        self.transports = value.into_iter().collect();
        self
    }

    /// Whether clients are told that they may upgrade. Default true (`allowUpgrades`).
    ///
    /// As in the reference, a client that upgrades unasked is let.
    pub fn upgrades(&mut self, yes: bool) -> &mut Self {
        self.upgrades = yes;
        self
    }

    /// Whether clients of revision 3 (Socket.IO 2.x) are taken. Default false (`allowEIO3`).
    ///
    /// Everything but `EIO=4` counts as revision 3, as in the reference.
    pub fn revision_3(&mut self, yes: bool) -> &mut Self {
        self.revision_3 = yes;
        self
    }

    /// How many bytes and how many messages one session may be owed.
    ///
    /// Default 4 MiB and 65,536. Beyond either, [`send`](super::Session::send) says [`Full`](crate::SendError::Full), unless
    /// nothing is waiting: what is larger than the limit could else never be sent;
    /// pings, pongs and closing are not counted and always leave. A message waiting costs 40 bytes here besides its
    /// payload, which it may share with others.
    pub fn buffer_limit(&mut self, bytes: usize, messages: usize) -> &mut Self {
        self.budget = Budget { bytes, messages };
        self
    }

    /// What happens beyond the [`buffer_limit`](Self::buffer_limit). Default [`OnFull::Refuse`].
    pub fn on_full(&mut self, policy: OnFull) -> &mut Self {
        self.on_full = policy;
        self
    }

    /// The largest body and message that is taken: see [`max_payload`](Self::max_payload).
    pub fn max_payload_bytes(&self) -> usize {
        self.max_payload
    }

    /// Whether a transport is one of [`transports`](Self::transports).
    pub fn offers(&self, transport: Transport) -> bool {
        self.transports.contains(&transport)
    }

    /// See [`ping_timeout`](Self::ping_timeout).
    pub fn ping_timeout_value(&self) -> Duration {
        self.ping_timeout
    }

    /// What [`admit`](crate::admit::admit) has to know.
    pub fn admission(&self) -> AdmitConfig<'_> {
        AdmitConfig::new(&self.transports).allow_revision_3(self.revision_3)
    }

    /// The open packet of a session that begins on `transport`.
    pub(super) fn open_packet(&self, sid: &Sid, transport: Transport) -> Text {
        let mut open = Open::new(sid.clone(), self.ping_interval, self.ping_timeout);
        open.upgrades = self
            .upgrades_from(transport)
            .map(|to| to.name().into())
            .collect();
        open.max_payload = Some(self.max_payload);
        open.encode()
    }

    /// What a session on `transport` lists as `upgrades` in its open packet.
    pub(crate) fn upgrades_from(&self, transport: Transport) -> impl Iterator<Item = Transport> {
        let any = self.upgrades && !transport.is_link();
        self.transports
            .iter()
            .copied()
            .filter(move |to| any && to.is_link())
    }
}

/// Interval and timeout together are what clients wait for.
const LONGEST: Duration = Duration::from_millis(Open::MAX_PERIOD.as_millis() as u64 / 2);

/// How one session is opened: its id, and what the client said in its first request.
///
/// ```
/// use engineio_proto::{Sid, query::Query};
/// use engineio_proto::server::Opening;
///
/// let query = Query::parse("EIO=4&transport=polling&b64=1");
/// let opening = Opening::from_query(Sid::new("CutEdQFlYU6blFeZAAAB").unwrap(), &query);
/// ```
#[derive(Clone, Debug)]
pub struct Opening {
    pub(super) sid: Sid,
    pub(super) revision: Revision,
    pub(super) base64: bool,
    pub(super) jsonp: Option<JsonpIndex>,
}

impl Opening {
    /// Revision 4, binary as binary.
    pub fn new(sid: Sid) -> Self {
        Self {
            sid,
            revision: Revision::V4,
            base64: false,
            jsonp: None,
        }
    }

    /// As the query of the first request says.
    pub fn from_query(sid: Sid, query: &Query<'_>) -> Self {
        Self {
            sid,
            revision: query.revision(),
            base64: query.base64(),
            jsonp: query.jsonp(),
        }
    }

    /// The id of the session.
    pub fn sid(&self) -> &Sid {
        &self.sid
    }

    /// The revision of the protocol.
    #[must_use]
    pub fn revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Whether binary has to travel as base64 in text (`b64` in the request).
    #[must_use]
    pub fn base64(mut self, yes: bool) -> Self {
        self.base64 = yes;
        self
    }

    /// Polling answers are scripts that call the function of this index (`j` in the request).
    #[must_use]
    pub fn jsonp(mut self, index: JsonpIndex) -> Self {
        self.jsonp = Some(index);
        self
    }
}
