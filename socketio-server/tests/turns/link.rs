//! A connection in memory, as a [`Link`] that tests hold the other end of.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses a part of it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use socketio_server::engine::{Frame, Link, Received, TransportFault};
use socketio_server::{Server, Transport};
use tokio::sync::mpsc;

/// The client's end. When `to_server` is dropped the client is gone.
pub(crate) struct Pipe {
    pub(crate) to_server: mpsc::UnboundedSender<Frame>,
    pub(crate) from_server: mpsc::UnboundedReceiver<Frame>,
    /// How many frames the server has taken.
    pub(crate) taken: Arc<AtomicUsize>,
    /// How often the server has written.
    pub(crate) writes: Arc<AtomicUsize>,
}

impl Pipe {
    /// A client comes.
    pub(crate) async fn open(io: &Server) -> Self {
        Self::watched(io, |_| {}).await
    }

    /// The same; `look` sees what the server writes, when it does.
    pub(crate) async fn watched(io: &Server, look: impl Fn(&Frame) + Send + 'static) -> Self {
        let request = http::Request::builder()
            .uri("/socket.io/?EIO=4")
            .body(())
            .unwrap();
        let (to_server, receive) = mpsc::unbounded_channel();
        let (send, from_server) = mpsc::unbounded_channel();
        let (taken, writes) = (Arc::default(), Arc::default());
        let entrance = io.admit(request, Transport::WEBSOCKET).await;
        entrance.unwrap().serve_link(Channels {
            receive,
            send,
            taken: Arc::clone(&taken),
            writes: Arc::clone(&writes),
            is_written: true,
            look: Box::new(look),
        });
        Self {
            to_server,
            from_server,
            taken,
            writes,
        }
    }
}

/// The server's end.
struct Channels {
    receive: mpsc::UnboundedReceiver<Frame>,
    send: mpsc::UnboundedSender<Frame>,
    taken: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
    is_written: bool,
    look: Box<dyn Fn(&Frame) + Send>,
}

impl Link for Channels {
    fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()> {
        // As one read does, this may bring several.
        let mut polled = Poll::Pending;
        while received.len() < 16
            && let Poll::Ready(frame) = self.receive.poll_recv(cx)
        {
            polled = Poll::Ready(());
            self.taken.fetch_add(1, Ordering::Relaxed);
            let frame = frame.map_or(Received::Closed, Received::Frame);
            received.push(frame);
            if received.last().is_some_and(Received::is_end) {
                break;
            }
        }
        polled
    }

    fn has_room(&self) -> bool {
        true
    }

    fn send(&mut self, frame: Frame) {
        (self.look)(&frame);
        self.is_written = false;
        let _ = self.send.send(frame);
    }

    fn poll_flush(
        &mut self,
        _cx: &mut Context<'_>,
        _progress: &mut usize,
    ) -> Poll<Result<(), TransportFault>> {
        if !std::mem::replace(&mut self.is_written, true) {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channels")
    }
}
