//! WebSocket: tungstenite knows headers, opcodes and statuses; reading and writing are here, because its `WebSocket`
//! copies every frame and owns its buffers.

#[cfg(test)]
mod echo;
mod reader;
mod writer;

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use engineio_proto::{Frame, TransportFault, WsFrame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::frame::coding::CloseCode;

use self::reader::{Item, Reader};
use self::writer::Writer;
use super::link::{Link, Received};

/// The server's end of a WebSocket, after the handshake.
///
/// An idle one holds no buffers: what is read goes through a buffer of the thread, what is written is shared with the messages
/// it came from.
pub(super) struct WebSocket<Io> {
    io: Io,
    reader: Reader,
    writer: Writer,
    /// Bytes that came with the handshake.
    early: Bytes,
    /// The answer to the last ping, if too much waits to be written for it to join. An older one is replaced, as RFC 6455,
    /// 5.5.3 allows.
    pong: Option<Bytes>,
    closing: Closing,
    /// Bytes that are still to be written of the answer to the handshake. They are none of the link's.
    head: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    /// The client broke the rules; this is the status to close with.
    With(CloseCode),
    /// The client closed first; its status is echoed.
    Echo(Option<CloseCode>),
    /// The close frame is on its way, and the client's is awaited.
    Said,
    /// The close frame is on its way; what the client still sends is of no interest, but has to be read, or the reset
    /// that unread bytes cause would overtake the close frame.
    Drain,
    /// Nothing more is to be said, or can be.
    Done,
}

/// Frames that may wait before a pong does not join them. A client that pings and does not read could else be owed any number.
const PONGS: usize = 16;

/// As large as a read of a socket may be.
const READ_BUFFER: usize = 64 * 1024;

/// What is read goes through this. One per thread, borrowed while there is something to read.
struct Scratch {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

/// Items of one read for which room is kept.
const ITEMS: usize = 256;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        bytes: vec![0; READ_BUFFER],
        items: Vec::new(),
    });
}

impl<Io: AsyncRead + AsyncWrite + Unpin> WebSocket<Io> {
    pub(super) fn new(io: Io, early: Bytes, max_message: usize) -> Self {
        Self {
            io,
            reader: Reader::new(max_message),
            writer: Writer::default(),
            early,
            pong: None,
            closing: Closing::No,
            head: 0,
        }
    }

    /// Writes these bytes before the first frame, and with it: one system call less, and one packet.
    pub(super) fn after(mut self, head: Vec<u8>) -> Self {
        if !head.is_empty() {
            self.head = head.len();
            self.writer.push(WsFrame::from(Bytes::from(head)));
        }
        self
    }

    fn take(&mut self, bytes: &mut [u8], items: &mut Vec<Item>, received: &mut Vec<Received>) {
        self.reader.read(bytes, items);
        if items.is_empty() {
            received.push(Received::Activity);
        }
        for item in items.drain(..) {
            received.push(match item {
                Item::Message(frame) => Received::Frame(frame),
                Item::Ping(payload) => {
                    // Pongs go before the answers to what came after the pings, as long as the client takes them.
                    if self.writer.len() < PONGS {
                        self.writer.push(control(0x8a, &payload));
                    } else {
                        self.pong = Some(payload);
                    }
                    Received::Activity
                }
                Item::Close(status) => {
                    if self.closing == Closing::No {
                        self.closing = Closing::Echo(status);
                    }
                    Received::Closed
                }
                Item::Violation(status, error) => {
                    self.closing = Closing::With(status);
                    match error {
                        Some(error) => Received::Invalid(error),
                        None => Received::Failed(TransportFault::Link),
                    }
                }
            });
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static> Link for WebSocket<Io> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()> {
        if !self.early.is_empty() {
            let mut early = Vec::from(std::mem::take(&mut self.early));
            self.take(&mut early, &mut Vec::new(), received);
            return Poll::Ready(());
        }
        SCRATCH.with_borrow_mut(|Scratch { bytes, items }| {
            let mut read = ReadBuf::new(bytes);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut read)) {
                Err(_) => {
                    self.closing = Closing::Done;
                    received.push(Received::Failed(TransportFault::Link));
                }
                // The end without a close frame: the client has gone.
                Ok(()) if read.filled().is_empty() => {
                    self.closing = Closing::Done;
                    received.push(Received::Closed);
                }
                Ok(()) => {
                    self.take(read.filled_mut(), items, received);
                    items.shrink_to(ITEMS);
                }
            }
            Poll::Ready(())
        })
    }

