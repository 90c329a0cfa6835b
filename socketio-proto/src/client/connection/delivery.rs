//! What was sent: at once, kept until the namespace is joined, or sent again until it is acknowledged.

use alloc::sync::Arc;
use core::time::Duration;

use engineio_proto::SendError as EngineSendError;

use super::{Connection, Event};
use crate::acks::AckError;
use crate::{AckId, Args, Encoded, Namespace, SendError};

impl Connection {
    pub(super) fn send_or_keep(
        &mut self,
        namespace: &Namespace,
        packet: &Encoded,
        ack: Option<AckId>,
    ) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::Closed);
        }
        let config = Arc::clone(&self.config);
        let socket = self.socket_mut(namespace);
        // What was kept leaves first.
        if socket.is_connected() && !socket.has_buffered() {
            match self.session.send_all(packet.messages()) {
                // The session was lost, and nobody has fetched that yet.
                Err(EngineSendError::Closed) => {}
                sent => return Ok(sent?),
            }
        }
        self.socket_mut(namespace).keep(packet, ack, &config)
    }

    /// What was sent while the namespace was not connected leaves, in order; then the retries begin.
    pub(super) fn flush(&mut self, namespace: &Namespace) {
        let Some(at) = self
            .sockets
            .iter()
            .position(|socket| socket.namespace == *namespace)
        else {
            return;
        };
        let Some(socket) = self.sockets.get_mut(at) else {
            return;
        };
        while let Some(packet) = socket.first_kept() {
            // The session has ended, and nobody has fetched that yet: the rest waits for the next one.
            let sent = self.session.send_reserved(packet.messages());
            if sent == Err(EngineSendError::Closed) {
                return;
            }
            socket.drop_first_kept();
        }
        self.retry(namespace);
    }

    /// Starts the next attempt, if the namespace is connected and none is under way.
    pub(super) fn retry(&mut self, namespace: &Namespace) {
        let now = self.now;
        let Some(socket) = self.find(namespace) else {
            return;
        };
        if !socket.is_connected() || socket.retry_by.is_some() {
            return;
        }
        let Some(event) = socket.retry() else {
            return;
        };
        let (packet, by) = (
            event.packet.clone(),
            now + event.timeout.max(SHORTEST_ATTEMPT),
        );
        // An attempt that cannot leave because the session has ended is none.
        let sent = self.session.send_reserved(packet.messages());
        if sent != Err(EngineSendError::Closed)
            && let Some(socket) = self.find(namespace)
        {
            socket.retry_by = Some(by);
        }
    }

    /// An attempt failed: too late, or the connection was lost. The last one ends the event.
    pub(super) fn end_attempt(&mut self, namespace: &Namespace, error: AckError) {
        let Some(socket) = self.find(namespace) else {
            return;
        };
        if socket.retry_by.take().is_none() {
            return;
        }
        let Some(event) = socket.retry() else {
            return;
        };
        if event.retries > 0 {
            event.retries -= 1;
        } else if let Some(event) = socket.end_retry() {
            let (namespace, id) = (namespace.clone(), event.id);
            self.events.push_back(Event::Ack {
                namespace,
                id,
                result: Err(error),
            });
        }
    }

    pub(super) fn awaits(&self, namespace: &Namespace, id: AckId) -> bool {
        self.sockets
            .iter()
            .any(|socket| socket.namespace == *namespace && socket.awaits(id))
    }

    pub(super) fn acknowledged(&mut self, namespace: Namespace, id: AckId, args: Args) {
        let Some(socket) = self.find(&namespace) else {
            return;
        };
        // Also an answer to an earlier attempt is an answer.
        let is_retry = socket.retry().is_some_and(|event| event.id == id);
        if is_retry {
            socket.end_retry();
        } else if !socket.acks.end(id) {
            return;
        }
        self.events.push_back(Event::Ack {
            namespace: namespace.clone(),
            id,
            result: Ok(args),
        });
        if is_retry {
            self.retry(&namespace);
        }
    }

    /// The application has closed: nothing will ever leave that is kept.
    pub(super) fn drop_all(&mut self) {
        for socket in &mut self.sockets {
            for id in socket.drop_all() {
                self.events.push_back(Event::Ack {
                    namespace: socket.namespace.clone(),
                    id,
                    result: Err(AckError::Disconnected),
                });
            }
        }
    }
}

/// Without it attempts that have no time would follow each other at one and the same moment.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(1);
