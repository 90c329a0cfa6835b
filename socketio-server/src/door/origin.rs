//! Which web pages may talk to the server.
//!
//! A browser names the page's origin in every request that crosses origins, and in every WebSocket handshake. It keeps a page
//! from *reading* an answer that is not for it, but not from opening a WebSocket with the user's cookies: that is
//! for the server to refuse. So the same list decides about every transport, and before any 101.

use std::fmt;
use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, HOST, HeaderName, ORIGIN, REFERER,
    VARY,
};
use http::{HeaderMap, HeaderValue};

/// Which origins other than the server's own are allowed. Default: none.
///
/// Requests without an `Origin` header do not come from a page of another origin, and are let through. The origin `null`, which
/// sandboxed frames and files have, is never the server's own and matches no list.
#[derive(Clone, Default)]
pub struct Origins {
    rule: Rule,
    credentials: bool,
}

#[derive(Clone, Default)]
enum Rule {
    #[default]
    Same,
    List(Vec<Pattern>),
    Any,
    Ask(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

/// `https://example.com`, or `https://*.example.com` for every subdomain but not for the domain itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    scheme: String,
    host: String,
    subdomains: bool,
    port: Option<u16>,
}

impl Origins {
    /// Only pages of the server itself: scheme does not matter, host and port do.
    pub fn same() -> Self {
        Self::default()
    }

    /// Any page may talk to the server. With [`credentials`](Self::credentials) that means: with the user's cookies.
    pub fn any() -> Self {
        Self {
            rule: Rule::Any,
            credentials: false,
        }
    }

    /// These origins: `https://example.com`, `http://localhost:3000`, `https://*.example.com`.
    ///
    /// # Panics
    ///
    /// If one is not of the form `scheme://host[:port]`, where it stands.
    #[track_caller]
    pub fn list<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Self {
        let parse = |origin: S| match Pattern::parse(origin.as_ref()) {
            Some(pattern) => pattern,
            None => panic!("{:?} is no origin: scheme://host[:port]", origin.as_ref()),
        };
        Self {
            rule: Rule::List(origins.into_iter().map(parse).collect()),
            credentials: false,
        }
    }

    /// Those for which the function says so. It is given what the browser sends.
    pub fn ask(allowed: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            rule: Rule::Ask(Arc::new(allowed)),
            credentials: false,
        }
    }

    /// Whether pages of these origins may send the user's cookies along. Default false.
    #[must_use]
    pub fn credentials(mut self, yes: bool) -> Self {
        self.credentials = yes;
        self
    }

    /// Whether a request may be served.
    ///
    /// `host` is by which name a trusted proxy was asked.
    pub(crate) fn allows(&self, request: &HeaderMap, host: Option<&str>) -> bool {
        let Some(origin) = request.get(ORIGIN) else {
            return true;
        };
        // Bytes that are no text name no origin.
        origin
            .to_str()
            .is_ok_and(|origin| is_same(origin, request, host) || self.allows_other(origin))
    }

    /// Whether a script tag may fetch the answer, which is then read by the page that has the tag, whatever its origin.
    ///
    /// Browsers name no origin when they fetch a script. They say how far away the page is, `Sec-Fetch-Site`, where the server
    /// has TLS or is on the same machine; and the page itself, `Referer`, unless it asked them not to. A page that hides is
    /// of another origin. Who sends neither is let through, as a request without an origin is.
    pub(crate) fn allows_script(&self, request: &HeaderMap, host: Option<&str>) -> bool {
        if matches!(self.rule, Rule::Any) || request.contains_key(ORIGIN) {
            return true;
        }
        let site = request.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        if site == Some(b"same-origin") {
            return true;
        }
        let Some(page) = request.get(REFERER) else {
            return matches!(site, None | Some(b"none"));
        };
        page.to_str()
            .ok()
            .and_then(origin_of)
            .is_some_and(|origin| is_same(origin, request, host) || self.allows_other(origin))
    }

    fn allows_other(&self, origin: &str) -> bool {
        match &self.rule {
            Rule::Same => false,
            Rule::Any => true,
            Rule::Ask(allowed) => allowed(origin),
            Rule::List(patterns) => Pattern::parse(origin)
                .is_some_and(|origin| patterns.iter().any(|pattern| pattern.matches(&origin))),
        }
    }

