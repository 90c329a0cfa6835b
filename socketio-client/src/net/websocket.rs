//! The client's end of a WebSocket, after the handshake.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use engineio_proto::{DecodeError, Frame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::frame::coding::CloseCode;

use super::Stream;
use super::reader::{Item, Reader};
use crate::{Cause, random};

/// A WebSocket. An idle one holds no buffers.
pub(crate) struct WebSocket {
    io: Stream,
    reader: Reader,
    items: Vec<Item>,
    /// Bytes that came with the handshake.
    early: Bytes,
    /// Masked frames that have not left.
    out: Vec<u8>,
    written: usize,
    masks: Masks,
    /// The answer to the last ping; an older one that has not left is replaced, as RFC 6455, 5.5.3 allows.
    pong: Option<Bytes>,
    closing: Closing,
}

/// What a WebSocket has received.
#[derive(Debug)]
pub(crate) enum Received {
    Frame(Frame),
    /// Bytes that are no whole frame yet, or a ping. They count as life.
    Activity,
    /// The server closed, and perhaps said why.
    Closed(Option<u16>),
    Failed(Cause),
    Invalid(DecodeError),
}

impl Received {
    pub(crate) fn is_end(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::Failed(_) | Self::Invalid(_))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    /// The server broke the rules; this is the status to close with.
    With(u16),
    /// The server closed first; its status is echoed.
    Echo(Option<u16>),
    /// The close frame is on its way, and the server's is awaited.
    Said,
    /// Nothing more is to be said, or can be.
    Done,
}

/// As large as a read of a socket may be. One per thread, borrowed while there is something to read.
const READ_BUFFER: usize = 64 * 1024;
/// What may be taken from the session before it is written. What is not taken may still leave by another connection.
const ROOM: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER]);
}

impl WebSocket {
    pub(crate) fn new(io: Stream, early: Bytes, max_message: usize) -> Self {
        Self {
            io,
            reader: Reader::new(max_message),
            items: Vec::new(),
            early,
            out: Vec::new(),
            written: 0,
            masks: Masks::default(),
            pong: None,
            closing: Closing::No,
        }
    }

