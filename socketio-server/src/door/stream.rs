//! A connection that was accepted here, with or without TLS.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Sleep, sleep};

use super::park::Lot;

/// A connection, and what it holds as long as it is open.
pub(crate) struct Stream {
    socket: Socket,
    /// Closes a connection whose other end takes nothing for so long.
    write_timeout: Option<Duration>,
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes that were read already.
    early: Bytes,
    /// The answer to a WebSocket's handshake, which leaves with the first frame: hyper is told that it has left.
    head: Vec<u8>,
    lot: Option<Arc<Lot>>,
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
            early: Bytes::new(),
            head: Vec::new(),
            lot: None,
            _place: place,
        }
    }

    /// Tells it to whom to say that hyper cannot write.
    pub(super) fn belongs_to(&mut self, lot: Arc<Lot>) {
        self.lot = Some(lot);
    }

    /// Gives back bytes that were read: they are to be read again, before all others.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            // Bytes of their own: those of hyper would keep its whole buffer.
            self.early = Bytes::from([bytes, &self.early].concat());
        }
    }

    pub(super) fn has_early(&self) -> bool {
        !self.early.is_empty()
    }

    /// Waits until there is something to read, or the other end has gone.
    pub(super) fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_early() {
            return Poll::Ready(());
        }
        match &mut self.socket {
            Socket::Tcp(io) => io.poll_read_ready(cx).map(drop),
            // Whether there is something to read within TLS shows when it is read.
            #[cfg(feature = "tls")]
            Socket::Tls(io) => {
                let mut bytes = [0; FIRST_BYTES];
                let mut read = ReadBuf::new(&mut bytes);
                let polled = Pin::new(io.as_mut()).poll_read(cx, &mut read);
                self.unread(read.filled());
                polled.map(drop)
            }
        }
    }

    /// From now on somebody else looks after it, and writes first what is returned.
    pub(crate) fn into_link(mut self) -> (Self, Vec<u8>) {
        self.write_timeout = None;
        self.stalled = None;
        self.lot = None;
        let head = std::mem::take(&mut self.head);
        (self, head)
    }

    /// Whether this is the answer to a WebSocket's handshake.
    fn is_held_back(&self, bytes: &[u8]) -> bool {
        let expects_link = self.lot.as_ref().is_some_and(|lot| lot.expects_link());
        expects_link && bytes.starts_with(b"HTTP/1.1 101 ")
    }

    /// Whether what is written moves on.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Some(lot) = &self.lot {
            lot.set_blocked(written.is_pending());
        }
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

/// As much of a request within TLS is read to see that there is one.
#[cfg(feature = "tls")]
const FIRST_BYTES: usize = 512;

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
        if !self.early.is_empty() {
            let len = self.early.len().min(into.remaining());
            into.put_slice(&self.early.split_to(len));
            return Poll::Ready(Ok(()));
        }
        either!(&mut self.socket, |io| io.poll_read(cx, into))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_held_back(bytes) {
            self.head.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = either!(&mut self.socket, |io| io.poll_write(cx, bytes));
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = parts.iter().find(|part| !part.is_empty())
            && self.is_held_back(first)
        {
            // The whole head stands in one part; hyper writes others after it if there are any.
            self.head.extend_from_slice(first);
            return Poll::Ready(Ok(first.len()));
        }
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
