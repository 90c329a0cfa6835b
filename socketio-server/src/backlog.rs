//! Events that may not start yet, because too many handlers wait already or because the namespace is sequential.
//!
//! Reading goes on meanwhile: a handler may wait for an acknowledgement that stands behind the events. What waits is
//! bounded in bytes, and a client that goes beyond that is disconnected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use socketio_proto::{AckId, Args, Namespace as Name};

use crate::dispatch::{Client, Inside, Posted};
use crate::event::{AckSender, Disconnected, Event};
use crate::listeners::{Entry, Listeners, Table, Wrap};
use crate::member::Member;
use crate::namespace::{Claim, Common};
use crate::run;
use crate::wrap::{Next, tables};

/// An event has come: starts it, or has it wait for its turn.
pub(crate) fn arrive(client: &Arc<Client>, namespace: &Name, id: Option<AckId>, args: Args) {
    let mut inside = client.local.lock();
    let Some(membership) = inside.membership(namespace) else {
        return;
    };
    let member = Arc::clone(&membership.member);
    member.nsp.shared.meter.received();
    let ack = AckSender::new(&member, id);
    let event = Event { member, args, ack };
    if membership.backlog.is_empty() && may_start(client, &event.member) {
        drop(inside);
        return begin(&event);
    }
    let (bytes, limit) = (size(&event), event.member.nsp.common.max_backlog);
    membership.backlog.push_back(event);
    inside.backlog_bytes = inside.backlog_bytes.saturating_add(bytes);
    let is_over = inside.backlog_bytes > limit;
    drop(inside);
    if is_over {
        tracing::warn!(
            namespace = namespace.as_str(),
            limit,
            "a client sends more than its handlers take; its connection is closed (`ServerBuilder::waiting_events`)"
        );
        client.with(|machine| machine.inner.abort());
    }
}

/// Handlers have ended: starts what may start now.
pub(crate) fn resume(client: &Arc<Client>) {
    let mut at = 0;
    loop {
        let mut inside = client.local.lock();
        let Inside {
            memberships,
            backlog_bytes,
            ..
        } = &mut *inside;
        let Some(membership) = memberships.get_mut(at) else {
            return;
        };
        if !may_start(client, &membership.member) {
            at += 1;
            continue;
        }
        let Some(event) = membership.backlog.pop_front() else {
            at += 1;
            continue;
        };
        *backlog_bytes = backlog_bytes.saturating_sub(size(&event));
        inside.pace.progressed();
        drop(inside);
        begin(&event);
    }
}

/// The socket leaves: what it sent before, which is to be delivered nevertheless.
pub(crate) fn take(client: &Arc<Client>, backlog: VecDeque<Event>) -> VecDeque<Event> {
    let bytes: usize = backlog.iter().map(size).sum();
    if bytes > 0 {
        let mut inside = client.local.lock();
        inside.backlog_bytes = inside.backlog_bytes.saturating_sub(bytes);
    }
    backlog
}

/// Delivers what a socket had sent when it left, one event after the other has ended, and then tells of its end. The connection may
/// be gone meanwhile.
pub(crate) fn finish(backlog: VecDeque<Event>, end: Disconnected, claim: Option<Claim>) {
    let member = Arc::clone(&end.member);
    let unfinished = Unfinished::begin(&member.nsp.common);
    member.nsp.common.spawn(async move {
        let member = &end.member;
        for event in &backlog {
            member.idle().await;
            begin(event);
        }
        member.idle().await;
        let table = member.nsp.shared.listeners.table();
        for handlers in [
            table.disconnecting.as_deref(),
            table.disconnected.as_deref(),
        ] {
            run::start_all(handlers, &end);
        }
        drop((claim, unfinished));
    });
}

/// Something is still to be done, for which a shutdown waits as it does for handlers.
struct Unfinished(Arc<Common>);

impl Unfinished {
    fn begin(common: &Arc<Common>) -> Self {
        common.running.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(common))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Has [`resume`] called by whoever hands out events.
pub(crate) fn resume_later(client: &Arc<Client>) {
    let waits = {
        let inside = client.local.lock();
        inside
            .memberships
            .iter()
            .any(|each| !each.backlog.is_empty())
    };
    if waits {
        client.post(Posted::Resume);
    }
}

fn may_start(client: &Client, member: &Member) -> bool {
    let common = &member.nsp.common;
    client.local.running.load(Ordering::Acquire) < common.max_running
        && !(member.nsp.shared.is_sequential() && member.running.load(Ordering::Acquire) > 0)
}

/// What an event that waits costs.
fn size(event: &Event) -> usize {
    event.args.wire_len().saturating_add(size_of::<Event>())
}

/// Starts the handlers of an event.
pub(crate) fn begin(event: &Event) {
    let (shared, own) = tables(event);
    let own = own.as_deref();
    start_in_both(&shared, own, |table| table.any.as_deref(), event);
    if let Some(wraps) = wraps(&shared, own) {
        return run::start(event, || {
            let event = event.clone();
            Ok(Box::pin(Next::new(wraps).run(event)))
        });
    }
    let mut is_handled = start_named(&shared, &event.member.nsp.shared.listeners, event);
    if let (Some(own), Some(listeners)) = (own, event.member.listeners.get()) {
        is_handled |= start_named(own, listeners, event);
    }
    if !is_handled {
        start_in_both(&shared, own, |table| table.unhandled.as_deref(), event);
    }
}

/// Starts the handlers of one kind, those of the namespace first. Mostly there are none.
fn start_in_both<'a>(
    shared: &'a Table,
    own: Option<&'a Table>,
    kind: impl Fn(&'a Table) -> Option<&'a [Entry<Event>]>,
    event: &Event,
) {
    run::start_all(kind(shared), event);
    run::start_all(own.and_then(kind), event);
}

/// Starts the handlers of the event's name. Whether there are any.
fn start_named(table: &Table, listeners: &Listeners, event: &Event) -> bool {
    let Some(entries) = table.events.get(event.name()) else {
        return false;
    };
    run::start_all(Some(entries), event);
    if entries.iter().any(Entry::is_once) {
        listeners.forget_spent(event.name());
    }
    true
}

/// Middleware of the namespace, then of the socket. `None` if there is none, which is the case most of the time.
fn wraps(shared: &Table, own: Option<&Table>) -> Option<Arc<[Wrap]>> {
    let own = own.and_then(|own| own.wraps.as_ref());
    if shared.wraps.is_none() && own.is_none() {
        return None;
    }
    let all = shared
        .wraps
        .iter()
        .chain(own)
        .flat_map(|wraps| wraps.iter());
    Some(all.map(|(_, wrap)| Arc::clone(wrap)).collect())
}
