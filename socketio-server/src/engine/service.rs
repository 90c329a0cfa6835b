//! The engine for hyper, and for all that is built on tower.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;

use super::http::Core;
use super::raw::Raw;

/// An [`Engine`](super::Engine) as a service: it takes any request, and answers those for its path.
#[derive(Clone)]
pub struct EngineService {
    core: Arc<Core<Raw>>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

impl EngineService {
    pub(super) fn new(core: Arc<Core<Raw>>) -> Self {
        Self { core }
    }

    fn answer<B: Body<Data: Send, Error: Send> + Send + 'static>(
        &self,
        request: Request<B>,
    ) -> Answering {
        if !self.core.is_for_us(request.uri().path()) {
            return Box::pin(async {
                let mut response = Response::new(Full::default());
                *response.status_mut() = StatusCode::NOT_FOUND;
                Ok(response)
            });
        }
        Box::pin(Arc::clone(&self.core).serve(request))
    }
}

impl<B: Body<Data: Send, Error: Send> + Send + 'static> tower_service::Service<Request<B>>
    for EngineService
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        self.answer(request)
    }
}

impl<B: Body<Data: Send, Error: Send> + Send + 'static> hyper::service::Service<Request<B>>
    for EngineService
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<B>) -> Answering {
        self.answer(request)
    }
}

impl fmt::Debug for EngineService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineService").finish_non_exhaustive()
    }
}
