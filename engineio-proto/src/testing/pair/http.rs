//! Polling between the two ends: the part of a browser and of an HTTP server.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{Pair, Parcel};
use crate::query::Query;
use crate::reject::Reject;
use crate::server::Opening;
use crate::testing::jsonp;
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::network::Lane;
use crate::testing::plan::Side;
use crate::{ContentType, Transport, TransportFault, client, server};

/// The requests of one method. There is at most one at a time; those before it may have been given up by one end only.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    made: u64,
    /// The one that the client waits for.
    pub(super) asked: Option<u64>,
    /// The one that the server has not answered.
    pub(super) taken: Option<u64>,
    /// Those whose connection broke.
    broken: Vec<u64>,
    /// The body of the one that the server has taken is complete, and its events are being fetched.
    finishing: bool,
}

impl Exchange {
    fn start(&mut self) -> u64 {
        self.made += 1;
        self.asked = Some(self.made);
        self.made
    }

    /// The request that is under way breaks. `None` if there is none, or it broke before.
    pub(super) fn break_off(&mut self) -> Option<u64> {
        let id = self.asked.filter(|id| !self.broken.contains(id))?;
        self.broken.push(id);
        Some(id)
    }
}

/// What a request consists of. A `POST` arrives in parts, as it does with a slow client.
#[derive(Debug)]
pub(super) enum Request {
    Get { id: u64, query: String },
    Head { id: u64, content: ContentType },
    Part { id: u64 },
    Body { id: u64, body: Bytes },
    Broken { id: u64, lane: Lane },
}

/// How a request ends for the client.
#[derive(Debug)]
pub(super) enum Answer {
    Given {
        id: u64,
        status: u16,
        content: ContentType,
        body: Bytes,
    },
    Broken {
        id: u64,
    },
}

impl Request {
    pub(super) fn id(&self) -> u64 {
        match self {
            Self::Get { id, .. }
            | Self::Head { id, .. }
            | Self::Part { id }
            | Self::Body { id, .. }
            | Self::Broken { id, .. } => *id,
        }
    }
}

impl Answer {
    pub(super) fn id(&self) -> u64 {
        match self {
            Self::Given { id, .. } | Self::Broken { id } => *id,
        }
    }
}

// The client's requests, and how they end for it.
impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// Makes the requests that the client wants made.
    pub(super) fn pump_requests(&mut self) -> bool {
        let mut progress = false;
        while let Some(request) = self.client.poll_request() {
            progress = true;
            self.note(|| alloc::format!("client asks {request:?}"));
            assert!(
                !self.is_pausing() || !self.client.session().is_open(),
                "no request leaves the client between the answer to its probe and its decision"
            );
            assert!(
                !self.links.iter().any(|link| link.chosen),
                "no request leaves the client after it went over to a link"
            );
            match request {
                client::Request::Get => self.start_get(),
                client::Request::Post(body) => self.start_post(body),
            }
        }
        progress
    }

    fn start_get(&mut self) {
        assert!(
            self.get.asked.is_none(),
            "the client makes one GET at a time"
        );
        let id = self.get.start();
        let mut query = self.client.session().query(Transport::POLLING);
        if self.setup.jsonp {
            query.push_str("&j=3");
        }
        if self.fails_at_once(Lane::GetAnswer, id) {
            return;
        }
        self.transmit(
            Lane::GetRequest,
            Parcel::Request(Request::Get { id, query }),
        );
    }

    fn start_post(&mut self, body: Bytes) {
        assert!(
            self.post.asked.is_none(),
            "the client makes one POST at a time"
        );
        self.check_body(Side::Client, &body, ContentType::Text);
        let id = self.post.start();
        if self.fails_at_once(Lane::PostAnswer, id) {
            return;
        }
        let body = if self.setup.jsonp {
            jsonp::form(&body)
        } else {
            body
        };
        let content = ContentType::Text;
        let parts = self.lanes.rng().below(3);
        let send = |this: &mut Self, part| this.transmit(Lane::PostRequest, Parcel::Request(part));
        send(self, Request::Head { id, content });
        for _ in 0..parts {
            send(self, Request::Part { id });
        }
        send(self, Request::Body { id, body });
    }

    /// A client that knows that the network is gone hears at once that its request failed.
    fn fails_at_once(&mut self, lane: Lane, id: u64) -> bool {
        let fails = self.dead.is_some_and(|notice| notice.by(Side::Client));
        if fails {
            self.lanes
                .send(lane, Parcel::Answer(Answer::Broken { id }), self.now);
        }
        fails
    }

    /// An answer arrives at the client.
    pub(super) fn on_answer(&mut self, lane: Lane, answer: Answer) {
        let exchange = if lane == Lane::GetAnswer {
            &mut self.get
        } else {
            &mut self.post
        };
        if exchange.asked != Some(answer.id()) {
            return;
        }
        exchange.asked = None;
        self.note(|| alloc::format!("client gets {lane:?} {answer:?}"));
        match answer {
            Answer::Broken { .. } => self.client.handle_request_failed(TransportFault::Request),
            Answer::Given { status, .. } if lane == Lane::PostAnswer => {
                self.client.handle_post_response(status, self.now);
            }
            Answer::Given {
                status,
                content,
                body,
                ..
            } => {
                let body = match self.setup.jsonp && status == 200 {
                    true => jsonp::unwrap(&body),
                    false => body,
                };
                self.client
                    .handle_get_response(status, content, body, self.now);
            }
        }
    }

    /// A client that has ended lets go of the `GET` that it does not need any more, as an HTTP client does whose
    /// future is dropped.
    pub(super) fn drop_requests(&mut self) {
        if self.client_end.closed.is_some()
            && let Some(id) = self.get.asked.take()
        {
            let broken = Request::Broken {
                id,
                lane: Lane::GetRequest,
            };
            self.transmit(Lane::GetRequest, Parcel::Request(broken));
        }
    }
}

