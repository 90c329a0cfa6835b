//! The door from outside, by bytes: what can be chosen about how clients get in, and what they are answered.

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

mod answers;
#[cfg(unix)]
mod descriptors;
mod layers;
mod links;
mod listening;
mod who_may_come_in;

#[cfg(feature = "tls")]
mod tls;

fn poll(sid: &str) -> String {
    format!("/engine.io/?EIO=4&transport=polling&sid={sid}")
}

const HANDSHAKE: &str = "GET /engine.io/?EIO=4&transport=polling";
