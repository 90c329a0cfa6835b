//! Links: those that are being opened, and those that are open.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio_proto::{LinkId, Transport, TransportFault};

use super::{Asked, Live};
use crate::Cause;
use crate::net::websocket::{Received, WebSocket};

pub(super) struct Link {
    pub(super) id: LinkId,
    socket: WebSocket,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing more is received; what was taken is still sent.
    Received,
    /// Everything that the session has for it was taken, and there will be no more.
    Finished,
    Gone,
}

/// Frames that are taken at a time. The lock is held so long, and no longer.
const FRAMES: usize = 64;

/// How long a WebSocket may take to say goodbye.
pub(super) const GOODBYE: Duration = Duration::from_secs(3);

impl Link {
    /// What is to say goodbye, if it can.
    pub(super) fn into_socket(self) -> Option<WebSocket> {
        (self.phase != Phase::Gone).then_some(self.socket)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }
}

impl Live {
    /// Those that have come to an end of their handshake. Whether there were any.
    pub(super) fn opening(&mut self, cx: &mut Context<'_>) -> bool {
        let mut ended = Vec::new();
        self.dials
            .retain_mut(|(id, dial)| match dial.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(result) => {
                    ended.push((*id, result));
                    false
                }
            });
        if ended.is_empty() {
            return false;
        }
        let now = self.manager.clock.now();
        for (id, result) in ended {
            let mut state = self.manager.lock();
            match result {
                Ok(socket) => {
                    state.driven().handle_link_open(id, now);
                    drop(state);
                    let phase = Phase::Open;
                    self.links.push(Link { id, socket, phase });
                }
                Err(cause) => {
                    tracing::debug!(%cause, "no WebSocket");
                    state.driven().handle_link_failed(id, cause.fault(), now);
                    // An upgrade that fails says nothing about a session that goes on.
                    if !self.opened {
                        self.cause.get_or_insert(cause);
                    }
                }
            }
        }
        true
    }

    pub(super) fn receive(&mut self, cx: &mut Context<'_>, received_bytes: &mut usize) -> bool {
        let mut progress = false;
        if self.links.is_empty() || self.throttle() {
            return false;
        }
        for link in &mut self.links {
            if link.phase != Phase::Open
                || link
                    .socket
                    .poll_receive(cx, &mut self.received)
                    .is_pending()
            {
                continue;
            }
            progress = true;
            let now = self.manager.clock.now();
            let mut state = self.manager.lock();
            let connection = state.driven();
            // How a link fares that is only tried says nothing about a session that goes on without it.
            let mut tried = None;
            let cause = match connection.session().transport() {
                Transport::POLLING => &mut tried,
                _ => &mut self.cause,
            };
            for received in self.received.drain(..) {
                if received.is_end() {
                    link.phase = Phase::Received;
                }
                match received {
                    Received::Frame(frame) => {
                        *received_bytes += frame.len();
                        connection.handle_frame(link.id, frame, now);
                    }
                    Received::Activity => connection.handle_activity(now),
                    Received::Closed(status) => {
                        cause.get_or_insert(status.map_or(Cause::Closed, Cause::ClosedWith));
                        connection.handle_link_closed(link.id, now);
                    }
                    Received::Failed(failure) => {
                        cause.get_or_insert(failure);
                        connection.handle_link_failed(link.id, TransportFault::Link, now);
                    }
                    Received::Invalid(error) => {
                        cause.get_or_insert(match error {
                            engineio_proto::DecodeError::TooLarge => Cause::TooLarge,
                            error => Cause::Engine(error),
                        });
                        connection.handle_decode_error(link.id, error, now);
                    }
                }
            }
        }
        progress
    }

    pub(super) fn dial(&self, query: &str) -> Asked<WebSocket> {
        let query = self.query(query, self.manager.options.timestamp_always);
        let http = Arc::clone(&self.manager.http);
        let headers = Arc::clone(&self.headers);
        Box::pin(async move {
            let (stream, early) = http.websocket(&query, &headers).await?;
            Ok(WebSocket::new(stream, early, http.max_body))
        })
    }

    /// The machine into links. Frames are taken with the lock, and written without it.
    pub(super) fn send(&mut self, cx: &mut Context<'_>) -> bool {
        let mut changed = false;
        for link in &mut self.links {
            if matches!(link.phase, Phase::Gone | Phase::Finished) {
                continue;
            }
            let mut more = true;
            let mut finished = false;
            let flushed = loop {
                if more && link.socket.has_room() {
                    let mut state = self.manager.lock();
                    let connection = state.driven();
                    while self.frames.len() < FRAMES
                        && let Some(frame) = connection.poll_frame(link.id)
                    {
                        self.frames.push(frame);
                    }
                    more = self.frames.len() == FRAMES;
                    finished = !more && connection.is_link_finished(link.id);
                    drop(state);
                    for frame in self.frames.drain(..) {
                        link.socket.send(&frame);
                    }
                }
                match link.socket.poll_flush(cx) {
                    Poll::Ready(Ok(())) if more => {}
                    flushed => break flushed,
                }
            };
            match flushed {
                Poll::Ready(Err(cause)) => {
                    link.phase = Phase::Gone;
                    let now = self.manager.clock.now();
                    let mut state = self.manager.lock();
                    if state.driven().session().transport() != Transport::POLLING {
                        self.cause.get_or_insert(cause);
                    }
                    state
                        .driven()
                        .handle_link_failed(link.id, TransportFault::Link, now);
                    changed = true;
                }
                Poll::Ready(Ok(())) if finished => {
                    // A candidate that was given up, or the link of a session that has ended.
                    link.phase = Phase::Finished;
                    changed = true;
                }
                _ => {}
            }
        }
        let mut at = 0;
        while let Some(link) = self.links.get(at) {
            if link.phase == Phase::Finished {
                let link = self.links.swap_remove(at);
                let by = self.manager.clock.now() + GOODBYE;
                self.goodbyes.push((link.socket, by));
            } else {
                at += 1;
            }
        }
        changed
    }
}
