//! How long the codecs take: `cargo bench -p socketio-proto`. For counts that do not depend on the machine's mood,
//! see `bench/instructions.sh`.

#[path = "../examples/common/operations.rs"]
mod operations;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use socketio_proto::{Arguments, Codec, Emit, Encoded, Json, Namespace};

/// As many as there are recipients of a large broadcast.
const RECIPIENTS: usize = 10_000;

fn codecs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    for mut operation in operations::all() {
        group.throughput(Throughput::Bytes(operation.bytes));
        group.bench_function(operation.name, |bencher| bencher.iter(|| (operation.run)()));
    }
    group.finish();
}

/// A broadcast: encoded once, put into the queue of each recipient.
fn broadcast(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("broadcast");
    group.throughput(Throughput::Elements(RECIPIENTS as u64));
    for size in [64, 1024, 16 * 1024] {
        let text = "x".repeat(size);
        let queues = || (0..RECIPIENTS).map(|_| Vec::with_capacity(1)).collect();
        group.bench_function(format!("{size} bytes to {RECIPIENTS}"), |bencher| {
            bencher.iter_batched_ref(
                queues,
                |queues: &mut Vec<Vec<Encoded>>| {
                    let emit = Emit::new("news", Arguments::new(&text));
                    let encoded = Json::new().encode(&Namespace::ROOT, &emit.into());
                    let encoded = encoded.expect("it can be sent");
                    for queue in queues {
                        queue.push(black_box(&encoded).clone());
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
    for size in [64, 16 * 1024] {
        let text = "x".repeat(size);
        let mut recipients: Vec<_> = (0..RECIPIENTS).map(|_| operations::joined()).collect();
        let name = format!("{size} bytes to {RECIPIENTS} connections, and out of them");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let emit = Emit::new("news", Arguments::new(&text));
                let encoded = Json::new().encode(&Namespace::ROOT, &emit.into());
                let encoded = encoded.expect("it can be sent");
                for (connection, _) in &mut recipients {
                    let sent = connection.send(&Namespace::ROOT, black_box(&encoded));
                    sent.expect("it is joined");
                }
                for (connection, link) in &mut recipients {
                    let frame = connection.poll_frame(*link).expect("it was sent");
                    black_box(frame.to_ws());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, codecs, broadcast);
criterion_main!(benches);
