//! Requests that are refused, and how that is said over HTTP.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{Revision, Transport};

/// Why a request is refused. Always the client's doing, except for what the application [forbids](Self::Forbidden).
///
/// There are two kinds. Those that come before a session is found or made have a [`code`](Self::code), and a
/// [`body`](Self::body) that explains. Those that a session answers have only a status.
///
/// | variant | code | status | message |
/// |---|---|---|---|
/// | [`TransportUnknown`](Self::TransportUnknown) | 0 | 400 | `Transport unknown` |
/// | [`UnknownSid`](Self::UnknownSid) | 1 | 400 | `Session ID unknown` |
/// | [`BadHandshakeMethod`](Self::BadHandshakeMethod) | 2 | 400 | `Bad handshake method` |
/// | [`BadRequest`](Self::BadRequest) | 3 | 400 | `Bad request` |
/// | [`Forbidden`](Self::Forbidden) | 4 | 403 | `Forbidden`, or the words of the application |
/// | [`UnsupportedProtocolVersion`](Self::UnsupportedProtocolVersion) | 5 | 400 | `Unsupported protocol version` |
/// | [`GetOverlap`](Self::GetOverlap), [`PostOverlap`](Self::PostOverlap), [`InvalidContent`](Self::InvalidContent), [`InvalidPayload`](Self::InvalidPayload) | | 400 | |
/// | [`PayloadTooLarge`](Self::PayloadTooLarge) | | 413 | |
/// | [`BadMethod`](Self::BadMethod) | | 500 | |
///
/// `Display` is for logs: it says more than the client is told.
///
/// ```
/// use engineio_proto::reject::Reject;
///
/// let reject = Reject::UnknownSid;
/// assert_eq!(reject.status(), 400);
/// assert_eq!(reject.body(), r#"{"code":1,"message":"Session ID unknown"}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// `transport` is missing, or names none that is served over HTTP here.
    #[error("unknown transport")]
    TransportUnknown,
    /// `sid` names no session: it was closed, or it is another node's.
    #[error("unknown session id")]
    UnknownSid,
    /// A handshake that is no `GET`.
    #[error("handshake with a method other than GET")]
    BadHandshakeMethod,
    /// A request that contradicts itself or its session.
    #[error("bad request: {0}")]
    BadRequest(BadRequest),
    /// The application said no. The words are sent to the client.
    #[error("forbidden: {0}")]
    Forbidden(Cow<'static, str>),
    /// Revision 3, where it is not allowed.
    #[error("protocol revision 3 is not allowed here")]
    UnsupportedProtocolVersion,
    /// A `GET` while another one waits. It ends the session.
    #[error("overlap from client")]
    GetOverlap,
    /// A `POST` while another one is read. It ends the session.
    #[error("data request overlap from client")]
    PostOverlap,
    /// A binary body in revision 4. It ends the session.
    #[error("invalid content")]
    InvalidContent,
    /// A body that is no payload. It ends the session. The reference answers 200 and ends it too; a client that posted
    /// nonsense is better told.
    #[error("invalid payload")]
    InvalidPayload,
    /// A body of more bytes than allowed. It ends the session.
    #[error("max payload size exceeded")]
    PayloadTooLarge,
    /// A session was asked for something else than `GET` and `POST`.
    #[error("method is neither GET nor POST")]
    BadMethod,
}

/// What is bad about a [`Reject::BadRequest`]. The client is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// The `Origin` header holds characters that no header may have.
    #[error("invalid characters in the Origin header")]
    InvalidOrigin,
    /// The session uses another transport, and this is no upgrade.
    #[error("the session uses the transport {expected}")]
    TransportMismatch {
        /// The transport of the session.
        expected: Transport,
    },
    /// The session was opened with another `EIO`.
    #[error("the session speaks revision {}", expected.number())]
    ProtocolMismatch {
        /// The revision of the session.
        expected: Revision,
    },
    /// `transport=websocket` in a plain request.
    #[error("transport=websocket without an upgrade")]
    NotAnUpgrade,
    /// An upgrade with `transport=polling`.
    #[error("an upgrade with transport=polling")]
    UpgradeToPolling,
    /// A middleware failed.
    #[error("a middleware failed")]
    Middleware,
    /// The session uses a link already, or tries one of this transport.
    #[error("the session was upgraded already, or is about to be")]
    NoUpgrade,
    /// A body without the request that it belongs to. The driver's doing.
    #[error("no request is being read")]
    NoRequest,
    /// No id could be made for the session.
    #[error("no session id could be generated")]
    IdGeneration,
}

impl Reject {
    /// [`Forbidden`](Self::Forbidden) in the words of the reference.
    pub const fn forbidden() -> Self {
        Self::Forbidden(Cow::Borrowed("Forbidden"))
    }

