//! Cookies that a server sets and wants back: load balancers keep a session on its node with them.

use std::time::{Duration, SystemTime};

/// The cookies of one client, which talks to one host.
#[derive(Debug, Default)]
pub(crate) struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    secure: bool,
    expires: Option<SystemTime>,
}

/// As many as browsers keep for a host, at least; a server that sets more gets the newest back.
const MAX_COOKIES: usize = 50;
/// Bytes of a cookie with its attributes. The same as in browsers.
const MAX_LEN: usize = 4096;

impl Jar {
    /// Takes what stood in a `Set-Cookie` header of an answer to a request for `path`.
    pub(crate) fn set(&mut self, header: &str, host: &str, path: &str, now: SystemTime) {
        if header.len() > MAX_LEN {
            return;
        }
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || header.chars().any(char::is_control) {
            return;
        }
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: default_path(path).to_owned(),
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" if !domain_matches(host, value) => return,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "expires" => cookie.expires = date(value).or(cookie.expires),
                "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            let age = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            cookie.expires = now.checked_add(age);
        }
        self.cookies
            .retain(|other| other.name != cookie.name || other.path != cookie.path);
        if cookie.expires.is_some_and(|expires| expires <= now) {
            return;
        }
        if self.cookies.len() >= MAX_COOKIES {
            self.cookies.remove(0);
        }
        self.cookies.push(cookie);
    }

    /// The `Cookie` header for a request; empty if there is nothing to say.
    pub(crate) fn header(&mut self, path: &str, secure: bool, now: SystemTime) -> String {
        self.cookies
            .retain(|cookie| cookie.expires.is_none_or(|expires| expires > now));
        let mut header = String::new();
        for cookie in &self.cookies {
            if path_matches(path, &cookie.path) && (secure || !cookie.secure) {
                if !header.is_empty() {
                    header.push_str("; ");
                }
                header.push_str(&cookie.name);
                header.push('=');
                header.push_str(&cookie.value);
            }
        }
        header
    }
}

/// RFC 6265, 5.1.4: up to the last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => path.get(..at).unwrap_or("/"),
    }
}

fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// A server may set cookies for its own name and for what it is a part of, but not for a whole top level. Which ends of names are
/// public needs a list; here, at least one dot has to be in it.
fn domain_matches(host: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    if domain.is_empty() || host == domain {
        return true;
    }
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    !is_address
        && domain.contains('.')
        && host
            .strip_suffix(&domain)
            .is_some_and(|rest| rest.ends_with('.'))
}

/// A date as HTTP writes it: `Wed, 21 Oct 2026 07:28:00 GMT`, or with dashes.
fn date(text: &str) -> Option<SystemTime> {
    let text = text
        .split_once(',')
        .map_or(text, |(_, rest)| rest)
        .replace('-', " ");
    let mut parts = text.split_ascii_whitespace();
    let day: u64 = parts.next()?.parse().ok()?;
    let month = parts.next()?.to_ascii_lowercase();
    let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let month = 1 + months.iter().position(|name| month.starts_with(name))? as u64;
    let year: u64 = parts.next()?.parse().ok()?;
    let year = match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    };
    let mut time = parts.next()?.split(':').map(str::parse::<u64>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    if !(1970..=9999).contains(&year)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    // Days since 1970, with years that begin in March, so that the leap day is the last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    let seconds = days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/socket.io/";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn kept(headers: &[&str]) -> String {
        let mut jar = Jar::default();
        for header in headers {
            jar.set(header, "app.example.com", PATH, at(1_000));
        }
        jar.header(PATH, false, at(1_000))
    }

    #[test]
    fn what_is_set_comes_back() {
        assert_eq!(
            kept(&["io=abc; Path=/; HttpOnly; SameSite=Strict", "AWSALB=x=y"]),
            "io=abc; AWSALB=x=y"
        );
        assert_eq!(kept(&["a=1", "a=2"]), "a=2");
        assert_eq!(kept(&["a=1", "a=; Max-Age=0"]), "");
        assert_eq!(kept(&["no pair", "=x", "a=\u{1}"]), "");
    }

    #[test]
    fn attributes_are_honoured() {
        assert_eq!(
            kept(&[
                "a=1; Secure",
                "b=2; Path=/other",
                "c=3; Path=/socket.io",
                "d=4; path=/"
            ]),
            "c=3; d=4"
        );
        assert_eq!(
            kept(&[
                "a=1; Domain=example.com",
                "b=2; Domain=other.com",
                "c=3; Domain=com",
                "d=4; domain=.app.example.com"
            ]),
            "a=1; d=4"
        );
        assert_eq!(
            kept(&[
                "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
                "b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
            ]),
            "b=2"
        );
        // Max-Age wins.
        assert_eq!(
            kept(&["a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]),
            "a=1"
        );
        let mut jar = Jar::default();
        jar.set("a=1; Max-Age=10; Secure", "h", PATH, at(0));
        assert_eq!(jar.header(PATH, true, at(9)), "a=1");
        assert_eq!(jar.header(PATH, true, at(10)), "");
    }

    #[test]
    fn there_are_never_more_than_a_few() {
        let mut jar = Jar::default();
        for n in 0..1_000 {
            jar.set(&format!("c{n}=x"), "h", PATH, at(0));
        }
        assert_eq!(jar.cookies.len(), MAX_COOKIES);
        jar.set(&format!("big={}", "x".repeat(MAX_LEN)), "h", PATH, at(0));
        assert!(!jar.header(PATH, false, at(0)).contains("big"));
    }

    #[test]
    fn dates_are_read() {
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(at(0)));
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(at(784_111_777)));
        assert_eq!(
            date("Tue, 29-Feb-2028 23:59:59 GMT"),
            Some(at(1_835_481_599))
        );
        assert_eq!(date("soon"), None);
        assert_eq!(date("1 Jan 99999999999999999999 00:00:00"), None);
    }
}
