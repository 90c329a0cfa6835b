//! A server on a free port, with clients that write bytes.

pub(crate) mod client;
pub(crate) mod dialect;

use std::ops::Deref;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use socketio_server::engine::{Engine, EngineBuilder, Message, Payload, Socket};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) use self::client::*;

/// An echo server, which ends with the test.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    client: Client,
    reasons: Receiver<String>,
    pub(crate) runtime: Runtime,
}

/// Requests are made on the server itself: there is only one in a test.
impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Starts a server that sends everything back, and does what it is told: [`echo`].
pub(crate) fn serve(change: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Server {
    let runtime = Runtime::new().unwrap();
    let (said, reasons) = channel();
    let engine = change(Engine::builder()).serve(move |socket| {
        let said = said.clone();
        async move {
            echo(&socket).await;
            if let Some(reason) = socket.close_reason() {
                // Most tests do not ask.
                let _ = said.send(reason.to_string());
            }
        }
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = engine.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    Server {
        engine,
        client: Client::new(address),
        reasons,
        runtime,
    }
}

/// Sends everything back. A message that begins with `!` is an order instead: `!burst N` sends N messages, `!close` closes,
/// `!leave` returns, which closes too, `!panic` does what it says.
async fn echo(socket: &Socket) {
    while let Some(message) = socket.recv().await {
        let order = match message.payload() {
            Payload::Text(text) => text.strip_prefix('!'),
            _ => None,
        };
        let order = order.map(|order| order.split_once(' ').unwrap_or((order, "")));
        match order {
            None => {
                if socket.send(message).is_err() {
                    socket.close();
                    // The reason comes at the end.
                    while socket.recv().await.is_some() {}
                }
            }
            Some(("burst", number)) => {
                for at in 0..number.parse::<u32>().unwrap() {
                    let _ = socket.send(Message::text(&at.to_string()));
                }
            }
            Some(("close", _)) => socket.close(),
            Some(("leave", _)) => return,
            Some(("panic", _)) => panic!("as it was told"),
            Some(order) => panic!("{order:?} is no order"),
        }
    }
}

impl Server {
    /// Why the next session ended, in the words of a log.
    pub(crate) fn reason(&self) -> String {
        self.reasons
            .recv_timeout(Duration::from_secs(5))
            .expect("the end of a session")
    }

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
