//! Building an engine.

use std::sync::Arc;

use super::http::Core;
use super::raw::{Engine, Raw};
use super::socket::Socket;
use crate::door::{Options, door_options};

/// What can be chosen for an [`Engine`]. Defaults are those of the reference server where it has the option, except for
/// [`cors`](Self::cors).
#[derive(Clone, Debug)]
#[must_use]
pub struct EngineBuilder {
    options: Options,
    inbox: usize,
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            options: Options::new("/engine.io"),
            inbox: 256,
        }
    }
}

door_options!(EngineBuilder);

impl EngineBuilder {
    /// How many messages of a client may wait to be [received](Socket::recv). Default 256; beyond that it is not read from.
    pub fn inbox(mut self, messages: usize) -> Self {
        self.inbox = messages.max(1);
        self
    }

    /// Finishes the engine. `serve` is called for each client, in a task of its own; the session is closed when it returns.
    pub fn serve<F, Fut>(self, serve: F) -> Engine
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let raw = Raw::new(self.inbox, move |socket| Box::pin(serve(socket)));
        Engine::new(Core::new(self.options, Arc::new(raw)))
    }
}
