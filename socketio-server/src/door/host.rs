//! By which names the server may be asked.

use http::HeaderMap;
use http::header::HOST;

/// Names from the option `hosts`; all if there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    /// In small letters.
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let lower = |name: S| name.into().to_ascii_lowercase();
        Self {
            names: names.into_iter().map(lower).collect(),
        }
    }

    /// Whether a request may be served. `forwarded` is by which name a trusted proxy was asked.
    pub(crate) fn allow(&self, headers: &HeaderMap, forwarded: Option<&str>) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let said = headers.get(HOST).and_then(|host| host.to_str().ok());
        let Some(host) = forwarded.or(said) else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| is(&host, name))
    }
}

fn is(host: &str, name: &str) -> bool {
    let host = if has_port(name) {
        host
    } else {
        without_port(host)
    };
    match name.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(parent)
            .and_then(|label| label.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty()),
        None => host == name,
    }
}

/// A colon in brackets belongs to an IPv6 address.
fn has_port(name: &str) -> bool {
    name.rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(names: &[&str], host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        Hosts::of(names.iter().copied()).allow(&headers, None)
    }

    #[test]
    fn names_are_compared_whole_and_ports_only_where_they_are_given() {
        assert!(allow(&[], "anything"));
        assert!(allow(&["example.com"], "example.com"));
        assert!(allow(&["Example.com"], "EXAMPLE.com:3000"));
        assert!(allow(&["localhost:3000"], "localhost:3000"));
        assert!(!allow(&["localhost:3000"], "localhost:3001"));
        assert!(!allow(&["example.com"], "evil-example.com"));
        assert!(!allow(&["example.com"], "example.com.evil"));
        assert!(allow(&["*.example.com"], "a.b.example.com"));
        assert!(!allow(&["*.example.com"], "example.com"));
        assert!(!allow(&["*.example.com"], ".example.com"));
        assert!(!allow(&["*.example.com"], "evilexample.com"));
        assert!(allow(&["[::1]"], "[::1]:3000"));
        assert!(!Hosts::of(["a"]).allow(&HeaderMap::new(), None));
        assert!(Hosts::of(["a"]).allow(&HeaderMap::new(), Some("a")));
    }
}
