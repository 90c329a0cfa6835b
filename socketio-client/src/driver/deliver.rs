//! What the machine says happened, to the application.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio_proto::{CloseReason, Transport};
use socketio_proto::client::Event;
use socketio_proto::{AckId, Args, DisconnectReason, Namespace};
use tokio::sync::oneshot;

use super::Driver;
use crate::Cause;
use crate::incoming::{AckSender, Slot};
use crate::manager::{AckResult, HARD_BACKLOG, SocketState};
use crate::status::{Closed, Lifecycle, Status};

/// Events that are taken out at a time. The lock is held so long, and no longer.
const EVENTS: usize = 256;

/// Room that a driver with nothing to do keeps.
const KEPT: usize = 16;

/// What an event costs beside its bytes.
const EVENT_COST: usize = 64;

/// What was taken out of the machine.
pub(super) enum Taken {
    Event(Event),
    Answer(Option<oneshot::Sender<AckResult>>, AckResult),
}

impl Driver {
    /// Takes events out of the machine, and hands them on without the lock. Whether there were any.
    pub(super) fn deliver(&mut self, ended: &mut Option<CloseReason>) -> bool {
        let mut any = false;
        let mut taken = std::mem::take(&mut self.taken);
        loop {
            {
                let mut state = self.manager.lock();
                while taken.len() < EVENTS
                    && let Some(event) = state.driven().poll_event()
                {
                    taken.push(match event {
                        Event::Ack { id, result, .. } => {
                            Taken::Answer(state.acks.remove(&id), result)
                        }
                        event => Taken::Event(event),
                    });
                }
            }
            if taken.is_empty() {
                // What a burst needed is not kept for the next one.
                taken.shrink_to(KEPT);
                self.taken = taken;
                return any;
            }
            any = true;
            let is_event = |taken: &&Taken| matches!(taken, Taken::Event(Event::Event { .. }));
            // Which bytes belong to which event is not known, and does not matter: all are counted.
            let events = taken.iter().filter(is_event).count();
            let share = std::mem::take(&mut self.received_bytes) / events.max(1) + EVENT_COST;
            for taken in taken.drain(..) {
                match taken {
                    Taken::Answer(Some(answer), result) => drop(answer.send(result)),
                    Taken::Answer(None, _) => {}
                    Taken::Event(Event::Close(reason)) => *ended = Some(reason),
                    Taken::Event(event) => self.handle(event, share),
                }
            }
            if self.manager.backlog.load(Ordering::Acquire) > HARD_BACKLOG {
                self.live.lose(Cause::Overrun);
            }
        }
    }

    fn handle(&mut self, event: Event, bytes: usize) {
        match event {
            Event::Open(_) => self.opened(),
            Event::Connect {
                namespace,
                id,
                recovered,
            } => {
                self.backoff.reset();
                let Some(socket) = self.with_entry(&namespace, |entry| {
                    entry.joined = true;
                    entry.join_by = None;
                }) else {
                    return;
                };
                socket.connects.fetch_add(1, Ordering::AcqRel);
                socket.set_status(Status::Connected { recovered });
                socket.tell(Lifecycle::Connected { id, recovered });
            }
            Event::ConnectError { namespace, error } => {
                let Some(socket) = self.with_entry(&namespace, |entry| {
                    entry.wanted = false;
                    entry.join_by = None;
                }) else {
                    return;
                };
                socket.tell(Lifecycle::ConnectError(crate::Error::Refused(
                    error.clone(),
                )));
                let reason = Closed::Refused(error);
                socket.set_status(Status::Closed { reason });
                socket.inbox.look_again();
            }
            Event::Event {
                namespace,
                id,
                args,
            } => self.event(&namespace, id, args, bytes),
            Event::Disconnect { namespace, reason } => self.disconnected(&namespace, reason),
            Event::Upgrade(transport) => {
                self.live.transport = Some(transport);
                self.knows_websocket = transport == Transport::WEBSOCKET;
                self.tell_all(&Lifecycle::Upgraded(transport));
            }
            Event::UpgradeFailed(transport) => {
                self.knows_websocket = false;
                self.tell_all(&Lifecycle::UpgradeFailed(transport));
            }
            Event::ProtocolError(error) => self.live.cause = Some(Cause::Packet(error)),
            _ => {}
        }
    }

    fn opened(&mut self) {
        self.live.opened = true;
        self.live.cause = None;
        let join_by = self.manager.clock.now() + self.manager.options.connect_timeout;
        {
            let mut state = self.manager.lock();
            self.knows_websocket = state.connection.session().transport() == Transport::WEBSOCKET;
            for entry in state.sockets.iter_mut().filter(|entry| entry.wanted) {
                entry.join_by = Some(join_by);
            }
        }
        let attempt = self.backoff.attempts();
        if attempt > 0 {
            self.tell_all(&Lifecycle::Reconnected { attempt });
        }
    }

    fn event(&self, namespace: &Namespace, id: Option<AckId>, args: Args, bytes: usize) {
        let Some(socket) = self.with_entry(namespace, |_| ()) else {
            return;
        };
        let ack = id.map(|id| {
            AckSender(Some(Arc::new(Slot {
                socket: Arc::clone(&socket),
                id,
                epoch: socket.epoch.load(Ordering::Acquire),
                taken: AtomicBool::new(false),
            })))
        });
        let event = crate::incoming::Event { args, ack };
        self.manager.backlog.fetch_add(bytes, Ordering::AcqRel);
        // Who only calls `recv` is spared the way through the task that starts handlers.
        if !socket.listeners.has_events() && socket.inbox.is_idle() {
            let freed = socket.inbox.keep(event, bytes);
            if freed > 0 {
                self.manager.taken(freed);
            }
        } else {
            socket.inbox.push_event(event, bytes);
        }
    }

    fn disconnected(&self, namespace: &Namespace, reason: DisconnectReason) {
        let mut is_wanted = false;
        let Some(socket) = self.with_entry(namespace, |entry| {
            // Sent away: who wants to come back has to say so.
            if reason == DisconnectReason::IoServerDisconnect {
                entry.wanted = false;
            }
            is_wanted = entry.wanted;
        }) else {
            return;
        };
        socket.epoch.fetch_add(1, Ordering::AcqRel);
        let by_us = reason == DisconnectReason::IoClientDisconnect;
        let cause = self.live.cause.clone().filter(|_| is_wanted && !by_us);
        socket.tell(Lifecycle::Disconnected { reason, cause });
        if reason == DisconnectReason::IoServerDisconnect {
            let reason = Closed::Disconnected(reason);
            socket.set_status(Status::Closed { reason });
            socket.inbox.look_again();
        } else if is_wanted && !by_us {
            socket.set_status(Status::Connecting);
        }
    }

    fn with_entry(
        &self,
        namespace: &Namespace,
        change: impl FnOnce(&mut crate::manager::Entry),
    ) -> Option<Arc<SocketState>> {
        let mut state = self.manager.lock();
        let entry = state.entry_mut(namespace)?;
        change(entry);
        Some(Arc::clone(&entry.socket))
    }

    fn tell_all(&self, lifecycle: &Lifecycle) {
        for socket in self.wanted() {
            socket.tell(lifecycle.clone());
        }
    }
}
