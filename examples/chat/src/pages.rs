//! The page and what it loads, all of it in the program itself.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;

/// Path, type and content. The client and its licence are what `build.rs` got.
const FILES: [(&str, &str, &[u8]); 6] = [
    ("/", "text/html", include_bytes!("../page/index.html")),
    (
        "/style.css",
        "text/css",
        include_bytes!("../page/style.css"),
    ),
    (
        "/chat.js",
        "text/javascript",
        include_bytes!("../page/chat.js"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_bytes!("../page/icon.svg"),
    ),
    (
        "/client/socket.io.min.js",
        "text/javascript",
        include_bytes!(concat!(env!("OUT_DIR"), "/socket.io.min.js")),
    ),
    (
        "/client/LICENSE",
        "text/plain",
        include_bytes!(concat!(env!("OUT_DIR"), "/LICENSE")),
    ),
];

/// What people write is shown as text; this holds even if the page had a mistake there.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers what is not for Socket.IO.
#[derive(Clone, Copy)]
pub(crate) struct Pages;

impl<B> Service<Request<B>> for Pages {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(answer(request.method(), request.uri().path())))
    }
}

fn answer(method: &Method, path: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    let Some((_, media, content)) = FILES.iter().find(|(name, ..)| *name == path) else {
        *answer.status_mut() = StatusCode::NOT_FOUND;
        return answer;
    };
    if *method != Method::GET && *method != Method::HEAD {
        *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        answer
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    if let Ok(media) = HeaderValue::try_from(format!("{media}; charset=utf-8")) {
        answer.headers_mut().insert(CONTENT_TYPE, media);
    }
    for (name, value) in [
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    *answer.body_mut() = Full::from(*content);
    answer
}
