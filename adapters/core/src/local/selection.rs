//! The sockets of a target, at one moment.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::index::address;
use super::members::Recipients;
use crate::{Asked, Broadcast, Recipient};

/// The sockets of a target, each once, as they were when [`Local::select`](super::Local::select) was called.
///
/// It keeps them alive, so it is not to be kept for longer than it takes to deliver.
#[derive(Debug)]
pub struct Selection {
    included: Included,
    excluded: Excluded,
}

#[derive(Debug)]
enum Included {
    One(Arc<dyn Recipient>),
    /// The list of one room, or of everybody, as the index has it.
    Shared(Recipients),
    /// Several rooms, each socket once.
    Union(Vec<Arc<dyn Recipient>>),
}

/// Sockets by their address. Whoever is compared with it is alive and was so when it was made, hence an address is as
/// good as an id.
#[derive(Debug)]
enum Excluded {
    Few(Vec<usize>),
    Many(Addresses),
}

/// So many are looked through rather than hashed.
const FEW: usize = 8;

impl Selection {
    /// The sockets.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Recipient>> {
        let included = match &self.included {
            Included::One(recipient) => std::slice::from_ref(recipient),
            Included::Shared(recipients) => recipients.as_slice(),
            Included::Union(recipients) => recipients.as_slice(),
        };
        included
            .iter()
            .filter(|recipient| !self.excluded.contains(recipient))
    }

    /// Gives them an event, and says how many they are.
    ///
    /// If it asks for acknowledgements, its [`Answers`](crate::Answers) hear first who is asked.
    pub fn deliver(&self, event: &Broadcast<'_>) -> usize {
        if let Some(ack) = event.ack() {
            let ids = self.iter().map(|recipient| recipient.id().clone());
            ack.answers.asked(Asked::Sockets(ids.collect()));
        }
        self.iter()
            .map(|recipient| recipient.deliver(event))
            .count()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl Excluded {
    fn contains(&self, recipient: &Arc<dyn Recipient>) -> bool {
        match self {
            Self::Few(list) => !list.is_empty() && list.contains(&address(&**recipient)),
            Self::Many(set) => set.contains(&address(&**recipient)),
        }
    }
}

/// What a target is made of, before it is put together. Taken under the lock; the rest is done without it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) included: Vec<Part>,
    pub(super) excluded: Vec<Part>,
}

/// A socket, or a list of them.
pub(super) enum Part {
    One(Arc<dyn Recipient>),
    Many(Recipients),
}

impl Part {
    fn as_slice(&self) -> &[Arc<dyn Recipient>] {
        match self {
            Self::One(recipient) => std::slice::from_ref(recipient),
            Self::Many(recipients) => recipients,
        }
    }
}

impl Found {
    pub(super) fn select(mut self) -> Selection {
        distinct(&mut self.included);
        distinct(&mut self.excluded);
        let excluded = exclude(&self.excluded);
        let included = match self.included.len() {
            0 => Included::Union(Vec::new()),
            1 => match self.included.swap_remove(0) {
                Part::One(recipient) => Included::One(recipient),
                Part::Many(recipients) => Included::Shared(recipients),
            },
            _ => Included::Union(unite(&self.included)),
        };
        Selection { included, excluded }
    }
}

/// A room that is named many times is gone through once: the names may be a peer's.
fn distinct(parts: &mut Vec<Part>) {
    if parts.len() > 1 {
        let mut seen = Addresses::default();
        parts.retain(|part| {
            seen.insert(match part {
                Part::One(recipient) => address(&**recipient),
                Part::Many(recipients) => Arc::as_ptr(recipients).addr(),
            })
        });
    }
}

fn exclude(parts: &[Part]) -> Excluded {
    let count: usize = parts.iter().map(|part| part.as_slice().len()).sum();
    let all = parts.iter().flat_map(Part::as_slice);
    let all = all.map(|recipient| address(&**recipient));
    match count {
        ..=FEW => Excluded::Few(all.collect()),
        _ => Excluded::Many(all.collect()),
    }
}

fn unite(parts: &[Part]) -> Vec<Arc<dyn Recipient>> {
    let largest = parts.iter().map(|part| part.as_slice().len()).max();
    let mut seen = Addresses::with_capacity_and_hasher(largest.unwrap_or(0), Default::default());
    let all = parts.iter().flat_map(Part::as_slice);
    all.filter(|recipient| seen.insert(address(&***recipient)))
        .cloned()
        .collect()
}

type Addresses = HashSet<usize, BuildHasherDefault<AddressHasher>>;

/// Spreads addresses over a table. No peer chooses where its socket is in memory, so nobody can aim at it.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let spread = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
