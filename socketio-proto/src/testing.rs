//! Two connections with applications, one virtual clock, and a network that can be made to misbehave.
//!
//! It stands on [the harness of Engine.IO](engineio_proto::testing), whose network, clock and rules apply here too, and
//! needs the feature `testing`. Use it to see whether a transport or a codec of yours does to Socket.IO what it should,
//! or as a model of what has to be built on the connections.
//!
//! - A [`Pair`] is a client and a server with an application on each side, [`ClientApp`] and [`ServerApp`], which
//!   remember in a [`Record`] what they sent, received and were told.
//! - A [`Plan`] is what they do and what happens to them: namespaces are joined, left and refused, events are sent in
//!   every way, connections are lost and come back. [`plan()`], [`calm_plan`], [`lossy_plan`] and [`setup()`] generate
//!   them for [`proptest`](https://docs.rs/proptest), which shortens what fails.
//! - [`Storage`] is what a server keeps for those who come back: a model of an adapter, and the rules for one.
//!
//! ```
//! use engineio_proto::testing::network;
//! use proptest::prelude::*;
//! use socketio_proto::testing::{self, Pair};
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig::with_cases(8))]
//!     /// Whatever is lost on the way, a client that comes back gets what it missed.
//!     # /*
//!     #[test]
//!     # */
//!     fn nothing_is_missing(
//!         setup in testing::setup(),
//!         network in network(),
//!         plan in testing::lossy_plan(1..40),
//!     ) {
//!         let mut pair = Pair::new(setup.recovery(true), network);
//!         pair.run(&plan);
//!         pair.settle();
//!         prop_assert_eq!(pair.nothing_is_missing(), Ok(()));
//!     }
//! }
//! # nothing_is_missing();
//! ```
//!
//! A codec of your own goes in with [`Setup::codec`], a transport with
//! [`Setup::framing`](engineio_proto::testing::Setup::framing) of the Engine.IO setup beneath.

mod client_app;
mod machine;
#[doc(hidden)]
pub mod ops;
mod pair;
mod plan;
mod record;
mod server_app;
mod setup;
mod storage;
mod world;

pub use client_app::ClientApp;
pub use pair::Pair;
pub use plan::{Decision, How, Op, Plan, calm_plan, lossy_plan, namespace, namespaces, plan};
pub use record::{Item, Kind, Record, Stay};
pub use server_app::ServerApp;
pub use setup::{Setup, setup};
pub use storage::{LostSession, Missed, Storage};
pub use world::World;
