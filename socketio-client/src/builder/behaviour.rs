//! How the client talks to its server, what it waits for, and what it does when a connection is lost.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::{Revision, Transport};
use socketio_proto::{Backoff, Codec};

use super::Builder;
use crate::Error;

impl Builder {
    // --- the protocol ---------------------------------------------------------------------------------------

    /// The transports that may be used. The first one connects; to the others the connection upgrades, if it began with
    /// polling and the server offers them. Default polling, then WebSocket; `[Transport::WEBSOCKET]` skips polling.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = transports.into_iter().collect();
        if self.transports.is_empty() {
            self.wrong = Some(Error::Config("there has to be a transport".into()));
        }
        if self
            .transports
            .iter()
            .any(|transport| ![Transport::POLLING, Transport::WEBSOCKET].contains(transport))
        {
            self.wrong = Some(Error::Config(
                "the transports are polling and websocket".into(),
            ));
        }
        self
    }

    /// Whether to upgrade at all. Default true.
    pub fn upgrade(mut self, yes: bool) -> Self {
        self.engine.upgrade(yes);
        self
    }

    /// Whether the next transport is tried at once where one does not connect. Default false.
    pub fn try_all_transports(mut self, yes: bool) -> Self {
        self.try_all = yes;
        self
    }

    /// Whether to begin with WebSocket if the last connection got that far. Default false.
    pub fn remember_upgrade(mut self, yes: bool) -> Self {
        self.remember_upgrade = yes;
        self
    }

    /// The revision of Engine.IO. Default 4; 3 for servers of Socket.IO 2.x.
    pub fn revision(mut self, revision: Revision) -> Self {
        self.engine.revision(revision);
        self
    }

    /// How packets travel. Default JSON; the server has to use the same.
    pub fn codec(mut self, codec: impl Codec + Clone) -> Self {
        self.protocol.codec(codec.clone());
        self.codec = Arc::new(codec);
        self
    }

    /// Whether to ask for base64 instead of binary, for proxies that break binary frames. Default false.
    pub fn force_base64(mut self, yes: bool) -> Self {
        self.engine.base64(yes);
        self
    }

    /// Whether also the WebSocket is asked for with a query that no cache has seen. Default false; for polling it is always so.
    pub fn timestamp_requests(mut self, yes: bool) -> Self {
        self.timestamp_always = yes;
        self
    }

    /// Sub-protocols to offer with a WebSocket. Default none.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = String>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    // --- limits ---------------------------------------------------------------------------------------------

    /// How long it may take until the connection is open, and again until the server has answered for a namespace. Default
    /// 20 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.engine.connect_timeout(timeout);
        self.connect_timeout = timeout;
        self
    }

    /// How long trying WebSocket may take, while polling goes on. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.engine.upgrade_timeout(timeout);
        self
    }

    /// How long a close may wait until everything has left. Default 5 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.engine.close_timeout(timeout);
        self
    }

    /// How many bytes the server may send in one message. Default 16 MiB.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.engine.max_payload(bytes);
        self.max_payload = bytes;
        self
    }

    /// How many packets one `POST` of polling may hold. Default 16, which is what python-socketio and Flask-SocketIO take: of
    /// a body with more they drop everything and say nothing. Servers of other kinds take a burst in fewer requests if there
    /// may be more.
    pub fn post_limit(mut self, packets: usize) -> Self {
        self.engine.post_limit(packets);
        self
    }

    /// How many bytes and events may wait to be sent: in one namespace while there is no connection, and in the connection.
    /// Default 4 MiB and 65,536; beyond it [`emit`](crate::Socket::emit) says that it is full. The JavaScript client keeps everything.
    pub fn send_buffer(mut self, bytes: usize, events: usize) -> Self {
        self.engine.buffer_limit(bytes, events);
        self.protocol.buffer_limit(bytes, events);
        self
    }

    // --- connecting again -----------------------------------------------------------------------------------

    /// Whether a lost connection is made again by itself. Default true.
    pub fn reconnect(mut self, yes: bool) -> Self {
        self.reconnect = yes;
        self
    }

    /// How long to wait before each attempt. Default one to five seconds, with full jitter: anything between nothing and a
    /// delay that doubles. [`Backoff::reference`] is what the JavaScript client does.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// After how many attempts to give up. Default never.
    pub fn max_reconnect_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Whether [`connect`](Self::connect) waits for further attempts if the first one fails. Default false: it says why.
    pub fn retry_first(mut self, yes: bool) -> Self {
        self.retry_first = yes;
        self
    }

    // --- sending --------------------------------------------------------------------------------------------

    /// How long answers are waited for, where nothing else is said. Default until the socket is disconnected.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = Some(timeout);
        self
    }

    /// Sends every event until it is acknowledged: see [`Emitter::retries`](crate::Emitter::retries). Default zero, which is never.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }
}
