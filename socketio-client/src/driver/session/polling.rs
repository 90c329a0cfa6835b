//! Requests of polling that are under way.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Asked, Live};
use crate::net::http::Answer;

impl Live {
    /// Takes answers that have come. Whether there were any.
    pub(super) fn requests(&mut self, cx: &mut Context<'_>, received_bytes: &mut usize) -> bool {
        let mut progress = false;
        if self.get.is_some()
            && !self.throttle()
            && let Some(get) = &mut self.get
            && let Poll::Ready(answer) = get.as_mut().poll(cx)
        {
            progress = true;
            self.get = None;
            let now = self.manager.clock.now();
            let mut state = self.manager.lock();
            match answer {
                Ok(answer) => {
                    self.cause = self.cause.take().or_else(|| answer.cause());
                    *received_bytes += answer.body.len();
                    state.driven().handle_get_response(
                        answer.status,
                        answer.content,
                        answer.body,
                        now,
                    );
                }
                Err(cause) => {
                    state.driven().handle_request_failed(cause.fault());
                    self.cause.get_or_insert(cause);
                }
            }
        }
        if let Some(post) = &mut self.post
            && let Poll::Ready(answer) = post.as_mut().poll(cx)
        {
            progress = true;
            self.post = None;
            let now = self.manager.clock.now();
            let mut state = self.manager.lock();
            match answer {
                Ok(answer) => {
                    self.cause = self.cause.take().or_else(|| answer.cause());
                    state.driven().handle_post_response(answer.status, now);
                }
                Err(cause) => {
                    state.driven().handle_request_failed(cause.fault());
                    self.cause.get_or_insert(cause);
                }
            }
        }
        progress
    }

    pub(super) fn request(&self, query: &str, body: Option<Bytes>) -> Asked<Answer> {
        let query = self.query(query, true);
        let http = Arc::clone(&self.manager.http);
        let headers = Arc::clone(&self.headers);
        let manager = Arc::clone(&self.manager);
        let is_poll = body.is_none();
        Box::pin(async move {
            let heard = || {
                // The answer of a post says nothing about a poll that hangs.
                if is_poll {
                    let now = manager.clock.now();
                    manager.lock().driven().handle_activity(now);
                }
            };
            http.request(&query, &headers, body, heard).await
        })
    }
}
