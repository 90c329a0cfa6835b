//! socketio-client: as many tasks as events under way, each of which waits for its answer.

use std::time::{Duration, Instant};

use bench_clients::{Meter, PAYLOAD, Plan, WARM_UP};
use socketio_client::{AckError, Client, Socket, Transport, Values};
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let plan = Plan::from_arguments();
    let socket = Client::builder(&plan.url)
        .transports([Transport::WEBSOCKET])
        .connect()
        .await
        .expect("a connection");
    run(&socket, WARM_UP, plan.in_flight).await;
    let meter = Meter::start();
    let count = run(&socket, plan.time, plan.in_flight).await;
    meter.report("ours", plan.in_flight, count);
    socket.close().await;
}

async fn run(socket: &Socket, time: Duration, in_flight: usize) -> u64 {
    let ends = Instant::now() + time;
    let mut asking = JoinSet::new();
    for _ in 0..in_flight {
        let socket = socket.clone();
        asking.spawn(async move {
            let mut count = 0;
            while Instant::now() < ends {
                // Decoded to what holds any JSON, as the others do.
                socket.emit_with_ack::<Values>("echo", &PAYLOAD).await?;
                count += 1;
            }
            Ok::<u64, AckError>(count)
        });
    }
    let mut count = 0;
    while let Some(done) = asking.join_next().await {
        count += done.expect("a task").expect("an answer");
    }
    count
}
