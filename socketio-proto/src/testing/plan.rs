//! What happens to a pair of connections: operations that a random generator writes and a shrinker shortens.

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use engineio_proto::testing::{self as engine, Side};
use proptest::collection::vec;
use proptest::prelude::*;

use super::record::Kind;
use crate::Namespace;

/// Operations in order: what [`Pair::run`](super::Pair::run) does.
pub type Plan = Vec<Op>;

/// One operation. Where there is nothing to act on it does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// Time passes, or something happens to the network or to the session; see [`engine::Op`]. A close or an abort is
    /// that of the connection, and [`Send`](engine::Op::Send) does nothing.
    Net(engine::Op),
    /// The client joins one of the [namespaces](namespace), and makes a new session for it if it has none.
    Join(u8),
    /// The client leaves a namespace.
    Leave(u8),
    /// The server puts the client out of a namespace.
    Kick(u8),
    /// The server closes without putting anybody out.
    ShutDown,
    /// From now on the server decides like this.
    Decide(Decision),
    /// One side sends an event.
    Emit {
        /// Who.
        by: Side,
        /// In which namespace.
        to: u8,
        /// How.
        how: How,
        /// With how many attachments.
        attachments: u8,
    },
}

impl Op {
    /// One side sends a plain event without attachments.
    pub fn emit(by: Side, to: u8) -> Self {
        Self::Emit {
            by,
            to,
            how: How::Plain,
            attachments: 0,
        }
    }

    /// So many milliseconds pass.
    pub fn wait(millis: u32) -> Self {
        Self::Net(engine::Op::Advance(millis))
    }
}

/// How an event is sent. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// Without anything.
    Plain,
    /// With an acknowledgement, which is awaited for so long.
    Acked(u16),
    /// If it leaves at once.
    Volatile,
    /// Again so often if it is not acknowledged in so much time. A server does not repeat: it awaits the acknowledgement.
    Retried(u8, u16),
}

impl How {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Plain => Kind::Plain,
            Self::Acked(_) => Kind::Acked,
            Self::Volatile => Kind::Volatile,
            Self::Retried(..) => Kind::Retried,
        }
    }
}

/// What a server does about a CONNECT. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It accepts at once.
    #[default]
    Accept,
    /// It accepts later.
    AcceptAfter(u16),
    /// It refuses at once.
    Refuse,
    /// It refuses later.
    RefuseAfter(u16),
}

impl Decision {
    pub(super) fn refuses(self) -> bool {
        matches!(self, Self::Refuse | Self::RefuseAfter(_))
    }

    pub(super) fn delay(self) -> Option<Duration> {
        match self {
            Self::Accept | Self::Refuse => None,
            Self::AcceptAfter(ms) | Self::RefuseAfter(ms) => {
                Some(Duration::from_millis(u64::from(ms)))
            }
        }
    }
}

/// The namespaces of the harness: `/`, and others whose names begin alike or are hard to write.
pub fn namespace(number: u8) -> Namespace {
    let name = NAMESPACES.get(usize::from(number) % NAMESPACES.len());
    name.and_then(|name| Namespace::new(name).ok())
        .unwrap_or_default()
}

/// All of them.
pub fn namespaces() -> impl Iterator<Item = Namespace> {
    (0..NAMESPACES.len()).map(|number| namespace(number as u8))
}

const NAMESPACES: [&str; 4] = ["/", "/a", "/a/b", "/größe 3"];

/// Anything that applications do, on a network where anything happens.
pub fn plan(length: Range<usize>) -> impl Strategy<Value = Plan> {
    let op = prop_oneof![
        8 => emit(),
        5 => advance(),
        4 => membership(),
        1 => decide(),
        2 => disturbance(),
        2 => loss(),
    ];
    begun(vec(op, length))
}

/// What applications do while nothing breaks and nobody closes.
pub fn calm_plan(length: Range<usize>) -> impl Strategy<Value = Plan> {
    let op = prop_oneof![
        8 => emit(),
        5 => advance(),
        4 => membership(),
        1 => decide(),
        2 => disturbance(),
    ];
    begun(vec(op, length))
}

/// Events both ways for a client that stays where it is, and connections that are lost under it: what recovery is for.
pub fn lossy_plan(length: Range<usize>) -> impl Strategy<Value = Plan> {
    let op = prop_oneof![
        8 => emit(),
        6 => advance(),
        2 => disturbance(),
        2 => loss(),
    ];
    begun(vec(op, length))
}

/// Most plans begin with a client that is somewhere.
fn begun(plan: impl Strategy<Value = Plan>) -> impl Strategy<Value = Plan> {
    let joins = prop_oneof![
        1 => Just(Vec::new()),
        6 => vec((0_u8..4).prop_map(Op::Join), 1..4),
    ];
    (joins, plan).prop_map(|(mut joins, plan)| {
        joins.extend(plan);
        joins
    })
}

fn emit() -> impl Strategy<Value = Op> {
    let by = prop_oneof![Just(Side::Client), Just(Side::Server)];
    let how = prop_oneof![
        5 => Just(How::Plain),
        2 => timeout().prop_map(How::Acked),
        1 => Just(How::Volatile),
        2 => (0_u8..3, timeout()).prop_map(|(retries, timeout)| How::Retried(retries, timeout)),
    ];
    let attachments = prop_oneof![3 => Just(0_u8), 1 => 1_u8..4];
    (by, to(), how, attachments).prop_map(|(by, to, how, attachments)| Op::Emit {
        by,
        to,
        how,
        attachments,
    })
}

/// Mostly the same two, so that something happens in them.
fn to() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0_u8..2, 1 => 0_u8..4]
}

fn timeout() -> impl Strategy<Value = u16> {
    prop_oneof![1 => 1_u16..100, 3 => 100_u16..6000]
}

fn membership() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => to().prop_map(Op::Join),
        1 => to().prop_map(Op::Leave),
        1 => to().prop_map(Op::Kick),
    ]
}

fn decide() -> impl Strategy<Value = Op> {
    let decision = prop_oneof![
        2 => Just(Decision::Accept),
        2 => (0_u16..2000).prop_map(Decision::AcceptAfter),
        1 => Just(Decision::Refuse),
        1 => (0_u16..2000).prop_map(Decision::RefuseAfter),
    ];
    decision.prop_map(Op::Decide)
}

fn advance() -> impl Strategy<Value = Op> {
    let millis = prop_oneof![3 => 0_u32..5, 6 => 0_u32..300, 2 => 300_u32..5000];
    millis.prop_map(Op::wait)
}

/// What a network does that only delays.
fn disturbance() -> impl Strategy<Value = Op> {
    let one = engine::calm_plan(1..2);
    one.prop_filter_map("there is one", |plan| plan.first().copied().map(Op::Net))
}

/// What ends a connection.
fn loss() -> impl Strategy<Value = Op> {
    let one = engine::plan(1..2);
    let broken = one.prop_filter_map("there is one", |plan| plan.first().copied().map(Op::Net));
    let notice = prop_oneof![
        3 => Just(engine::Notice::Both),
        1 => Just(engine::Notice::Client),
        1 => Just(engine::Notice::Server),
        1 => Just(engine::Notice::Nobody),
    ];
    prop_oneof![
        2 => broken,
        3 => notice.prop_map(|notice| Op::Net(engine::Op::CutAll(notice))),
        1 => Just(Op::ShutDown),
    ]
}
