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
        let taken = Arc::new(AtomicUsize::new(0));
        let entrance = io.admit(request, Transport::WEBSOCKET).await;
        entrance.unwrap().serve_link(Channels {
            receive,
            send,
            taken: Arc::clone(&taken),
            look: Box::new(look),
        });
        Self {
            to_server,
            from_server,
            taken,
        }
    }
}

/// The server's end.
struct Channels {
    receive: mpsc::UnboundedReceiver<Frame>,
    send: mpsc::UnboundedSender<Frame>,
    taken: Arc<AtomicUsize>,
    look: Box<dyn Fn(&Frame) + Send>,
}

impl Link for Channels {
    fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()> {
        self.receive.poll_recv(cx).map(|frame| {
            self.taken.fetch_add(1, Ordering::Relaxed);
            received.push(frame.map_or(Received::Closed, Received::Frame));
        })
    }

    fn has_room(&self) -> bool {
        true
    }

    fn send(&mut self, frame: Frame) {
        (self.look)(&frame);
        let _ = self.send.send(frame);
    }

    fn poll_flush(
        &mut self,
        _cx: &mut Context<'_>,
        _progress: &mut usize,
    ) -> Poll<Result<(), TransportFault>> {
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
