//! A server on a free port, with clients that write bytes.

pub(crate) mod client;

use std::ops::Deref;
use std::time::Duration;

use socketio_server::engine::{Engine, EngineBuilder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::client::Client;

/// An echo server, which ends with the test.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    client: Client,
    _runtime: Runtime,
}

/// Requests are made on the server itself: there is only one in a test.
impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Starts a server that sends everything back.
pub(crate) fn serve(change: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Server {
    let runtime = Runtime::new().unwrap();
    let engine = change(Engine::builder()).serve(async |socket| {
        while let Some(message) = socket.recv().await {
            if socket.send(message).is_err() {
                break;
            }
        }
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = engine.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    Server {
        engine,
        client: Client { address },
        _runtime: runtime,
    }
}

impl Server {
    /// Waits until no session is left.
    pub(crate) fn wait_until_empty(&self) {
        for _ in 0..500 {
            if self.engine.sessions() == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} sessions are left", self.engine.sessions());
    }
}
