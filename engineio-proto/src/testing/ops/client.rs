//! Calls to a client session.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Input, LIMIT, Ledger, assert_later, assert_limited};
use crate::client::{Config, Event, Request, Session};
use crate::testing::encoding;
use crate::{ContentType, LinkId, Revision, SendError, Time, TransportFault};

/// Whatever a server does and a driver calls, in whatever order: nothing panics, what was accepted leaves once and in
/// order, nothing arrives that was not sent, limits hold, timers do not spin, at most one request of a kind is under
/// way, and a server that falls silent is given up in time.
///
/// Panics if not.
pub fn client_ops(input: &[u8]) {
    let mut input = Input(input);
    let mut subject = Subject::new(&mut input);
    while !input.is_empty() {
        let owed = subject.owed();
        subject.act(&mut input);
        assert_limited(owed, subject.owed());
        subject.check();
    }
    subject.fall_silent();
}

struct Subject {
    session: Session,
    revision: Revision,
    links: Vec<LinkId>,
    now: Time,
    ledger: Ledger,
    get: bool,
    post: bool,
    patience: Duration,
}

impl Subject {
    fn new(input: &mut Input<'_>) -> Self {
        let mut config = Config::default();
        let revision = input.revision();
        let transports = [input.transport(), input.transport(), input.transport()];
        config
            .revision(revision)
            .transports(transports)
            .base64(input.flag())
            .upgrade_timeout(Duration::from_millis(1_000))
            .close_timeout(Duration::from_millis(1_000))
            .max_payload(2_000)
            .buffer_limit(LIMIT.0, LIMIT.1);
        Self {
            session: Session::new(Arc::new(config), Time::ZERO),
            revision,
            links: Vec::new(),
            now: Time::ZERO,
            ledger: Ledger::default(),
            get: false,
            post: false,
            // To connect, until a server says of another time.
            patience: Duration::from_secs(20),
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let now = self.now;
        match input.byte() % 20 {
            0..=2 => {
                let status = input.of(&[200, 200, 200, 200, 400, 0]);
                let (content, body) = (input.content(), input.body());
                self.ledger.fed += body.len();
                self.get = false;
                self.session.handle_get_response(status, content, body, now);
            }
            3 | 4 => {
                self.post = false;
                self.session
                    .handle_post_response(input.of(&[200, 200, 413]), now);
            }
            5 => {
                (self.get, self.post) = (false, false);
                self.session.handle_request_failed(TransportFault::Request);
            }
            6 | 7 => self.session.handle_link_open(self.link(input), now),
            8 | 9 => {
                let (link, frame) = (self.link(input), input.frame());
                // What arrives on a link that is tried, or was given up, must not be reported.
                if self.session.transport().is_link() && !self.session.is_link_finished(link) {
                    self.ledger.fed += frame.len();
                }
                self.session.handle_frame(link, frame, now);
            }
            10 => self
                .session
                .handle_decode_error(self.link(input), input.decode_error(), now),
            11 => self.session.handle_link_closed(self.link(input), now),
            12 => self
                .session
                .handle_link_failed(self.link(input), input.fault(), now),
            13 => self.session.handle_activity(now),
            14 => {
                self.now = now + input.duration();
                self.time_out();
            }
            15 => {
                let message = input.message();
                let sent = self.session.send(message.clone());
                self.ledger.on_sent(message, sent);
            }
            16 => match input.byte() % 8 {
                0 => self.session.close(now),
                1 => self.session.abort(),
                _ => drop(self.request()),
            },
            17 => self.connect(),
            18 => {
                let link = self.link(input);
                self.send_frame(link);
            }
            _ => self.drain(),
        }
    }

    fn link(&self, input: &mut Input<'_>) -> LinkId {
        let chosen = usize::from(input.byte()) % (self.links.len() + 1);
        // One that never was is as good as one that is over.
        self.links
            .get(chosen)
            .copied()
            .unwrap_or(LinkId::new(u32::MAX))
    }

    fn time_out(&mut self) {
        self.session.handle_timeout(self.now);
        assert_later(self.session.poll_timeout(), self.now);
    }

    fn request(&mut self) -> bool {
        match self.session.poll_request() {
            Some(Request::Get) => {
                assert!(
                    !core::mem::replace(&mut self.get, true),
                    "two GETs at a time"
                );
            }
            Some(Request::Post(body)) => {
                assert!(
                    !core::mem::replace(&mut self.post, true),
                    "two POSTs at a time"
                );
                let max = self.session.peer_max_payload();
                self.ledger
                    .on_body(body, encoding(self.revision, ContentType::Text), max);
            }
            None => return false,
        }
        true
    }

    fn connect(&mut self) {
        while let Some(connect) = self.session.poll_connect() {
            assert!(!self.links.contains(&connect.link), "a link is opened once");
            assert!(connect.transport.is_link());
            self.links.push(connect.link);
        }
    }

    fn send_frame(&mut self, link: LinkId) -> bool {
        let frame = self.session.poll_frame(link);
        let sent = frame.is_some();
        if let Some(frame) = frame {
            // On a stream of WebTransport a client says which session it is for, each time.
            self.ledger.opened = false;
            self.ledger.on_frame(frame, self.revision);
        }
        sent
    }

    fn report(&mut self) -> bool {
        match self.session.poll_event() {
            Some(Event::Open(open)) => {
                assert!(!self.ledger.closed);
                // As much as a hostile server asks for, and what the session keeps at least, or takes to close.
                self.patience = open.ping_interval + open.ping_timeout + Duration::from_secs(1);
            }
            Some(Event::Message(message)) => self.ledger.on_message(&message),
            Some(Event::Upgrade(_) | Event::UpgradeFailed(_)) => assert!(!self.ledger.closed),
            Some(Event::Close(_)) => self.ledger.on_close(),
            None => return false,
        }
        true
    }

    fn drain(&mut self) {
        while self.request() {}
        self.connect();
        for link in self.links.clone() {
            while self.send_frame(link) {}
        }
        while self.report() {}
    }

    fn owed(&self) -> (usize, usize) {
        (
            self.session.buffered_bytes(),
            self.session.buffered_messages(),
        )
    }

    fn check(&mut self) {
        let ended = self.session.close_reason().is_some();
        assert_eq!(self.session.poll_timeout().is_none(), ended);
        let (bytes, messages) = self.owed();
        assert!(
            messages > 0 || bytes == 0,
            "{bytes} bytes are owed in no message"
        );
        if ended {
            self.drain();
            assert_eq!(messages, 0, "messages are owed after the end");
            assert!(self.ledger.closed, "the end is reported");
            assert!(
                self.links
                    .iter()
                    .all(|link| self.session.is_link_finished(*link))
            );
            assert_eq!(
                self.session.send(crate::Message::text("late")),
                Err(SendError::Closed)
            );
            assert_eq!(self.session.poll_request(), None);
            assert_eq!(self.session.poll_connect(), None);
        }
    }

    /// The server is gone. The session must notice, and not be busy until then.
    fn fall_silent(&mut self) {
        self.drain();
        let deadline = self.now + self.patience;
        for _ in 0..STEPS {
            self.drain();
            self.check();
            let Some(next) = self.session.poll_timeout() else {
                assert!(
                    self.now <= deadline,
                    "a server that was silent until {deadline:?} was kept"
                );
                return;
            };
            self.now = self.now.max(next);
            self.time_out();
        }
        panic!("more than {STEPS} deadlines until a silent server was given up");
    }
}

/// Deadlines until a silent server is given up: interval, timeout, and one for each link that is tried.
const STEPS: usize = 100;
