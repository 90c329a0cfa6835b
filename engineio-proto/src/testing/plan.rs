//! What happens in a test: operations that a random generator writes and a shrinker shortens.

use alloc::string::String;
use alloc::vec; // for `prop_oneof!`
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::network::Network;
use crate::Message;

/// Operations in order: what [`Pair::run`](super::Pair::run) does.
///
/// A failing plan that a property test found is kept as a named test: its `Debug` form is nearly Rust.
pub type Plan = Vec<Op>;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two ends")]
pub enum Side {
    /// The one who opened the session.
    Client,
    /// The one who accepted it.
    Server,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What a message consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// ASCII.
    Text,
    /// Characters that are hard for a codec: two to four bytes in UTF-8, quotes, backslashes, line ends.
    HardText,
    /// Bytes of every value.
    Binary,
}

impl Kind {
    /// A message of this kind with `size` bytes (a few less if a character would be cut), told apart from others
    /// by `number` if it is long enough for that.
    pub fn message(self, size: usize, number: usize) -> Message {
        match self {
            Self::Text => Message::text(&text("the quick brown fox ", size, number)),
            Self::HardText => {
                Message::text(&text("é€😀\\n\n\"\\\u{2028}&+=%</script>", size, number))
            }
            Self::Binary => {
                let count = (0..size).map(|at| match at {
                    0..4 => (number >> (8 * at)) as u8,
                    _ => (at.wrapping_add(number)) as u8,
                });
                Message::binary(count.collect::<Vec<u8>>())
            }
        }
    }
}

fn text(filling: &str, size: usize, number: usize) -> String {
    let mut text = alloc::format!("{number} ");
    text.truncate(size);
    let filling = filling.chars().cycle();
    for character in filling {
        if text.len() + character.len_utf8() > size {
            break;
        }
        text.push(character);
    }
    text
}

/// Who notices that a connection broke. Who does not is left with silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "either end notices or not: four cases"
)]
pub enum Notice {
    /// Both ends get an error.
    Both,
    /// The server sees only silence.
    Client,
    /// The client sees only silence.
    Server,
    /// A black hole: what is sent is gone, and nobody is told.
    Nobody,
}

impl Notice {
    pub(super) fn by(self, side: Side) -> bool {
        match side {
            Side::Client => matches!(self, Self::Both | Self::Client),
            Side::Server => matches!(self, Self::Both | Self::Server),
        }
    }
}

/// A group of lanes that stall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Way {
    /// Requests of the client that poll.
    Gets,
    /// Their answers.
    GetAnswers,
    /// Requests of the client that bring something.
    Posts,
    /// Their answers.
    PostAnswers,
    /// Client to server on every link, and requests for a link.
    LinksUp,
    /// Server to client on every link.
    LinksDown,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Gets,
        Self::GetAnswers,
        Self::Posts,
        Self::PostAnswers,
        Self::LinksUp,
        Self::LinksDown,
    ];
}

/// One operation.
///
/// An operation for which there is nothing to act on (no `GET` waits, no link is open) does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// One side sends a message.
    Send {
        /// Who.
        by: Side,
        /// Text or bytes.
        kind: Kind,
        /// Bytes of payload.
        size: u16,
    },
    /// Time passes, in milliseconds, and with it everything that is due.
    Advance(u32),
    /// Time passes until the next thing arrives, and nobody has fetched what came of it when the next operation
    /// comes.
    Arrive,
    /// Both drivers call `handle_timeout` although nothing is due. Must never matter.
    Tick,
    /// A way stalls for milliseconds: what it carries comes later, nothing is lost.
    Stall(Way, u16),
    /// One side takes no frame and no answer from its session for milliseconds, as when its peer does not read.
    Hold(Side, u16),
    /// One side does nothing at all for milliseconds, its timers included: a process that is stopped or swapped out.
    Freeze(Side, u32),
    /// The next attempt to open a link for an upgrade is refused.
    RefuseLink,
    /// Every link that the client has not decided for breaks. If it is about to decide, it notices in any case.
    KillProbe(Notice),
    /// Somebody else opens a link to the session, says `2probe` or nothing, and never speaks again.
    Stray {
        /// Whether it speaks.
        probe: bool,
    },
    /// Somebody else opens a link and takes the session over with it.
    Hijack,
    /// The waiting `GET` breaks.
    AbortGet(Notice),
    /// The running `POST` breaks.
    AbortPost(Notice),
    /// A proxy answers the waiting `GET` with an error of its own, or the running `POST`. The server is told or not.
    BadGateway {
        /// The `POST`.
        post: bool,
        /// The server sees its connection end.
        told: bool,
    },
    /// Every link breaks.
    CutLinks(Notice),
    /// Everything breaks, for ever: what is under way is lost, and so is all that is sent later.
    CutAll(Notice),
    /// One side closes; what it sent before leaves first.
    Close(Side),
    /// One side closes at once.
    Abort(Side),
}

