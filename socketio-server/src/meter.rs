//! Counters of namespaces, for whoever looks at the server while it runs. They cost nothing without the feature `metrics`.
//!
//! Each has the namespace as a label; those of a pattern share the pattern, or clients could make labels without end.

use std::sync::Arc;

use socketio_adapter::Local;
use socketio_proto::AckError;

use crate::hooks::FailureKind;

/// The counters of a namespace, or of all of a pattern.
#[derive(Debug)]
pub(crate) struct Meter {
    #[cfg(feature = "metrics")]
    counters: Arc<counters::Counters>,
}

/// Since when a handler runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    #[cfg(feature = "metrics")]
    at: tokio::time::Instant,
}

impl Begun {
    pub(crate) fn now() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            at: tokio::time::Instant::now(),
        }
    }
}

impl Meter {
    /// The recorder has to be there by now, since this is where it is asked for the counters.
    pub(crate) fn new(namespace: &str) -> Self {
        let _ = namespace;
        Self {
            #[cfg(feature = "metrics")]
            counters: Arc::new(counters::Counters::new(namespace)),
        }
    }

    /// Counts the rooms of a namespace, from now on.
    pub(crate) fn watch(&self, local: &Arc<Local>) {
        #[cfg(feature = "metrics")]
        local.watch(Arc::clone(&self.counters) as _);
        let _ = local;
    }

    /// A client sent an event.
    pub(crate) fn received(&self) {
        #[cfg(feature = "metrics")]
        self.counters.received.increment(1);
    }

    /// An event is sent to a client.
    pub(crate) fn sent(&self) {
        #[cfg(feature = "metrics")]
        self.counters.sent.increment(1);
    }

    /// An acknowledgement that was awaited has come, or never will.
    pub(crate) fn acknowledged(&self, error: Option<AckError>) {
        #[cfg(feature = "metrics")]
        self.counters.acknowledged(error);
        let _ = error;
    }

    /// A handler has ended.
    pub(crate) fn handled(&self, begun: Begun) {
        #[cfg(feature = "metrics")]
        self.counters.handler_time.record(begun.at.elapsed());
        let _ = begun;
    }

    /// A handler has failed.
    pub(crate) fn failed(&self, kind: FailureKind) {
        #[cfg(feature = "metrics")]
        self.counters.failed(kind);
        let _ = kind;
    }

    /// A socket was let in.
    pub(crate) fn joined(&self) {
        #[cfg(feature = "metrics")]
        self.counters.sockets.increment(1.0);
    }

    /// A socket has left.
    pub(crate) fn left(&self) {
        #[cfg(feature = "metrics")]
        self.counters.sockets.decrement(1.0);
    }

    /// A client was turned away.
    pub(crate) fn refused(&self) {
        #[cfg(feature = "metrics")]
        self.counters.refused.increment(1);
    }
}

#[cfg(feature = "metrics")]
mod counters {
    use metrics::{Counter, Gauge, Histogram, SharedString, counter, gauge, histogram};
    use socketio_adapter::{Room, Watch};
    use socketio_proto::AckError;

    use crate::hooks::FailureKind;

    pub(super) struct Counters {
        namespace: SharedString,
        pub(super) received: Counter,
        pub(super) sent: Counter,
        answered: Counter,
        pub(super) handler_time: Histogram,
        pub(super) sockets: Gauge,
        rooms: Gauge,
        pub(super) refused: Counter,
    }

    impl Counters {
        pub(super) fn new(namespace: &str) -> Self {
            let namespace = SharedString::from(namespace.to_owned());
            let of = || namespace.clone();
            Self {
                received: counter!("socketio_events_received_total", "namespace" => of()),
                sent: counter!("socketio_events_sent_total", "namespace" => of()),
                answered: counter!("socketio_acks_total", "namespace" => of(), "outcome" => "answered"),
                handler_time: histogram!("socketio_handler_seconds", "namespace" => of()),
                sockets: gauge!("socketio_sockets", "namespace" => of()),
                rooms: gauge!("socketio_rooms", "namespace" => of()),
                refused: counter!("socketio_connects_refused_total", "namespace" => of()),
                namespace,
            }
        }

        pub(super) fn acknowledged(&self, error: Option<AckError>) {
            let outcome = match error {
                None => return self.answered.increment(1),
                Some(AckError::Timeout) => "timeout",
                Some(_) => "disconnected",
            };
            let namespace = self.namespace.clone();
            counter!("socketio_acks_total", "namespace" => namespace, "outcome" => outcome)
                .increment(1);
        }

        pub(super) fn failed(&self, kind: FailureKind) {
            let kind = match kind {
                FailureKind::Parameter => "parameter",
                FailureKind::Returned => "returned",
                FailureKind::Panicked => "panicked",
            };
            let namespace = self.namespace.clone();
            counter!("socketio_failures_total", "namespace" => namespace, "kind" => kind)
                .increment(1);
        }
    }

    impl Watch for Counters {
        fn created(&self, _: &Room) {
            self.rooms.increment(1.0);
        }

        fn emptied(&self, _: &Room) {
            self.rooms.decrement(1.0);
        }
    }

    impl std::fmt::Debug for Counters {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Counters").finish_non_exhaustive()
        }
    }
}
