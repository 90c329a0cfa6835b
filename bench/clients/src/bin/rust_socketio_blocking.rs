//! rust_socketio, blocking: a thread of its own reads, and calls back with each answer.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use bench_clients::{Meter, PAYLOAD, Plan, WARM_UP};
use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, TransportType};

fn main() {
    let plan = Plan::from_arguments();
    let (joined, has_joined) = mpsc::channel();
    let client = ClientBuilder::new(plan.url)
        .transport_type(TransportType::Websocket)
        .on(Event::Connect, move |_, _| {
            let _ = joined.send(());
        })
        .connect()
        .expect("a connection");
    has_joined.recv().expect("the namespace");
    let (answered, answers) = mpsc::channel();
    for _ in 0..plan.in_flight {
        ask(&client, &answered);
    }
    run(&client, &answered, &answers, WARM_UP);
    let meter = Meter::start();
    let count = run(&client, &answered, &answers, plan.time);
    meter.report("rust_socketio-b", plan.in_flight, count);
    // Its last events are still under way; nobody waits for them.
    std::process::exit(0);
}

fn run(client: &Client, answered: &Sender<()>, answers: &Receiver<()>, time: Duration) -> u64 {
    let ends = Instant::now() + time;
    let mut count = 0;
    while Instant::now() < ends {
        answers.recv().expect("an answer");
        count += 1;
        ask(client, answered);
    }
    count
}

fn ask(client: &Client, answered: &Sender<()>) {
    let answered = answered.clone();
    let payload = serde_json::to_value(PAYLOAD).expect("JSON");
    let timeout = Duration::from_secs(10);
    client
        .emit_with_ack("echo", payload, timeout, move |_: Payload, _| {
            let _ = answered.send(());
        })
        .expect("it is sent");
}
