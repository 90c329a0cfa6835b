//! How long the codecs take: `cargo bench -p engineio-proto`. For counts that do not depend on the machine's mood,
//! see `bench/instructions.sh`.

#[path = "../examples/common/operations.rs"]
mod operations;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn codecs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    for mut operation in operations::all() {
        group.throughput(Throughput::Bytes(operation.bytes));
        group.bench_function(operation.name, |bencher| bencher.iter(|| (operation.run)()));
    }
    group.finish();
}

criterion_group!(benches, codecs);
criterion_main!(benches);
