//! The sockets of a target, at one moment.

use std::collections::HashSet;
use std::sync::Arc;

use super::index::address;
use super::members::Recipients;
use crate::Recipient;

/// The sockets of a target, each once, as they were when [`Local::select`](super::Local::select) was called.
///
/// It keeps them alive; it is not for keeping.
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
    Many(HashSet<usize>),
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
    let mut seen = HashSet::new();
    let all = parts.iter().flat_map(Part::as_slice);
    all.filter(|recipient| seen.insert(address(&***recipient)))
        .cloned()
        .collect()
}
