//! One client, as an application has it.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use engineio_proto::server::Event;
use engineio_proto::{CloseReason, Message, Revision, SendError, Sid, Transport};

use super::connection::Connection;
use super::raw::Raw;
use crate::door::Handshake;

/// One client of an [`Engine`](super::Engine). Cheap to clone, usable from any task; a kept one keeps no session open.
#[derive(Clone)]
pub struct Socket {
    connection: Arc<Connection<Raw>>,
}

impl Socket {
    pub(super) fn new(connection: Arc<Connection<Raw>>) -> Self {
        Self { connection }
    }

    /// The next message of the client; `None` when the session has ended and nothing is left.
    ///
    /// May be dropped at any time: what was not returned is returned by the next call. While too much waits here, the client is
    /// not read from.
    pub async fn recv(&self) -> Option<Message> {
        poll_fn(|cx| {
            let mut inbox = self.connection.local.lock();
            let was_full = inbox.messages.len() >= self.connection.protocol.inbox();
            if let Some(message) = inbox.messages.pop_front() {
                drop(inbox);
                if was_full {
                    // Who reads from the client may be waiting for room.
                    self.connection.wake_readers();
                }
                return Poll::Ready(Some(message));
            }
            if inbox.closed.is_some() {
                return Poll::Ready(None);
            }
            match &mut inbox.waiting {
                Some(waker) => waker.clone_from(cx.waker()),
                waiting => *waiting = Some(cx.waker().clone()),
            }
            let is_awaited = std::mem::take(&mut inbox.is_awaited);
            drop(inbox);
            // All that was received is dealt with, or in other hands.
            if is_awaited {
                self.connection.wake_post();
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a message. Never waits.
    ///
    /// # Errors
    ///
    /// The session is closing or closed, or the client is owed too much already.
    pub fn send(&self, message: Message) -> Result<(), SendError> {
        self.connection.with(|session| session.send(message))
    }

    /// Closes the session when everything has left that was sent before.
    pub fn close(&self) {
        let now = self.connection.clock.now();
        self.connection.with(|session| session.close(now));
    }

    /// Why the session ended, once it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.connection.local.lock().closed
    }

    /// What the client said when it came: URL, headers, address.
    pub fn handshake(&self) -> &Handshake {
        &self.connection.handshake
    }

    /// The id of the session. A secret: who knows it can speak for the client.
    pub fn sid(&self) -> Sid {
        self.connection.session(|session| session.sid().clone())
    }

    /// The transport that is used now.
    pub fn transport(&self) -> Transport {
        self.connection
            .session(engineio_proto::server::Session::transport)
    }

    /// The revision of the protocol that the client speaks.
    pub fn revision(&self) -> Revision {
        self.connection
            .session(engineio_proto::server::Session::revision)
    }

    /// Bytes of messages that were sent and have not left.
    pub fn buffered_bytes(&self) -> usize {
        self.connection
            .session(engineio_proto::server::Session::buffered_bytes)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

/// Messages that were received and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<InboxState>);

#[derive(Debug, Default)]
struct InboxState {
    messages: VecDeque<Message>,
    waiting: Option<Waker>,
    /// A `POST` wants to know when the application waits for the next message.
    is_awaited: bool,
    closed: Option<CloseReason>,
}

impl Inbox {
    pub(super) fn push(&self, event: Event) {
        let mut inbox = self.lock();
        match event {
            Event::Message(message) => inbox.messages.push_back(message),
            Event::Close(reason) => inbox.closed = Some(reason),
            _ => return,
        }
        let waiting = inbox.waiting.take();
        drop(inbox);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// Whether the application waits for the next message. If not, a `POST` that waits for it is woken when it does.
    pub(super) fn is_settled(&self) -> bool {
        let mut inbox = self.lock();
        let is_settled = inbox.messages.is_empty() && inbox.waiting.is_some();
        inbox.is_awaited = !is_settled;
        is_settled
    }

    /// Who has this waker is about to look whether something came. Somebody else who waits does not.
    pub(super) fn is_polled_anyway(&self, waker: &Waker) {
        let mut inbox = self.lock();
        if inbox
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.will_wake(waker))
        {
            inbox.waiting = None;
        }
    }

    /// The session is gone, whatever it said last.
    pub(super) fn end(&self) {
        let mut inbox = self.lock();
        inbox.closed.get_or_insert(CloseReason::Forced);
        let waiting = inbox.waiting.take();
        drop(inbox);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, InboxState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
