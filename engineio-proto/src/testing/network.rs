//! A network that keeps order, takes time, and can be made to misbehave.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use bytes::Bytes;

use super::plan::{Side, Way};
use crate::Time;

/// What lies between the two ends of a [`Pair`](super::Pair): its latency, and the seed of everything random.
///
/// The network never reorders or repeats within one lane (the requests of polling, each direction of each link),
/// because TCP does not. Between lanes any order can happen. The same seed gives the same run.
///
/// ```
/// use core::time::Duration;
/// use engineio_proto::testing::{Network, Pair, Setup};
///
/// let slow = Network::new(7).latency(Duration::from_millis(40)..=Duration::from_millis(900));
/// let mut pair = Pair::new(Setup::default(), slow);
/// pair.settle();
/// assert!(pair.is_open());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    seed: u64,
    latency: RangeInclusive<Duration>,
}

impl Network {
    /// A network without latency.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            latency: Duration::ZERO..=Duration::ZERO,
        }
    }

    /// How long anything takes, one way. Each parcel draws its own, and waits for those before it in its lane.
    #[must_use]
    pub fn latency(mut self, latency: RangeInclusive<Duration>) -> Self {
        self.latency = latency;
        self
    }

    pub(super) fn longest_latency(&self) -> Duration {
        *self.latency.end()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new(0)
    }
}

/// A way through the network on which order is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lane {
    /// The client's `GET`s.
    GetRequest,
    /// What they are answered.
    GetAnswer,
    /// The client's `POST`s.
    PostRequest,
    /// What they are answered.
    PostAnswer,
    /// Client to server on the link of this number, counted from zero in the order of opening.
    LinkUp(usize),
    /// Server to client on the link of this number.
    LinkDown(usize),
}

impl Lane {
    pub(super) fn way(self) -> Way {
        match self {
            Self::GetRequest => Way::Gets,
            Self::GetAnswer => Way::GetAnswers,
            Self::PostRequest => Way::Posts,
            Self::PostAnswer => Way::PostAnswers,
            Self::LinkUp(_) => Way::LinksUp,
            Self::LinkDown(_) => Way::LinksDown,
        }
    }

    /// Who receives what goes by this lane.
    pub(super) fn to(self) -> Side {
        match self {
            Self::GetRequest | Self::PostRequest | Self::LinkUp(_) => Side::Server,
            Self::GetAnswer | Self::PostAnswer | Self::LinkDown(_) => Side::Client,
        }
    }

    /// The lane of link `number` from `side` to the other.
    pub(super) fn of_link(number: usize, from: Side) -> Self {
        match from {
            Side::Client => Self::LinkUp(number),
            Side::Server => Self::LinkDown(number),
        }
    }
}

/// The machine of a [`Network`]: parcels go in with a lane, and come out when it is time.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    rng: Rng,
    latency: RangeInclusive<u64>,
    queues: BTreeMap<Lane, Queue<T>>,
    gates: Gates,
}

#[derive(Debug)]
struct Queue<T> {
    parcels: VecDeque<(Time, T)>,
    /// When the youngest parcel arrives: the next one is not earlier.
    last: Time,
}

/// Until when nothing goes by one way, and until when one end takes nothing at all.
#[derive(Debug, Default)]
struct Gates {
    ways: BTreeMap<Way, Time>,
    ends: [Time; 2],
}

impl Gates {
    /// Before this nothing is delivered on `lane`.
    fn opens(&self, lane: Lane) -> Time {
        let way = self.ways.get(&lane.way()).copied().unwrap_or_default();
        let [client, server] = self.ends;
        way.max(match lane.to() {
            Side::Client => client,
            Side::Server => server,
        })
    }
}

impl<T> Lanes<T> {
    pub(super) fn new(network: &Network) -> Self {
        let micros = |duration: &Duration| Time::after_start(*duration).as_micros();
        Self {
            rng: Rng::new(network.seed),
            latency: micros(network.latency.start())..=micros(network.latency.end()),
            queues: BTreeMap::new(),
            gates: Gates::default(),
        }
    }

