//! What a broadcast costs for each connection that it goes to, from the namespace to the bytes on a WebSocket: no
//! allocation, and no copy of what is sent.

#[path = "../examples/common/operations.rs"]
#[expect(dead_code, reason = "here it only serves for its connections")]
mod operations;

use std::alloc::System;

use engineio_proto::WsFrame;
use socketio_proto::{Arguments, Codec, Emit, Json, Namespace};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RECIPIENTS: usize = 10_000;

/// One test in this file, so that no other thread allocates meanwhile.
#[test]
fn a_broadcast_allocates_nothing_for_a_connection_that_has_read_everything() {
    let mut recipients: Vec<_> = (0..RECIPIENTS).map(|_| operations::joined()).collect();
    let mut frames: Vec<WsFrame> = Vec::with_capacity(RECIPIENTS);
    let text = "x".repeat(100_000);
    let emit = Emit::new("news", Arguments::new(&text));
    let encoded = Json::new().encode(&Namespace::ROOT, &emit.into()).unwrap();

    let region = Region::new(ALLOCATOR);
    for (connection, _) in &mut recipients {
        connection.send(&Namespace::ROOT, &encoded).unwrap();
    }
    for (connection, link) in &mut recipients {
        frames.push(connection.poll_frame(*link).unwrap().to_ws());
    }
    let change = region.change();
    assert_eq!(change.allocations + change.reallocations, 0, "{change:?}");

    let sent = encoded.messages()[0].wire().as_ptr_range();
    for frame in frames {
        let body = frame.body().as_ptr_range();
        assert!(body.start <= sent.start && body.end == sent.end, "a copy");
        assert!(
            frame.header().is_empty(),
            "the header is in the shared bytes"
        );
    }
}