    /// The HTTP status. The reference answers a refused WebSocket with 400 also if it is forbidden; here it is 403.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Forbidden(_) => 403,
            Self::PayloadTooLarge => 413,
            Self::BadMethod => 500,
            _ => 400,
        }
    }

    /// The number by which clients know the reason. `None` for what a session answers.
    pub const fn code(&self) -> Option<u8> {
        Some(match self {
            Self::TransportUnknown => 0,
            Self::UnknownSid => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest(_) => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedProtocolVersion => 5,
            Self::GetOverlap
            | Self::PostOverlap
            | Self::InvalidContent
            | Self::InvalidPayload
            | Self::PayloadTooLarge
            | Self::BadMethod => return None,
        })
    }

    /// What the client is told, in the words of the reference; empty if there is no [`code`](Self::code).
    pub fn message(&self) -> &str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest(_) => "Bad request",
            Self::Forbidden(message) => message,
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
            Self::GetOverlap
            | Self::PostOverlap
            | Self::InvalidContent
            | Self::InvalidPayload
            | Self::PayloadTooLarge
            | Self::BadMethod => "",
        }
    }

    /// The body of the response to a plain request: JSON, or nothing without a [`code`](Self::code).
    pub fn body(&self) -> String {
        let Some(code) = self.code() else {
            return String::new();
        };
        let body = Body {
            code,
            message: self.message(),
        };
        // A number and text: there is nothing in it that JSON cannot say.
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// The `Content-Type` of [`body`](Self::body), if there is a body.
    pub const fn content_type(&self) -> Option<&'static str> {
        match self.code() {
            Some(_) => Some("application/json"),
            None => None,
        }
    }

    /// The body of the response to a WebSocket request: the message alone, sent as `text/html` before any 101.
    /// An established stream never sees it.
    pub fn websocket_body(&self) -> &str {
        self.message()
    }

    /// The name by which the reference's `connection_error` event tells bad requests apart.
    pub const fn context(&self) -> Option<&'static str> {
        let Self::BadRequest(bad) = self else {
            return None;
        };
        Some(match bad {
            BadRequest::InvalidOrigin => "INVALID_ORIGIN",
            BadRequest::TransportMismatch { .. } => "TRANSPORT_MISMATCH",
            BadRequest::ProtocolMismatch { .. } => "PROTOCOL_MISMATCH",
            BadRequest::NotAnUpgrade
            | BadRequest::UpgradeToPolling
            | BadRequest::NoUpgrade
            | BadRequest::NoRequest => "TRANSPORT_HANDSHAKE_ERROR",
            BadRequest::Middleware => "MIDDLEWARE_FAILURE",
            BadRequest::IdGeneration => "ID_GENERATION_ERROR",
        })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: u8,
    message: &'a str,
}

/// A refusal as a client sees it: what a server, or something in between, answered instead of a session.
///
/// ```
/// use engineio_proto::reject::Refusal;
///
/// let refusal = Refusal::parse(400, br#"{"code":1,"message":"Session ID unknown"}"#);
/// assert_eq!(refusal.code, Some(1));
/// assert_eq!(refusal.to_string(), "status 400: Session ID unknown (code 1)");
/// assert_eq!(Refusal::parse(502, b"<html>...").to_string(), "status 502");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code, if the server is one of Engine.IO and gave one; see [`Reject`].
    pub code: Option<u8>,
    /// The message, or empty if there is none that a person would want to read.
    pub message: String,
}

impl Refusal {
    /// The longest message that is kept, in bytes.
    pub const MAX_MESSAGE: usize = 1024;

    /// The longest body that is read as JSON.
    const MAX_BODY: usize = 8 * 1024;

    /// Makes what it can of the body, which may be anything: JSON with a code, plain text as it answers a
    /// WebSocket request, or the page of a proxy, which is not kept.
    pub fn parse(status: u16, body: &[u8]) -> Self {
        if body.len() <= Self::MAX_BODY
            && let Ok(json) = serde_json::from_slice::<RefusalBody<'_>>(body)
        {
            return Self {
                status,
                code: u8::try_from(json.code).ok(),
                message: readable(&json.message),
            };
        }
        // As much as could be kept of it, and a character that may be cut in two.
        let start = body.get(..Self::MAX_MESSAGE).unwrap_or(body);
        let text = String::from_utf8_lossy(start);
        let is_page = text.trim_start().starts_with(['<', '{', '[']);
        Self {
            status,
            code: None,
            message: if is_page {
                String::new()
            } else {
                readable(&text)
            },
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "status {}", self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match self.code {
            Some(code) => write!(f, " (code {code})"),
            None => Ok(()),
        }
    }
}

/// One line of bounded length without control characters, so that it can stand in a log.
fn readable(text: &str) -> String {
    let mut line = String::new();
    for c in text.trim().chars() {
        let c = if c.is_control() { ' ' } else { c };
        if line.len() + c.len_utf8() > Refusal::MAX_MESSAGE {
            break;
        }
        line.push(c);
    }
    line.truncate(line.trim_end().len());
    line
}

#[derive(Deserialize)]
struct RefusalBody<'a> {
    code: u64,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

// It travels in results; the cause of a refusal must not make the good case expensive.
const _: () = assert!(size_of::<Reject>() <= 32);
