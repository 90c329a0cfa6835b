//! What arrives for an application: events, and how they are answered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use socketio_proto::{AckId, Args, ArgsError, Arguments};

use crate::manager::SocketState;
use crate::status::Lifecycle;
use crate::{EmitError, Socket};

/// An event of the server: its name, its arguments, and whether it wants to be answered.
///
/// Cloning copies nothing.
#[derive(Clone)]
pub struct Event {
    pub(crate) args: Args,
    pub(crate) ack: Option<AckSender>,
}

impl Event {
    /// The name.
    pub fn name(&self) -> &str {
        self.args.event_name()
    }

    /// The arguments, undecoded.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The arguments as a type of yours; how many of them, follows from the type: see [`Args`]. What borrows, borrows from
    /// the event.
    ///
    /// # Errors
    ///
    /// The server sent something else.
    pub fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ArgsError> {
        self.args.deserialize()
    }

    /// Whether the server waits for an answer.
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// Answers. Does nothing if the server does not wait for an answer, or has one.
    ///
    /// # Errors
    ///
    /// See [`AckSender::send`].
    pub fn ack<T: Serialize>(&self, answer: &T) -> Result<(), EmitError> {
        match &self.ack {
            Some(ack) => ack.send(answer),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("args", &self.args)
            .field("wants_ack", &self.wants_ack())
            .finish()
    }
}

/// Answers an event, now or later, from anywhere. Who can answer at once returns [`Ack`](crate::Ack) from the handler instead.
///
/// As a parameter of a handler it is there whether or not the server waits for an answer; if not, an answer goes nowhere.
#[derive(Clone)]
pub struct AckSender(pub(crate) Option<Arc<Slot>>);

pub(crate) struct Slot {
    pub(crate) socket: Arc<SocketState>,
    pub(crate) id: AckId,
    /// Which connection of the socket was asked; the next one was not.
    pub(crate) epoch: u64,
    pub(crate) taken: AtomicBool,
}

impl AckSender {
    /// Whether the server still waits for an answer.
    pub fn is_open(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|slot| !slot.taken.load(Ordering::Acquire))
    }

    /// Answers. The first answer counts, and those after it go nowhere. How many arguments it has follows from the type: see
    /// [`Args`].
    ///
    /// # Errors
    ///
    /// It cannot be encoded; or the connection that asked is gone, and with it whoever waited.
    pub fn send<T: Serialize>(&self, answer: &T) -> Result<(), EmitError> {
        self.send_arguments(Arguments::new(answer))
    }

    /// Answers with arguments of any kind, also those that were received.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_arguments(&self, answer: Arguments<'_>) -> Result<(), EmitError> {
        let Some(slot) = &self.0 else {
            return Ok(());
        };
        if slot.taken.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        slot.socket.answer(slot.id, slot.epoch, answer)
    }
}

impl fmt::Debug for AckSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckSender")
            .field("is_open", &self.is_open())
            .finish()
    }
}

/// What a handler is called with: an event, or something that happened to the socket.
#[derive(Clone, Debug)]
pub struct Incoming {
    socket: Socket,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Event(Event),
    Lifecycle(Lifecycle),
}

impl Incoming {
    pub(crate) fn new(socket: Socket, what: What) -> Self {
        Self { socket, what }
    }

    /// The socket.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The event, if it is one.
    pub fn event(&self) -> Option<&Event> {
        match &self.what {
            What::Event(event) => Some(event),
            What::Lifecycle(_) => None,
        }
    }

    /// What happened to the socket, if it is that.
    pub fn lifecycle(&self) -> Option<&Lifecycle> {
        match &self.what {
            What::Lifecycle(lifecycle) => Some(lifecycle),
            What::Event(_) => None,
        }
    }
}
