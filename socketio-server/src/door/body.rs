//! The body of an answer: ours, or that of the application around us.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of an answer. `B` is what the [layered](super::HttpLayer) service answers with.
    pub struct ResponseBody<B = Never> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<B> {
        Ours { data: Option<Bytes>, unwritten: Option<Unwritten> },
        Theirs { #[pin] body: B },
    }
}

/// The body of nobody: an [`HttpService`](super::HttpService) has no service around which it is layered.
#[expect(
    clippy::exhaustive_enums,
    reason = "it has no values, and must not get any"
)]
#[derive(Clone, Copy, Debug)]
pub enum Never {}

/// Is called if a body is dropped before it was taken: what was in it did not leave.
pub(crate) struct Unwritten(Option<Box<dyn FnOnce() + Send>>);

impl Unwritten {
    pub(crate) fn new(call: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(call)))
    }

    fn written(mut self) {
        self.0 = None;
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

impl<B> ResponseBody<B> {
    /// These bytes, and nothing after them.
    pub(crate) fn full(data: Bytes) -> Self {
        Self::ours(data, None)
    }

    /// These bytes; `unwritten` is called if they do not leave.
    pub(crate) fn watched(data: Bytes, unwritten: Unwritten) -> Self {
        Self::ours(data, Some(unwritten))
    }

    fn ours(data: Bytes, unwritten: Option<Unwritten>) -> Self {
        let data = Some(data).filter(|data| !data.is_empty());
        Self {
            kind: Kind::Ours { data, unwritten },
        }
    }

    pub(crate) fn theirs(body: B) -> Self {
        Self {
            kind: Kind::Theirs { body },
        }
    }
}

impl ResponseBody {
    /// The bytes, while they were not taken.
    pub(super) fn data(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Ours { data, .. } => data.as_ref(),
            Kind::Theirs { body } => match *body {},
        }
    }

    /// The bytes have left.
    pub(super) fn written(&mut self) {
        if let Kind::Ours { data, unwritten } = &mut self.kind {
            *data = None;
            if let Some(unwritten) = unwritten.take() {
                unwritten.written();
            }
        }
    }

    /// Other bytes for the same answer.
    pub(super) fn replace(&mut self, new: Bytes) {
        if let Kind::Ours { data, .. } = &mut self.kind {
            *data = Some(new).filter(|data| !data.is_empty());
        }
    }
}

impl ResponseBody<Never> {
    /// The same beside a service that answers otherwise.
    pub(super) fn beside<B>(self) -> ResponseBody<B> {
        match self.kind {
            Kind::Ours { data, unwritten } => ResponseBody {
                kind: Kind::Ours { data, unwritten },
            },
            Kind::Theirs { body } => match body {},
        }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            Projected::Ours { data, unwritten } => {
                if let Some(unwritten) = unwritten.take() {
                    unwritten.written();
                }
                Poll::Ready(data.take().map(|data| Ok(Frame::data(data))))
            }
            Projected::Theirs { body } => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            // An empty answer that is watched is to be asked for too.
            Kind::Ours { data, unwritten } => data.is_none() && unwritten.is_none(),
            Kind::Theirs { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Ours { data, .. } => {
                SizeHint::with_exact(data.as_ref().map_or(0, Bytes::len) as u64)
            }
            Kind::Theirs { body } => body.size_hint(),
        }
    }
}

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match *self {}
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it is a client's.
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

impl fmt::Debug for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwritten").finish_non_exhaustive()
    }
}
