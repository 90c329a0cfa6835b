//! The sockets of one session: requests of polling, links that are being opened, links.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::client::Request;
use engineio_proto::{Frame, LinkId, Time, Transport, TransportFault};
use http::HeaderMap;

use crate::manager::{Manager, SOFT_BACKLOG};
use crate::net::http::Answer;
use crate::net::websocket::{Received, WebSocket};
use crate::url::push_query;
use crate::{Cause, random};

/// What a session has open.
pub(super) struct Live {
    manager: Arc<Manager>,
    pub(super) headers: Arc<HeaderMap>,
    get: Option<Asked<Answer>>,
    post: Option<Asked<Answer>>,
    dials: Vec<(LinkId, Asked<WebSocket>)>,
    links: Vec<Link>,
    goodbyes: Vec<(WebSocket, Time)>,
    received: Vec<Received>,
    frames: Vec<Frame>,
    /// The server opened the session.
    pub(super) opened: bool,
    pub(super) transport: Option<Transport>,
    /// What went wrong, in more words than the machine has.
    pub(super) cause: Option<Cause>,
    throttled: bool,
    /// The session is being left, and closed at the latest then.
    pub(super) leave_by: Option<Time>,
}

type Asked<T> = Pin<Box<dyn Future<Output = Result<T, Cause>> + Send>>;

struct Link {
    id: LinkId,
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
const GOODBYE: Duration = Duration::from_secs(3);

impl Live {
    pub(super) fn new(manager: Arc<Manager>) -> Self {
        Self {
            manager,
            headers: Arc::default(),
            get: None,
            post: None,
            dials: Vec::new(),
            links: Vec::new(),
            goodbyes: Vec::new(),
            received: Vec::new(),
            frames: Vec::new(),
            opened: false,
            transport: None,
            cause: None,
            throttled: false,
            leave_by: None,
        }
    }

    /// Before a session begins.
    pub(super) fn reset(&mut self, transport: Option<Transport>) {
        self.opened = false;
        self.cause = None;
        self.transport = transport;
    }

    /// After a session has ended: what is under way is given up, and links say goodbye.
    pub(super) fn end(&mut self, now: Time) {
        self.get = None;
        self.post = None;
        self.dials.clear();
        for link in self.links.drain(..) {
            if link.phase != Phase::Gone {
                self.goodbyes.push((link.socket, now + GOODBYE));
            }
        }
        self.received = Vec::new();
        self.frames = Vec::new();
        self.leave_by = None;
    }

    /// Whether what was sent last is on its way.
    pub(super) fn is_posting(&self) -> bool {
        self.post.is_some()
    }

    /// Whether nothing is open any more.
    pub(super) fn is_silent(&self) -> bool {
        self.links.is_empty() && self.goodbyes.is_empty()
    }

    pub(super) fn goodbye_by(&self) -> Option<Time> {
        self.goodbyes.iter().map(|(_, by)| *by).min()
    }

    pub(super) fn is_throttled(&self) -> bool {
        self.throttled
    }

    /// Whether anything changed.
    pub(super) fn say_goodbyes(&mut self, cx: &mut Context<'_>) -> bool {
        if self.goodbyes.is_empty() {
            return false;
        }
        let now = self.manager.clock.now();
        let before = self.goodbyes.len();
        self.goodbyes
            .retain_mut(|(socket, by)| *by > now && socket.poll_close(cx).is_pending());
        self.goodbyes.len() != before
    }

    /// Ends the session as if the network had: what waits to be sent waits for the next one.
    pub(super) fn lose(&mut self, cause: Cause) {
        let now = self.manager.clock.now();
        let mut state = self.manager.lock();
        let connection = state.driven();
        let dials = self.dials.iter().map(|(id, _)| *id);
        for id in self.links.iter().map(|link| link.id).chain(dials) {
            connection.handle_link_failed(id, TransportFault::Link, now);
        }
        // On polling a request is always under way, or can be.
        let _ = connection.poll_request();
        connection.handle_request_failed(TransportFault::Request);
        drop(state);
        self.cause = Some(cause);
    }

    /// Sockets into the machine, and the machine into sockets. Whether anything changed.
    pub(super) fn run(&mut self, cx: &mut Context<'_>, received_bytes: &mut usize) -> bool {
        let mut progress = self.requests(cx, received_bytes);
        progress |= self.opening(cx);
        progress |= self.receive(cx, received_bytes);
        progress |= self.start();
        progress |= self.send(cx);
        self.links.retain(|link| link.phase != Phase::Gone);
        progress
    }

