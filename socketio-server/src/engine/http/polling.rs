//! Long polling: a `GET` that waits, and a `POST` whose body is read.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engineio_proto::ContentType;
use engineio_proto::reject::Reject;
use engineio_proto::server::Session;
use http_body::Body as _;
use tokio::time::timeout;

use super::refusal::Refused;
use super::{Answer, Core, answer};
use crate::door::{AnyBody, ResponseBody, Unwritten};
use crate::engine::connection::{Connection, Reading};
use crate::engine::machine::{Machine, Protocol};
use crate::engine::meter::{Meter, Way};

/// Answers a `GET` when there is something to say.
pub(super) async fn get<P: Protocol>(
    connection: &Arc<Connection<P>>,
    meter: &Meter,
) -> Result<Answer, Reject> {
    connection.input(Machine::handle_get)?;
    let pending = PendingGet(Some(connection));
    let mut body = BytesMut::new();
    let (content, compress) = poll_fn(|cx| {
        let mut state = connection.lock();
        if let Some(content) = state.poll_payload(&mut body) {
            let compress = state.machine.session().compress_payload();
            return Poll::Ready((content, compress));
        }
        state.turns.get_sleeps(cx.waker());
        Poll::Pending
    })
    .await;
    pending.answered();
    meter.sent(Way::Polling, body.len());
    connection.protocol.sent(connection);
    // The answer may have been what ended the session.
    connection.dispatch();
    // Until it is written the client may still go away, with what is in it.
    let unwritten = Unwritten::new({
        let connection = Arc::clone(connection);
        move || connection.input(Machine::handle_get_aborted)
    });
    let body = ResponseBody::watched(body.freeze(), unwritten);
    let mut answer = answer::polled(content.as_str(), body);
    if !compress {
        answer.extensions_mut().insert(answer::AsItIs);
    }
    Ok(answer)
}

/// Tells the session when the client gives up on its `GET`: hyper drops the future of the answer then.
struct PendingGet<'a, P: Protocol>(Option<&'a Arc<Connection<P>>>);

impl<P: Protocol> PendingGet<'_, P> {
    fn answered(mut self) {
        self.0 = None;
    }
}

impl<P: Protocol> Drop for PendingGet<'_, P> {
    fn drop(&mut self) {
        if let Some(connection) = self.0 {
            connection.input(Machine::handle_get_aborted);
        }
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
