//! What a server keeps so that clients that lost their connection can get what they missed.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use engineio_proto::Time;

use super::record::Item;
use crate::server::Resume;
use crate::{Encoded, SocketId};

/// A model of what an adapter does for one namespace: a log of what was sent, and the sessions that were lost.
///
/// The rules, which a server above [`server::Connection`](crate::server::Connection) has to keep:
///
/// - Every event that is stored carries its offset, and every other event the [latest](Self::latest): a client takes
///   whatever text comes last for the offset.
/// - A session remembers where in the log it began. A client that shows no offset has received nothing, and gets
///   everything since; one that shows an offset from before gets no more than that.
/// - A session is consumed by whoever shows its private id. Showing it twice gives one socket.
/// - A session that is older than the window is gone, and so is one whose offset is not known.
#[derive(Debug)]
pub struct Storage {
    window: Duration,
    log: Vec<(Item, Encoded)>,
    lost: BTreeMap<Arc<str>, LostSession>,
}

/// A session whose connection was lost.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LostSession {
    /// The id of its socket, which it gets back.
    pub id: SocketId,
    /// Where in the log it began.
    pub floor: usize,
    /// When its connection was lost.
    pub since: Time,
}

impl Storage {
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            log: Vec::new(),
            lost: BTreeMap::new(),
        }
    }

    /// Everything that was stored, in order.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        self.log.iter().map(|(item, _)| *item)
    }

    /// The end of the log, where a session begins now.
    pub fn end(&self) -> usize {
        self.log.len()
    }

    /// The offset of the latest stored event; before the first there is one, too.
    pub fn latest(&self) -> String {
        self.log.len().to_string()
    }

    /// Stores an event, which `encode` writes with its offset.
    pub fn append(&mut self, item: Item, encode: impl FnOnce(&str) -> Encoded) -> Encoded {
        let offset = (self.log.len() + 1).to_string();
        let packet = encode(&offset);
        self.log.push((item, packet.clone()));
        packet
    }

    /// A connection was lost in a way that may be recovered.
    pub fn keep(&mut self, private_id: Arc<str>, session: LostSession) {
        self.lost.insert(private_id, session);
    }

    /// Somebody wants a session back: the session, and what was missed. It can be had once.
    pub fn take(&mut self, shown: &Resume, now: Time) -> Option<(LostSession, Missed)> {
        let session = self.lost.remove(&shown.private_id)?;
        if session.since + self.window < now {
            return None;
        }
        let offset = match &shown.offset {
            None => session.floor,
            Some(offset) => offset.parse().ok()?,
        };
        let missed = self.log.get(offset.max(session.floor)..)?.to_vec();
        Some((session, missed))
    }
}

/// Events and their packets.
pub type Missed = Vec<(Item, Encoded)>;
