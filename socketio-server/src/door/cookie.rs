//! The cookie by which load balancers keep a polling client at one node.

use std::time::Duration;

use http::HeaderValue;

/// A cookie that polling clients get in the answer to their first request, with the id of their session as its value
/// (`cookie`). Off by default, as in the reference since 3.0.
///
/// It is for load balancers that know a client by a cookie. The id is a secret, so the cookie is `HttpOnly` unless you say
/// otherwise. A client that begins with a WebSocket gets none: it stays at its node.
///
/// ```
/// use socketio_server::engine::{Cookie, Engine};
///
/// let builder = Engine::builder().cookie(Cookie::new("io").secure(true));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Cookie {
    name: String,
    path: Option<String>,
    domain: Option<String>,
    max_age: Option<Duration>,
    http_only: bool,
    secure: bool,
    same_site: Option<SameSite>,
}

/// With which requests of other sites a browser sends the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6265bis knows these three")]
pub enum SameSite {
    /// With none.
    Strict,
    /// When the user follows a link.
    Lax,
    /// With all; browsers want [`Cookie::secure`] then.
    None,
}

impl Default for Cookie {
    /// `io`, as the reference names it.
    fn default() -> Self {
        Self::new("io")
    }
}

impl Cookie {
    /// A cookie of this name, with `Path=/`, `HttpOnly` and `SameSite=Lax`.
    ///
    /// # Panics
    ///
    /// If no cookie can have this name, where it stands.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert!(
            !name.is_empty() && name.bytes().all(is_token),
            "{name:?} is no name for a cookie"
        );
        Self {
            name,
            path: Some("/".into()),
            domain: None,
            max_age: None,
            http_only: true,
            secure: false,
            same_site: Some(SameSite::Lax),
        }
    }

    /// For which paths it is sent; `None` for those below the path of the request. Default `/`.
    pub fn path(mut self, path: Option<&str>) -> Self {
        self.path = path.map(attribute);
        self
    }

    /// For which domain it is sent, subdomains included. Default: this host alone.
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(attribute(domain));
        self
    }

    /// How long it is kept. Default: until the browser ends.
    pub fn max_age(mut self, value: Duration) -> Self {
        self.max_age = Some(value);
        self
    }

    /// Whether scripts cannot read it. Default true.
    pub fn http_only(mut self, yes: bool) -> Self {
        self.http_only = yes;
        self
    }

    /// Whether it is sent over TLS alone. Default false.
    pub fn secure(mut self, yes: bool) -> Self {
        self.secure = yes;
        self
    }

    /// With which requests of other sites it is sent; `None` leaves it to the browser. Default [`SameSite::Lax`].
    pub fn same_site(mut self, value: Option<SameSite>) -> Self {
        self.same_site = value;
        self
    }

    /// The header, in the order of attributes that the reference has.
    pub(crate) fn header(&self, sid: &str) -> Option<HeaderValue> {
        let mut text = format!("{}={sid}", self.name);
        if let Some(max_age) = self.max_age {
            text += &format!("; Max-Age={}", max_age.as_secs());
        }
        if let Some(domain) = &self.domain {
            text += &format!("; Domain={domain}");
        }
        if let Some(path) = &self.path {
            text += &format!("; Path={path}");
        }
        if self.http_only {
            text += "; HttpOnly";
        }
        if self.secure {
            text += "; Secure";
        }
        if let Some(same_site) = self.same_site {
            text += &format!("; SameSite={same_site:?}");
        }
        HeaderValue::from_str(&text).ok()
    }
}

/// What ends an attribute must not stand in one.
#[track_caller]
fn attribute(value: &str) -> String {
    let ends = |c: char| c == ';' || c.is_control();
    assert!(!value.contains(ends), "{value:?} cannot stand in a cookie");
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cookie: &Cookie) -> String {
        let header = cookie.header("abc").unwrap();
        header.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_default_is_that_of_the_reference() {
        let said = header(&Cookie::default());
        assert_eq!(said, "io=abc; Path=/; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn attributes_come_in_the_order_of_the_reference() {
        let cookie = Cookie::new("node")
            .path(Some("/p"))
            .domain("example.com")
            .max_age(Duration::from_secs(60))
            .secure(true)
            .same_site(Some(SameSite::None));
        assert_eq!(
            header(&cookie),
            "node=abc; Max-Age=60; Domain=example.com; Path=/p; HttpOnly; Secure; SameSite=None"
        );
        let bare = Cookie::new("n").path(None).http_only(false).same_site(None);
        assert_eq!(header(&bare), "n=abc");
    }

    #[test]
    #[should_panic(expected = "is no name for a cookie")]
    fn a_name_that_would_be_an_attribute_is_refused() {
        let _ = Cookie::new("a; b");
    }
}
