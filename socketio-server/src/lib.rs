//! Socket.IO and Engine.IO servers.
//!
//! So far there is [`engine`], the Engine.IO server: raw messages over long polling and WebSocket, with the upgrade between
//! them. Namespaces, rooms and events come on top of it.

pub mod engine;
