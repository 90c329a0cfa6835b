//! The application's own pages behind the same door.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use tower_service::Service;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type AnswerBody = UnsyncBoxBody<Bytes, BoxError>;
pub(super) type Answering =
    Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, BoxError>> + Send>>;

/// Who answers what is not for the server: any tower service.
#[derive(Clone)]
pub(crate) struct Fallback {
    call: Arc<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>,
}

impl Fallback {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // A service need not be `Sync`; its clone is made under the lock, and called outside.
        let service = Mutex::new(service);
        let call = move |request| -> Answering {
            let service = service.lock().unwrap_or_else(PoisonError::into_inner);
            let mut service = service.clone();
            Box::pin(async move {
                let ready = poll_fn(|cx| service.poll_ready(cx)).await;
                let answer: Result<_, BoxError> = match ready.map_err(Into::into) {
                    Ok(()) => service.call(request).await.map_err(Into::into),
                    Err(error) => Err(error),
                };
                Ok(match answer {
                    Ok(answer) => answer.map(|body| body.map_err(Into::into).boxed_unsync()),
                    Err(error) => {
                        tracing::error!(%error, "the fallback service failed");
                        empty(StatusCode::INTERNAL_SERVER_ERROR)
                    }
                })
            })
        };
        Self {
            call: Arc::new(call),
        }
    }

    pub(super) fn call(&self, request: Request<Incoming>) -> Answering {
        (self.call)(request)
    }
}

/// An answer that is its status.
pub(super) fn empty(status: StatusCode) -> Response<AnswerBody> {
    let body = Empty::new().map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = status;
    answer
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").finish_non_exhaustive()
    }
}
