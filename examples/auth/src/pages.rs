//! The rest of the site: logging in and out.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;

use crate::sessions::Sessions;

/// Answers what is not for Socket.IO.
#[derive(Clone)]
pub(crate) struct Pages {
    sessions: Sessions,
}

impl Pages {
    pub(crate) fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/login") => {
                // A real one asks for a password; and `Secure` belongs into the cookie of a site with TLS.
                let name = request
                    .uri()
                    .query()
                    .and_then(|query| query.strip_prefix("name="));
                let session = name
                    .filter(|name| !name.is_empty())
                    .and_then(|name| self.sessions.begin(name));
                let cookie =
                    session.map(|id| format!("session={id}; HttpOnly; SameSite=Lax; Path=/"));
                match cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
                    Some(cookie) => {
                        let mut answer = said(StatusCode::OK, "you are logged in\n");
                        answer.headers_mut().insert(SET_COOKIE, cookie);
                        answer
                    }
                    None => said(StatusCode::BAD_REQUEST, "POST /login?name=Ada\n"),
                }
            }
            (&Method::POST, "/logout") => {
                let cookies = request
                    .headers()
                    .get(COOKIE)
                    .and_then(|value| value.to_str().ok());
                let mut pairs = cookies.unwrap_or_default().split(';').map(str::trim);
                if let Some(id) = pairs.find_map(|pair| pair.strip_prefix("session=")) {
                    self.sessions.end(id);
                }
                said(StatusCode::OK, "you are logged out\n")
            }
            _ => said(
                StatusCode::NOT_FOUND,
                "there are POST /login and POST /logout\n",
            ),
        }
    }
}

fn said(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer
}

impl<B> Service<Request<B>> for Pages {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}