    /// The headers by which a browser lets the page read the answer. Nothing for a page of the server itself, which needs none.
    pub(crate) fn decorate(
        &self,
        request: &HeaderMap,
        host: Option<&str>,
        response: &mut HeaderMap,
    ) {
        if matches!(self.rule, Rule::Same) {
            return;
        }
        let reflects = self.credentials || !matches!(self.rule, Rule::Any);
        if reflects {
            response.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = request.get(ORIGIN).filter(|_| self.allows(request, host)) else {
            return;
        };
        let value = if reflects {
            copy(origin)
        } else {
            HeaderValue::from_static("*")
        };
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value);
        if self.credentials {
            response.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }

    /// What more a browser wants to know before it sends the request that it is about to send.
    pub(crate) fn decorate_preflight(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET,POST"),
        );
        if let Some(headers) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.insert(ACCESS_CONTROL_ALLOW_HEADERS, copy(headers));
            response.append(
                VARY,
                HeaderValue::from_static("Access-Control-Request-Headers"),
            );
        }
    }

    /// Whether preflight requests are answered at all.
    pub(crate) fn answers_preflight(&self) -> bool {
        !matches!(self.rule, Rule::Same)
    }
}

/// One origin: as [`Origins::list`] with one.
impl From<&str> for Origins {
    #[track_caller]
    fn from(origin: &str) -> Self {
        Self::list([origin])
    }
}

/// Some origins: as [`Origins::list`].
impl<S: AsRef<str>, const N: usize> From<[S; N]> for Origins {
    #[track_caller]
    fn from(origins: [S; N]) -> Self {
        Self::list(origins)
    }
}

/// Some origins: as [`Origins::list`].
impl<S: AsRef<str>> From<Vec<S>> for Origins {
    #[track_caller]
    fn from(origins: Vec<S>) -> Self {
        Self::list(origins)
    }
}

