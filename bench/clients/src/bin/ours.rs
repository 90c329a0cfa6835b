//! Round trips against a server that acknowledges `echo`, and what each costs this process.
//!
//! ```text
//! cargo run --release -p socketio-client --example round_trips -- http://localhost:3000 [seconds] [in flight]
//! ```
//!
//! The processor time is that of the whole process, as the kernel counts it, in steps of ten milliseconds.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::time::{Duration, Instant};

use serde::Serialize;
use socketio_client::{Client, Socket, Transport};

#[derive(Clone, Serialize)]
struct Payload {
    n: u32,
    ok: bool,
    text: &'static str,
}

const PAYLOAD: Payload = Payload {
    n: 1_234_567,
    ok: true,
    text: "hello, socket.io peer",
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("the URL of a server is missing")?;
    let seconds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let in_flight: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let socket = Client::builder(&url)
        .transports([Transport::WEBSOCKET])
        .connect()
        .await?;
    run(&socket, Duration::from_millis(500), in_flight).await?;
    let (before, started) = (processor_time()?, Instant::now());
    let count = run(&socket, Duration::from_secs(seconds), in_flight).await?;
    let (spent, passed) = (processor_time()? - before, started.elapsed());
    println!(
        "{in_flight} in flight: {:.0} round trips a second, {:.2} us of processor time each",
        count as f64 / passed.as_secs_f64(),
        spent.as_secs_f64() * 1e6 / count as f64,
    );
    socket.close().await;
    Ok(())
}

async fn run(
    socket: &Socket,
    time: Duration,
    in_flight: usize,
) -> Result<u64, Box<dyn std::error::Error>> {
    let ends = Instant::now() + time;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let socket = socket.clone();
        asking.spawn(async move {
            let mut count = 0;
            while Instant::now() < ends {
                socket
                    .emit_with_ack::<socketio_client::Values>("echo", &PAYLOAD)
                    .await?;
                count += 1;
            }
            Ok::<u64, socketio_client::AckError>(count)
        });
    }
    let mut count = 0;
    while let Some(done) = asking.join_next().await {
        count += done??;
    }
    Ok(count)
}

/// User and system time of this process.
fn processor_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program, which may have blanks in it, ends with the last bracket.
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<u64>().ok())
            .ok_or("no /proc/self/stat")
    };
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}
