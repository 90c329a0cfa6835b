//! A relay between a client and a server that cuts, delays and stalls at random.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) struct Relay {
    pub(crate) port: u16,
    bad: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// To the server on this port. It passes on everything until [`begin`](Self::begin).
    pub(crate) async fn start(server: u16, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (bad, is_bad) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            for n in 0.. {
                let Ok((client, _)) = listener.accept().await else {
                    return;
                };
                let chance = Chance::new(seed, n);
                tokio::spawn(connection(client, server, chance, is_bad.clone()));
            }
        });
        Ok(Self {
            port,
            bad,
            accepting,
        })
    }

    /// From now on it breaks things.
    pub(crate) fn begin(&self) {
        self.bad.send_replace(true);
    }

    /// From now on it passes on everything. Connections whose end was decided still come to it.
    pub(crate) fn end(&self) {
        self.bad.send_replace(false);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(
    client: TcpStream,
    server: u16,
    mut chance: Chance,
    is_bad: watch::Receiver<bool>,
) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let up = pass(client_read, server_write, chance.branch(), is_bad.clone());
    let down = pass(server_read, client_write, chance.branch(), is_bad.clone());
    tokio::select! {
        // One end has closed; the other hears of it at once.
        () = up => {}
        () = down => {}
        // Both see the connection break, wherever it is.
        () = end_of_life(chance, is_bad) => {}
    }
}

/// Some are cut within their handshake.
async fn end_of_life(mut chance: Chance, mut is_bad: watch::Receiver<bool>) {
    if is_bad.wait_for(|bad| *bad).await.is_err() {
        return std::future::pending().await;
    }
    let millis = match chance.below(4) {
        0 => chance.below(20),
        _ => chance.below(1_200),
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Passes on bytes in pieces, late now and then.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut chance: Chance,
    is_bad: watch::Receiver<bool>,
) {
    let mut buffer = [0; 4_096];
    loop {
        let size = 1 + usize::try_from(chance.below(buffer.len() as u64 - 1)).unwrap_or(0);
        let Ok(n @ 1..) = from.read(buffer.get_mut(..size).unwrap_or_default()).await else {
            return;
        };
        let is_bad = *is_bad.borrow();
        match chance.below(60) {
            0..3 if is_bad => tokio::time::sleep(Duration::from_millis(chance.below(30))).await,
            3 if is_bad => tokio::time::sleep(Duration::from_millis(chance.below(500))).await,
            _ => {}
        }
        if to
            .write_all(buffer.get(..n).unwrap_or_default())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// xorshift64*: the same seed gives the same accidents.
struct Chance(u64);

impl Chance {
    fn new(seed: u64, n: u64) -> Self {
        Self(seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }

    fn branch(&mut self) -> Self {
        Self(self.below(u64::MAX) | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % n.max(1)
    }
}
