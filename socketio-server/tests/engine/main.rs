//! The engine from outside, by bytes. `behaviour.md` says which rule of the protocol each of these tests is for; a check keeps
//! it complete.

#[path = "../support/mod.rs"]
mod support;

mod advisories;
mod close;
mod framing;
mod heartbeat;
mod jsonp;
mod origins;
mod polling;
mod requests;
mod revision_3;
mod upgrade;
mod websocket;

pub(crate) const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
pub(crate) const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// Where a session of revision 4 is polled.
pub(crate) fn poll(sid: &str) -> String {
    support::dialect::Dialect(4).poll(sid)
}
