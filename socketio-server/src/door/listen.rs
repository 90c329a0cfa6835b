//! Accepting connections, and serving HTTP on them.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CONNECTION, HOST, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWrite;
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::body::{Never, ResponseBody};
use super::fallback::{self, AnswerBody, BoxError, Fallback};
use super::handshake::Peer;
use super::park::{self, Lot, Parkable, Waiting};
use super::service::{Answering, HttpService};
use super::stream::{Place, Socket, Stream};

/// What can be chosen for listening.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    pub(crate) head_timeout: Duration,
    pub(crate) max_head: usize,
    pub(crate) max_headers: usize,
    pub(crate) write_timeout: Duration,
    pub(crate) max_connections: Option<usize>,
    pub(crate) fallback: Option<Fallback>,
}

impl Default for Listening {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(15),
            max_head: 16 * 1024,
            max_headers: 64,
            write_timeout: Duration::from_secs(60),
            max_connections: None,
            fallback: None,
        }
    }
}

/// hyper reads into a buffer of this size at least.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// Connections that may wait to be accepted. After a restart all clients come at once.
const BACKLOG: u32 = 4096;

/// How long to wait when the process or the system is out of something that connections need, such as file descriptors.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long open connections may take to end when the server closes, beyond what the sessions on them may take.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Opens a listener on the first of the addresses that can be had.
pub(crate) async fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut failed = None;
    for address in tokio::net::lookup_host(address).await? {
        match bind_one(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = Some(error),
        }
    }
    let none = || io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    Err(failed.unwrap_or_else(none))
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // On Windows this would let others take the port over.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How the socket of a connection becomes what HTTP is spoken over.
#[derive(Clone)]
pub(crate) enum Wrap {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Wrap {
    async fn wrap(&self, socket: TcpStream) -> io::Result<Socket> {
        match self {
            Self::Plain => Ok(Socket::Tcp(socket)),
            #[cfg(feature = "tls")]
            Self::Tls(acceptor) => Ok(Socket::Tls(Box::new(acceptor.accept(socket).await?))),
        }
    }

