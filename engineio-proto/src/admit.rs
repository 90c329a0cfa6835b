//! Which requests are let in.

use crate::query::Query;
use crate::reject::{BadRequest, Reject};
use crate::{Revision, Transport};

/// What the registry knows of the session that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by servers, from their registry; a new field must be noticed there"
)]
pub struct Known {
    /// The transport that the session uses now.
    pub transport: Transport,
    /// The revision that it was opened with.
    pub revision: Revision,
}

/// The method of a request, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all that is new is `Other`")]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `OPTIONS`; a preflight is answered before a request comes here.
    Options,
    /// Any other.
    Other,
}

/// What a request that was let in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a server must act on each")]
pub enum Admission {
    /// A new session, by polling or, if the request is an upgrade, by a link.
    Handshake,
    /// A poll of a session.
    Get,
    /// A body for a session.
    Post,
    /// A link for a session that exists. A session that has been upgraded before closes it at once.
    Upgrade,
}

/// What of a server's configuration decides.
#[derive(Clone, Copy, Debug)]
pub struct AdmitConfig<'a> {
    transports: &'a [Transport],
    allow_revision_3: bool,
}

impl<'a> AdmitConfig<'a> {
    /// A server with these transports, which speaks revision 4 only.
    pub const fn new(transports: &'a [Transport]) -> Self {
        Self {
            transports,
            allow_revision_3: false,
        }
    }

    /// Says whether revision 3 is allowed too.
    #[must_use]
    pub const fn allow_revision_3(mut self, yes: bool) -> Self {
        self.allow_revision_3 = yes;
        self
    }

    /// Whether revision 3 is allowed too.
    pub const fn allows_revision_3(&self) -> bool {
        self.allow_revision_3
    }

    /// Polling and WebSocket are what HTTP can ask for. WebTransport sessions do not come by `transport=`, and
    /// nor do links that somebody brought.
    fn transport(&self, name: &str) -> Option<Transport> {
        [Transport::POLLING, Transport::WEBSOCKET]
            .into_iter()
            .find(|transport| transport.name() == name && self.transports.contains(transport))
    }
}

/// Decides about a request: whether it is let in and as what, or why not.
///
/// `known` is what the registry says of [`Query::sid`]; it does not matter without one. `is_upgrade` means
/// `Upgrade: websocket`. Everything is checked here, so that no refusal comes after a 101.
///
/// The checks are made in the order of the reference: transport; with a session, whether it exists, its
/// transport and revision; without one, method, form and revision. What the application decides (origin,
/// middleware, admission) comes between form and revision there; it is to be asked after this function.
///
/// ```
/// use engineio_proto::Transport;
/// use engineio_proto::admit::{Admission, AdmitConfig, Method, admit};
/// use engineio_proto::query::Query;
/// use engineio_proto::reject::Reject;
///
/// let config = AdmitConfig::new(&[Transport::POLLING, Transport::WEBSOCKET]);
/// let query = Query::parse("EIO=4&transport=polling");
/// assert_eq!(admit(&query, Method::Get, false, None, &config), Ok(Admission::Handshake));
/// assert_eq!(admit(&query, Method::Post, false, None, &config), Err(Reject::BadHandshakeMethod));
/// ```
pub fn admit(
    query: &Query<'_>,
    method: Method,
    is_upgrade: bool,
    known: Option<Known>,
    config: &AdmitConfig<'_>,
) -> Result<Admission, Reject> {
    let transport = query
        .transport()
        .and_then(|name| config.transport(name))
        .ok_or(Reject::TransportUnknown)?;
    if query.sid().is_some() {
        let known = known.ok_or(Reject::UnknownSid)?;
        if !is_upgrade && known.transport != transport {
            let expected = known.transport;
            return bad(BadRequest::TransportMismatch { expected });
        }
        if known.revision != query.revision() {
            let expected = known.revision;
            return bad(BadRequest::ProtocolMismatch { expected });
        }
    }
    let is_handshake = query.sid().is_none();
    if (is_handshake || is_upgrade) && method != Method::Get {
        return Err(Reject::BadHandshakeMethod);
    }
    match (transport.is_link(), is_upgrade) {
        (true, false) => return bad(BadRequest::NotAnUpgrade),
        (false, true) => return bad(BadRequest::UpgradeToPolling),
        _ => {}
    }
    if !is_handshake {
        return match (is_upgrade, method) {
            (true, _) => Ok(Admission::Upgrade),
            (false, Method::Get) => Ok(Admission::Get),
            (false, Method::Post) => Ok(Admission::Post),
            (false, Method::Options | Method::Other) => Err(Reject::BadMethod),
        };
    }
    if query.revision() == Revision::V3 && !config.allow_revision_3 {
        return Err(Reject::UnsupportedProtocolVersion);
    }
    Ok(Admission::Handshake)
}

fn bad<T>(reason: BadRequest) -> Result<T, Reject> {
    Err(Reject::BadRequest(reason))
}
