//! What the connections of a server share.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::time::Duration;

use super::plan::Decision;
use super::record::{Item, Kind, Record, Stay, encode};
use super::storage::Storage;
use crate::{Codec, Encoded, Namespace};

/// What the connections of a server share: its storage, its decisions, its memory.
#[derive(Debug)]
pub struct World {
    pub(super) codec: Arc<dyn Codec>,
    pub(super) recovery: bool,
    pub(super) window: Duration,
    pub(super) decision: Decision,
    storages: BTreeMap<Namespace, Storage>,
    pub(super) record: Record,
    pub(super) sockets: u64,
}

impl World {
    pub(super) fn new(codec: Arc<dyn Codec>, recovery: bool, window: Duration) -> Self {
        Self {
            codec,
            recovery,
            window,
            decision: Decision::default(),
            storages: BTreeMap::new(),
            record: Record::default(),
            sockets: 0,
        }
    }

    /// What the server remembers.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What is stored for a namespace, once a client asked for it.
    pub fn storage(&self, namespace: &Namespace) -> Option<&Storage> {
        self.storages.get(namespace)
    }

    pub(super) fn storage_mut(&mut self, namespace: &Namespace) -> &mut Storage {
        let window = self.window;
        let storages = self.storages.entry(namespace.clone());
        storages.or_insert_with(|| Storage::new(window))
    }

    /// An event for everybody in a namespace, stored if it is plain and there is recovery.
    pub(super) fn broadcast(
        &mut self,
        namespace: &Namespace,
        kind: Kind,
        attachments: u8,
    ) -> (Item, Encoded) {
        let item = self.record.next_item(namespace, kind);
        let codec = Arc::clone(&self.codec);
        let write =
            |offset: Option<&str>| encode(&*codec, namespace, item, attachments, None, offset);
        let recovery = self.recovery;
        let storage = self.storage_mut(namespace);
        // Without recovery the log is the model's only.
        let packet = match (kind, recovery) {
            (Kind::Plain, true) => storage.append(item, |offset| write(Some(offset))),
            (Kind::Plain, false) => storage.append(item, |_| write(None)),
            (_, true) => write(Some(&storage.latest())),
            (_, false) => write(None),
        };
        (item, packet)
    }

    /// One of the stays in a namespace.
    pub(super) fn stay_mut(&mut self, namespace: &Namespace, stay: usize) -> &mut Stay {
        let stays = self.record.stays.get_mut(namespace);
        match stays.and_then(|stays| stays.get_mut(stay)) {
            Some(stay) => stay,
            None => unreachable!("members have a stay"),
        }
    }
}
