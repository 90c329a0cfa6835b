//! Building a server.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engineio_proto::server::OnFull;
use socketio_adapter::{AdapterFactory, Memory};
use socketio_proto::server::Config;
use socketio_proto::{Codec, Json, Limits};

use super::Server;
use super::inner::{Choice, Held, Sio, States};
use crate::door::{Options, door_options};
use crate::engine;
use crate::engine::http::Core;
use crate::hooks::Hooks;
use crate::namespace::Common;

/// What can be chosen for a [`Server`]. Defaults are those of the reference server where it has the option, except for
/// [`origins`](Self::origins).
#[must_use]
pub struct ServerBuilder {
    options: Options,
    config: Config,
    codec: Arc<dyn Codec>,
    others: Vec<(Arc<dyn Codec>, Choice)>,
    adapters: Arc<dyn AdapterFactory>,
    states: States,
    ack_timeout: Duration,
    max_running: usize,
    max_backlog: usize,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        let mut options = Options::new("/socket.io");
        // Whoever emits to a room could not be told that one of many misses something.
        options.sessions.on_full(OnFull::Disconnect);
        Self {
            options,
            config: Config::default(),
            codec: Arc::new(Json::new()),
            others: Vec::new(),
            adapters: Arc::new(Memory),
            states: States::default(),
            ack_timeout: Duration::from_secs(30),
            max_running: 256,
            max_backlog: 4 << 20,
        }
    }
}

door_options!(ServerBuilder);

impl ServerBuilder {
    /// How packets travel. Default JSON; clients have to use the same.
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.codec = Arc::new(codec);
        self
    }

    /// How packets of some clients travel: those for whose first request the function says yes. Clients with different codecs share
    /// namespaces and rooms.
    ///
    /// ```
    /// # use socketio_server::{Json, Server};
    /// let io = Server::builder()
    ///     .codec_for(Json::new().max_attachments(100), |handshake| {
    ///         handshake.query("parser").as_deref() == Some("large")
    ///     })
    ///     .build();
    /// ```
    pub fn codec_for(
        mut self,
        codec: impl Codec,
        choose: impl Fn(&engine::Handshake) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.others.push((Arc::new(codec), Box::new(choose)));
        self
    }

    /// What joins this server with others. Default: nothing, it is alone.
    pub fn adapter(mut self, adapters: impl AdapterFactory) -> Self {
        self.adapters = Arc::new(adapters);
        self
    }

    /// Gives handlers something of the application: what they take as [`State<T>`](crate::State). One of each type.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// How long a client may take to join its first namespace. Default 45 s (`connectTimeout`).
    pub fn connect_timeout(mut self, value: Duration) -> Self {
        self.config.connect_timeout(value);
        self
    }

    /// How long acknowledgements of clients are waited for, where nothing else is said. Default 30 s.
    ///
    /// The reference waits for ever, which keeps what waits as long as the client stays.
    pub fn ack_timeout(mut self, value: Duration) -> Self {
        self.ack_timeout = value;
        self
    }

    /// How many namespaces one client may be in, or ask for, at a time. Default 64.
    pub fn max_namespaces(mut self, value: usize) -> Self {
        self.config.max_namespaces(value);
        self
    }

    /// How many acknowledgements may be awaited from one socket at a time. Default 1,024.
    pub fn max_acks(mut self, value: usize) -> Self {
        self.config.max_acks(value);
        self
    }

    /// What one packet of a client may be. By default [`Limits::default`] with the bytes of
    /// [`max_payload`](Self::max_payload).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits(limits);
        self
    }

    /// How many handlers of one connection may wait for something at a time, and how many bytes of events may wait until they
    /// start. Default 256, and 4 MiB.
    ///
    /// Acknowledgements are read meanwhile, since handlers may wait for them. A client that sends more than that is disconnected.
    pub fn waiting_events(mut self, handlers: usize, bytes: usize) -> Self {
        self.max_running = handlers.max(1);
        self.max_backlog = bytes;
        self
    }

    /// Finishes the server.
    pub fn build(self) -> Server {
        let (others, choices): (Vec<_>, Vec<_>) = self.others.into_iter().unzip();
        let codecs: Vec<Arc<dyn Codec>> = [self.codec].into_iter().chain(others).collect();
        let config = |codec: &Arc<dyn Codec>| {
            let mut config = self.config.clone();
            config.codec(Held(Arc::clone(codec)));
            (Arc::new(config), Arc::clone(codec))
        };
        let configs = codecs.iter().map(config).collect();
        let common = Arc::new(Common {
            states: Arc::new(self.states),
            hooks: Hooks::default(),
            codecs,
            adapters: self.adapters,
            ack_timeout: self.ack_timeout,
            max_running: self.max_running,
            max_backlog: self.max_backlog,
            running: AtomicUsize::new(0),
            runtime: OnceLock::new(),
        });
        let sio = Sio::new(common, configs, choices);
        Server::start(Core::new(self.options, Arc::new(sio)))
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("options", &self.options)
            .field("codec", &self.codec)
            .field("adapters", &self.adapters)
            .finish_non_exhaustive()
    }
}
