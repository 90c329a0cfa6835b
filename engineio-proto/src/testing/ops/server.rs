//! Calls to a server session.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::BytesMut;

use super::{Input, LIMIT, Ledger, assert_later, assert_limited};
use crate::jsonp::JsonpIndex;
use crate::server::{Config, Event, Opening, Session};
use crate::testing::{encoding, jsonp};
use crate::{LinkId, Revision, SendError, Sid, Time, Transport};

const INTERVAL: Duration = Duration::from_millis(2_500);
const TIMEOUT: Duration = Duration::from_millis(2_000);
const MAX_PAYLOAD: usize = 300;

/// Whatever a client does and a driver calls, in whatever order: nothing panics, what was accepted leaves once and in
/// order, nothing arrives that was not sent, limits hold, timers do not spin, a waiting `GET` is answered when the
/// session ends, and a client that falls silent is given up in time.
///
/// Panics if not.
pub fn server_ops(input: &[u8]) {
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
    jsonp: bool,
    links: Vec<(LinkId, Transport)>,
    now: Time,
    ledger: Ledger,
    /// A `GET` was accepted and not answered.
    get: bool,
    body: BytesMut,
}

impl Subject {
    fn new(input: &mut Input<'_>) -> Self {
        let mut config = Config::default();
        config
            .ping_interval(INTERVAL)
            .ping_timeout(TIMEOUT)
            .upgrade_timeout(Duration::from_millis(1_000))
            .max_payload(MAX_PAYLOAD)
            .transports([
                Transport::POLLING,
                Transport::WEBSOCKET,
                Transport::WEBTRANSPORT,
            ])
            .buffer_limit(LIMIT.0, LIMIT.1);
        let revision = input.revision();
        let jsonp = input.flag();
        let sid = Sid::new("s").expect("a valid id");
        let mut opening = Opening::new(sid).revision(revision).base64(input.flag());
        if jsonp {
            opening = opening.jsonp(JsonpIndex::parse("3"));
        }
        let config = Arc::new(config);
        let transport = input.transport();
        let (session, links) = if transport.is_link() {
            let (session, link) = Session::accept_link(config, opening, transport, Time::ZERO);
            (session, alloc::vec![(link, transport)])
        } else {
            (
                Session::accept_polling(config, opening, Time::ZERO),
                Vec::new(),
            )
        };
        Self {
            session,
            revision,
            jsonp,
            links,
            now: Time::ZERO,
            ledger: Ledger::default(),
            get: false,
            body: BytesMut::new(),
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let now = self.now;
        match input.byte() % 24 {
            // A second GET ends the session; not each time, or few would grow old.
            0 | 1 if self.get && !input.byte().is_multiple_of(8) => self.answer(),
            0 | 1 => self.get |= self.session.handle_get(now).is_ok(),
            2 => {
                self.session.handle_get_aborted(now);
                self.get = false;
            }
            3 => drop(self.session.start_post(input.content(), now)),
            4 | 5 => {
                let body = input.body();
                self.ledger.fed += body.len();
                drop(self.session.handle_post(body, now));
            }
            6 => drop(self.session.finish_post()),
            7 => self.session.handle_post_aborted(now),
            8 => self.session.handle_post_too_large(now),
            9 | 10 => {
                let (transport, base64) = (input.transport(), input.flag());
                let opened = self.session.open_link(transport, base64, now);
                self.links.extend(opened.map(|link| (link, transport)));
            }
            11 | 12 => {
                let (link, frame) = (self.link(input), input.frame());
                // What arrives on a link that is tried, or was given up, must not be reported.
                if self.session.transport().is_link() && !self.session.is_link_finished(link) {
                    self.ledger.fed += frame.len();
                }
                self.session.handle_frame(link, frame, now);
            }
            13 => self
                .session
                .handle_decode_error(self.link(input), input.decode_error(), now),
            14 => self.session.handle_link_closed(self.link(input), now),
            15 => self
                .session
                .handle_link_failed(self.link(input), input.fault(), now),
            16 => self.session.handle_activity(now),
            17 => {
                self.now = now + input.duration();
                self.time_out();
            }
            18 => {
                let message = input.message();
                let sent = self.session.send(message.clone());
                self.ledger.on_sent(message, sent);
            }
            19 => {
                let messages = [input.message(), input.message()];
                let sent = self.session.send_all(&messages);
                for message in messages {
                    self.ledger.on_sent(message, sent);
                }
            }
            20 => match input.byte() % 8 {
                0 => self.session.close(now),
                1 => self.session.abort(),
                _ => self.answer(),
            },
            21 => {
                let link = self.link(input);
                self.send_frame(link);
            }
            22 => drop(self.report()),
            _ => self.drain(),
        }
    }

    fn link(&self, input: &mut Input<'_>) -> LinkId {
        let chosen = usize::from(input.byte()) % (self.links.len() + 1);
        // One that never was is as good as one that is over.
        let link = self.links.get(chosen);
        link.map_or(LinkId::new(u32::MAX), |(link, _)| *link)
    }

    fn time_out(&mut self) {
        self.session.handle_timeout(self.now);
        assert_later(self.session.poll_timeout(), self.now);
    }

    fn answer(&mut self) {
        self.body.clear();
        let Some(content) = self.session.poll_payload(&mut self.body) else {
            return;
        };
        assert!(
            core::mem::take(&mut self.get),
            "an answer without a question"
        );
        let mut body = self.body.split().freeze();
        if self.jsonp {
            body = jsonp::unwrap(&body);
        }
        self.ledger
            .on_body(body, encoding(self.revision, content), Some(MAX_PAYLOAD));
    }

    fn send_frame(&mut self, link: LinkId) -> bool {
        let frame = self.session.poll_frame(link);
        let sent = frame.is_some();
        if let Some(frame) = frame {
            self.ledger.on_frame(frame, self.revision);
        }
        sent
    }

    fn report(&mut self) -> bool {
        match self.session.poll_event() {
            Some(Event::Message(message)) => self.ledger.on_message(&message),
            Some(Event::Upgrade(_)) => assert!(!self.ledger.closed),
            Some(Event::Close(_)) => self.ledger.on_close(),
            None => return false,
        }
        true
    }

    fn drain(&mut self) {
        self.answer();
        for (link, _) in self.links.clone() {
            while self.send_frame(link) {}
        }
        while self.report() {}
        self.answer();
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
        let kept = |(link, _): &&(LinkId, Transport)| !self.session.is_link_finished(*link);
        for (link, transport) in self.links.iter().filter(kept) {
            let other = self
                .links
                .iter()
                .filter(kept)
                .find(|(other, _)| other != link);
            assert!(
                other.is_none_or(|(_, other)| other != transport),
                "two links of {transport} are kept"
            );
        }
        if ended {
            self.drain();
            assert_eq!(messages, 0, "messages are owed after the end");
            assert!(!self.get, "a GET is left waiting after the end");
            assert!(self.ledger.closed, "the end is reported");
            assert!(
                self.links
                    .iter()
                    .all(|(link, _)| self.session.is_link_finished(*link))
            );
            assert_eq!(
                self.session.send(crate::Message::text("late")),
                Err(SendError::Closed)
            );
        }
    }

    /// The client is gone. The session must notice, and not be busy until then.
    fn fall_silent(&mut self) {
        let deadline = self.now + INTERVAL + TIMEOUT;
        for _ in 0..STEPS {
            self.drain();
            self.check();
            let Some(next) = self.session.poll_timeout() else {
                assert!(
                    self.now <= deadline,
                    "a client that was silent since {deadline:?} was kept"
                );
                return;
            };
            self.now = self.now.max(next);
            self.time_out();
        }
        panic!("more than {STEPS} deadlines until a silent client was given up");
    }
}

/// Deadlines until a silent client is given up: interval, timeout, and one for each link that is tried.
const STEPS: usize = 100;
