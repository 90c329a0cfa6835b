//! What can happen at the same time on one connection: in every order, and while a handler is at work.

#[path = "../client/mod.rs"]
mod client;
mod hand_over;
mod interleavings;
mod link;
