//! Why a request was refused, for the client and for whoever looks for the reason.

use std::borrow::Cow;
use std::fmt;

use engineio_proto::reject::Reject;

use crate::door::Busy;

/// A request, or a link, was refused: what the client is told, and which option changes it.
///
/// `Display` is for logs; it says more than the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    why: Why,
    option: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Reject(Reject),
    Busy(Busy),
    BodyTimeout,
    /// The handshake of a WebSocket is none, in these words.
    WebSocket(&'static str),
}

impl Refused {
    /// Refused as forbidden, by what an option says.
    pub(super) fn forbidden(option: &'static str) -> Self {
        Self {
            why: Why::Reject(Reject::forbidden()),
            option: Some(option),
        }
    }

    pub(super) fn by_application(words: Cow<'static, str>) -> Self {
        let reject = if words.is_empty() {
            Reject::forbidden()
        } else {
            Reject::Forbidden(words)
        };
        Self {
            why: Why::Reject(reject),
            option: Some("allow_request"),
        }
    }

    pub(super) fn websocket(words: &'static str) -> Self {
        Self {
            why: Why::WebSocket(words),
            option: None,
        }
    }

    /// The versions of the WebSocket protocol to name in the answer, if that was wrong.
    pub(super) fn versions(&self) -> Option<&'static str> {
        (self.why == Why::WebSocket(WEBSOCKET_VERSION)).then_some("13, 8")
    }

    /// The body did not come in time.
    pub(super) fn body_timeout() -> Self {
        Self {
            why: Why::BodyTimeout,
            option: Some("body_timeout"),
        }
    }

    /// The HTTP status to answer with.
    pub fn status(&self) -> u16 {
        match &self.why {
            Why::Reject(reject) => reject.status(),
            Why::Busy(_) => 503,
            Why::BodyTimeout => 408,
            Why::WebSocket(_) => 400,
        }
    }

    /// The body to answer a plain request with: JSON as the reference words it, or nothing.
    pub fn body(&self) -> String {
        match &self.why {
            Why::Reject(reject) => reject.body(),
            Why::Busy(_) => format!("{{\"message\":\"{BUSY}\"}}"),
            Why::BodyTimeout | Why::WebSocket(_) => String::new(),
        }
    }

    /// The type of [`body`](Self::body), if there is one.
    pub fn content_type(&self) -> Option<&'static str> {
        match &self.why {
            Why::Reject(reject) => reject.content_type(),
            Why::Busy(_) => Some("application/json"),
            Why::BodyTimeout | Why::WebSocket(_) => None,
        }
    }

    /// What a client that asks for a WebSocket is told instead, as plain text.
    pub fn message(&self) -> &str {
        match &self.why {
            Why::Reject(reject) => reject.websocket_body(),
            Why::Busy(_) => BUSY,
            Why::BodyTimeout => "",
            Why::WebSocket(words) => words,
        }
    }

    /// The option of the server that decides it, if there is one.
    pub fn option(&self) -> Option<&'static str> {
        self.option
    }

    /// The reason in a word or two, for counters.
    pub(super) fn reason(&self) -> &'static str {
        match (&self.why, self.option) {
            // What is forbidden is best known by who forbids it.
            (Why::Reject(Reject::Forbidden(_)), Some(option)) => option,
            (Why::Reject(Reject::TransportUnknown), _) => "transport unknown",
            (Why::Reject(Reject::UnknownSid), _) => "unknown sid",
            (Why::Reject(Reject::BadHandshakeMethod | Reject::BadMethod), _) => "bad method",
            (Why::Reject(Reject::UnsupportedProtocolVersion), _) => "revision 3",
            (Why::Reject(Reject::GetOverlap | Reject::PostOverlap), _) => "overlap",
            (Why::Reject(Reject::InvalidContent | Reject::InvalidPayload), _) => "invalid payload",
            (Why::Reject(Reject::PayloadTooLarge), _) => "payload too large",
            (Why::Reject(_), _) => "bad request",
            (Why::Busy(Busy::Closing), _) => "closing",
            (Why::Busy(Busy::TooMany), _) => "too many sessions",
            (Why::Busy(Busy::TooFast), _) => "too many handshakes",
            (Why::BodyTimeout, _) => "body timeout",
            (Why::WebSocket(_), _) => "bad request",
        }
    }

    /// A client that comes again later may be taken.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self.why, Why::Busy(_))
    }

    /// Says so in the log, with the option to change. What is only the client's mistake is said to those who look for it.
    pub(super) fn log(&self) {
        match self.option {
            Some(option) => {
                tracing::warn!("refused a request: {self}; the option `{option}` decides it");
            }
            None => tracing::debug!("refused a request: {self}"),
        }
    }
}

/// What a client is told that comes when no more can be taken. The reference has no words for it.
const BUSY: &str = "Too many clients";

/// What a client is told whose handshake has no key, and no version that is spoken, as the reference's library words it.
pub(super) const WEBSOCKET_KEY: &str = "Missing or invalid Sec-WebSocket-Key header";
pub(super) const WEBSOCKET_VERSION: &str = "Missing or invalid Sec-WebSocket-Version header";

impl From<Reject> for Refused {
    fn from(reject: Reject) -> Self {
        let option = match &reject {
            Reject::UnsupportedProtocolVersion => Some("revision_3"),
            Reject::PayloadTooLarge => Some("max_payload"),
            _ => None,
        };
        Self {
            why: Why::Reject(reject),
            option,
        }
    }
}

impl From<Busy> for Refused {
    fn from(busy: Busy) -> Self {
        Self {
            why: Why::Busy(busy),
            option: busy.option(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Reject(reject) => reject.fmt(f),
            Why::Busy(Busy::Closing) => f.write_str("the server closes"),
            Why::Busy(Busy::TooMany) => f.write_str("there are as many sessions as may be"),
            Why::Busy(Busy::TooFast) => f.write_str("sessions begin as fast as they may"),
            Why::BodyTimeout => f.write_str("the body did not come in time"),
            Why::WebSocket(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for Refused {}
