// Invariant: whatever a server does and a driver calls, in whatever order, what was accepted leaves once and in order,
// nothing arrives that was not sent, limits hold, timers do not spin, at most one request of a kind is under way, and a
// server that falls silent is given up in time.
#![no_main]

use engineio_proto::testing::ops::client_ops;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|calls: &[u8]| client_ops(calls));
