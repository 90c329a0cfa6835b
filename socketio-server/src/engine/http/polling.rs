//! Long polling: a `GET` that waits, and a `POST` whose body is read.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engineio_proto::ContentType;
use engineio_proto::reject::Reject;
use engineio_proto::server::Session;
use http::StatusCode;
use http_body::Body as _;
use tokio::time::timeout;

use super::answer::{self, Dress};
use super::refusal::Refused;
use super::{Answer, Core};
use crate::door::{AnyBody, Door, ResponseBody, Unwritten};
use crate::engine::connection::{Connection, Reading};
use crate::engine::machine::{Machine, Protocol};
use crate::engine::meter::Way;

/// A `GET` that waits until there is something to say.
pub(crate) struct WaitingGet {
    get: Get,
    dress: Option<Dress>,
}

impl WaitingGet {
    pub(super) fn new(get: Get, dress: Dress) -> Self {
        let dress = Some(dress);
        Self { get, dress }
    }

    /// There is something to say: this is the answer, nearly.
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Pin<Box<dyn Future<Output = Answer> + Send>>> {
        let answer = ready!(Pin::new(&mut self.get).poll(cx)).map_err(Refused::from);
        let (dress, door) = (self.dress.take(), Arc::clone(&self.get.door));
        Poll::Ready(Box::pin(async move {
            match dress {
                Some(dress) => dress.finish(answer, door.meter()).await,
                // It was answered already.
                None => answer::empty(StatusCode::INTERNAL_SERVER_ERROR),
            }
        }))
    }
}

/// What is to be said to a `GET`, when there is something.
pub(super) struct Get {
    /// Until it was answered.
    client: Option<Arc<dyn Polled>>,
    /// The session knows of it.
    begun: bool,
    door: Arc<dyn Door>,
}

impl Get {
    pub(super) fn new<P: Protocol>(connection: &Arc<Connection<P>>, core: &Arc<Core<P>>) -> Self {
        Self {
            client: Some(Arc::clone(connection) as Arc<dyn Polled>),
            begun: false,
            door: Arc::clone(core) as Arc<dyn Door>,
        }
    }
}

impl Future for Get {
    type Output = Result<Answer, Reject>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Answer, Reject>> {
        let Some(client) = self.client.clone() else {
            return Poll::Pending;
        };
        if !self.begun {
            if let Err(reject) = Arc::clone(&client).begin() {
                self.client = None;
                return Poll::Ready(Err(reject));
            }
            self.begun = true;
        }
        let polling = ready!(client.poll_payload(cx));
        self.client = None;
        self.door.meter().sent(Way::Polling, polling.body.len());
        Poll::Ready(Ok(client.answer(polling)))
    }
}

/// Tells the session when the client gives up on its `GET`: hyper drops the future of the answer then.
impl Drop for Get {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|_| self.begun) {
            client.give_up();
        }
    }
}

/// What a poll is answered.
struct Polling {
    body: Bytes,
    content: ContentType,
    /// Whether it may be compressed.
    compress: bool,
}

/// A client that polls, whatever is spoken with it.
trait Polled: Send + Sync {
    fn begin(self: Arc<Self>) -> Result<(), Reject>;
    fn poll_payload(&self, cx: &mut Context<'_>) -> Poll<Polling>;
    fn answer(self: Arc<Self>, polling: Polling) -> Answer;
    fn give_up(self: Arc<Self>);
}

impl<P: Protocol> Polled for Connection<P> {
    fn begin(self: Arc<Self>) -> Result<(), Reject> {
        self.input(Machine::handle_get)
    }

    fn poll_payload(&self, cx: &mut Context<'_>) -> Poll<Polling> {
        let mut state = self.lock();
        let mut body = BytesMut::new();
        if let Some(content) = state.poll_payload(&mut body) {
            return Poll::Ready(Polling {
                body: body.freeze(),
                content,
                compress: state.machine.session().compress_payload(),
            });
        }
        state.turns.get_sleeps(cx.waker());
        Poll::Pending
    }