    fn is_secure(&self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// Accepts until the server is closed, and waits for what is open then.
pub(crate) async fn accept(
    listener: TcpListener,
    service: HttpService,
    wrap: Wrap,
) -> io::Result<()> {
    let door = service.door();
    let mut closed = door.gate().watch();
    let (open, mut ended) = mpsc::channel(1);
    loop {
        let accepting = async {
            let permit = door.gate().place().await;
            listener.accept().await.map(|accepted| (permit, accepted))
        };
        let (permit, (socket, address)) = match until(accepting, &mut closed).await {
            None => break,
            Some(Ok(accepted)) => accepted,
            // The client went away before it was accepted.
            Some(Err(error)) if is_of_one_connection(&error) => continue,
            Some(Err(error)) => {
                tracing::error!(%error, "cannot accept connections; trying again");
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
        };
        // A message should leave when it is sent; several that are sent together leave in one write.
        let _ = socket.set_nodelay(true);
        let place = Place {
            _permit: permit,
            _open: open.clone(),
        };
        let (service, wrap, closed) = (service.clone(), wrap.clone(), closed.clone());
        tokio::spawn(async move {
            let door = service.door();
            let listening = &door.options().listening;
            // What a slow or silent client costs before it is known, it costs for so long.
            let socket = match timeout(listening.head_timeout, wrap.wrap(socket)).await {
                Ok(Ok(socket)) => socket,
                Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => {
                    return tracing::debug!("a TLS handshake took longer than `head_timeout`");
                }
            };
            let stream = Stream::new(socket, listening.write_timeout, place);
            let peer = Peer::new(address).secure(wrap.is_secure());
            serve(stream, service.clone(), peer, closed).await;
        });
    }
    drop((listener, open));
    let sessions = door.options().sessions.ping_timeout_value();
    if timeout(sessions + LAST_WORDS, ended.recv()).await.is_err() {
        tracing::warn!("connections are left that do not end");
    }
    Ok(())
}

/// Serves a connection until it ends, becomes a WebSocket, or the server closes.
async fn serve(
    mut stream: Stream,
    service: HttpService,
    peer: Peer,
    mut closed: watch::Receiver<bool>,
) {
    let head_timeout = service.door().options().listening.head_timeout;
    let lot = Arc::new(Lot::default());
    stream.belongs_to(Arc::clone(&lot));
    loop {
        // hyper would have its buffers meanwhile.
        let arrival = timeout(head_timeout, poll_fn(|cx| stream.poll_arrival(cx)));
        match until(arrival, &mut closed).await {
            Some(Ok(())) => {}
            Some(Err(_)) => return tracing::debug!("no request came within `head_timeout`"),
            None => {
                let _ = poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await;
                return;
            }
        }
        let Some((parked, waiting)) = speak(stream, &lot, &service, peer, &mut closed).await else {
            return;
        };
        stream = parked;
        match waiting.answer(&mut stream, || *closed.borrow()).await {
            Ok(true) => {}
            Ok(false) => {
                let _ = poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await;
                return;
            }
            Err(error) => return tracing::debug!(%error, "a waiting connection ended"),
        }
    }
}

/// Speaks HTTP, until a request was read whose answer is written elsewhere, or there is nothing more to say.
async fn speak(
    stream: Stream,
    lot: &Arc<Lot>,
    service: &HttpService,
    peer: Peer,
    closed: &mut watch::Receiver<bool>,
) -> Option<(Stream, Waiting)> {
    let listening = &service.door().options().listening;
    let listened = Listened {
        fallback: listening.fallback.clone(),
        service: service.clone(),
        peer,
        lot: Arc::clone(lot),
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(listening.head_timeout)
        .max_buf_size(listening.max_head.max(SMALLEST_BUFFER))
        .max_headers(listening.max_headers)
        .serve_connection(TokioIo::new(stream), listened)
        .with_upgrades();
    // Apart, so that it takes no room when it is gone.
    let mut connection = Box::new(connection);
    let mut closing = pin!(closed.wait_for(|closed| *closed));
    let mut is_closing = false;
    let parked = poll_fn(|cx| {
        if !is_closing && closing.as_mut().poll(cx).is_ready() {
            is_closing = true;
            Pin::new(&mut *connection).graceful_shutdown();
        }
        match Pin::new(&mut *connection).poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(None),
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "an HTTP connection ended");
                Poll::Ready(None)
            }
            Poll::Pending => match lot.take() {
                Some(waiting) => Poll::Ready(Some(waiting)),
                None => Poll::Pending,
            },
        }
    });
    let waiting = parked.await?;
    tracing::trace!("parked a connection until its request is answered");
    let parts = connection.into_parts()?;
    let mut stream = parts.io.into_inner();
    stream.unread(&parts.read_buf);
    Some((stream, waiting))
}

/// Waits for something, but not when the server closes.
async fn until<F: Future>(future: F, closed: &mut watch::Receiver<bool>) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut closed = pin!(closed.wait_for(|closed| *closed));
    poll_fn(|cx| {
        if closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// The server and the application's own pages, for one connection.
struct Listened {
    service: HttpService,
    fallback: Option<Fallback>,
    peer: Peer,
    lot: Arc<Lot>,
}

impl hyper::service::Service<Request<Incoming>> for Listened {
    type Response = Response<ResponseBody<AnswerBody>>;
    type Error = BoxError;
    type Future = Listen;

    fn call(&self, mut request: Request<Incoming>) -> Listen {
        if !has_one_host(&request) {
            tracing::debug!("refused a request that has not exactly one Host header");
            let mut answer = fallback::empty(StatusCode::BAD_REQUEST);
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
            return Listen::Theirs(Box::pin(async { Ok(answer) }));
        }
        request.extensions_mut().insert(self.peer);
        let is_ours = self.service.is_for_us(&request);
        self.lot
            .expect_link(is_ours && request.headers().contains_key(UPGRADE));
        if is_ours {
            let can_be_parked = park::can_be_parked(&request);
            let is_last = is_last(&request);
            let answering = self.service.answer(request);
            return if can_be_parked {
                Listen::Parkable(self.lot.await_here(answering, is_last))
            } else {
                Listen::Ours(answering)
            };
        }
        Listen::Theirs(match &self.fallback {
            Some(fallback) => fallback.call(request),
            None => Box::pin(async { Ok(fallback::empty(StatusCode::NOT_FOUND)) }),
        })
    }
}

/// An answer, soon.
enum Listen {
    Parkable(Parkable),
    Ours(Answering),
    Theirs(fallback::Answering),
}

impl Future for Listen {
    type Output = Result<Response<ResponseBody<AnswerBody>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ours = match &mut *self {
            Self::Parkable(answer) => Pin::new(answer).poll(cx),
            Self::Ours(answer) => Pin::new(answer).poll(cx),
            Self::Theirs(answer) => {
                let theirs = answer.as_mut().poll(cx);
                return theirs.map_ok(|answer| answer.map(ResponseBody::theirs));
            }
        };
        ours.map(|answer| Ok(answer.map(ResponseBody::<Never>::beside)))
    }
}

/// Whether the client wants no further answer on this connection.
fn is_last(request: &Request<Incoming>) -> bool {
    let values = request.headers().get_all(CONNECTION).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|option| option.trim().eq_ignore_ascii_case("close"))
}

/// RFC 9112, 3.2. Who lets two of them pass may decide by another one than the proxy in front.
fn has_one_host(request: &Request<Incoming>) -> bool {
    let mut hosts = request.headers().get_all(HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => true,
        (None, _) => request.version() < Version::HTTP_11,
        _ => false,
    }
}
