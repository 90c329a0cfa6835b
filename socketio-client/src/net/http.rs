//! HTTP/1.1: the requests of polling, on connections that are used again, and the handshake of WebSocket.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use engineio_proto::ContentType;
use engineio_proto::reject::Refusal;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tungstenite::handshake::derive_accept_key;

use super::Stream;
use super::cookies::Jar;
use super::dial::Route;
use crate::{Cause, lock, random};

/// The server, as HTTP sees it. What it keeps outlives a session: connections and cookies.
pub(crate) struct Http {
    pub(crate) route: Route,
    /// `/socket.io/`.
    pub(crate) path: String,
    pub(crate) max_body: usize,
    /// Names of sub-protocols, for a WebSocket.
    pub(crate) protocols: Vec<String>,
    cookies: Mutex<Jar>,
    idle: Mutex<VecDeque<Idle>>,
}

struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// A poll and a post: more are never under way.
const MAX_IDLE: usize = 2;
/// Node closes a connection that nobody used for five seconds; a request that meets that is lost.
const MAX_AGE: Duration = Duration::from_secs(3);
/// What hyper may buffer of a head, and how many headers it may have.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
/// As much of a refusal as is worth reading.
const MAX_REFUSAL: usize = 8 * 1024;

/// The answer to a request of polling.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content: ContentType,
    pub(crate) body: Bytes,
    /// Where a redirection leads.
    pub(crate) location: Option<String>,
}

impl Answer {
    /// What is wrong with it, if something is.
    pub(crate) fn cause(&self) -> Option<Cause> {
        match (self.status, &self.location) {
            (200, _) => None,
            (status @ 300..=399, Some(location)) => Some(Cause::Redirect {
                status,
                location: location.chars().take(200).collect(),
            }),
            (status, _) => Some(Cause::Status(Refusal::parse(status, &self.body))),
        }
    }
}

impl Http {
    pub(crate) fn new(route: Route, path: String, max_body: usize, protocols: Vec<String>) -> Self {
        Self {
            route,
            path,
            max_body,
            protocols,
            cookies: Mutex::default(),
            idle: Mutex::default(),
        }
    }

    /// Lets go of connections that nobody uses.
    pub(crate) fn forget_idle(&self) {
        lock(&self.idle).clear();
    }

