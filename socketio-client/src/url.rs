//! The URL of a server, as people know it from JavaScript: its path is the namespace.

use http::Uri;
use socketio_proto::Namespace;

use crate::Error;

/// What a URL says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServerUrl {
    pub(crate) secure: bool,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) namespace: Namespace,
    /// As it stands, without the question mark.
    pub(crate) query: String,
    /// `Authorization`, if user and password stand in the URL.
    pub(crate) user_info: Option<String>,
}

/// Longer ones are refused, as by the reference: some proxies cut them.
const MAX_LEN: usize = 8_000;

impl ServerUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        Self::read(url).map_err(|what| Error::Url {
            // What stands before the host is a secret.
            url: url
                .rsplit('@')
                .next()
                .unwrap_or_default()
                .chars()
                .take(100)
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect(),
            what,
        })
    }

    fn read(url: &str) -> Result<Self, &'static str> {
        if url.len() > MAX_LEN {
            return Err("it is too long");
        }
        // A fragment is for browsers; it is never sent.
        let url = url.split('#').next().unwrap_or_default();
        if url.starts_with('/') && !url.starts_with("//") {
            return Err("there is no host");
        }
        // As in JavaScript, where pages of today are secure.
        let with_scheme = if url.contains("://") {
            url.to_owned()
        } else {
            format!("https://{}", url.trim_start_matches('/'))
        };
        let uri: Uri = with_scheme.parse().map_err(|_| "it cannot be read")?;
        let secure = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err("the scheme is none of http, https, ws and wss"),
        };
        let authority = uri.authority().ok_or("there is no host")?;
        let host = authority.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if bare.is_empty() {
            return Err("there is no host");
        }
        // `Authority::port` is `None` for a number that is too large as well.
        let with_port = authority.as_str().rsplit('@').next().unwrap_or_default();
        let has_port = with_port.len() > host.len() + ":".len();
        if has_port && authority.port_u16().is_none() {
            return Err("the port is no number up to 65535");
        }
        Ok(Self {
            secure,
            host: bare.to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            namespace: Namespace::new(uri.path()).map_err(|_| "the path is no namespace")?,
            query: uri.query().unwrap_or_default().to_owned(),
            user_info: authority
                .as_str()
                .rsplit_once('@')
                .map(|(user_info, _)| unescape(user_info)),
        })
    }

    /// For the `Host` header: the port only where it is not the usual one.
    pub(crate) fn authority(&self) -> String {
        let host = self.bracketed();
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// For people and proxies: with the port.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }
}

/// Undoes percent-encoding. What is not well-formed stays as it is.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let escaped = more
            .first_chunk::<2>()
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            more.get(2..).unwrap_or_default()
        } else {
            more
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Appends a key and a value to a query, escaped as `encodeURIComponent` does.
pub(crate) fn push_query(query: &mut String, key: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    for (at, text) in [key, value].into_iter().enumerate() {
        if at == 1 {
            query.push('=');
        }
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
                query.push(char::from(byte));
            } else {
                query.push('%');
                for digit in [byte >> 4, byte & 15] {
                    query.push(
                        char::from_digit(u32::from(digit), 16)
                            .unwrap_or('0')
                            .to_ascii_uppercase(),
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (bool, String, u16, String, String) {
        let url = ServerUrl::parse(url).unwrap();
        (
            url.secure,
            url.host,
            url.port,
            url.namespace.as_str().to_owned(),
            url.query,
        )
    }

    fn said(
        secure: bool,
        host: &str,
        port: u16,
        namespace: &str,
        query: &str,
    ) -> (bool, String, u16, String, String) {
        (secure, host.into(), port, namespace.into(), query.into())
    }

    #[test]
    fn the_path_is_the_namespace() {
        assert_eq!(
            read("http://localhost:3000"),
            said(false, "localhost", 3000, "/", "")
        );
        assert_eq!(
            read("https://example.com/chat?token=a%20b#x"),
            said(true, "example.com", 443, "/chat", "token=a%20b")
        );
        assert_eq!(read("ws://[::1]:80/"), said(false, "::1", 80, "/", ""));
        assert_eq!(
            read("wss://user:secret@example.com"),
            said(true, "example.com", 443, "/", "")
        );
        assert_eq!(
            read("example.com/a/b"),
            said(true, "example.com", 443, "/a/b", "")
        );
    }

    #[test]
    fn what_is_no_url_of_a_server_is_said_to_be_none() {
        for url in [
            "",
            "ftp://x",
            "http://",
            "http://:80",
            "http://a b",
            "http://x:99999",
            "http://x/a,b",
            "/chat",
        ] {
            let found = ServerUrl::parse(url);
            assert!(matches!(found, Err(Error::Url { .. })), "{url}: {found:?}");
        }
        assert!(ServerUrl::parse(&format!("http://x/{}", "a".repeat(MAX_LEN))).is_err());
    }

    #[test]
    fn a_login_is_unescaped_and_never_shown() {
        let url = ServerUrl::parse("http://a%40b:c%3Ad%@x").unwrap();
        assert_eq!(url.user_info.as_deref(), Some("a@b:c:d%"));
        let error = ServerUrl::parse("http://user:secret@").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_query_is_escaped_as_in_javascript() {
        let mut query = String::new();
        push_query(&mut query, "a b", "ä&=");
        push_query(&mut query, "x", "(1)");
        assert_eq!(query, "a%20b=%C3%A4%26%3D&x=(1)");
    }
}