    /// Appends what has been received. `Ready` if something was; after an end it is not called again.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        received: &mut Vec<Received>,
    ) -> Poll<()> {
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            self.take(&early, received);
            return Poll::Ready(());
        }
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(buffer);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut read)) {
                Err(error) => {
                    self.closing = Closing::Done;
                    received.push(Received::Failed(Cause::Tcp(error.into())));
                }
                Ok(()) if read.filled().is_empty() => {
                    self.closing = Closing::Done;
                    received.push(Received::Closed(None));
                }
                Ok(()) => self.take(read.filled(), received),
            }
            Poll::Ready(())
        })
    }

    fn take(&mut self, bytes: &[u8], received: &mut Vec<Received>) {
        self.reader.read(bytes, &mut self.items);
        if self.items.is_empty() {
            received.push(Received::Activity);
        }
        for item in self.items.drain(..) {
            received.push(match item {
                Item::Message(frame) => Received::Frame(frame),
                Item::Ping(payload) => {
                    self.pong = Some(payload);
                    Received::Activity
                }
                Item::Close(status) => {
                    if self.closing == Closing::No {
                        self.closing = Closing::Echo(status);
                    }
                    Received::Closed(status)
                }
                Item::Violation(status, error) => {
                    self.closing = Closing::With(status.into());
                    match (status, error) {
                        (_, Some(error)) => Received::Invalid(error),
                        _ => Received::Failed(Cause::WebSocket("a frame breaks the rules")),
                    }
                }
            });
        }
        if self.items.capacity() > 64 {
            self.items = Vec::new();
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.out.len() - self.written < ROOM
    }

    /// Takes a frame to be sent.
    pub(crate) fn send(&mut self, frame: &Frame) {
        let opcode = if frame.is_text() { 0x81 } else { 0x82 };
        self.push(opcode, &[frame.prefix(), frame.body()]);
    }

    /// Appends a frame, masked: a client must (RFC 6455, 5.1).
    fn push(&mut self, first: u8, parts: &[&[u8]]) {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        self.out.reserve(14 + len);
        self.out.push(first);
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(len @ 0..126), _) => self.out.push(0x80 | len),
            (_, Ok(len)) => {
                self.out.push(0x80 | 126);
                self.out.extend_from_slice(&len.to_be_bytes());
            }
            _ => {
                self.out.push(0x80 | 127);
                self.out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        let mask = self.masks.next();
        self.out.extend_from_slice(&mask);
        let start = self.out.len();
        for part in parts {
            self.out.extend_from_slice(part);
        }
        apply_mask(self.out.get_mut(start..).unwrap_or_default(), mask);
    }

    /// Sends what was taken.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        if let Some(payload) = self.pong.take() {
            self.push(0x8a, &[&payload]);
        }
        let failed = |error: io::Error| Poll::Ready(Err(Cause::Tcp(error.into())));
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while let Some(rest) = self.out.get(self.written..)
            && !rest.is_empty()
        {
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest)) {
                Ok(0) => return failed(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.written += n,
                Err(error) => return failed(error),
            }
        }
        self.written = 0;
        self.out.clear();
        // Between two bursts a connection holds no more than a small buffer.
        self.out.shrink_to(4_096);
        match ready!(Pin::new(&mut self.io).poll_flush(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => failed(error),
        }
    }

    /// Says goodbye and waits for the answer. To be dropped when it is ready, or after a few seconds.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.closing {
            Closing::No => self.say(None, Closing::Said),
            Closing::With(status) => self.say(Some(status), Closing::Said),
            Closing::Echo(status) => self.say(status, Closing::Done),
            Closing::Said | Closing::Done => {}
        }
        if ready!(self.poll_flush(cx)).is_err() {
            return Poll::Ready(());
        }
        let mut received = Vec::new();
        while self.closing == Closing::Said {
            ready!(self.poll_receive(cx, &mut received));
            if received.drain(..).any(|received| received.is_end()) {
                self.closing = Closing::Done;
            }
        }
        // A server that has gone already needs no end.
        let _ = ready!(Pin::new(&mut self.io).poll_shutdown(cx));
        Poll::Ready(())
    }

    fn say(&mut self, status: Option<u16>, next: Closing) {
        // What may not be sent is not echoed.
        let status = status.filter(|status| CloseCode::from(*status).is_allowed());
        match status {
            Some(status) => self.push(0x88, &[&status.to_be_bytes()]),
            None => self.push(0x88, &[]),
        }
        self.closing = next;
    }
}

fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes(std::array::from_fn(|at| {
        mask.get(at & 3).copied().unwrap_or(0)
    }));
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        if let Ok(word) = <[u8; 8]>::try_from(&*chunk) {
            chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
        }
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Masks that nobody can guess, drawn some dozens at a time: asking the system costs more than sending a frame.
struct Masks {
    drawn: [u8; 256],
    used: usize,
}

impl Default for Masks {
    fn default() -> Self {
        let drawn = [0; 256];
        let used = drawn.len();
        Self { drawn, used }
    }
}

impl Masks {
    fn next(&mut self) -> [u8; 4] {
        if self.used >= self.drawn.len() {
            random::fill(&mut self.drawn);
            self.used = 0;
        }
        let rest = self.drawn.get(self.used..).unwrap_or_default();
        self.used += 4;
        rest.first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_applied_twice_is_none() {
        for len in 0..40u8 {
            let plain: Vec<u8> = (0..len).collect();
            let mut masked = plain.clone();
            let mask = [1, 2, 4, 8];
            apply_mask(&mut masked, mask);
            let slow: Vec<u8> = plain
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask)
                .collect();
            assert_eq!(masked, slow, "{len}");
        }
    }

    #[test]
    fn masks_differ() {
        let mut masks = Masks::default();
        let some: std::collections::HashSet<_> = (0..100).map(|_| masks.next()).collect();
        assert!(some.len() > 95);
    }
}
