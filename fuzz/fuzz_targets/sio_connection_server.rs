// Invariant: whatever a client sends and an application calls, in whatever order, nothing panics, timers do not spin, what
// is held stays within the limits, every CONNECT can be decided once or its client has gone, and what ends ends once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socketio_proto::testing::ops;

fuzz_target!(|input: &[u8]| ops::server_ops(input));
