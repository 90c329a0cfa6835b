//! Connections without what it takes to speak HTTP: while a request is awaited, and while its answer is.
//!
//! hyper has two buffers of 8 KiB for each connection all that time. Polling is little but awaiting: there they would be most of
//! what an idle client costs. So hyper gets a connection when a request is there, and reads it. When it has been read, the
//! connection is taken out of hyper; the answer is written here.
//!
//! Always, and not only if an answer is long in coming: when all clients come at once, or all are answered at once, what each
//! has for a moment lies in the heap between what stays, and most of it would never go back to the system.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::service::Answering;
use super::stream::Stream;
use crate::engine::http::Answer;

/// What the three of a connection tell each other: its service, its stream, and who serves it.
#[derive(Default)]
pub(super) struct Lot {
    waiting: Mutex<Option<Waiting>>,
    /// hyper has something to write, and the other end does not take it.
    is_blocked: AtomicBool,
    /// A WebSocket was asked for, and not from the application's own pages.
    expects_link: AtomicBool,
}

/// An answer that is awaited.
pub(super) struct Waiting {
    answering: Answering,
    /// The client wants no further answer on this connection.
    is_last: bool,
}

/// The answer as hyper awaits it, in vain: it is taken over.
pub(super) struct Parkable(Arc<Lot>);

/// Whether hyper is done with a request when its service is called: nothing of it is to be read any more, and nothing is left
/// to be done on the connection but to answer.
pub(super) fn can_be_parked(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && request.body().is_end_stream()
        && !request.headers().contains_key(http::header::UPGRADE)
}

impl Lot {
    /// Has an answer awaited by whoever takes it over.
    pub(super) fn await_here(self: &Arc<Self>, answering: Answering, is_last: bool) -> Parkable {
        *self.lock() = Some(Waiting { answering, is_last });
        Parkable(Arc::clone(self))
    }

    /// Takes over what hyper waits for, if it waits for nothing else.
    pub(super) fn take(&self) -> Option<Waiting> {
        if self.is_blocked.load(Ordering::Relaxed) {
            return None;
        }
        self.lock().take()
    }

    pub(super) fn set_blocked(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::Relaxed);
    }

    /// If the answer is 101, a link follows, and takes along what was not written.
    pub(super) fn expect_link(&self, yes: bool) {
        self.expects_link.store(yes, Ordering::Relaxed);
    }

    pub(super) fn expects_link(&self) -> bool {
        self.expects_link.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Parkable {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Answer> {
        Poll::Pending
    }
}

/// hyper drops it when the client has gone.
impl Drop for Parkable {
    fn drop(&mut self) {
        let gone = self.0.lock().take();
        drop(gone);
    }
}

impl Waiting {
    /// Waits for the answer and writes it. Whether the connection goes on.
    pub(super) async fn answer(
        mut self,
        stream: &mut Stream,
        is_closing: impl Fn() -> bool,
    ) -> io::Result<bool> {
        let answer = std::future::poll_fn(|cx| self.poll(cx, stream)).await?;
        let goes_on = !self.is_last && !is_closing() && !asks_to_close(answer.headers());
        let (head, mut body) = (head(&answer, goes_on)?, answer.into_body());
        write(stream, &head, body.data()).await?;
        body.written();
        Ok(goes_on)
    }

    fn poll(&mut self, cx: &mut Context<'_>, stream: &mut Stream) -> Poll<io::Result<Answer>> {
        if let Poll::Ready(answer) = Pin::new(&mut self.answering).poll(cx) {
            return Poll::Ready(Ok(answer));
        }
        // Bytes of the next request may come before this one is answered. A few show that the client is there; the rest
        // waits where it is.
        if stream.has_early() {
            return Poll::Pending;
        }
        let mut bytes = [0; 256];
        let mut read = ReadBuf::new(&mut bytes);
        match Pin::new(&mut *stream).poll_read(cx, &mut read) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) if read.filled().is_empty() => {
                Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
            }
            Poll::Ready(Ok(())) => {
                stream.unread(read.filled());
                Poll::Pending
            }
        }
    }
}

/// Status line and headers, as they go out.
fn head(answer: &Answer, goes_on: bool) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(256);
    let status = answer.status();
    let reason = status.canonical_reason().unwrap_or_default();
    write!(head, "HTTP/1.1 {} {reason}\r\n", status.as_str())?;
    let mut line = |name: &str, value: &[u8]| {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    for (name, value) in answer.headers() {
        // What is said about the connection is said here.
        if *name != CONTENT_LENGTH && *name != CONNECTION {
            line(name.as_str(), value.as_bytes());
        }
    }
    // What has no body would seem to speak of the length of one that is stored somewhere (RFC 9110, 8.6).
    if ![StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status) {
        let length = HeaderValue::from(answer.body().data().map_or(0, Bytes::len));
        line(CONTENT_LENGTH.as_str(), length.as_bytes());
    }
    let date = httpdate::fmt_http_date(crate::engine::calendar());
    line(DATE.as_str(), date.as_bytes());
    if !goes_on {
        line(CONNECTION.as_str(), b"close");
    }
    head.extend_from_slice(b"\r\n");
    Ok(head)
}

/// Whether the answer is to be the last on its connection.
fn asks_to_close(headers: &HeaderMap) -> bool {
    headers
        .get(CONNECTION)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

/// Writes both, in one go if the other end takes them.
async fn write(stream: &mut Stream, head: &[u8], body: Option<&Bytes>) -> io::Result<()> {
    let mut parts = [
        io::IoSlice::new(head),
        io::IoSlice::new(body.map_or(&[], |body| &body[..])),
    ];
    let mut left = &mut parts[..];
    // Empty ones would look like an end.
    io::IoSlice::advance_slices(&mut left, 0);
    std::future::poll_fn(|cx| {
        while !left.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write_vectored(cx, left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            io::IoSlice::advance_slices(&mut left, written);
        }
        Pin::new(&mut *stream).poll_flush(cx)
    })
    .await
}
