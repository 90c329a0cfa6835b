//! Two endpoints, one virtual clock, and a network that can be made to misbehave.
//!
//! The harness in which this crate is tested, public because authors of transports want it too. It needs the
//! feature `testing`.
//!
//! - A [`Pair`] is a client and a server session with a [`Network`] between them. Time is virtual: hours of
//!   protocol take milliseconds, and the same seed gives the same run.
//! - A [`Plan`] is what happens to them: messages, delays, broken connections, closes. [`plan()`], [`calm_plan`],
//!   [`network()`] and [`setup()`] generate them for [`proptest`](https://docs.rs/proptest), which shortens what fails.
//! - A [`Framing`] is a link of your own between the two ends: how its frames become bytes, which the network then
//!   cuts wherever it likes.
//!
//! - A [`ClientMachine`] and a [`ServerMachine`] are what a pair drives. Sessions are; what is built on sessions can be,
//!   and then the same network, plans and rules apply to it, also across the loss of a connection.
//!
//! A pair panics when one of the sessions breaks a rule that holds always; the rest is for the test to say.
//!
//! ```
//! use engineio_proto::testing::{self, Pair};
//! use proptest::prelude::*;
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig::with_cases(8))]
//!     /// Messages arrive once and in order, and either all of them do or both ends know that it is over.
//!     # /*
//!     #[test]
//!     # */
//!     fn messages_arrive_once_and_in_order(
//!         setup in testing::setup(),
//!         network in testing::network(),
//!         plan in testing::plan(1..60),
//!     ) {
//!         let mut pair = Pair::new(setup, network);
//!         pair.run(&plan);
//!         pair.settle();
//!         prop_assert!(pair.server().received_beginning_of(pair.client()));
//!         prop_assert!(pair.client().received_beginning_of(pair.server()));
//!         prop_assert!(pair.both_ended() || (pair.is_open() && pair.everything_arrived()));
//!     }
//! }
//! # messages_arrive_once_and_in_order();
//! ```
//!
//! When a property fails, run its plan again with [`Setup::traced`] and look at [`Pair::trace`].

mod end;
mod framing;
mod jsonp;
mod links;
mod machine;
mod network;
#[doc(hidden)]
pub mod ops;
mod pair;
mod plan;
mod setup;

pub use end::End;
pub use framing::{Framing, StreamFraming};
pub use machine::{ClientMachine, Report, ServerMachine};
pub use network::Network;
pub use pair::Pair;
pub use plan::{Kind, Notice, Op, Plan, Side, Way, calm_plan, network, plan};
pub use setup::{MakeFraming, Setup, setup};

use crate::payload::Encoding;
use crate::{ContentType, Revision};

/// How the body of a request or response is encoded.
fn encoding(revision: Revision, content: ContentType) -> Encoding {
    match (revision, content) {
        (Revision::V4, _) => Encoding::V4,
        (Revision::V3, ContentType::Text) => Encoding::V3Text,
        (Revision::V3, ContentType::Binary) => Encoding::V3Binary,
    }
}
