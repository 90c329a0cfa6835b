//! rust_socketio, asynchronous: it hands answers to a callback, which tells the loop here to send the next event.

use std::time::Duration;

use bench_clients::{Meter, PAYLOAD, Plan, WARM_UP};
use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let plan = Plan::from_arguments();
    let (joined, mut has_joined) = mpsc::unbounded_channel();
    let client = ClientBuilder::new(plan.url)
        .transport_type(TransportType::Websocket)
        .on(Event::Connect, move |_, _| {
            let _ = joined.send(());
            async {}.boxed()
        })
        .connect()
        .await
        .expect("a connection");
    has_joined.recv().await.expect("the namespace");
    let (answered, mut answers) = mpsc::unbounded_channel();
    for _ in 0..plan.in_flight {
        ask(&client, &answered).await;
    }
    run(&client, &answered, &mut answers, WARM_UP).await;
    let meter = Meter::start();
    let count = run(&client, &answered, &mut answers, plan.time).await;
    meter.report("rust_socketio", plan.in_flight, count);
    // Its last events are still under way; nobody waits for them.
    std::process::exit(0);
}

async fn run(
    client: &Client,
    answered: &UnboundedSender<()>,
    answers: &mut UnboundedReceiver<()>,
    time: Duration,
) -> u64 {
    let ends = Instant::now() + time;
    let mut count = 0;
    while Instant::now() < ends {
        answers.recv().await.expect("an answer");
        count += 1;
        ask(client, answered).await;
    }
    count
}

async fn ask(client: &Client, answered: &UnboundedSender<()>) {
    let answered = answered.clone();
    let payload = serde_json::to_value(PAYLOAD).expect("JSON");
    let timeout = Duration::from_secs(10);
    client
        .emit_with_ack("echo", payload, timeout, move |_: Payload, _| {
            let _ = answered.send(());
            async {}.boxed()
        })
        .await
        .expect("it is sent");
}
