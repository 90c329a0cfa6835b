//! Going down without losing what was said.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engineio_proto::server::Session;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::Server;
use crate::dispatch::Client;

/// How a [shutdown](Server::shutdown) went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Clients that were still connected when the time was over.
    pub cut_off: usize,
    /// Messages that had been sent to them and did not leave.
    pub undelivered: usize,
    /// Handlers that were still running.
    pub unfinished: usize,
}

impl Shutdown {
    /// Whether everything came to its end in time.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// How often it is looked whether everybody has gone.
const LOOK: Duration = Duration::from_millis(10);

impl Server {
    /// Lets no new client in, lets all go that are there, each when what it was sent has left, and ends the listeners. Does not
    /// wait for any of it; [`shutdown`](Self::shutdown) does.
    pub fn close(&self) {
        self.core.close_gate();
        for client in self.core.sessions.snapshot() {
            let_go(&client);
        }
    }

    /// Goes down: no new client is let in, the listeners end, and clients are let go when what they were sent has left, spread over
    /// half of the time so that they do not all come back in the same moment; handlers are waited for. What is left when the
    /// time is over is cut off.
    ///
    /// Sockets are disconnected with the reason [`ServerShuttingDown`](crate::DisconnectReason::ServerShuttingDown). Clients are not
    /// told that they were sent away, so that they connect again, to another node.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use socketio_server::Server;
    /// # async fn signal() {}
    /// # async fn run() -> std::io::Result<()> {
    /// let io = Server::new();
    /// let serving = tokio::spawn({
    ///     let io = io.clone();
    ///     async move { io.listen("127.0.0.1:3000").await }
    /// });
    /// signal().await; // of the operator
    /// let left = io.shutdown(Duration::from_secs(10)).await;
    /// if !left.is_clean() {
    ///     eprintln!("{} clients were cut off", left.cut_off);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self, deadline: Duration) -> Shutdown {
        let begun = Instant::now();
        self.core.close_gate();
        let by = begun + deadline;
        self.core.close_gate();
        self.let_out(by).await;
        let clients = self.core.sessions.snapshot();
        let count = u32::try_from(clients.len()).unwrap_or(u32::MAX);
        let apart = (deadline / 2).checked_div(count).unwrap_or_default();
        for (client, nth) in clients.into_iter().zip(0..) {
            // Timers are not finer than a millisecond; several clients may go in one.
            let turn = begun + apart * nth;
            if turn > Instant::now() + Duration::from_millis(1) {
                sleep_until(turn.min(by)).await;
            }
            let_go(&client);
        }
        // Those who were on their way in when the gate was closed.
        self.close();
        let common = &self.core.protocol.common;
        let running = || common.running.load(Ordering::Acquire);
        let gone = async {
            while self.core.sessions.len() > 0 || running() > 0 {
                sleep(LOOK).await;
            }
        };
        let mut left = Shutdown::default();
        if timeout_at(by, gone).await.is_err() {
            for client in self.core.sessions.snapshot() {
                left.cut_off += 1;
                left.undelivered += client.session(Session::buffered_messages);
                client.with(|machine| machine.inner.abort());
                client.dispatch_later();
            }
            left.unfinished = running();
        }
        for nsp in self.core.protocol.all_namespaces() {
            let _ = timeout_at(by.max(Instant::now() + LOOK), nsp.adapter().close()).await;
        }
        left
    }
}

impl Server {
    /// Waits for what adapters hold back.
    async fn let_out(&self, by: Instant) {
        for nsp in self.core.protocol.all_namespaces() {
            let adapter = nsp.adapter();
            if adapter.holds_back() {
                let (done, is_out) = oneshot::channel();
                adapter.in_order(Box::new(move || {
                    let _ = done.send(());
                }));
                let _ = timeout_at(by, is_out).await;
            }
        }
    }
}

/// Closes a connection because the server ends.
fn let_go(client: &Arc<Client>) {
    client.part(socketio_proto::server::Connection::shut_down);
}