// The server's part.
impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// A part of a request arrives at the server.
    pub(super) fn on_request(&mut self, request: Request) {
        let id = request.id();
        self.note(|| alloc::format!("server gets {request:?}"));
        match request {
            Request::Get { query, .. } => self.on_get(id, &query),
            Request::Head { content, .. } => {
                let now = self.now;
                let started = match &mut self.server {
                    Some(session) => session.start_post(content, now),
                    None => Err(Reject::UnknownSid),
                };
                match started {
                    Ok(()) => self.post.taken = Some(id),
                    Err(reject) => self.reject(Lane::PostAnswer, id, &reject),
                }
            }
            Request::Part { .. } if self.post.taken == Some(id) => {
                if let Some(session) = &mut self.server {
                    session.handle_activity(self.now);
                }
            }
            Request::Body { body, .. } if self.post.taken == Some(id) => {
                self.on_post_body(id, body)
            }
            Request::Broken {
                lane: Lane::GetRequest,
                ..
            } if self.get.taken == Some(id) => {
                self.get.taken = None;
                if let Some(session) = &mut self.server {
                    session.handle_get_aborted(self.now);
                }
            }
            Request::Broken {
                lane: Lane::PostRequest,
                ..
            } if self.post.taken == Some(id) => {
                self.post.taken = None;
                if let Some(session) = &mut self.server {
                    session.handle_post_aborted(self.now);
                }
            }
            Request::Part { .. } | Request::Body { .. } | Request::Broken { .. } => {}
        }
    }

    fn on_get(&mut self, id: u64, query: &str) {
        let query = Query::parse(query);
        let now = self.now;
        let known = query.sid() == Some(self.sid.as_str());
        let accepted = match &mut self.server {
            Some(session) if known => session.handle_get(now),
            None if query.sid().is_none() => {
                let opening = Opening::from_query(self.sid.clone(), &query);
                let config = self.server_config.clone();
                let session = server::Session::accept_polling(config, opening, now);
                let machine = (self.make_server.0)(session, now);
                self.server_end.on_open();
                self.server.insert(machine).handle_get(now)
            }
            Some(_) | None => Err(Reject::UnknownSid),
        };
        match accepted {
            Ok(()) => self.get.taken = Some(id),
            Err(reject) => self.reject(Lane::GetAnswer, id, &reject),
        }
    }

    fn on_post_body(&mut self, id: u64, body: Bytes) {
        let Some(session) = &mut self.server else {
            return;
        };
        // A server stops reading at the limit; the session must not depend on it.
        if body.len() > self.setup.max_payload && self.lanes.rng().one_in(2) {
            session.handle_post_too_large(self.now);
            return self.reject(Lane::PostAnswer, id, &Reject::PayloadTooLarge);
        }
        match session.handle_post(body, self.now) {
            Ok(()) => self.post.finishing = true,
            Err(reject) => self.reject(Lane::PostAnswer, id, &reject),
        }
    }

    /// Answers the `POST` whose events were fetched.
    pub(super) fn finish_post(&mut self) -> bool {
        if !core::mem::take(&mut self.post.finishing) {
            return false;
        }
        let (Some(session), Some(id)) = (&mut self.server, self.post.taken) else {
            return false;
        };
        match session.finish_post() {
            Ok(()) => self.answer(
                Lane::PostAnswer,
                id,
                200,
                ContentType::Text,
                Bytes::from_static(b"ok"),
            ),
            Err(reject) => self.reject(Lane::PostAnswer, id, &reject),
        }
        true
    }

    /// Answers the waiting `GET`, if there is something to answer.
    pub(super) fn answer_get(&mut self) -> bool {
        let (Some(session), Some(id)) = (&mut self.server, self.get.taken) else {
            return false;
        };
        let mut body = BytesMut::new();
        let Some(content) = session.poll_payload(&mut body) else {
            return false;
        };
        let body = body.freeze();
        let payload = match self.setup.jsonp {
            true => jsonp::unwrap(&body),
            false => body.clone(),
        };
        self.check_body(Side::Server, &payload, content);
        self.answer(Lane::GetAnswer, id, 200, content, body);
        true
    }

    fn reject(&mut self, lane: Lane, id: u64, reject: &Reject) {
        self.answer(
            lane,
            id,
            reject.status(),
            ContentType::Text,
            Bytes::from(reject.body()),
        );
    }

    fn answer(&mut self, lane: Lane, id: u64, status: u16, content: ContentType, body: Bytes) {
        let exchange = if lane == Lane::GetAnswer {
            &mut self.get
        } else {
            &mut self.post
        };
        if exchange.taken == Some(id) {
            exchange.taken = None;
        }
        if !exchange.broken.contains(&id) {
            let answer = Answer::Given {
                id,
                status,
                content,
                body,
            };
            self.transmit(lane, Parcel::Answer(answer));
        }
    }
}
