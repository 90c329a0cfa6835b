//! Servers that an adapter joins, and what they are sent in order.

#[path = "../client/mod.rs"]
mod client;
mod held_back;
mod nodes;
