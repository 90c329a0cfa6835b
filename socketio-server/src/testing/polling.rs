//! The requests of a client that polls, over pipes in memory.

use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::ContentType;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::TestError;
use super::wire::Opening;

/// What the server answered with.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content: ContentType,
    pub(super) body: Bytes,
}

impl Answer {
    /// What a test is told that wanted another one.
    pub(super) fn refusal(&self) -> TestError {
        let words = String::from_utf8_lossy(&self.body);
        TestError::Http(format!("HTTP/1.1 {} {words}", self.status))
    }
}

/// A connection for polls, or for bodies: used for one request after the other, and ended when it is dropped.
pub(super) struct Line {
    opening: Arc<Opening>,
    open: Option<(SendRequest<Full<Bytes>>, JoinSet<()>)>,
}

impl Line {
    pub(super) fn new(opening: Arc<Opening>) -> Self {
        Self {
            opening,
            open: None,
        }
    }

    /// Makes a request: a poll, or one with a body. The line can be used again afterwards.
    pub(super) async fn ask(
        mut self,
        query: String,
        body: Option<Bytes>,
    ) -> (Self, Result<Answer, TestError>) {
        let answer = self.try_ask(&query, body).await;
        (self, answer)
    }

    async fn try_ask(&mut self, query: &str, body: Option<Bytes>) -> Result<Answer, TestError> {
        let broken = |error: &dyn std::error::Error| TestError::Http(error.to_string());
        let mut sender = match self.open.take() {
            Some((sender, task)) if sender.is_ready() => (sender, task),
            _ => self.dial().await.map_err(|error| broken(&error))?,
        };
        let method = match body {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(self.opening.target(query))
            .header(HOST, "test");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "text/plain;charset=UTF-8");
        }
        for (name, value) in &self.opening.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| broken(&error))?;
        let (parts, body) = sender
            .0
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?
            .into_parts();
        let body = body.collect().await.map_err(|error| broken(&error))?;
        self.open = Some(sender);
        let content = parts.headers.get(CONTENT_TYPE);
        Ok(Answer {
            status: parts.status,
            content: ContentType::from_header(content.and_then(|content| content.to_str().ok())),
            body: body.to_bytes(),
        })
    }

    async fn dial(&self) -> hyper::Result<(SendRequest<Full<Bytes>>, JoinSet<()>)> {
        let (sender, connection) = handshake(TokioIo::new(self.opening.pipe())).await?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            // What becomes of it is seen by whoever waits for an answer.
            let _ = connection.await;
        });
        Ok((sender, task))
    }
}
