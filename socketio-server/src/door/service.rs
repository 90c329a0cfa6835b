//! The server for hyper, and for all that is built on tower: alone, or around an application.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use super::body::{Never, ResponseBody};
use super::gate::Gate;
use super::options::Options;
use crate::engine::Meter;
use crate::engine::http::{Answer, WaitingGet};

/// Whoever answers requests: a server, whatever it speaks over its sessions.
pub(crate) trait Door: Send + Sync + 'static {
    /// Whether a request is for this server and not for the application around it.
    fn is_for_us(&self, path: &str) -> bool;

    fn answer(self: Arc<Self>, request: Request<AnyBody>) -> Answering;

    fn options(&self) -> &Options;

    fn gate(&self) -> &Gate;

    fn meter(&self) -> &Meter;
}

/// An answer that is on its way.
pub(crate) enum Answering {
    /// Something is done for it.
    Soon(Pin<Box<dyn Future<Output = Answer> + Send>>),
    /// A poll that waits until there is something to say. It has no memory of its own: most clients have one of these most
    /// of the time, and each poll would leave its memory wherever there was room at that moment. In a burst that is
    /// above all that the burst takes, which the allocator then could not give back.
    Late(WaitingGet),
}

impl Answering {
    pub(crate) fn soon(answering: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self::Soon(Box::pin(answering))
    }
}

impl Future for Answering {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        if let Self::Late(waiting) = &mut *self {
            let answering = ready!(waiting.poll_answer(cx));
            *self = Self::Soon(answering);
        }
        match &mut *self {
            Self::Soon(answering) => answering.as_mut().poll(cx),
            Self::Late(_) => Poll::Pending,
        }
    }
}

/// The body of a request, from whatever serves HTTP; `None` if it is empty. It says no more than that it failed.
pub(crate) type AnyBody = Option<UnsyncBoxBody<Bytes, ()>>;

/// A server as a service: it takes any request, and answers those for its path. Others are answered 404.
///
/// It is a [`tower_service::Service`] and a [`hyper::service::Service`]. A WebSocket needs the connection to be served with
/// upgrades, as `hyper::server::conn::http1::Connection::with_upgrades` and axum do.
#[derive(Clone)]
pub struct HttpService {
    door: Arc<dyn Door>,
}

/// A server as a [layer](tower_layer::Layer): it answers the requests for its path, and leaves the others to the service below it.
#[derive(Clone)]
pub struct HttpLayer {
    service: HttpService,
}

/// A service of an application, with a server in front of it. Made by an [`HttpLayer`].
#[derive(Clone)]
pub struct Layered<S> {
    service: HttpService,
    inner: S,
}

impl HttpService {
    pub(crate) fn new(door: Arc<dyn Door>) -> Self {
        Self { door }
    }

    /// The same around an application.
    pub(crate) fn layer(self) -> HttpLayer {
        HttpLayer { service: self }
    }

    pub(super) fn door(&self) -> &Arc<dyn Door> {
        &self.door
    }

    pub(super) fn is_for_us<B>(&self, request: &Request<B>) -> bool {
        self.door.is_for_us(request.uri().path())
    }

    pub(super) fn answer<B>(&self, request: Request<B>) -> Answering
    where
        B: Body<Data: Send, Error: Send> + Send + 'static,
    {
        Arc::clone(&self.door).answer(request.map(any_body))
    }

    fn served<B>(&self, request: Request<B>) -> Served
    where
        B: Body<Data: Send, Error: Send> + Send + 'static,
    {
        let answering = self.is_for_us(&request).then(|| self.answer(request));
        Served { answering }
    }
}

fn any_body<B>(body: B) -> AnyBody
where
    B: Body<Data: Send, Error: Send> + Send + 'static,
{
    if body.is_end_stream() {
        return None;
    }
    Some(AsBytes { body }.boxed_unsync())
}

pin_project_lite::pin_project! {
    /// A body of any kind as one of bytes, that announces the same length.
    struct AsBytes<B> {
        #[pin]
        body: B,
    }
}

impl<B: Body> Body for AsBytes<B> {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        let bytes = |frame: Frame<B::Data>| {
            frame.map_data(|mut data| {
                let len = data.remaining();
                data.copy_to_bytes(len)
            })
        };
        let frame = self.project().body.poll_frame(cx);
        frame.map(|frame| frame.map(|frame| frame.map(bytes).map_err(|_| ())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The answer of an [`HttpService`], soon.
#[must_use = "futures do nothing unless polled"]
pub struct Served {
    /// `None` if the request was not for us.
    answering: Option<Answering>,
}

impl Future for Served {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.answering {
            Some(answering) => Pin::new(answering).poll(cx).map(Ok),
            None => Poll::Ready(Ok(not_found())),
        }
    }
}

fn not_found() -> Answer {
    let mut answer = Response::new(ResponseBody::full(Bytes::new()));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

impl<B> tower_service::Service<Request<B>> for HttpService
where
    B: Body<Data: Send, Error: Send> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Served;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Served {
        self.served(request)
    }
}

impl<B> hyper::service::Service<Request<B>> for HttpService
where
    B: Body<Data: Send, Error: Send> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Served;

    fn call(&self, request: Request<B>) -> Served {
        self.served(request)
    }
}

impl<S> tower_layer::Layer<S> for HttpLayer {
    type Service = Layered<S>;

    fn layer(&self, inner: S) -> Layered<S> {
        Layered {
            service: self.service.clone(),
            inner,
        }
    }
}

impl<S, B, R> tower_service::Service<Request<B>> for Layered<S>
where
    S: tower_service::Service<Request<B>, Response = Response<R>>,
    B: Body<Data: Send, Error: Send> + Send + 'static,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = LayeredFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> LayeredFuture<S::Future> {
        if self.service.is_for_us(&request) {
            LayeredFuture::ours(self.service.answer(request))
        } else {
            LayeredFuture::theirs(self.inner.call(request))
        }
    }
}

pin_project_lite::pin_project! {
    #[project = Projected]
    enum Which<F> {
        Ours { ours: Answering },
        Theirs { #[pin] theirs: F },
    }
}

pin_project_lite::pin_project! {
    /// The answer of a [`Layered`] service, soon.
    #[must_use = "futures do nothing unless polled"]
    pub struct LayeredFuture<F> {
        #[pin]
        which: Which<F>,
    }
}

impl<F> LayeredFuture<F> {
    fn ours(ours: Answering) -> Self {
        Self {
            which: Which::Ours { ours },
        }
    }

    fn theirs(theirs: F) -> Self {
        Self {
            which: Which::Theirs { theirs },
        }
    }
}

impl<F, R, E> Future for LayeredFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().which.project() {
            Projected::Ours { ours } => Pin::new(ours)
                .poll(cx)
                .map(|answer| Ok(answer.map(ResponseBody::<Never>::beside))),
            Projected::Theirs { theirs } => theirs
                .poll(cx)
                .map_ok(|answer| answer.map(ResponseBody::theirs)),
        }
    }
}

macro_rules! opaque {
    ($($type:ident $(<$param:ident>)?),*) => {
        $(impl $(<$param>)? fmt::Debug for $type $(<$param>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        })*
    };
}

opaque!(HttpService, HttpLayer, Layered<S>, Served, LayeredFuture<F>);
