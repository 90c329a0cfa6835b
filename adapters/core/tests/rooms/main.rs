//! Rooms, broadcasts and the provided half of adapters.

mod model;
mod rules;
mod support;
