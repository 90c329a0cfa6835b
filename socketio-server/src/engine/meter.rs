//! Counters, for whoever looks at the server while it runs. They cost nothing without the feature `metrics`.

use engineio_proto::{CloseReason, Revision, TransportFault};

/// Over what bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Polling,
    Link,
}

/// What became of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrading {
    /// A client opened a link beside polling.
    Tried,
    /// It went over.
    Done,
}

/// The counters of a server.
///
/// They are asked of the recorder when the server is built, so that counting is one addition: the recorder has to be there
/// before.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    #[cfg(feature = "metrics")]
    counters: counters::Counters,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            counters: counters::Counters::new(),
        }
    }

    /// A session began.
    pub(crate) fn opened(&self, transport: &'static str, revision: Revision) {
        #[cfg(feature = "metrics")]
        self.counters.opened(transport, revision);
        let _ = (transport, revision);
    }

    /// A session ended.
    pub(crate) fn closed(&self, reason: CloseReason) {
        #[cfg(feature = "metrics")]
        self.counters.closed(reason);
        let _ = reason;
    }

    pub(crate) fn upgrade(&self, upgrading: Upgrading) {
        #[cfg(feature = "metrics")]
        self.counters.upgrade(upgrading);
        let _ = upgrading;
    }

    /// A request was refused.
    pub(crate) fn refused(&self, reason: &'static str) {
        #[cfg(feature = "metrics")]
        self.counters.refused(reason);
        let _ = reason;
    }

    pub(crate) fn received(&self, way: Way, bytes: usize) {
        #[cfg(feature = "metrics")]
        self.counters.received(way, bytes);
        let _ = (way, bytes);
    }

    pub(crate) fn sent(&self, way: Way, bytes: usize) {
        #[cfg(feature = "metrics")]
        self.counters.sent(way, bytes);
        let _ = (way, bytes);
    }
}

/// A reason as the label of a counter: that of the reference, except that slow clients can be told apart.
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "only counters have labels")
)]
fn label(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::TransportError(TransportFault::Slow) => "slow client",
        other => other.as_str(),
    }
}

#[cfg(feature = "metrics")]
mod counters {
    use engineio_proto::{CloseReason, Revision};
    use metrics::{Counter, Gauge, counter, gauge};

    use super::{Upgrading, Way, label};

    #[derive(Clone)]
    pub(super) struct Counters {
        sessions: Gauge,
        received: [Counter; 2],
        sent: [Counter; 2],
    }

    const WAYS: [&str; 2] = ["polling", "link"];

    impl Counters {
        pub(super) fn new() -> Self {
            Self {
                sessions: gauge!("socketio_sessions"),
                received: WAYS.map(|way| counter!("socketio_received_bytes_total", "way" => way)),
                sent: WAYS.map(|way| counter!("socketio_sent_bytes_total", "way" => way)),
            }
        }

        pub(super) fn opened(&self, transport: &'static str, revision: Revision) {
            let revision = revision.number().to_string();
            counter!("socketio_sessions_opened_total", "transport" => transport, "revision" => revision)
                .increment(1);
            self.sessions.increment(1.0);
        }

        pub(super) fn closed(&self, reason: CloseReason) {
            counter!("socketio_sessions_closed_total", "reason" => label(reason)).increment(1);
            self.sessions.decrement(1.0);
        }

        pub(super) fn upgrade(&self, upgrading: Upgrading) {
            let outcome = match upgrading {
                Upgrading::Tried => "tried",
                Upgrading::Done => "done",
            };
            counter!("socketio_upgrades_total", "outcome" => outcome).increment(1);
        }

        pub(super) fn refused(&self, reason: &'static str) {
            counter!("socketio_refusals_total", "reason" => reason).increment(1);
        }

        pub(super) fn received(&self, way: Way, bytes: usize) {
            let [polling, link] = &self.received;
            pick(way, polling, link).increment(bytes as u64);
        }

        pub(super) fn sent(&self, way: Way, bytes: usize) {
            let [polling, link] = &self.sent;
            pick(way, polling, link).increment(bytes as u64);
        }
    }

    fn pick<'a>(way: Way, polling: &'a Counter, link: &'a Counter) -> &'a Counter {
        match way {
            Way::Polling => polling,
            Way::Link => link,
        }
    }

    impl std::fmt::Debug for Counters {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Counters").finish_non_exhaustive()
        }
    }
}
