//! What is said to a request.

use bytes::Bytes;
use engineio_proto::reject::Reject;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use super::Answer;
use crate::door::ResponseBody;

pub(super) fn empty(status: StatusCode) -> Answer {
    with_body(status, Bytes::new())
}

/// An answer of polling. No cache may keep it.
pub(super) fn polled(content_type: &'static str, body: ResponseBody) -> Answer {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A refusal as JSON, or as a status alone.
pub(super) fn refuse(reject: &Reject) -> Answer {
    let mut answer = with_body(status(reject), Bytes::from(reject.body()));
    if let Some(content_type) = reject.content_type() {
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

/// A refusal of a WebSocket, as the reference words it: the message alone, and the connection ends.
pub(super) fn refuse_upgrade(reject: &Reject) -> Answer {
    let mut answer = with_body(
        status(reject),
        Bytes::from(reject.websocket_body().to_owned()),
    );
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn status(reject: &Reject) -> StatusCode {
    StatusCode::from_u16(reject.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

fn with_body(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(ResponseBody::full(body));
    *answer.status_mut() = status;
    answer
}
