//! Joining and leaving namespaces.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Connection, Event, Membership, ProtocolError, State};
use crate::acks::{AckError, PendingAcks};
use crate::server::request::{ConnectRequest, Gone};
use crate::{ConnectError, DisconnectReason, Namespace, RawValue};

impl Connection {
    /// A client wants to join. From here on it has asked, so that asking again changes nothing.
    pub(super) fn ask(&mut self, namespace: Namespace, auth: Option<RawValue>) {
        if self.slots() >= self.config.max_namespaces {
            if self.refused >= MAX_REFUSED {
                return self.fail(ProtocolError::TooManyNamespaces);
            }
            self.refused += 1;
            let error = ConnectError::new("too many namespaces");
            self.put_refusal(&namespace, &error);
            return self.note_left(namespace);
        }
        self.left.retain(|left| *left != namespace);
        self.refused = 0;
        let token = Arc::new(());
        let state = State::Asked {
            request: Arc::downgrade(&token),
            waiting: Vec::new(),
            bytes: 0,
        };
        if self.memberships.is_empty() {
            // Nearly all clients are in one namespace, and idle; room for four would be felt.
            self.memberships.reserve_exact(1);
        }
        self.memberships.push(Membership {
            namespace: namespace.clone(),
            state,
            acks: PendingAcks::default(),
        });
        self.events.push_back(Event::Connect(ConnectRequest {
            namespace,
            token,
            auth,
        }));
    }

    /// The membership that a request is about, if it is still waiting for the answer.
    pub(super) fn asked(&mut self, asked: &ConnectRequest) -> Result<&mut Membership, Gone> {
        let waits = |membership: &&mut Membership| match &membership.state {
            State::Asked { request, .. } => request.as_ptr() == Arc::as_ptr(&asked.token),
            State::Joined => false,
        };
        self.memberships.iter_mut().find(waits).ok_or(Gone)
    }

    /// How many namespaces the client is in or has asked for, those included that it does not want any more while the
    /// application still decides.
    fn slots(&mut self) -> usize {
        self.withdrawn.retain(|request| request.strong_count() > 0);
        self.memberships.len().saturating_add(self.withdrawn.len())
    }

    /// Packets, and their bytes, that wait for decisions.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let each = self
            .memberships
            .iter()
            .map(|membership| match &membership.state {
                State::Asked { waiting, bytes, .. } => (waiting.len(), *bytes),
                State::Joined => (0, 0),
            });
        each.fold((0, 0), |(packets, bytes), (more, more_bytes)| {
            (
                packets.saturating_add(more),
                bytes.saturating_add(more_bytes),
            )
        })
    }

    /// The application has dropped requests instead of answering: without this, their clients would wait for ever.
    pub(super) fn refuse_dropped(&mut self) {
        let is_dropped = |membership: &&Membership| match &membership.state {
            State::Asked { request, .. } => request.strong_count() == 0,
            State::Joined => false,
        };
        while let Some(membership) = self.memberships.iter().find(is_dropped) {
            let namespace = membership.namespace.clone();
            self.remove(&namespace);
            self.put_refusal(&namespace, &ConnectError::new("not decided"));
        }
    }

    /// The client is out of a namespace. Its acknowledgements end first.
    pub(super) fn leave(&mut self, namespace: &Namespace, reason: DisconnectReason) {
        let Some(mut membership) = self.remove(namespace) else {
            return;
        };
        if !membership.is_joined() {
            return;
        }
        for id in membership.acks.take_all() {
            let namespace = namespace.clone();
            self.events.push_back(Event::Ack {
                namespace,
                id,
                result: Err(AckError::Disconnected),
            });
        }
        self.events.push_back(Event::Disconnect {
            namespace: namespace.clone(),
            reason,
        });
    }

    pub(super) fn leave_all(&mut self, reason: DisconnectReason) {
        self.join_by = None;
        self.packet_by = None;
        while let Some(membership) = self.memberships.first() {
            let namespace = membership.namespace.clone();
            self.leave(&namespace, reason);
        }
    }

    pub(super) fn remove(&mut self, namespace: &Namespace) -> Option<Membership> {
        let at = self
            .memberships
            .iter()
            .position(|membership| membership.namespace == *namespace)?;
        self.note_left(namespace.clone());
        // Not `swap_remove`: namespaces are left in the order in which they were joined.
        Some(self.memberships.remove(at))
    }

    /// What the client has sent to this namespace before it knew is no fault.
    fn note_left(&mut self, namespace: Namespace) {
        self.left.retain(|left| *left != namespace);
        if self.left.len() >= self.config.max_namespaces {
            self.left.pop_front();
        }
        self.left.push_back(namespace);
    }
}

/// Answers to CONNECT leave whatever the client is owed, so that one that asks on and on without reading could pile them
/// up. A program that wants a hundred namespaces and gets 64 is answered for each.
const MAX_REFUSED: usize = 64;
