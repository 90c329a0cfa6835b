//! The engine under load: clients that do everything at once, and clients that stop reading.
//!
//! `LOAD_SECONDS` (10) is how long the first of them goes on, `LOAD_SEED` (1) what it begins with, `LOAD_MEGABYTES` (8) what is
//! sent to each reader that has stopped, and `LOAD_P99_MS` (500) what 99 of 100 others may have to wait meanwhile.

mod answers;
#[expect(dead_code, reason = "of the client that blocks a part is used here")]
#[path = "../support/client.rs"]
mod bytes_client;
mod client;
mod memory;
mod slow_readers;
mod torture;

use std::alloc::System;
use std::sync::Mutex;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated, by server and clients together: what is left when both are done was lost by one of them.
#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Each of these tests measures the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn heap_bytes() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().expect(name),
        Err(_) => default,
    }
}

/// Numbers that look random and are the same again for the same seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