    fn has_room(&self) -> bool {
        self.writer.has_room()
    }

    fn send(&mut self, frame: Frame) {
        self.writer.push(frame.into_ws());
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        progress: &mut usize,
    ) -> Poll<Result<(), TransportFault>> {
        loop {
            let mut written = 0;
            let flushed = self
                .writer
                .poll_flush(cx, Pin::new(&mut self.io), &mut written);
            let of_head = written.min(self.head);
            self.head -= of_head;
            *progress += written - of_head;
            let flushed = ready!(flushed);
            if flushed.is_err() {
                return Poll::Ready(Err(TransportFault::Link));
            }
            let Some(payload) = self.pong.take() else {
                return Poll::Ready(Ok(()));
            };
            self.writer.push(control(0x8a, &payload));
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.closing {
            Closing::No => self.say(None, Closing::Said),
            Closing::With(status) => self.say(Some(status), Closing::Drain),
            Closing::Echo(status) => self.say(status, Closing::Done),
            Closing::Said | Closing::Drain | Closing::Done => {}
        }
        if ready!(self.poll_flush(cx, &mut 0)).is_err() {
            return Poll::Ready(());
        }
        let mut received = Vec::new();
        while self.closing == Closing::Said {
            // What was sent before the client's goodbye is dropped; after it nothing is waited for.
            ready!(self.poll_receive(cx, &mut received));
            if received.iter().any(Received::is_end) {
                self.closing = Closing::Done;
            }
        }
        // A client that has gone already needs no end.
        let _ = ready!(Pin::new(&mut self.io).poll_shutdown(cx));
        while self.closing == Closing::Drain {
            ready!(self.poll_receive(cx, &mut received));
            received.clear();
        }
        Poll::Ready(())
    }
}

impl<Io> WebSocket<Io> {
    fn say(&mut self, status: Option<CloseCode>, next: Closing) {
        let status = status.map(|status| u16::from(status).to_be_bytes());
        self.writer.push(control(
            0x88,
            status.as_ref().map_or(&[], |status| &status[..]),
        ));
        self.closing = next;
    }
}

/// An unmasked control frame. Its payload has at most 125 bytes.
fn control(first: u8, payload: &[u8]) -> WsFrame {
    let len = u8::try_from(payload.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(2 + payload.len());
    bytes.extend_from_slice(&[first, len]);
    bytes.extend_from_slice(payload.get(..usize::from(len)).unwrap_or_default());
    WsFrame::from(Bytes::from(bytes))
}

impl<Io> fmt::Debug for WebSocket<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::task::Waker;

    use super::*;

    /// Takes nothing, and says nothing.
    struct Stuck;

    impl AsyncRead for Stuck {
        fn poll_read(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            _buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Stuck {
        fn poll_write(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            _buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[test]
    fn a_client_that_pings_and_does_not_read_is_owed_few_pongs() {
        let mut websocket = WebSocket::new(Stuck, Bytes::new(), 1_000);
        let mut cx = Context::from_waker(Waker::noop());
        let mut received = Vec::new();
        for _ in 0..10_000 {
            let mut ping = vec![0x89, 0x81, 0, 0, 0, 0, b'p'];
            websocket.take(&mut ping, &mut Vec::new(), &mut received);
            assert!(websocket.poll_flush(&mut cx, &mut 0).is_pending());
        }
        assert_eq!(websocket.writer.len(), PONGS);
        assert!(websocket.pong.is_some());
    }

    #[test]
    fn the_room_of_a_link_counts_what_small_frames_cost() {
        let mut websocket = WebSocket::new(Stuck, Bytes::new(), 1_000);
        let mut taken = 0;
        while websocket.has_room() {
            websocket.send(Frame::text(engineio_proto::Text::from_static("3")));
            taken += 1;
        }
        assert!(taken < 1_500, "{taken} frames of three bytes");
    }
}