    /// Whether the application has too much to do to be given more.
    fn throttle(&mut self) -> bool {
        let manager = &self.manager;
        let is_full = manager.backlog.load(Ordering::Acquire) >= SOFT_BACKLOG;
        self.throttled = is_full && manager.lock().acks.is_empty();
        if self.throttled {
            manager.throttled.store(true, Ordering::Release);
            // It may have been taken just before that was said.
            if manager.backlog.load(Ordering::Acquire) < SOFT_BACKLOG {
                self.throttled = false;
            }
        }
        self.throttled
    }

    fn requests(&mut self, cx: &mut Context<'_>, received_bytes: &mut usize) -> bool {
        let mut progress = false;
        if self.get.is_some()
            && !self.throttle()
            && let Some(get) = &mut self.get
            && let Poll::Ready(answer) = get.as_mut().poll(cx)
        {
            progress = true;
            self.get = None;
            let now = self.manager.clock.now();
            let mut state = self.manager.lock();
            match answer {
                Ok(answer) => {
                    self.cause = self.cause.take().or_else(|| answer.cause());
                    *received_bytes += answer.body.len();
                    state.driven().handle_get_response(
                        answer.status,
                        answer.content,
                        answer.body,
                        now,
                    );
                }
                Err(cause) => {
                    state.driven().handle_request_failed(cause.fault());
                    self.cause.get_or_insert(cause);
                }
            }
        }
        if let Some(post) = &mut self.post
            && let Poll::Ready(answer) = post.as_mut().poll(cx)
        {
            progress = true;
            self.post = None;
            let now = self.manager.clock.now();
            let mut state = self.manager.lock();
            match answer {
                Ok(answer) => {
                    self.cause = self.cause.take().or_else(|| answer.cause());
                    state.driven().handle_post_response(answer.status, now);
                }
                Err(cause) => {
                    state.driven().handle_request_failed(cause.fault());
                    self.cause.get_or_insert(cause);
                }
            }
        }
        progress
    }

    fn opening(&mut self, cx: &mut Context<'_>) -> bool {
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

    fn receive(&mut self, cx: &mut Context<'_>, received_bytes: &mut usize) -> bool {
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

    /// Requests and links that the machine wants.
    fn start(&mut self) -> bool {
        let mut progress = false;
        loop {
            let mut state = self.manager.lock();
            let connection = state.driven();
            if let Some(request) = connection.poll_request() {
                let query = connection.query(Transport::POLLING);
                drop(state);
                match request {
                    Request::Get => self.get = Some(self.request(&query, None)),
                    Request::Post(body) => self.post = Some(self.request(&query, Some(body))),
                }
            } else if let Some(connect) = connection.poll_connect() {
                let query = connection.query(connect.transport);
                drop(state);
                self.dials.push((connect.link, self.dial(&query)));
            } else {
                return progress;
            }
            progress = true;
        }
    }

    fn request(&self, query: &str, body: Option<Bytes>) -> Asked<Answer> {
        let query = self.query(query, true);
        let http = Arc::clone(&self.manager.http);
        let headers = Arc::clone(&self.headers);
        let manager = Arc::clone(&self.manager);
        let is_poll = body.is_none();
        Box::pin(async move {
            let heard = || {
                // The answer of a post says nothing about a poll that hangs.
                if is_poll {
                    let now = manager.clock.now();
                    manager.lock().driven().handle_activity(now);
                }
            };
            http.request(&query, &headers, body, heard).await
        })
    }

    fn dial(&self, query: &str) -> Asked<WebSocket> {
        let query = self.query(query, self.manager.options.timestamp_always);
        let http = Arc::clone(&self.manager.http);
        let headers = Arc::clone(&self.headers);
        Box::pin(async move {
            let (stream, early) = http.websocket(&query, &headers).await?;
            Ok(WebSocket::new(stream, early, http.max_body))
        })
    }

    /// What the application wants to say goes first, as in JavaScript.
    fn query(&self, own: &str, stamped: bool) -> String {
        let mut query = self.manager.options.query.clone();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(own);
        if stamped {
            push_query(&mut query, "t", &random::stamp());
        }
        query
    }

    /// The machine into links. Frames are taken with the lock, and written without it.
    fn send(&mut self, cx: &mut Context<'_>) -> bool {
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
