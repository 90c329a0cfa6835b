// Invariant: whatever a server sends and an application calls, in whatever order and over several sessions, nothing
// panics, timers do not spin, what is held stays within the limits, and what ends ends once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socketio_proto::testing::ops;

fuzz_target!(|input: &[u8]| ops::client_ops(input));
