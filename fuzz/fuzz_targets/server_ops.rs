// Invariant: whatever a client does and a driver calls, in whatever order, what was accepted leaves once and in order,
// nothing arrives that was not sent, limits hold, timers do not spin, a waiting `GET` is answered when the session ends, and a
// client that falls silent is given up in time.
#![no_main]

use engineio_proto::testing::ops::server_ops;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|calls: &[u8]| server_ops(calls));
