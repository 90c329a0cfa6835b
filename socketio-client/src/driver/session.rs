//! The sockets of one session: requests of polling, links that are being opened, links.

mod links;
mod polling;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context;

use engineio_proto::client::Request;
use engineio_proto::{Frame, LinkId, Time, Transport, TransportFault};
use http::HeaderMap;

use self::links::{GOODBYE, Link};
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
            if let Some(socket) = link.into_socket() {
                self.goodbyes.push((socket, now + GOODBYE));
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
        self.links.retain(|link| !link.is_gone());
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
}
