//! What can be chosen.

use std::sync::Arc;

use engineio_proto::server;

use super::origin::Origins;

/// What an engine was built with.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) path: String,
    pub(crate) origins: Origins,
    pub(crate) sessions: server::Config,
    pub(crate) sessions_shared: Arc<server::Config>,
    /// How many messages may wait to be received before the client is not read from any more.
    pub(crate) inbox: usize,
}

impl Config {
    pub(crate) fn new(
        path: String,
        origins: Origins,
        sessions: server::Config,
        inbox: usize,
    ) -> Self {
        let sessions_shared = Arc::new(sessions.clone());
        Self {
            path,
            origins,
            sessions,
            sessions_shared,
            inbox,
        }
    }
}
