//! What a client said when it came, kept flat and small.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use engineio_proto::query;
use http::header::{COOKIE, ORIGIN};
use http::{Extensions, HeaderMap};

/// The first request of a client: what was asked for, headers, address.
///
/// It lives as long as the client, so everything in it is copied into one allocation of its own. A kept
/// `http::request::Parts` would keep the whole buffer that the request was read into.
#[derive(Clone)]
pub struct Handshake {
    address: Option<SocketAddr>,
    secure: bool,
    issued: SystemTime,
    /// How much of `data` is the URL. Headers follow.
    url: usize,
    data: Box<[u8]>,
    extensions: Extensions,
}

/// From where a request came, as an extension of the request. The listener of this crate puts it there; with another one the
/// application does it, or says by an option where the address is found.
///
/// ```
/// use socketio_server::engine::Peer;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Peer::new("192.0.2.1:4000".parse()?).secure(true));
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub(super) address: SocketAddr,
    pub(super) secure: bool,
}

impl Peer {
    /// A connection from this address, without TLS.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            secure: false,
        }
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn secure(self, yes: bool) -> Self {
        Self {
            secure: yes,
            ..self
        }
    }

    /// The other end of the connection.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl Handshake {
    /// What a request says. `issued` is the time to be told as that of the handshake.
    pub fn of_request<B>(request: &http::Request<B>, issued: SystemTime) -> Self {
        let peer = request.extensions().get::<Peer>().copied();
        Self::copy(
            request.uri(),
            request.headers(),
            peer.map(|peer| peer.address),
            peer.is_some_and(|peer| peer.secure),
            issued,
        )
    }

    pub(crate) fn copy(
        uri: &http::Uri,
        headers: &HeaderMap,
        address: Option<SocketAddr>,
        secure: bool,
        issued: SystemTime,
    ) -> Self {
        let url = uri.path_and_query().map_or("/", |url| url.as_str());
        let len = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            2 * LEN + name.as_str().len() + value.len()
        };
        let mut data = Vec::with_capacity(url.len() + headers.iter().map(len).sum::<usize>());
        data.extend_from_slice(url.as_bytes());
        for (name, value) in headers {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                // No head is as large as 4 GiB.
                let len = u32::try_from(part.len()).unwrap_or(0);
                data.extend_from_slice(&len.to_le_bytes());
                data.extend_from_slice(part.get(..len as usize).unwrap_or_default());
            }
        }
        Self {
            address,
            secure,
            issued,
            url: url.len(),
            data: data.into_boxed_slice(),
            extensions: Extensions::new(),
        }
    }

    /// With what a layer in front has found out.
    pub(crate) fn with_extensions(self, extensions: Extensions) -> Self {
        Self { extensions, ..self }
    }

    /// What a layer in front of the server has found out about the request: the extension of this type, if there was one and the option
    /// `keep_extension` names the type.
    ///
    /// ```
    /// use socketio_server::{ConnectError, Handshake, Server};
    ///
    /// #[derive(Clone)]
    /// struct User(String); // what the layer puts there
    ///
    /// let io = Server::builder().keep_extension::<User>().build();
    /// io.auth(async |handshake: Handshake| match handshake.extension::<User>() {
    ///     Some(user) => Ok(user.clone()),
    ///     None => Err(ConnectError::new("log in first")),
    /// });
    /// ```
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// What was asked for: path and query.
    pub fn url(&self) -> &str {
        let url = self.data.get(..self.url).unwrap_or_default();
        std::str::from_utf8(url).unwrap_or_default()
    }

    /// The query as it was sent, without the `?`; empty if there is none. [`query`](Self::query) looks into it.
    pub fn raw_query(&self) -> &str {
        self.url().split_once('?').map_or("", |(_, query)| query)
    }

    /// The value of a parameter of the query; of several, the last, as in the reference.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        let named = |(key, value)| if key == name { Some(value) } else { None };
        self.query_pairs().filter_map(named).last()
    }

    /// All parameters of the query in their order, those of Engine.IO (`EIO`, `transport`, `t`) too.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        query::pairs(self.raw_query())
    }

    /// The first header of this name, in any case of letters. `None` if there is none, or if it is not text;
    /// [`headers`](Self::headers) has it then.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// All headers, with names in small letters. Those that came several times come several times.
    pub fn headers(&self) -> Headers<'_> {
        Headers {
            data: self.data.get(self.url..).unwrap_or_default(),
        }
    }

    /// The value of a cookie of this name, as it was sent; of several, the first, which is that of the longest path.
    ///
    /// What belongs to a session is found by it in [`auth`](crate::Namespace::auth): browsers send cookies by themselves, with
    /// polling and with WebSocket, and pages of other origins are refused before that.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers().filter(|(key, _)| *key == COOKIE.as_str());
        let lines = cookies.filter_map(|(_, value)| std::str::from_utf8(value).ok());
        let mut pairs = lines
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key.trim() == name).then(|| value.trim()))
    }

    /// The address of the client: that of the connection, or what a trusted proxy says.
    ///
    /// `None` if nobody said it: see [`Peer`].
    pub fn address(&self) -> Option<IpAddr> {
        self.address.map(|address| address.ip())
    }

    /// The same with the port, which is 0 if a proxy did not say it.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether the client came over TLS, here or at a trusted proxy.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the request has an `Origin` header (`xdomain`): a page of another origin, or any page with a WebSocket.
    pub fn is_cross_domain(&self) -> bool {
        self.headers().any(|(name, _)| name == ORIGIN.as_str())
    }

    /// When the request arrived.
    pub fn issued(&self) -> SystemTime {
        self.issued
    }
}

