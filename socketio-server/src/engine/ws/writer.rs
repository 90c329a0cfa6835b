//! Writing WebSocket frames that are ready to be written.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use engineio_proto::WsFrame;
use tokio::io::AsyncWrite;

/// Frames on their way out. Payloads are shared with the messages they came from, and written from where they are.
#[derive(Debug, Default)]
pub(super) struct Writer {
    queue: VecDeque<WsFrame>,
    /// Bytes of the first frame that are written already.
    written: usize,
    /// What is not written yet: bytes of all frames, and what each costs besides.
    owed: usize,
}

/// Frames that go out in one system call. Linux takes 1,024 parts at a time; more than this gains nothing measurable.
const PARTS: usize = 64;

/// Frames of at most this many bytes are copied together, and with the headers that stand apart: less work than a part each, for us
/// and for the kernel.
const SHORT: usize = 512;

/// Where they are copied to: one buffer per thread.
const GATHER: usize = 16 * 1024;

thread_local! {
    static GATHERED: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(GATHER));
    /// A queue that is empty, for whoever writes next. Nearly always everything is written in the turn in which it was
    /// taken, so that one queue serves all connections of a thread, and an idle one has none.
    static SPARE: Cell<VecDeque<WsFrame>> = const { Cell::new(VecDeque::new()) };
}

/// Frames for which the spare queue may have room. What a burst took beyond that is given back.
const SPARE_FRAMES: usize = 128;

/// What may be taken from the session before it is written. What is not taken may still leave by a better transport, and
/// counts against the budget of the session.
const ROOM: usize = 64 * 1024;

/// What a frame costs besides its bytes, which in a frame of three bytes is nearly all.
const OVERHEAD: usize = size_of::<WsFrame>();

impl Writer {
    pub(super) fn has_room(&self) -> bool {
        self.owed < ROOM
    }

    /// How many frames wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn push(&mut self, frame: WsFrame) {
        self.owed += frame.len() + OVERHEAD;
        if self.queue.capacity() == 0 {
            self.queue = SPARE.take();
        }
        self.queue.push_back(frame);
    }

    /// Writes until everything is written or the other side takes no more. The number of bytes that left is added to `progress`.
    pub(super) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        mut io: Pin<&mut impl AsyncWrite>,
        progress: &mut usize,
    ) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let n = ready!(self.poll_write(cx, io.as_mut()))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress += n;
            self.advance(n);
        }
        if self.queue.capacity() > 0 {
            let queue = std::mem::take(&mut self.queue);
            if queue.capacity() <= SPARE_FRAMES {
                SPARE.set(queue);
            }
        }
        io.poll_flush(cx)
    }

    fn poll_write(
        &self,
        cx: &mut Context<'_>,
        io: Pin<&mut impl AsyncWrite>,
    ) -> Poll<io::Result<usize>> {
        let short = |frame: &&WsFrame| frame.len() <= SHORT;
        // Several frames, or one of two parts.
        let parts = |frame: &WsFrame| 1 + usize::from(!frame.header().is_empty());
        let gathered = self.queue.iter().take(2).take_while(short);
        if gathered.map(parts).sum::<usize>() >= 2 {
            return GATHERED.with_borrow_mut(|buffer| {
                buffer.clear();
                for frame in self.queue.iter().take_while(short) {
                    if buffer.len() + SHORT > buffer.capacity() {
                        break;
                    }
                    // Messages that were built here have their header in the body.
                    let header = frame.header();
                    if !header.is_empty() {
                        buffer.extend_from_slice(header);
                    }
                    buffer.extend_from_slice(frame.body());
                }
                let buffer = buffer.get(self.written..).unwrap_or_default();
                io.poll_write(cx, buffer)
            });
        }
        // One frame, which has its header in the body, is what most writes are.
        if self.queue.len() == 1
            && let Some(frame) = self.queue.front()
            && frame.header().is_empty()
        {
            return io.poll_write(cx, frame.body().get(self.written..).unwrap_or_default());
        }
        let mut parts = [IoSlice::new(&[]); PARTS];
        let mut used = 0;
        let mut skip = self.written;
        for frame in &self.queue {
            for part in [frame.header(), frame.body()] {
                let rest = part.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(part.len());
                if let Some(slot) = parts.get_mut(used)
                    && !rest.is_empty()
                {
                    *slot = IoSlice::new(rest);
                    used += 1;
                }
            }
            if used + 2 > PARTS {
                break;
            }
        }
        match parts.get(..used) {
            Some([part]) => io.poll_write(cx, part),
            Some(parts) => io.poll_write_vectored(cx, parts),
            None => Poll::Ready(Ok(0)),
        }
    }

    fn advance(&mut self, n: usize) {
        self.owed = self.owed.saturating_sub(n);
        self.written += n;
        while let Some(front) = self.queue.front()
            && self.written >= front.len()
        {
            self.written -= front.len();
            self.queue.pop_front();
            self.owed = self.owed.saturating_sub(OVERHEAD);
        }
    }
}
