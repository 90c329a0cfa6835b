//! A socket as adapters see it: one of many.

use std::sync::Arc;

use socketio_adapter::{Broadcast, Description, Recipient};
use socketio_proto::{AckError as ProtocolAckError, Encoded, SocketId};

use super::{Lane, Member, Waiter};
use crate::error::EmitError;

impl Recipient for Member {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn deliver(&self, event: &Broadcast<'_>) {
        self.show_outgoing(|| event.emit());
        let Some(ack) = event.ack() else {
            // Whoever called `emit` hears of what cannot be encoded; a client that is gone hears nothing.
            return event.with_encoded(&self.codec, |encoded| {
                if let Ok(encoded) = encoded {
                    self.deliver_unheard(encoded, Lane::plain_or_volatile(event.flags().volatile));
                }
            });
        };
        let waiter = Waiter::Many(Arc::clone(&ack.answers));
        let asked = event.with_encoded(&self.codec, |encoded| {
            encoded.is_ok_and(|encoded| self.ask_now(ack.id, ack.timeout, encoded, waiter).is_ok())
        });
        if !asked {
            let gone = Err(ProtocolAckError::Disconnected);
            ack.answers.answered(Some(&self.id), gone);
        }
    }

    fn disconnect(&self, close: bool) {
        let Some(connection) = self.connection() else {
            return;
        };
        connection.part(|machine, now| match close {
            true => machine.close(now),
            false => machine.disconnect(&self.nsp.name),
        });
    }

    fn describe(&self) -> Description {
        let handshake = self.handshake.to_object();
        Description::new(self.id.clone(), handshake, self.all_attributes())
    }
}

impl Member {
    /// Disconnects the socket after what the adapter may be holding back.
    pub(crate) fn disconnect_in_order(&self, close: bool) {
        match self.this() {
            Some(this) if self.nsp.adapter().holds_back() => {
                let adapter = self.nsp.adapter();
                adapter.in_order(Box::new(move || this.disconnect(close)));
            }
            _ => self.disconnect(close),
        }
    }

    /// Sends a packet now, where nobody hears of it if the client is owed too much: a gap in what it gets would be worse
    /// than the end of the connection, of which it does hear.
    pub(super) fn deliver_unheard(&self, packet: &Encoded, lane: Lane) {
        if self.deliver_packet(packet, lane) != Err(EmitError::Full) {
            return;
        }
        if let Some(connection) = self.connection() {
            tracing::warn!(
                namespace = self.nsp.name.as_str(),
                "a client takes too little of what it is sent; its connection is closed (`ServerBuilder::buffer_limit`)"
            );
            // Unless that is what happened already, as the policy may be.
            connection.with(|machine| {
                if machine.inner.session().is_open() {
                    machine.inner.abort();
                }
            });
            connection.dispatch_later();
        }
    }
}