    /// A request of polling. `heard` is called when a part of the answer has come.
    pub(crate) async fn request(
        &self,
        query: &str,
        headers: &HeaderMap,
        body: Option<Bytes>,
        heard: impl Fn(),
    ) -> Result<Answer, Cause> {
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = self.build(method, query, headers)?;
        if let Some(body) = body {
            let text = HeaderValue::from_static("text/plain;charset=UTF-8");
            request.headers_mut().insert(header::CONTENT_TYPE, text);
            *request.body_mut() = Full::new(body);
        }
        loop {
            let (mut sender, used) = match self.take_idle() {
                Some(sender) => (sender, true),
                None => (self.connect().await?, false),
            };
            // One that was closed meanwhile says so here.
            if sender.ready().await.is_err() && used {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => {
                    let answer = self.read(response, heard).await?;
                    self.keep(sender);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message() {
                    // Not a byte of it has left, so that it may go another way.
                    Some(unsent) if used => request = unsent,
                    _ => return Err(failed(&error.into_error())),
                },
            }
        }
    }

    /// The handshake of a WebSocket. The connection, and what the server sent behind its answer.
    pub(crate) async fn websocket(
        &self,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<(Stream, Bytes), Cause> {
        let mut request = self.build(Method::GET, query, headers)?;
        let key =
            STANDARD.encode([random::bits().to_ne_bytes(), random::bits().to_ne_bytes()].concat());
        let accept = derive_accept_key(key.as_bytes());
        let own = request.headers_mut();
        own.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        own.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        own.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
        own.insert(header::SEC_WEBSOCKET_KEY, header_value(&key)?);
        if !self.protocols.is_empty() {
            own.insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                header_value(&self.protocols.join(", "))?,
            );
        }
        let mut sender = self.connect().await?;
        let mut response = sender
            .send_request(request)
            .await
            .map_err(|error| failed(&error))?;
        if response.status() != 101 {
            let limited = self.read_up_to(response, MAX_REFUSAL, || {}).await?;
            return Err(limited
                .cause()
                .unwrap_or(Cause::WebSocket("the server answered with a page")));
        }
        self.take_cookies(&response);
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if header(header::SEC_WEBSOCKET_ACCEPT) != Some(&accept) {
            return Err(Cause::WebSocket("the answer is not to this handshake"));
        }
        if !header(header::UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
            return Err(Cause::WebSocket("the server upgrades to something else"));
        }
        let spoken = header(header::SEC_WEBSOCKET_PROTOCOL);
        if spoken.is_some_and(|spoken| !self.protocols.iter().any(|known| known == spoken)) {
            return Err(Cause::WebSocket(
                "the server chose a protocol that was not offered",
            ));
        }
        if header(header::SEC_WEBSOCKET_EXTENSIONS).is_some() {
            return Err(Cause::WebSocket(
                "the server chose an extension that was not offered",
            ));
        }
        let upgraded = hyper::upgrade::on(&mut response)
            .await
            .map_err(|error| failed(&error))?;
        match upgraded.downcast::<TokioIo<Stream>>() {
            Ok(parts) => Ok((parts.io.into_inner(), parts.read_buf)),
            Err(_) => Err(Cause::WebSocket("the connection was not given back")),
        }
    }

    fn build(
        &self,
        method: Method,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Request<Full<Bytes>>, Cause> {
        let wrong = |error: http::Error| Cause::Http(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}?{query}", self.path))
            .body(Full::default())
            .map_err(wrong)?;
        let own = request.headers_mut();
        own.insert(header::HOST, header_value(&self.route.url.authority())?);
        own.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(user_info) = &self.route.url.user_info {
            own.insert(
                header::AUTHORIZATION,
                header_value(&format!("Basic {}", STANDARD.encode(user_info)))?,
            );
        }
        let cookies =
            lock(&self.cookies).header(&self.path, self.route.url.secure, SystemTime::now());
        if !cookies.is_empty() {
            own.insert(header::COOKIE, header_value(&cookies)?);
        }
        // What the application says goes over all that, and its cookies beside those of the server.
        for (name, value) in headers {
            if name == header::COOKIE
                && let Some(cookies) = own.get(header::COOKIE)
            {
                let both = [value.as_bytes(), b"; ", cookies.as_bytes()].concat();
                own.insert(
                    name,
                    HeaderValue::from_bytes(&both).map_err(|error| wrong(error.into()))?,
                );
            } else {
                own.insert(name, value.clone());
            }
        }
        Ok(request)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Cause> {
        let stream = self.route.dial().await?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(&error))?;
        // It ends with the sender; what goes wrong is told to whoever waits for an answer.
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    fn take_idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = lock(&self.idle);
        while let Some(Idle { sender, since }) = idle.pop_back() {
            if since.elapsed() < MAX_AGE && !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        let mut idle = lock(&self.idle);
        if !sender.is_closed() && idle.len() < MAX_IDLE {
            let since = Instant::now();
            idle.push_back(Idle { sender, since });
        }
    }

    async fn read(&self, response: Response<Incoming>, heard: impl Fn()) -> Result<Answer, Cause> {
        let max = if response.status() == 200 {
            self.max_body
        } else {
            MAX_REFUSAL
        };
        self.read_up_to(response, max, heard).await
    }

    /// Reads a body while it comes. Nothing is kept because a length announced it.
    async fn read_up_to(
        &self,
        response: Response<Incoming>,
        max: usize,
        heard: impl Fn(),
    ) -> Result<Answer, Cause> {
        self.take_cookies(&response);
        let text = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let content = ContentType::from_header(text(header::CONTENT_TYPE));
        let location = text(header::LOCATION).map(str::to_owned);
        let status = response.status().as_u16();
        let mut incoming = response.into_body();
        let mut first = Bytes::new();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(|error| failed(&error))?.into_data() else {
                continue;
            };
            heard();
            if first.len() + body.len() + data.len() > max {
                return Err(Cause::TooLarge);
            }
            // Most answers come in one piece, which then need not be copied.
            if first.is_empty() && body.is_empty() {
                first = data;
            } else {
                if body.is_empty() {
                    body.extend_from_slice(&std::mem::take(&mut first));
                }
                body.extend_from_slice(&data);
            }
        }
        Ok(Answer {
            status,
            content,
            body: if body.is_empty() {
                first
            } else {
                body.freeze()
            },
            location,
        })
    }

    fn take_cookies(&self, response: &Response<Incoming>) {
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            if let Ok(cookie) = cookie.to_str() {
                lock(&self.cookies).set(
                    cookie,
                    &self.route.url.host,
                    &self.path,
                    SystemTime::now(),
                );
            }
        }
    }
}

fn header_value(text: &str) -> Result<HeaderValue, Cause> {
    HeaderValue::from_str(text).map_err(|error| Cause::Http(error.to_string()))
}

/// What hyper says, with what lies behind it: "connection error" alone helps nobody.
fn failed(error: &hyper::Error) -> Cause {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = error.source();
    }
    Cause::Http(text)
}