/// A header of its own. A clone would share, and keep, what the whole request was read into.
fn copy(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

/// Where browsers say whether the page is of the same origin. No page can write it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origin of a page: its address up to the path.
fn origin_of(page: &str) -> Option<&str> {
    let start = page.find("://")?.checked_add("://".len())?;
    let authority = page.get(start..)?;
    let length = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    page.get(..start.checked_add(length)?)
}

/// Whether the page was served under the name by which the server is asked now. Behind a proxy that ends TLS the schemes
/// differ, so they are not compared.
fn is_same(origin: &str, request: &HeaderMap, host: Option<&str>) -> bool {
    let said = request.get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or(said) else {
        return false;
    };
    let Some(origin) = Pattern::parse(origin) else {
        return false;
    };
    let Some(asked) = Pattern::parse(&format!("{}://{host}", origin.scheme)) else {
        return false;
    };
    origin.host == asked.host && origin.port() == asked.port()
}

impl Pattern {
    fn parse(origin: &str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let (host, port) = match authority.rsplit_once(':') {
            // A colon in brackets belongs to an IPv6 address.
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let (host, subdomains) = match host.strip_prefix("*.") {
            Some(host) => (host, true),
            None => (host, false),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        if scheme.is_empty() || host.is_empty() || !host.bytes().all(is_name) {
            return None;
        }
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        Some(Self {
            scheme,
            host,
            subdomains,
            port,
        })
    }

    fn matches(&self, origin: &Self) -> bool {
        let host = if self.subdomains {
            // The dot is part of what has to match, or evilexample.com would be a subdomain of example.com.
            origin
                .host
                .strip_suffix(&self.host)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            origin.host == self.host
        };
        host && self.scheme == origin.scheme && self.port() == origin.port()
    }

    fn port(&self) -> Option<u16> {
        self.port.or(match self.scheme.as_str() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        })
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Same => f.write_str("same"),
            Rule::Any => f.write_str("any"),
            Rule::List(patterns) => f.debug_list().entries(patterns).finish(),
            Rule::Ask(_) => f.write_str("as a function says"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &Origins, origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        origins.allows(&headers, None)
    }

    #[test]
    fn pages_of_the_server_itself_are_allowed_whatever_the_scheme() {
        let origins = Origins::same();
        for (origin, host, is_allowed) in [
            ("http://example.com", "example.com", true),
            ("https://example.com", "EXAMPLE.com", true),
            ("http://localhost:3000", "localhost:3000", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("https://example.com:443", "example.com", true),
            ("http://localhost:3001", "localhost:3000", false),
            ("http://evil.com", "example.com", false),
            ("null", "example.com", false),
            ("file://", "example.com", false),
        ] {
            assert_eq!(
                allowed(&origins, origin, host),
                is_allowed,
                "{origin} {host}"
            );
        }
        assert!(
            origins.allows(&HeaderMap::new(), None),
            "no origin is not the origin null"
        );
    }

    #[test]
    fn a_list_matches_scheme_host_and_port_and_wildcards_need_their_dot() {
        let origins = Origins::list([
            "https://example.com",
            "https://*.example.org",
            "http://localhost:8080",
        ]);
        for (origin, is_allowed) in [
            ("https://example.com", true),
            ("https://example.com:443", true),
            ("http://example.com", false),
            ("https://example.com:444", false),
            ("https://a.example.com", false),
            ("https://a.example.org", true),
            ("https://a.b.example.org", true),
            ("https://example.org", false),
            ("https://evilexample.org", false),
            ("https://.example.org", false),
            ("https://example.org.evil.com", false),
            ("http://localhost:8080", true),
            ("null", false),
        ] {
            assert_eq!(allowed(&origins, origin, "server"), is_allowed, "{origin}");
        }
    }

    #[test]
    fn a_script_is_for_pages_that_would_be_allowed() {
        let listed = || Origins::list(["https://app.example"]);
        let site = Some("cross-site");
        for (origins, site, page, is_allowed) in [
            (Origins::same(), None, None, true),
            (Origins::same(), Some("none"), None, true),
            (Origins::same(), Some("same-origin"), None, true),
            (Origins::same(), site, None, false),
            (Origins::same(), Some("same-site"), None, false),
            (
                Origins::same(),
                None,
                Some("https://chat.example/a?b"),
                true,
            ),
            (Origins::same(), None, Some("https://chat.example"), true),
            (Origins::same(), None, Some("https://evil.example/"), false),
            (
                Origins::same(),
                None,
                Some("https://evil.example/https://chat.example/"),
                false,
            ),
            (
                Origins::same(),
                None,
                Some("https://evil.example?@chat.example"),
                false,
            ),
            (Origins::same(), None, Some("nonsense"), false),
            (listed(), site, Some("https://app.example/"), true),
            (listed(), site, Some("https://app.example.evil/"), false),
            (listed(), site, None, false),
            (
                Origins::ask(|origin| origin == "https://a.example"),
                site,
                Some("https://a.example/b"),
                true,
            ),
            (Origins::any(), site, None, true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("chat.example"));
            for (name, value) in [(SEC_FETCH_SITE, site), (REFERER, page)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let found = origins.allows_script(&headers, None);
            assert_eq!(found, is_allowed, "{origins:?} {site:?} {page:?}");
        }
    }

    #[test]
    fn any_origin_is_a_star_unless_there_are_credentials() {
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, HeaderValue::from_static("https://a.com"));
        let answer = |origins: Origins| {
            let mut response = HeaderMap::new();
            origins.decorate(&request, None, &mut response);
            (
                response.get(ACCESS_CONTROL_ALLOW_ORIGIN).cloned(),
                response.contains_key(VARY),
            )
        };
        assert_eq!(
            answer(Origins::any()),
            (Some(HeaderValue::from_static("*")), false)
        );
        let origin = Some(HeaderValue::from_static("https://a.com"));
        assert_eq!(
            answer(Origins::any().credentials(true)),
            (origin.clone(), true)
        );
        assert_eq!(answer(Origins::list(["https://a.com"])), (origin, true));
        assert_eq!(answer(Origins::list(["https://b.com"])), (None, true));
        assert_eq!(answer(Origins::same()), (None, false));
    }

    #[test]
    #[should_panic(expected = "is no origin")]
    fn a_list_with_something_else_is_refused_where_it_stands() {
        let _ = Origins::list(["example.com"]);
    }
}
