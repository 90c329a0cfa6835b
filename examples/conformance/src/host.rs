//! What every profile has: the ports, the health check, files, and the end of the process.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tower_service::Service;

use crate::arguments::Arguments;
use crate::files;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Has `serve` accept connections, on 127.0.0.1 and on `::1` if there is one, until SIGTERM.
pub(crate) async fn serve<S, F>(arguments: &Arguments, serve: S) -> Result<(), String>
where
    S: Fn(TcpListener) -> F,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let port = arguments.port;
    let listener = listen(Ipv4Addr::LOCALHOST, port)
        .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tokio::spawn(serve(listener));
    if let Ok(listener) = listen(Ipv6Addr::LOCALHOST, address.port()) {
        tokio::spawn(serve(listener));
    }
    println!("LISTENING {}", address.port());
    terminated.recv().await;
    Ok(())
}

fn listen(address: impl Into<IpAddr>, port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::new(address.into(), port);
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A port that was used a moment ago is free for the next process.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// What is beside the endpoint: the health check, and files if there are some.
#[derive(Clone)]
pub(crate) struct Pages {
    folder: Option<Arc<PathBuf>>,
}

impl Pages {
    pub(crate) fn new(arguments: &Arguments) -> Self {
        Self {
            folder: arguments.files.clone().map(Arc::new),
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Answer {
        if *method == Method::GET {
            if path == "/healthz" {
                return Response::new(Full::from("ok"));
            }
            if let Some(folder) = &self.folder
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

impl<B> Service<Request<B>> for Pages {
    type Response = Answer;
    type Error = Infallible;
    type Future = Ready<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request.method(), request.uri().path())))
    }
}
