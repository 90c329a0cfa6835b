//! All sessions, by their ids.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engineio_proto::Sid;

/// A map in several parts, each with a lock of its own that is held for one operation of the map.
///
/// The keys are asked for by anybody, so that the hash is seeded.
#[derive(Debug)]
pub(crate) struct Registry<T> {
    shards: Box<[Shard<T>]>,
    hasher: RandomState,
    len: AtomicUsize,
}

type Shard<T> = Mutex<HashMap<Sid, Arc<T>>>;

/// More than there are cores on most machines; handshakes meet in a lock now and then.
const SHARDS: usize = 16;

impl<T> Registry<T> {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            len: AtomicUsize::new(0),
        }
    }

    /// Adds a session. False if its id is taken.
    pub(crate) fn insert(&self, sid: Sid, value: Arc<T>) -> bool {
        let mut shard = self.shard(sid.as_str());
        if shard.contains_key(&sid) {
            return false;
        }
        shard.insert(sid, value);
        self.len.fetch_add(1, Ordering::Relaxed);
        true
    }

    pub(crate) fn get(&self, sid: &str) -> Option<Arc<T>> {
        self.shard(sid).get(sid).cloned()
    }

    pub(crate) fn remove(&self, sid: &Sid) {
        if self.shard(sid.as_str()).remove(sid).is_some() {
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// All sessions at this moment.
    pub(crate) fn snapshot(&self) -> Vec<Arc<T>> {
        let values = |shard: &Shard<T>| lock(shard).values().cloned().collect::<Vec<_>>();
        self.shards.iter().flat_map(values).collect()
    }

    fn shard(&self, sid: &str) -> MutexGuard<'_, HashMap<Sid, Arc<T>>> {
        let hash = self.hasher.hash_one(sid);
        let at = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        lock(&self.shards[at])
    }
}

/// No user code runs under these locks, so a poisoned one was left in order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