/// Each name and each value has its length in front.
const LEN: usize = size_of::<u32>();

/// All headers of a [`Handshake`]. Values may be anything that HTTP allows, so they are bytes.
#[derive(Clone)]
pub struct Headers<'a> {
    data: &'a [u8],
}

impl<'a> Headers<'a> {
    fn part(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.data.split_first_chunk::<LEN>()?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        self.data = rest;
        Some(part)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let name = std::str::from_utf8(self.part()?).unwrap_or_default();
        Some((name, self.part()?))
    }
}

/// Without values: cookies and tokens do not belong into logs.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url().split('?').next().unwrap_or_default();
        f.debug_struct("Handshake")
            .field("path", &path)
            .field("address", &self.address)
            .field("secure", &self.secure)
            .field("headers", &self.headers())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(url: &str, headers: &[(&str, &str)]) -> Handshake {
        let mut request = http::Request::builder().uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Handshake::of_request(&request.body(()).unwrap(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn everything_is_found_again() {
        let handshake = handshake(
            "/socket.io/?EIO=4&token=a%20b&token=c",
            &[
                ("Host", "example.com"),
                ("x-twice", "1"),
                ("x-twice", "2"),
                ("x-empty", ""),
            ],
        );
        assert_eq!(handshake.url(), "/socket.io/?EIO=4&token=a%20b&token=c");
        assert_eq!(handshake.query("token").as_deref(), Some("c"));
        assert_eq!(handshake.query("nothing"), None);
        assert_eq!(handshake.header("HOST"), Some("example.com"));
        assert_eq!(handshake.header("x-twice"), Some("1"));
        assert_eq!(handshake.header("x-empty"), Some(""));
        assert_eq!(handshake.headers().count(), 4);
        assert!(!handshake.is_cross_domain());
        assert_eq!(handshake.address(), None);
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_in_any_line() {
        let handshake = handshake(
            "/",
            &[
                (
                    "cookie",
                    "mysession=1; session=a=b ; session=2;broken; empty=",
                ),
                ("cookie", "other=3"),
            ],
        );
        assert_eq!(handshake.cookie("session"), Some("a=b"));
        assert_eq!(handshake.cookie("other"), Some("3"));
        assert_eq!(handshake.cookie("empty"), Some(""));
        assert_eq!(handshake.cookie("broken"), None);
        assert_eq!(handshake.cookie("Session"), None);
    }

    #[test]
    fn a_header_that_is_no_text_is_bytes() {
        let value = http::HeaderValue::from_bytes(&[0xff, b'a']).unwrap();
        let request = http::Request::builder().header("x-odd", value);
        let handshake = Handshake::of_request(&request.body(()).unwrap(), SystemTime::UNIX_EPOCH);
        assert_eq!(handshake.header("x-odd"), None);
        assert_eq!(
            handshake.headers().next(),
            Some(("x-odd", &[0xff, b'a'][..]))
        );
    }

    #[test]
    fn logs_show_neither_query_nor_values() {
        let handshake = handshake("/p/?token=secret", &[("cookie", "secret")]);
        let shown = format!("{handshake:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("cookie"), "{shown}");
    }
}
