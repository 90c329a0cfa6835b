//! What a connection costs that does nothing, and whether a burst is given back.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep};

use crate::Server;
use crate::client::{Client, WebSocket, connect};

/// Clients that order at the same time, when all are sent a burst at once.
const ORDERING: usize = 64;

pub(crate) async fn measure<C: Client>(server: Server, connections: usize) {
    // What the first connections make a server allocate is not theirs.
    for _ in 0..50 {
        drop(WebSocket::open(server).await);
    }
    let mut others = connect(server).await;
    sleep(Duration::from_secs(1)).await;
    let empty = server.memory();
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(C::open(server).await);
    }
    sleep(Duration::from_secs(2)).await;
    let each = |bytes: i64| bytes as f64 / 1024.0 / connections as f64;
    let idle = server.memory();
    println!("{:.2} KiB per idle connection", each(idle - empty));
    // In turn: what stays is the connections'. At the same time: also what the allocator does not give back to the system.
    for client in &mut clients {
        client.order(&mut others).await;
        client.fetch().await;
    }
    sleep(Duration::from_secs(2)).await;
    println!(
        "{:.2} more after a burst to each in turn",
        each(server.memory() - idle)
    );
    let begun = Instant::now();
    let clients = order(server, clients).await;
    let ordered = begun.elapsed();
    let most = server.memory();
    let clients = fetch(clients).await;
    let fetched = begun.elapsed();
    sleep(Duration::from_secs(2)).await;
    println!(
        "{:.2} more after a burst to all at once ({:.1} s to order, with {:.0} MiB in memory then; {:.1} s to fetch)",
        each(server.memory() - idle),
        ordered.as_secs_f64(),
        most as f64 / 1024.0 / 1024.0,
        (fetched - ordered).as_secs_f64(),
    );
    if let Ok(hold) = std::env::var("HOLD") {
        sleep(Duration::from_secs(hold.parse().expect("HOLD"))).await;
    }
    drop(clients);
}

/// Orders the burst for all, before any of it is fetched.
async fn order<C: Client>(server: Server, clients: Vec<C>) -> Vec<C> {
    let share = clients.len().div_ceil(ORDERING);
    let mut clients = clients.into_iter();
    let mut ordering: Vec<JoinHandle<Vec<C>>> = Vec::new();
    for _ in 0..ORDERING {
        let mut clients: Vec<C> = clients.by_ref().take(share).collect();
        let mut others: TcpStream = connect(server).await;
        ordering.push(spawn_local(async move {
            for client in &mut clients {
                client.order(&mut others).await;
            }
            clients
        }));
    }
    let mut clients = Vec::new();
    for ordering in ordering {
        clients.extend(ordering.await.expect("orders"));
    }
    clients
}

/// Fetches the burst, all at the same time: who waits for a minute is taken for dead by the server.
async fn fetch<C: Client>(clients: Vec<C>) -> Vec<C> {
    let fetching = clients.into_iter().map(|mut client| {
        spawn_local(async move {
            client.fetch().await;
            client
        })
    });
    let mut clients = Vec::new();
    for fetching in fetching.collect::<Vec<_>>() {
        clients.push(fetching.await.expect("a burst"));
    }
    clients
}
