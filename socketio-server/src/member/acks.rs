//! Acknowledgements that a socket owes, and who waits for them.

use std::sync::Arc;
use std::time::Duration;

use socketio_adapter::{Answered, Answers};
use socketio_proto::server::Connection;
use socketio_proto::{
    AckError as ProtocolAckError, AckId, Args, Encoded, ExpectError, SendError, SocketId,
};
use tokio::sync::oneshot;

use super::{Lane, Member};
use crate::error::EmitError;

/// Who waits for an acknowledgement.
pub(crate) enum Waiter {
    One(oneshot::Sender<Result<Args, ProtocolAckError>>),
    Many(Arc<dyn Answers>),
}

impl Waiter {
    /// It has come, from this socket, or never will.
    pub(crate) fn end(self, from: &SocketId, result: Result<Args, ProtocolAckError>) {
        match self {
            // Who waited may have gone.
            Self::One(waiter) => drop(waiter.send(result)),
            Self::Many(answers) => answers.answered(Some(from), result.map(Answered::Args)),
        }
    }
}

impl Member {
    /// Sends an event whose acknowledgement somebody waits for, after what the adapter may be holding back.
    pub(crate) fn ask(
        &self,
        id: AckId,
        timeout: Duration,
        packet: &Encoded,
        waiter: Waiter,
    ) -> Result<(), (EmitError, Waiter)> {
        if !self.nsp.adapter().holds_back() {
            return self.ask_now(id, timeout, packet, waiter);
        }
        // It is waited for from now on. If the event cannot be sent later, the connection ends, and with it the waiting.
        self.expect(id, timeout, waiter, |_| Ok(()))?;
        let sent = self.send_later(packet, Lane::Plain);
        sent.or_else(|error| match self.take_waiter(id) {
            Some(waiter) => Err((error, waiter)),
            None => Ok(()),
        })
    }

    /// The same: it is its turn.
    pub(super) fn ask_now(
        &self,
        id: AckId,
        timeout: Duration,
        packet: &Encoded,
        waiter: Waiter,
    ) -> Result<(), (EmitError, Waiter)> {
        self.expect(id, timeout, waiter, |machine| {
            machine.send(&self.nsp.name, packet)
        })
    }

    /// Has an acknowledgement waited for, from before the event is sent. If it is not sent, nothing is waited for.
    fn expect(
        &self,
        id: AckId,
        timeout: Duration,
        waiter: Waiter,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), (EmitError, Waiter)> {
        let connection = match self.connection() {
            Some(connection) if self.is_let_in() => connection,
            _ => return Err((EmitError::Closed, waiter)),
        };
        let deadline = connection.clock.now() + timeout;
        self.lock().acks.insert(id, waiter);
        let name = &self.nsp.name;
        let sent = connection.with(|machine| {
            let machine = &mut machine.inner;
            machine.expect_ack(name, id, Some(deadline))?;
            send(machine).map_err(|error| {
                machine.forget_ack(name, id);
                AskError::Send(error)
            })
        });
        let Err(error) = sent else { return Ok(()) };
        // If it is gone, it was answered by the disconnection.
        match self.take_waiter(id) {
            Some(waiter) => Err((error.into(), waiter)),
            None => Ok(()),
        }
    }

    fn take_waiter(&self, id: AckId) -> Option<Waiter> {
        self.lock().acks.remove(&id)
    }

    /// Waits so long instead, from now on.
    pub(crate) fn ask_for(&self, id: AckId, timeout: Duration) {
        if let Some(connection) = self.connection() {
            let deadline = connection.clock.now() + timeout;
            let name = &self.nsp.name;
            connection.with(|machine| {
                if machine.inner.forget_ack(name, id) {
                    // The place has just become free, so that it can be taken.
                    let _ = machine.inner.expect_ack(name, id, Some(deadline));
                }
            });
        }
    }

    /// Nobody waits for the acknowledgement any more.
    pub(crate) fn forget_ack(&self, id: AckId) {
        drop(self.take_waiter(id));
        if let Some(connection) = self.connection() {
            connection.with(|machine| machine.inner.forget_ack(&self.nsp.name, id));
        }
    }

    /// An acknowledgement has come, or never will.
    pub(crate) fn answered(&self, id: AckId, result: Result<Args, ProtocolAckError>) {
        if let Some(waiter) = self.take_waiter(id) {
            self.nsp
                .shared
                .meter
                .acknowledged(result.as_ref().err().copied());
            waiter.end(&self.id, result);
        }
    }
}

/// Why an acknowledgement was not asked for.
enum AskError {
    Expect(ExpectError),
    Send(SendError),
}

impl From<ExpectError> for AskError {
    fn from(error: ExpectError) -> Self {
        Self::Expect(error)
    }
}

impl From<AskError> for EmitError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Expect(ExpectError::TooMany) => Self::TooManyAcks,
            AskError::Expect(_) => Self::Closed,
            AskError::Send(error) => error.into(),
        }
    }
}
