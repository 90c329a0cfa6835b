//! What every profile has: the ports, the health check, files, and the end of the process.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socketio_server::engine::Peer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::files;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Serves requests whose path begins with `prefix` by `service`, and the rest itself, until SIGTERM.
pub(crate) async fn serve<S, B>(
    arguments: &Arguments,
    prefix: &'static str,
    service: S,
) -> Result<(), String>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    serve_late(arguments, prefix, service, Duration::ZERO).await
}

/// The same, and every request that begins a session is held for a while first.
pub(crate) async fn serve_late<S, B>(
    arguments: &Arguments,
    prefix: &'static str,
    service: S,
    hesitation: Duration,
) -> Result<(), String>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let host = Host {
        prefix,
        service,
        hesitation,
        files: arguments.files.clone().map(Arc::new),
    };
    let port = arguments.port;
    let listener = listen(Ipv4Addr::LOCALHOST, port)
        .await
        .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
    let port = listener
        .local_addr()
        .map_err(|error| error.to_string())?
        .port();
    tokio::spawn(accept(listener, host.clone()));
    if let Ok(listener) = listen(Ipv6Addr::LOCALHOST, port).await {
        tokio::spawn(accept(listener, host));
    }
    println!("LISTENING {port}");
    terminated.recv().await;
    Ok(())
}

async fn listen(address: impl Into<IpAddr>, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((address.into(), port)).await
}

#[derive(Clone)]
struct Host<S> {
    prefix: &'static str,
    service: S,
    hesitation: Duration,
    files: Option<Arc<PathBuf>>,
}

async fn accept<S, B>(listener: TcpListener, host: Host<S>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            // Out of file descriptors, most likely: others have to end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let host = host.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let host = host.clone();
            request.extensions_mut().insert(Peer::new(address));
            async move { host.answer(request).await }
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // How a connection ended is of no interest to anybody here.
            let _ = connection.await;
        });
    }
}

impl<S> Host<S> {
    async fn answer<B>(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Either<B, Full<Bytes>>>, Infallible>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    {
        if request.uri().path().starts_with(self.prefix) {
            let query = request.uri().query().unwrap_or_default();
            let begins = !query.split('&').any(|pair| pair.starts_with("sid="));
            if begins && !self.hesitation.is_zero() {
                tokio::time::sleep(self.hesitation).await;
            }
            let answer = self.service.call(request).await?;
            return Ok(answer.map(Either::Left));
        }
        Ok(self.own_answer(&request).map(Either::Right))
    }

    fn own_answer(&self, request: &Request<Incoming>) -> Answer {
        let path = request.uri().path();
        if request.method() == Method::GET {
            if path == "/healthz" {
                return Response::new(Full::from("ok"));
            }
            if let Some(folder) = &self.files
                && let Some(answer) = files::read(folder, path)
            {
                return answer;
            }
        }
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        answer
    }
}
