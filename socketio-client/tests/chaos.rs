//! A relay between client and server that cuts, delays and stalls at random: with retries every event arrives, and what a
//! connection carried while it lasted arrived in order and once.
//!
//! `CHAOS_SECONDS` (10) is how long it goes on, `CHAOS_SEED` (the time) what chance is made of; a failure names it.

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use socketio_client::{Backoff, Client, Data, Transport};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// xorshift64*: the same seed gives the same accidents.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % n
    }
}

async fn relay(server: SocketAddr, seed: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for n in 0.. {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut chance = Chance(seed.wrapping_add(n * 7_919) | 1);
                let Ok(server) = TcpStream::connect(server).await else {
                    return;
                };
                let life = Duration::from_millis(100 + chance.below(3_000));
                let (client_read, client_write) = client.into_split();
                let (server_read, server_write) = server.into_split();
                let up = pass(
                    client_read,
                    server_write,
                    Chance(chance.below(u64::MAX) | 1),
                );
                let down = pass(
                    server_read,
                    client_write,
                    Chance(chance.below(u64::MAX) | 1),
                );
                tokio::select! {
                    () = async { tokio::join!(up, down); } => {}
                    // Both ends see the connection break, wherever it is.
                    () = tokio::time::sleep(life) => {}
                }
            });
        }
    });
    address
}

/// Passes on bytes in pieces, late now and then.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut chance: Chance,
) {
    let mut buffer = [0; 4_096];
    loop {
        let size = 1 + chance.below(buffer.len() as u64) as usize;
        let Ok(n @ 1..) = from.read(&mut buffer[..size]).await else {
            return;
        };
        match chance.below(40) {
            0 => tokio::time::sleep(Duration::from_millis(chance.below(200))).await,
            1 => tokio::task::yield_now().await,
            _ => {}
        }
        if to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn whatever_the_network_does_retries_arrive_and_order_holds() {
    let seconds = std::env::var("CHAOS_SECONDS").map_or(10, |seconds| seconds.parse().unwrap());
    let seed = std::env::var("CHAOS_SEED").map_or_else(
        |_| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64,
        |seed| seed.parse().unwrap(),
    );
    let server = support::serve_with("127.0.0.1:0".parse().unwrap(), |builder| {
        builder
            .ping_interval(Duration::from_millis(500))
            .ping_timeout(Duration::from_millis(500))
    })
    .await;

    let ends = Instant::now() + Duration::from_secs(seconds);
    let mut running = Vec::new();
    for (n, transports) in [
        &[Transport::POLLING][..],
        &[Transport::WEBSOCKET],
        &[Transport::POLLING, Transport::WEBSOCKET],
    ]
    .into_iter()
    .enumerate()
    {
        let address = relay(server.address, seed.wrapping_mul(n as u64 + 1)).await;
        let echoed = Arc::new(Mutex::new(Vec::<u64>::new()));
        let seen = Arc::clone(&echoed);
        let socket = Client::builder(&format!("http://{address}"))
            .transports(transports.iter().copied())
            .backoff(Backoff::new(
                Duration::from_millis(10),
                Duration::from_millis(100),
            ))
            .on("echo", async move |Data(n): Data<u64>| {
                seen.lock().unwrap().push(n)
            })
            .open()
            .unwrap();
        running.push(tokio::spawn(async move {
            let retried = socket
                .retries(u32::MAX)
                .timeout(Duration::from_millis(700))
                .unique_key();
            let (mut sent, mut answered) = (0u64, 0);
            while Instant::now() < ends {
                let answer = retried.emit_with_ack::<usize>("key", "x");
                for _ in 0..10 {
                    let _ = socket.emit("echo", sent);
                    sent += 1;
                }
                if let Err(error) = answer.await {
                    panic!("seed {seed}: {error}");
                }
                answered += 1;
            }
            let echoed = echoed.lock().unwrap();
            // A loss leaves a gap; nothing comes twice or late.
            assert!(
                echoed.is_sorted_by(|a, b| a < b),
                "seed {seed}: not in order"
            );
            assert!(
                answered > 0 && !echoed.is_empty(),
                "seed {seed}: nothing happened"
            );
            answered
        }));
    }
    let mut keys = 0;
    for running in running {
        keys += running.await.unwrap();
    }
    // Each once, by its key, although it may have been sent more often.
    assert_eq!(server.seen.keys.lock().unwrap().len(), keys, "seed {seed}");
}