    /// The randomness of this run, for whatever else is to be drawn.
    pub(super) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    pub(super) fn send(&mut self, lane: Lane, parcel: T, now: Time) {
        let latency = Duration::from_micros(self.rng.within(self.latency.clone()));
        let queue = self.queue(lane);
        queue.last = queue.last.max(now + latency);
        queue.parcels.push_back((queue.last, parcel));
    }

    /// When [`poll`](Self::poll) has something next.
    pub(super) fn poll_timeout(&self) -> Option<Time> {
        self.queues.keys().filter_map(|lane| self.due(*lane)).min()
    }

    fn due(&self, lane: Lane) -> Option<Time> {
        let (at, _) = self.queues.get(&lane)?.parcels.front()?;
        Some(self.gates.opens(lane).max(*at))
    }

    /// What has arrived by `now`: of the earliest, one at random.
    pub(super) fn poll(&mut self, now: Time) -> Option<(Lane, T)> {
        let earliest = self.poll_timeout().filter(|at| *at <= now)?;
        let ready = |lane: &&Lane| self.due(**lane) == Some(earliest);
        let count = self.queues.keys().filter(ready).count();
        let lane = match count {
            1 => *self.queues.keys().find(ready)?,
            _ => {
                let lanes: Vec<Lane> = self.queues.keys().filter(ready).copied().collect();
                *lanes.get(self.rng.below(count))?
            }
        };
        let (_, parcel) = self.queues.get_mut(&lane)?.parcels.pop_front()?;
        Some((lane, parcel))
    }

    /// Nothing arrives by this way until `until`; nothing is lost. A way that is stalled already stays as it is,
    /// so that many short stalls do not add up to a long one.
    pub(super) fn stall(&mut self, way: Way, now: Time, until: Time) {
        let gate = self.gates.ways.entry(way).or_default();
        if *gate <= now {
            *gate = until;
        }
    }

    /// Nothing arrives at this end until `until`; nothing is lost.
    pub(super) fn freeze(&mut self, side: Side, until: Time) {
        let [client, server] = &mut self.gates.ends;
        match side {
            Side::Client => *client = until,
            Side::Server => *server = until,
        }
    }

    /// Until when this end is frozen.
    pub(super) fn frozen_until(&self, side: Side) -> Time {
        let [client, server] = self.gates.ends;
        match side {
            Side::Client => client,
            Side::Server => server,
        }
    }

    /// Ends every stall and every freeze.
    pub(super) fn resume(&mut self) {
        self.gates = Gates::default();
    }

    /// Everything that is under way to this end, in the order in which it would arrive.
    pub(super) fn take_all_to(&mut self, side: Side) -> Vec<(Lane, T)> {
        let mut taken = Vec::new();
        for (lane, queue) in &mut self.queues {
            if lane.to() == side {
                let parcels = queue.parcels.drain(..);
                taken.extend(parcels.map(|(at, parcel)| (at, *lane, parcel)));
            }
        }
        taken.sort_by_key(|(at, ..)| *at);
        taken
            .into_iter()
            .map(|(_, lane, parcel)| (lane, parcel))
            .collect()
    }

    /// Loses everything that is under way.
    pub(super) fn lose_all(&mut self) {
        self.queues.clear();
    }

    /// Loses what is under way on this lane and is one of `which`.
    pub(super) fn lose(&mut self, lane: Lane, mut which: impl FnMut(&T) -> bool) {
        self.queue(lane)
            .parcels
            .retain(|(_, parcel)| !which(parcel));
    }

    fn queue(&mut self, lane: Lane) -> &mut Queue<T> {
        self.queues.entry(lane).or_insert_with(|| Queue {
            parcels: VecDeque::new(),
            last: Time::ZERO,
        })
    }
}

