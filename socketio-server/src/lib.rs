//! Socket.IO and Engine.IO servers.
//!
//! So far there is [`engine`], the Engine.IO server: raw messages over long polling and WebSocket, with the upgrade between
//! them. Namespaces, rooms and events come on top of it.

pub mod engine;

mod door;

/// The code of the README is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
