//! What the two ends of a test are configured with.

use alloc::sync::Arc;
use core::time::Duration;

use engineio_proto::testing as engine;
use proptest::prelude::*;

use crate::{Codec, Json, client, server};

/// How the ends of a [`Pair`](super::Pair) are configured.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(super) engine: engine::Setup,
    pub(super) recovery: bool,
    pub(super) window: Duration,
    pub(super) codec: Arc<dyn Codec>,
    pub(super) server: server::Config,
    pub(super) client: client::Config,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new(engine::Setup::default())
    }
}

impl Setup {
    /// Connections over sessions like these. JSON, and recovery for two minutes.
    pub fn new(engine: engine::Setup) -> Self {
        Self {
            engine,
            recovery: true,
            window: Duration::from_secs(120),
            codec: Arc::new(Json::new()),
            server: server::Config::default(),
            client: client::Config::default(),
        }
    }

    /// Whether the server recovers sessions.
    #[must_use]
    pub fn recovery(mut self, yes: bool) -> Self {
        self.recovery = yes;
        self
    }

    /// How long a lost session can be had back. Default two minutes.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Another codec, on both sides.
    #[must_use]
    pub fn codec(mut self, codec: impl Codec + Clone) -> Self {
        self.server.codec(codec.clone());
        self.client.codec(codec.clone());
        self.codec = Arc::new(codec);
        self
    }
}

/// Every kind of connection, with and without recovery.
pub fn setup() -> impl Strategy<Value = Setup> {
    let recovery = prop_oneof![2 => Just(true), 1 => Just(false)];
    (engine::setup(), recovery).prop_map(|(engine, recovery)| Setup::new(engine).recovery(recovery))
}
