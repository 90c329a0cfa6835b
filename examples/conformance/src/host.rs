//! What every profile has: the ports, the health check, files, and the end of the process.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socketio_server::engine::ResponseBody;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::files;

/// An answer of the server's, or one of ours.
type Answer = Response<Either<ResponseBody, Full<Bytes>>>;

/// Serves requests whose path begins with `prefix` by `service`, and the rest itself, until SIGTERM.
pub(crate) async fn serve<S>(
    arguments: &Arguments,
    prefix: &'static str,
    service: S,
) -> Result<(), String>
where
    S: Service<
            Request<Incoming>,
            Response = Response<ResponseBody>,
            Error = Infallible,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let host = Host {
        prefix,
        service,
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
    files: Option<Arc<PathBuf>>,
}

async fn accept<S>(listener: TcpListener, host: Host<S>)
where
    S: Service<
            Request<Incoming>,
            Response = Response<ResponseBody>,
            Error = Infallible,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: others have to end first.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let host = host.clone();
        let service = service_fn(move |request| {
            let host = host.clone();
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

impl<S> Host<S>
where
    S: Service<Request<Incoming>, Response = Response<ResponseBody>, Error = Infallible>,
{
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let path = request.uri().path();
        if path.starts_with(self.prefix) {
            return Ok(self.service.call(request).await?.map(Either::Left));
        }
        if request.method() == Method::GET {
            if path == "/healthz" {
                return Ok(Response::new(Either::Right(Full::from("ok"))));
            }
            if let Some(folder) = &self.files
                && let Some(answer) = files::read(folder, path)
            {
                return Ok(answer.map(Either::Right));
            }
        }
        let mut answer = Response::new(Either::Right(Full::default()));
        *answer.status_mut() = StatusCode::NOT_FOUND;
        Ok(answer)
    }
}