/// Small, fast, and the same on every platform: splitmix64.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`; zero if there is none.
    pub(super) fn below(&mut self, n: usize) -> usize {
        match n {
            0 | 1 => 0,
            _ => (self.next() % n as u64) as usize,
        }
    }

    pub(super) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let span = range.end().saturating_sub(*range.start());
        match span.checked_add(1) {
            Some(1) => *range.start(),
            Some(n) => range.start() + self.next() % n,
            None => self.next(),
        }
    }

    /// True once in `n`.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Cuts bytes where a stream might: anywhere, in one piece or in many.
    pub(super) fn cut(&mut self, mut bytes: Bytes) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        // One byte at a time is the hardest case and must come up; in a long stream it would only cost time.
        let longest = match self.below(4) {
            0 if bytes.len() < 200 => 1,
            1 => 16,
            2 => 1400,
            _ => usize::MAX,
        };
        while !bytes.is_empty() {
            let most = bytes.len().min(longest);
            let length = 1 + self.below(most);
            pieces.push(bytes.split_to(length));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn drain(lanes: &mut Lanes<u32>) -> Vec<(Lane, u32)> {
        core::iter::from_fn(|| lanes.poll(Time::NEVER)).collect()
    }

    #[test]
    fn a_lane_keeps_order_whatever_the_latency() {
        let mut lanes = Lanes::new(&Network::new(3).latency(MS..=50 * MS));
        for parcel in 0..1000 {
            lanes.send(Lane::GetRequest, parcel, Time::ZERO + parcel / 10 * MS);
        }
        let got: Vec<u32> = drain(&mut lanes).into_iter().map(|(_, n)| n).collect();
        assert_eq!(got, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn parcels_arrive_within_the_latency_and_not_before() {
        let mut lanes = Lanes::new(&Network::new(9).latency(10 * MS..=20 * MS));
        lanes.send(Lane::LinkUp(0), 1, Time::ZERO);
        let at = lanes.poll_timeout().unwrap();
        assert!((10 * MS..=20 * MS).contains(&(at - Time::ZERO)));
        assert_eq!(lanes.poll(Time::ZERO + 9 * MS), None);
        assert_eq!(lanes.poll(at), Some((Lane::LinkUp(0), 1)));
        assert_eq!(lanes.poll_timeout(), None);
    }

    #[test]
    fn two_lanes_come_in_any_order() {
        let first = |seed| {
            let mut lanes = Lanes::new(&Network::new(seed));
            lanes.send(Lane::LinkUp(0), 1, Time::ZERO);
            lanes.send(Lane::LinkDown(0), 2, Time::ZERO);
            lanes.poll(Time::ZERO).unwrap().1
        };
        let firsts: Vec<u32> = (0..20).map(first).collect();
        assert!(firsts.contains(&1) && firsts.contains(&2));
    }

    #[test]
    fn a_stalled_way_delivers_late_but_all() {
        let mut lanes = Lanes::new(&Network::new(1));
        lanes.stall(Way::GetAnswers, Time::ZERO, Time::ZERO + 5 * MS);
        lanes.send(Lane::GetAnswer, 1, Time::ZERO);
        lanes.send(Lane::PostAnswer, 2, Time::ZERO);
        assert_eq!(lanes.poll(Time::ZERO), Some((Lane::PostAnswer, 2)));
        assert_eq!(lanes.poll(Time::ZERO), None);
        assert_eq!(lanes.poll_timeout(), Some(Time::ZERO + 5 * MS));
        assert_eq!(drain(&mut lanes), [(Lane::GetAnswer, 1)]);
    }

    #[test]
    fn cut_bytes_are_the_same_bytes() {
        let mut rng = Rng::new(5);
        let bytes = Bytes::from((0..=255).collect::<Vec<u8>>());
        for _ in 0..200 {
            let pieces = rng.cut(bytes.clone());
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            assert_eq!(pieces.concat(), bytes);
        }
    }
}
