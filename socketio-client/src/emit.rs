//! Sending events, and waiting for their answers.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::client::Retry;
use socketio_proto::{AckId, Args, Arguments, Emit, Encoded};
use tokio::sync::oneshot;
use tokio::time::Sleep;

use crate::manager::{AckResult, SocketState};
use crate::{AckError, EmitError, random};

/// How an event is sent, made by [`Socket::volatile`](crate::Socket::volatile), [`compress`](crate::Socket::compress),
/// [`timeout`](crate::Socket::timeout) and [`retries`](crate::Socket::retries).
///
/// It is a value: keep one and use it as often as you like.
#[derive(Clone)]
#[must_use = "nothing is sent until `emit` or `emit_with_ack`"]
pub struct Emitter {
    pub(crate) socket: Arc<SocketState>,
    volatile: bool,
    compress: bool,
    timeout: Option<Duration>,
    retries: Option<u32>,
    key: Option<Key>,
}

#[derive(Clone)]
enum Key {
    /// A new one for each event.
    Unique,
    This(String),
}

/// How long an attempt waits if nothing else was said: as long as servers wait for a ping.
const ATTEMPT: Duration = Duration::from_secs(20);

impl Emitter {
    pub(crate) fn new(socket: &Arc<SocketState>) -> Self {
        let options = &socket.manager.options;
        Self {
            socket: Arc::clone(socket),
            volatile: false,
            compress: true,
            timeout: options.ack_timeout,
            retries: (options.retries > 0).then_some(options.retries),
            key: None,
        }
    }

    /// Sends only what can leave at once, and drops it otherwise. For what is out of date a moment later, such as positions.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Says whether a transport that compresses may compress the event.
    pub fn compress(mut self, yes: bool) -> Self {
        self.compress = yes;
        self
    }

    /// How long an answer is waited for; with [`retries`](Self::retries), in each attempt.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the event until the server acknowledges it: again after each timeout and each loss of the connection, this often.
    /// Events with retries leave one at a time, in order. Each attempt waits for the [`timeout`](Self::timeout), 20 s if there
    /// is none.
    ///
    /// The server has to answer, and sees an event more than once if an answer was lost: see [`key`](Self::key).
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// Puts a key behind the arguments, by which the server recognises a repeat.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Key::This(key.into()));
        self
    }

    /// The same with a random key, another one for each event.
    pub fn unique_key(mut self) -> Self {
        self.key = Some(Key::Unique);
        self
    }

    /// Sends an event, at once or when the socket is connected. It never waits.
    ///
    /// # Errors
    ///
    /// It cannot be encoded, or was not taken; see [`EmitError`].
    pub fn emit<T: Serialize>(&self, event: &str, arguments: T) -> Result<(), EmitError> {
        self.emit_arguments(event, Arguments::new(&arguments))
    }

    /// The same with arguments of any kind, also those that were received.
    ///
    /// # Errors
    ///
    /// As for [`emit`](Self::emit).
    pub fn emit_arguments(&self, event: &str, arguments: Arguments<'_>) -> Result<(), EmitError> {
        let manager = &self.socket.manager;
        let namespace = &self.socket.namespace;
        if let Some(retries) = self.retries.filter(|_| !self.volatile) {
            let id = manager.new_ack();
            let packet = self.encode(event, arguments, Some(id))?;
            return manager.send_retried(namespace, self.retry(id, packet, retries), None);
        }
        let packet = self.encode(event, arguments, None)?;
        if self.volatile {
            manager.send_volatile(namespace, &packet)
        } else {
            manager.send(namespace, &packet)
        }
    }

    /// Sends an event and asks for an answer of this type. It is sent at once; wait for the answer whenever you like.
    pub fn emit_with_ack<R: DeserializeOwned>(
        &self,
        event: &str,
        arguments: impl Serialize,
    ) -> AckFuture<R> {
        self.emit_arguments_with_ack(event, Arguments::new(&arguments))
    }

    /// The same with arguments of any kind, also those that were received.
    pub fn emit_arguments_with_ack<R: DeserializeOwned>(
        &self,
        event: &str,
        arguments: Arguments<'_>,
    ) -> AckFuture<R> {
        let (state, timeout) = match self.send_with_ack(event, arguments) {
            // The attempts have the time, and their number an end.
            Ok(awaited) => (
                AckState::Awaited(awaited),
                self.timeout.filter(|_| self.retries.is_none()),
            ),
            Err(error) => (AckState::NotSent(Some(error)), None),
        };
        AckFuture {
            state,
            timeout: timeout.map(|timeout| Box::pin(tokio::time::sleep(timeout))),
            result: PhantomData,
        }
    }

    fn send_with_ack(&self, event: &str, arguments: Arguments<'_>) -> Result<Awaited, EmitError> {
        let manager = &self.socket.manager;
        let namespace = &self.socket.namespace;
        let id = manager.new_ack();
        let packet = self.encode(event, arguments, Some(id))?;
        let answered = match self.retries {
            Some(retries) => {
                let (answer, answered) = oneshot::channel();
                manager.send_retried(namespace, self.retry(id, packet, retries), Some(answer))?;
                answered
            }
            None => manager.send_with_ack(namespace, &packet, id)?,
        };
        let socket = Arc::clone(&self.socket);
        Ok(Awaited {
            socket,
            id,
            answered,
            is_over: false,
        })
    }

    fn retry(&self, id: AckId, packet: Encoded, retries: u32) -> Retry {
        let timeout = self.timeout.unwrap_or(ATTEMPT);
        Retry {
            id,
            packet,
            retries,
            timeout,
        }
    }

    fn encode(
        &self,
        event: &str,
        arguments: Arguments<'_>,
        id: Option<AckId>,
    ) -> Result<Encoded, EmitError> {
        let key = match &self.key {
            None => None,
            Some(Key::This(key)) => Some(key.clone()),
            Some(Key::Unique) => Some(random::key()),
        };
        let mut emit = Emit::new(event, arguments);
        if let Some(id) = id {
            emit = emit.with_id(id);
        }
        if let Some(key) = &key {
            // The place where servers put offsets: one more argument behind all others.
            emit = emit.with_offset(key);
        }
        let packet = self.socket.encode(&emit.into())?;
        self.socket.listeners.show_outgoing(&emit);
        Ok(if self.compress {
            packet
        } else {
            packet.with_compress(false)
        })
    }
}

