//! The query string of a request.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::jsonp::JsonpIndex;
use crate::{Revision, percent};

/// What the query of a request says to Engine.IO.
///
/// | parameter | meaning |
/// |---|---|
/// | `EIO` | the [revision](Self::revision) |
/// | `transport` | the name of the [transport](Self::transport) |
/// | `sid` | the [session](Self::sid); missing in a handshake |
/// | `b64` | binary messages must be sent as [base64](Self::base64) |
/// | `j` | answer as [JSONP](Self::jsonp) |
/// | `t` | makes URLs differ, so that nothing caches them; not looked at |
///
/// ```
/// use engineio_proto::Revision;
/// use engineio_proto::query::Query;
///
/// let query = Query::parse("EIO=4&transport=polling&t=PHzz_1");
/// assert_eq!(query.revision(), Revision::V4);
/// assert_eq!(query.transport(), Some("polling"));
/// assert_eq!(query.sid(), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Query<'a> {
    revision: Option<Cow<'a, str>>,
    transport: Option<Cow<'a, str>>,
    sid: Option<Cow<'a, str>>,
    base64: Option<Cow<'a, str>>,
    jsonp: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Parses what follows the `?` of a request target. Never fails: what makes no sense is not there, and is
    /// refused by [`admit`](crate::admit::admit). Of a parameter that comes several times the last one counts.
    pub fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in pairs(query) {
            let slot = match &*name {
                "EIO" => &mut parsed.revision,
                "transport" => &mut parsed.transport,
                "sid" => &mut parsed.sid,
                "b64" => &mut parsed.base64,
                "j" => &mut parsed.jsonp,
                _ => continue,
            };
            *slot = Some(value);
        }
        parsed
    }

    /// The revision: 4 for exactly `EIO=4`, 3 for all else, as in the reference, also if the parameter is missing.
    pub fn revision(&self) -> Revision {
        match self.revision.as_deref() {
            Some("4") => Revision::V4,
            _ => Revision::V3,
        }
    }

    /// The name of the transport, known or not.
    pub fn transport(&self) -> Option<&str> {
        self.transport.as_deref()
    }

    /// The id of the session, as the client claims it. An empty one is none: the request is a handshake.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref().filter(|sid| !sid.is_empty())
    }

    /// Whether the client cannot take binary. Any value says so, `0` too, but an empty one does not.
    pub fn base64(&self) -> bool {
        self.base64
            .as_deref()
            .is_some_and(|value| !value.is_empty())
    }

    /// The index of the callback, if the client wants JSONP.
    pub fn jsonp(&self) -> Option<JsonpIndex> {
        self.jsonp.as_deref().map(JsonpIndex::parse)
    }
}

/// All parameters of a query in their order, decoded: those of Engine.IO and those of the application.
///
/// `+` is a blank; what is no UTF-8 becomes U+FFFD, as in browsers.
///
/// ```
/// let mut pairs = engineio_proto::query::pairs("EIO=4&token=a%20b");
/// assert_eq!(pairs.next(), Some(("EIO".into(), "4".into())));
/// assert_eq!(pairs.next(), Some(("token".into(), "a b".into())));
/// assert_eq!(pairs.next(), None);
/// ```
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    percent::pairs(query.as_bytes()).map(|(name, value)| (text(name), text(value)))
}

fn text(encoded: &[u8]) -> Cow<'_, str> {
    match percent::decode(encoded) {
        Cow::Borrowed(plain) => String::from_utf8_lossy(plain),
        Cow::Owned(decoded) => Cow::Owned(match String::from_utf8(decoded) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
    }
}
