//! What is said to a request.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, SET_COOKIE, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::refusal::Refused;
use super::{Answer, upgrade};
use crate::door::{Coding, Options, ResponseBody, compress};
use crate::engine::meter::Meter;

/// Marks an answer that is not to be compressed, because the application said so of all that is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsItIs;

/// What an answer gets besides what is said in it. Decided when the request comes, since nothing of it is there later.
pub(super) struct Dress {
    pub(super) headers: HeaderMap,
    pub(super) cookie: Option<HeaderValue>,
    pub(super) coding: Option<(Coding, usize)>,
    pub(super) is_upgrade: bool,
}

impl Dress {
    pub(super) fn new(options: &Options, request: &Parts, host: Option<&str>) -> Self {
        let coding = |from| Coding::negotiate(&request.headers).map(|coding| (coding, from));
        Self {
            headers: options.answer_headers(request, host),
            cookie: None,
            coding: options.compression.and_then(coding),
            is_upgrade: upgrade::is_asked_for(&request.headers),
        }
    }

    /// The answer as it goes out.
    pub(super) async fn finish(self, answer: Result<Answer, Refused>, meter: &Meter) -> Answer {
        let mut answer = match answer {
            Ok(mut answer) => {
                let as_it_is = answer.extensions_mut().remove::<AsItIs>();
                if let Some((coding, from)) = self.coding.filter(|_| as_it_is.is_none()) {
                    let (parts, mut body) = answer.into_parts();
                    answer = Response::from_parts(parts, ResponseBody::full(Bytes::new()));
                    compress(answer.headers_mut(), &mut body, coding, from).await;
                    *answer.body_mut() = body;
                }
                answer
            }
            Err(refused) => {
                refused.log();
                meter.refused(refused.reason());
                refuse(&refused, self.is_upgrade)
            }
        };
        let headers = answer.headers_mut();
        // All the others replace what is there.
        let vary = headers.remove(VARY);
        headers.extend(self.headers);
        if let Some(vary) = vary {
            headers.append(VARY, vary);
        }
        if let Some(cookie) = self.cookie {
            headers.append(SET_COOKIE, cookie);
        }
        answer
    }
}

pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(ResponseBody::full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// An answer of polling. No cache may keep it.
pub(super) fn polled(content_type: &'static str, body: ResponseBody) -> Answer {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A refusal as the reference words it: JSON, a status alone, or for a WebSocket the message alone, and the connection ends.
fn refuse(refused: &Refused, is_upgrade: bool) -> Answer {
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = empty(status);
    let content_type = if is_upgrade {
        *answer.body_mut() = ResponseBody::full(Bytes::from(refused.message().to_owned()));
        Some("text/html")
    } else {
        *answer.body_mut() = ResponseBody::full(Bytes::from(refused.body()));
        refused.content_type()
    };
    let headers = answer.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if is_upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(versions) = refused.versions() {
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(versions));
    }
    if refused.is_temporary() {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}