/// The answer to an event, when it comes: [`Socket::emit_with_ack`](crate::Socket::emit_with_ack).
///
/// It resolves exactly once: to the answer, or to the reason why there is none. If it is dropped before, the answer is
/// forgotten, and an event that is still waiting to be sent is not sent.
#[must_use = "an answer that is not waited for is forgotten, and the event with it if it has not left"]
pub struct AckFuture<R> {
    state: AckState,
    timeout: Option<Pin<Box<Sleep>>>,
    result: PhantomData<fn() -> R>,
}

enum AckState {
    NotSent(Option<EmitError>),
    Awaited(Awaited),
}

struct Awaited {
    socket: Arc<SocketState>,
    id: AckId,
    answered: oneshot::Receiver<AckResult>,
    is_over: bool,
}

impl<R> AckFuture<R> {
    /// How long to wait, from now on. Without it the answer is waited for until the socket is disconnected.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(Box::pin(tokio::time::sleep(timeout)));
        self
    }

    /// The answer undecoded: for those who do not know its type, or how many arguments it has.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn args(mut self) -> Result<Args, AckError> {
        std::future::poll_fn(|cx| self.poll_args(cx)).await
    }

    fn poll_args(&mut self, cx: &mut Context<'_>) -> Poll<Result<Args, AckError>> {
        let awaited = match &mut self.state {
            AckState::Awaited(awaited) => awaited,
            AckState::NotSent(error) => {
                let error = error.take().unwrap_or(EmitError::NotConnected);
                return Poll::Ready(Err(error.into()));
            }
        };
        if let Poll::Ready(answered) = Pin::new(&mut awaited.answered).poll(cx) {
            awaited.is_over = true;
            return Poll::Ready(match answered {
                Ok(Ok(args)) => Ok(args),
                Ok(Err(socketio_proto::AckError::Timeout)) => Err(AckError::Timeout),
                _ => Err(AckError::Closed),
            });
        }
        if let Some(timeout) = &mut self.timeout
            && timeout.as_mut().poll(cx).is_ready()
        {
            awaited.forget();
            return Poll::Ready(Err(AckError::Timeout));
        }
        Poll::Pending
    }
}

impl<R: DeserializeOwned> Future for AckFuture<R> {
    type Output = Result<R, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let args = std::task::ready!(self.poll_args(cx))?;
        Poll::Ready(args.deserialize().map_err(AckError::from))
    }
}

impl Awaited {
    fn forget(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.socket
                .manager
                .forget_ack(&self.socket.namespace, self.id);
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.forget();
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter")
            .field("namespace", &self.socket.namespace)
            .field("volatile", &self.volatile)
            .field("compress", &self.compress)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for AckFuture<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AckFuture(..)")
    }
}
