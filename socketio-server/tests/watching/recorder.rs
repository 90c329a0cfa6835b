//! Counters in a map.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};

#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<Mutex<BTreeMap<String, Arc<Cell>>>>);

#[derive(Default)]
struct Cell(AtomicU64);

impl Counted {
    /// The value of `name label=value label=value`, with labels in alphabetical order.
    pub(crate) fn get(&self, key: &str) -> u64 {
        let cells = self.0.lock().unwrap();
        cells
            .get(key)
            .map_or(0, |cell| cell.0.load(Ordering::SeqCst))
    }

    fn cell(&self, key: &Key) -> Arc<Cell> {
        let mut labels: Vec<String> = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()))
            .collect();
        labels.sort();
        let key = key.name().to_owned() + &labels.concat();
        Arc::clone(self.0.lock().unwrap().entry(key).or_default())
    }
}

pub(crate) fn install() -> Counted {
    let counted = Counted::default();
    metrics::set_global_recorder(counted.clone()).ok().unwrap();
    counted
}

impl Recorder for Counted {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

/// Only whole numbers are counted here.
impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn decrement(&self, _: f64) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn set(&self, _: f64) {}
}