impl Op {
    /// Sends text, for plans written by hand.
    pub fn send(by: Side, size: u16) -> Self {
        let kind = Kind::Text;
        Self::Send { by, kind, size }
    }
}

/// Plans of everything that can happen.
pub fn plan(length: Range<usize>) -> impl Strategy<Value = Plan> {
    vec(prop_oneof![12 => calm_op(), 3 => harsh_op()], length)
}

/// Plans after which both ends must still be open and have everything: messages, delays, upgrades that fail.
///
/// Delays are below 1.5 s, so that heartbeats of the default [`Setup`](super::Setup) survive several in a row.
pub fn calm_plan(length: Range<usize>) -> impl Strategy<Value = Plan> {
    vec(calm_op(), length)
}

/// Networks with a latency from nothing to about a second.
pub fn network() -> impl Strategy<Value = Network> {
    let latency = prop_oneof![
        2 => Just((0, 0)),
        3 => (0_u64..50, 0_u64..50),
        1 => (0_u64..400, 0_u64..600)
    ];
    (any::<u64>(), latency).prop_map(|(seed, (least, more))| {
        let ms = Duration::from_millis;
        Network::new(seed).latency(ms(least)..=ms(least + more))
    })
}

fn calm_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (side(), kind(), size()).prop_map(|(by, kind, size)| Op::Send { by, kind, size }),
        10 => advance().prop_map(Op::Advance),
        2 => Just(Op::Arrive),
        1 => Just(Op::Tick),
        2 => (way(), 1_u16..1500).prop_map(|(way, ms)| Op::Stall(way, ms)),
        1 => (side(), 1_u16..1500).prop_map(|(side, ms)| Op::Hold(side, ms)),
        1 => (side(), 1_u32..1500).prop_map(|(side, ms)| Op::Freeze(side, ms)),
        1 => Just(Op::RefuseLink),
        1 => notice().prop_map(Op::KillProbe),
        1 => any::<bool>().prop_map(|probe| Op::Stray { probe }),
    ]
}

fn harsh_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => notice().prop_map(Op::AbortGet),
        3 => notice().prop_map(Op::AbortPost),
        2 => any::<(bool, bool)>().prop_map(|(post, told)| Op::BadGateway { post, told }),
        3 => notice().prop_map(Op::CutLinks),
        2 => notice().prop_map(Op::CutAll),
        3 => side().prop_map(Op::Close),
        1 => side().prop_map(Op::Abort),
        1 => Just(Op::Hijack),
        2 => (side(), 1_u32..90_000).prop_map(|(side, ms)| Op::Freeze(side, ms)),
        1 => (way(), 1_u16..60_000).prop_map(|(way, ms)| Op::Stall(way, ms)),
        // More than the default setup allows.
        1 => (side(), kind(), 1100_u16..3000).prop_map(|(by, kind, size)| Op::Send { by, kind, size }),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Text), Just(Kind::HardText), Just(Kind::Binary)]
}

/// Mostly short; some around the sizes at which lengths in headers grow, and some that fill a body.
fn size() -> impl Strategy<Value = u16> {
    prop_oneof![8 => 0_u16..40, 2 => 115_u16..135, 2 => 200_u16..1000]
}

/// Mostly the steps of one exchange; sometimes long enough for a heartbeat.
fn advance() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..5, 6 => 0_u32..300, 2 => 300_u32..3000, 1 => 3000_u32..40_000]
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Gets),
        Just(Way::GetAnswers),
        Just(Way::Posts),
        Just(Way::PostAnswers),
        Just(Way::LinksUp),
        Just(Way::LinksDown),
    ]
}

fn notice() -> impl Strategy<Value = Notice> {
    prop_oneof![
        Just(Notice::Both),
        Just(Notice::Client),
        Just(Notice::Server),
        Just(Notice::Nobody),
    ]
}