    fn answer(self: Arc<Self>, polling: Polling) -> Answer {
        self.protocol.sent(&self);
        // The answer may have been what ended the session.
        self.dispatch();
        // Until it is written the client may still go away, with what is in it.
        let unwritten = Unwritten::new(move || self.give_up());
        let body = ResponseBody::watched(polling.body, unwritten);
        let mut answer = answer::polled(polling.content.as_str(), body);
        if !polling.compress {
            answer.extensions_mut().insert(answer::AsItIs);
        }
        answer
    }

    fn give_up(self: Arc<Self>) {
        self.input(Machine::handle_get_aborted);
    }
}

/// Reads a body and hands out what is in it.
pub(super) async fn post<P: Protocol>(
    core: &Core<P>,
    connection: &Arc<Connection<P>>,
    content: ContentType,
    body: AnyBody,
) -> Result<Answer, Refused> {
    connection.input(|machine, now| machine.start_post(content, now))?;
    let pending = PendingPost(Some(connection));
    // Who does not read his answers, or is not listened to, is not read from.
    until(connection, |connection| {
        connection.reading() == Reading::Yes && connection.protocol.wants_input(connection)
    })
    .await;
    let options = &core.options;
    let max = options.sessions.max_payload_bytes();
    let body = match timeout(options.body_timeout, read(connection, body, max)).await {
        Ok(Read::Body(body)) => body,
        Ok(Read::TooLarge) => {
            pending.done();
            connection.input(Machine::handle_post_too_large);
            return Err(Reject::PayloadTooLarge.into());
        }
        // The drop of `pending` says that it was aborted; the answer goes nowhere.
        Ok(Read::Failed) => return Err(Reject::InvalidPayload.into()),
        Err(_) => return Err(Refused::body_timeout()),
    };
    pending.done();
    core.meter.received(Way::Polling, body.len());
    connection.lock().turns.received(body.len());
    connection.input(|machine, now| machine.handle_post(body, now))?;
    let settled = until(connection, |connection| {
        connection.protocol.is_settled(connection)
    });
    // It is in no hurry if it is not done by then.
    let _ = timeout(SETTLING, settled).await;
    connection.lock().machine.finish_post()?;
    Ok(answer::polled(
        "text/html",
        ResponseBody::full(Bytes::from_static(b"ok")),
    ))
}

/// What the application says at once is said before the client hears `ok`, so that its next poll finds it together. As in
/// the reference, where handlers run before the answer.
const SETTLING: Duration = Duration::from_millis(50);

/// Waits until something holds, or the session is not open any more.
async fn until<P: Protocol>(
    connection: &Arc<Connection<P>>,
    holds: impl Fn(&Arc<Connection<P>>) -> bool,
) {
    poll_fn(|cx| {
        connection.lock().turns.post_sleeps(cx.waker());
        if holds(connection) || !connection.session(Session::is_open) {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    // A waker would keep all of its task's memory, long after the connection of the `POST` has gone.
    connection.lock().turns.post_goes_on();
}

enum Read {
    Body(Bytes),
    TooLarge,
    Failed,
}

/// Reads a body of at most `max` bytes, whatever it announces. What a client sends slowly counts as life.
async fn read<P: Protocol>(connection: &Arc<Connection<P>>, body: AnyBody, max: usize) -> Read {
    let Some(mut body) = body else {
        return Read::Body(Bytes::new());
    };
    if body.size_hint().lower() > max as u64 {
        return Read::TooLarge;
    }
    let mut read = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else {
            return Read::Failed;
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if read.len() + data.len() > max {
            return Read::TooLarge;
        }
        connection.with(|machine| machine.handle_activity(connection.clock.now()));
        // Most bodies come in one piece, which then need not be copied.
        if read.is_empty() && body.is_end_stream() {
            return Read::Body(data);
        }
        read.extend_from_slice(&data);
    }
    Read::Body(read.freeze())
}

/// Tells the session when the client gives up in the middle of its `POST`.
struct PendingPost<'a, P: Protocol>(Option<&'a Arc<Connection<P>>>);

impl<P: Protocol> PendingPost<'_, P> {
    fn done(mut self) {
        self.0 = None;
    }
}

impl<P: Protocol> Drop for PendingPost<'_, P> {
    fn drop(&mut self) {
        if let Some(connection) = self.0 {
            connection.input(Machine::handle_post_aborted);
        }
    }
}
