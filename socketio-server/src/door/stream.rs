//! A connection that was accepted here, with or without TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Sleep, sleep};

/// A connection, and what it holds as long as it is open.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    /// Closes a connection whose other end takes nothing for so long.
    write_timeout: Option<Duration>,
    stalled: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

/// One of the connections that may be open.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) _permit: Option<OwnedSemaphorePermit>,
    /// The listener waits until all of these are gone.
    pub(super) _open: mpsc::Sender<()>,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) fn new(socket: Socket, write_timeout: Duration, place: Place) -> Self {
        Self {
            socket,
            write_timeout: Some(write_timeout),
            stalled: None,
            _place: place,
        }
    }

    /// From now on somebody else looks after it.
    pub(crate) fn without_timeout(mut self) -> Self {
        self.write_timeout = None;
        self.stalled = None;
        self
    }

    /// Whether what is written moves on.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let Some(timeout) = self.write_timeout else {
            return written;
        };
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if stalled.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

/// Does the same with either kind of socket.
macro_rules! either {
    ($socket:expr, |$io:ident| $what:expr) => {
        match $socket {
            Socket::Tcp(io) => {
                let $io = Pin::new(io);
                $what
            }
            #[cfg(feature = "tls")]
            Socket::Tls(io) => {
                let $io = Pin::new(io.as_mut());
                $what
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(&mut self.socket, |io| io.poll_read(cx, into))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = either!(&mut self.socket, |io| io.poll_write(cx, bytes));
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = either!(&mut self.socket, |io| io.poll_write_vectored(cx, parts));
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Tcp(io) => io.is_write_vectored(),
            #[cfg(feature = "tls")]
            Socket::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = either!(&mut self.socket, |io| io.poll_flush(cx));
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = either!(&mut self.socket, |io| io.poll_shutdown(cx));
        self.watch(cx, shut)
    }
}
