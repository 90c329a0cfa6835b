//! The end of a session, and whether there is another one.

use std::sync::Arc;

use engineio_proto::{CloseReason, Time, Transport, TransportFault};
use socketio_proto::DisconnectReason;

use super::{Driver, Phase};
use crate::status::{Closed, Lifecycle, Status};
use crate::{Cause, ConnectFailure, Error, random};

impl Driver {
    /// The session has ended, or was never opened.
    pub(super) fn ended(&mut self, reason: CloseReason) {
        let options = &self.manager.options;
        let now = self.manager.clock.now();
        let transport = self.live.transport.unwrap_or(Transport::POLLING);
        let cause = self.live.cause.take().unwrap_or_else(|| cause_of(reason));
        let opened = self.live.opened;
        self.live.end(now);
        self.received_bytes = 0;
        let (was_left, unjoined) = {
            let mut state = self.manager.lock();
            state.generation += 1;
            let was_left = state.draining.take().is_some();
            let is_live = std::mem::replace(&mut state.is_live, false);
            for entry in &mut state.sockets {
                entry.join_by = None;
            }
            let unjoined = state
                .sockets
                .iter()
                .filter(|entry| entry.wanted && !entry.joined);
            let unjoined: Vec<_> = unjoined.map(|entry| Arc::clone(&entry.socket)).collect();
            (was_left && !is_live, unjoined)
        };
        self.phase = Phase::Idle;
        if was_left {
            self.skipped = 0;
            self.begin_if_wanted();
            return;
        }
        tracing::debug!(%reason, %cause, "the connection has ended");
        if !opened {
            self.knows_websocket = false;
            if options.try_all && self.skipped + 1 < options.transports.len() {
                self.skipped += 1;
                return self.begin();
            }
        }
        self.skipped = 0;
        let error = Error::Connect(ConnectFailure {
            host: self.manager.http.route.url.host_and_port(),
            transport,
            cause,
        });
        for socket in unjoined {
            socket.tell(Lifecycle::ConnectError(error.clone()));
        }
        self.again(reason, opened, error, now);
    }

    /// Waits for the next attempt, if there is to be one.
    fn again(&mut self, reason: CloseReason, opened: bool, error: Error, now: Time) {
        let options = &self.manager.options;
        let wanted = self.wanted();
        let exhausted = options
            .max_attempts
            .is_some_and(|max| self.backoff.attempts() >= max);
        if !options.reconnect || exhausted {
            let mut state = self.manager.lock();
            state
                .sockets
                .iter_mut()
                .for_each(|entry| entry.wanted = false);
            drop(state);
            for socket in wanted {
                if options.reconnect {
                    socket.tell(Lifecycle::ReconnectFailed);
                }
                let reason = if opened && !options.reconnect {
                    Closed::Disconnected(DisconnectReason::from(reason))
                } else {
                    Closed::Failed(error.clone())
                };
                socket.set_status(Status::Closed { reason });
                socket.inbox.look_again();
            }
            return self.rest();
        }
        let next = self.backoff.next_delay(random::bits());
        let attempt = self.backoff.attempts();
        for socket in wanted {
            let error = error.clone();
            socket.set_status(Status::Waiting {
                attempt,
                next,
                error,
            });
        }
        // What was wished for before is what has just ended.
        self.manager.lock().wishes.hurry = false;
        self.phase = Phase::Waiting { until: now + next };
    }
}

/// What is known if nothing else is.
fn cause_of(reason: CloseReason) -> Cause {
    match reason {
        CloseReason::PingTimeout => Cause::PingTimeout,
        CloseReason::ParseError(error) => Cause::Engine(error),
        CloseReason::TransportError(TransportFault::Timeout) => Cause::Timeout,
        CloseReason::TransportError(TransportFault::TooLarge) => Cause::TooLarge,
        _ => Cause::Closed,
    }
}
