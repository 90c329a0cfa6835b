//! Links between the two ends: opening, frames, and ending.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Pair, Parcel};
use crate::open::ClientOpen;
use crate::query::Query;
use crate::server::{self, Opening};
use crate::testing::links::{Link, Phase, Written};
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::network::Lane;
use crate::testing::plan::Side;
use crate::{DecodeError, Frame, LinkId, Sid, Transport, TransportFault};

/// What travels on a link. The first thing up is the request for it, the first thing down the answer.
#[derive(Debug)]
pub(super) enum Travelling {
    Request(String),
    Accepted,
    Refused,
    Frame(Frame),
    Bytes(Bytes),
    /// The other end closed.
    End,
    /// The link broke, and this end notices.
    Failure,
}

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// Opens the links that the client wants opened.
    pub(super) fn pump_connects(&mut self) -> bool {
        let mut progress = false;
        while let Some(connect) = self.client.poll_connect() {
            progress = true;
            self.note(|| alloc::format!("client opens {connect:?}"));
            let number = self.links.len();
            let mut link = Link::new(&self.setup, connect.transport, Phase::Opening(connect.link));
            // A client that begins with a link has nothing to go back to.
            link.chosen = self.client.session().transport() == connect.transport;
            self.links.push(link);
            let query = self.client.session().query(connect.transport);
            match self.dead {
                Some(notice) if notice.by(Side::Client) => {
                    let failure = Parcel::Link(Travelling::Failure);
                    self.lanes.send(Lane::LinkDown(number), failure, self.now);
                }
                _ => self.transmit(
                    Lane::LinkUp(number),
                    Parcel::Link(Travelling::Request(query)),
                ),
            }
        }
        progress
    }

    /// Takes from a session what it wants sent on its links, and closes those that are finished.
    pub(super) fn pump_links(&mut self, side: Side) -> bool {
        let mut progress = false;
        for number in 0..self.links.len() {
            let Some(phase) = self.links.get(number).map(|link| link.phase(side)) else {
                break;
            };
            match phase {
                Phase::Gone | Phase::Unknown => {}
                Phase::Opening(id) => {
                    if self.is_finished(side, id) {
                        self.end_link(number, side);
                        progress = true;
                    }
                }
                Phase::Open(id) => progress |= self.pump_link(number, side, id),
            }
        }
        progress
    }

    fn pump_link(&mut self, number: usize, side: Side, id: LinkId) -> bool {
        let mut frames = Vec::new();
        while let Some(frame) = self.poll_frame(side, id) {
            self.note(|| alloc::format!("{side:?} sends {frame:?} on {number}"));
            self.check_frame(side, number, &frame);
            if side == Side::Client
                && is_decision(&frame)
                && let Some(link) = self.links.get_mut(number)
            {
                self.pausing = None;
                link.chosen = true;
            }
            frames.push(frame);
            assert!(frames.len() < TOO_MANY, "a session has frames without end");
        }
        let finished = self.is_finished(side, id);
        let lane = Lane::of_link(number, side);
        if !frames.is_empty() {
            let Some(link) = self.links.get_mut(number) else {
                return false;
            };
            match link.half(side).write(&frames) {
                Written::Frames(frames) => {
                    for frame in frames {
                        self.transmit(lane, Parcel::Link(Travelling::Frame(frame)));
                    }
                }
                Written::Bytes(bytes) => {
                    for piece in self.lanes.rng().cut(bytes) {
                        self.transmit(lane, Parcel::Link(Travelling::Bytes(piece)));
                    }
                }
            }
        }
        if finished {
            self.end_link(number, side);
        }
        finished || !frames.is_empty()
    }

    /// This end closes the link, after what it has sent.
    fn end_link(&mut self, number: usize, side: Side) {
        self.note(|| alloc::format!("{side:?} closes link {number}"));
        let Some(link) = self.links.get_mut(number) else {
            return;
        };
        link.half(side).end();
        self.transmit(Lane::of_link(number, side), Parcel::Link(Travelling::End));
    }

    /// Something arrives on a link.
    pub(super) fn on_link(&mut self, number: usize, to: Side, what: Travelling) {
        self.note(|| alloc::format!("{to:?} gets {what:?} on {number}"));
        let now = self.now;
        let Some(link) = self.links.get_mut(number) else {
            return;
        };
        match (what, link.phase(to)) {
            (Travelling::Request(query), _) => self.on_link_request(number, &query),
            (Travelling::Accepted, Phase::Opening(id)) => {
                link.half(to).phase = Phase::Open(id);
                self.client.handle_link_open(id, now);
            }
            (Travelling::Refused, Phase::Opening(id)) => {
                link.half(to).end();
                match self.lanes.rng().one_in(2) {
                    true => self.client.handle_link_closed(id, now),
                    false => self
                        .client
                        .handle_link_failed(id, TransportFault::Link, now),
                }
            }
            // Late for an end that has closed already.
            (Travelling::Frame(_) | Travelling::Bytes(_), Phase::Gone) => {}
            (Travelling::Frame(frame), _) => self.hand_frame(number, to, frame),
            (Travelling::Bytes(bytes), _) => {
                let (frames, result) = link.half(to).read(&bytes);
                if frames.is_empty() && result.is_ok() {
                    self.on_activity(to);
                }
                for frame in frames {
                    self.hand_frame(number, to, frame);
                }
                if let Err(error) = result {
                    self.on_decode_error(number, to, error);
                }
            }
            (Travelling::End | Travelling::Failure, Phase::Gone) => {}
            (Travelling::End, _) => self.lose_link(number, to, None),
            (Travelling::Failure, _) => self.lose_link(number, to, Some(TransportFault::Link)),
            (Travelling::Accepted | Travelling::Refused, _) => {}
        }
    }

    /// The server is asked for a link. By a query, or, where there is none, by the first frame.
    fn on_link_request(&mut self, number: usize, query: &str) {
        let Some(link) = self.links.get_mut(number) else {
            return;
        };
        if !link.chosen && core::mem::take(&mut self.refusal) {
            return self.transmit(Lane::LinkDown(number), Parcel::Link(Travelling::Refused));
        }
        if link.transport == Transport::WEBTRANSPORT {
            link.half(Side::Server).phase = Phase::Unknown;
            return self.transmit(Lane::LinkDown(number), Parcel::Link(Travelling::Accepted));
        }
        let query = Query::parse(query);
        let sid = query.sid().map(String::from);
        let opening = Opening::from_query(self.sid.clone(), &query);
        let answer = match self.admit_link(number, sid.as_deref(), opening, query.base64()) {
            true => Travelling::Accepted,
            false => Travelling::Refused,
        };
        self.transmit(Lane::LinkDown(number), Parcel::Link(answer));
    }

    /// The first frame on a link without a query says which session it is for.
    fn on_first_frame(&mut self, number: usize, frame: &Frame) {
        let sid = match ClientOpen::decode(frame) {
            Ok(ClientOpen::New) => None,
            Ok(ClientOpen::Link(sid)) => Some(sid),
            Err(error) => panic!("a client opens its stream with {frame:?}: {error}"),
        };
        let sid = sid.as_ref().map(Sid::as_str);
        let opening = Opening::new(self.sid.clone())
            .revision(self.setup.revision)
            .base64(self.setup.base64);
        if !self.admit_link(number, sid, opening, self.setup.base64) {
            self.end_link(number, Side::Server);
        }
    }

    fn admit_link(
        &mut self,
        number: usize,
        sid: Option<&str>,
        opening: Opening,
        base64: bool,
    ) -> bool {
        let now = self.now;
        let Some(link) = self.links.get_mut(number) else {
            return false;
        };
        let opened = match &mut self.server {
            None if sid.is_none() => {
                let config = self.server_config.clone();
                let (session, id) =
                    server::Session::accept_link(config, opening, link.transport, now);
                self.server = Some((self.make_server.0)(session, now));
                self.server_end.on_open();
                Some(id)
            }
            Some(session) if sid == Some(self.sid.as_str()) => {
                session.open_link(link.transport, base64, now).ok()
            }
            Some(_) | None => None,
        };
        if let Some(id) = opened {
            link.half(Side::Server).phase = Phase::Open(id);
            link.followed = sid.is_none();
        }
        opened.is_some()
    }

    fn hand_frame(&mut self, number: usize, to: Side, frame: Frame) {
        let Some(link) = self.links.get(number) else {
            return;
        };
        match (to, link.phase(to), &mut self.server) {
            (Side::Client, Phase::Open(id), _) => {
                let answer = frame.to_text().is_some_and(|text| text == "3probe");
                if answer && !link.chosen && !self.is_pausing() {
                    self.pausing = Some(number);
                }
                self.client.handle_frame(id, frame, self.now);
            }
            (Side::Server, Phase::Open(id), Some(server)) => {
                let decision = is_decision(&frame);
                server.handle_frame(id, frame, self.now);
                self.note_decision(number, decision);
            }
            (Side::Server, Phase::Unknown, _) => self.on_first_frame(number, &frame),
            _ => {}
        }
    }

    /// The server has heard the decision for a link, and followed it unless it had followed another.
    pub(super) fn note_decision(&mut self, number: usize, decision: bool) {
        let followed = self
            .server
            .as_ref()
            .is_some_and(|server| server.session().transport().is_link());
        let first = !self.links.iter().any(|link| link.followed);
        if let Some(link) = self.links.get_mut(number) {
            link.followed |= decision && followed && first;
        }
    }

    fn on_decode_error(&mut self, number: usize, to: Side, error: DecodeError) {
        let Some(id) = self
            .links
            .get_mut(number)
            .and_then(|link| link.half(to).open())
        else {
            return;
        };
        match (to, &mut self.server) {
            (Side::Client, _) => self.client.handle_decode_error(id, error, self.now),
            (Side::Server, Some(server)) => server.handle_decode_error(id, error, self.now),
            (Side::Server, None) => {}
        }
    }

    fn on_activity(&mut self, side: Side) {
        match (side, &mut self.server) {
            (Side::Client, _) => self.client.handle_activity(self.now),
            (Side::Server, Some(server)) => server.handle_activity(self.now),
            (Side::Server, None) => {}
        }
    }

    /// This end learns that the link is over.
    pub(super) fn lose_link(&mut self, number: usize, side: Side, fault: Option<TransportFault>) {
        let now = self.now;
        let Some(id) = self
            .links
            .get_mut(number)
            .and_then(|link| link.half(side).end())
        else {
            return;
        };
        match (side, &mut self.server, fault) {
            (Side::Client, _, None) => self.client.handle_link_closed(id, now),
            (Side::Client, _, Some(fault)) => self.client.handle_link_failed(id, fault, now),
            (Side::Server, Some(server), None) => server.handle_link_closed(id, now),
            (Side::Server, Some(server), Some(fault)) => server.handle_link_failed(id, fault, now),
            (Side::Server, None, _) => {}
        }
    }

    /// Whether the client has the answer to a probe, and has neither decided for that link nor given it up.
    pub(super) fn is_pausing(&self) -> bool {
        let link = self.pausing.and_then(|number| self.links.get(number));
        link.is_some_and(|link| match link.phase(Side::Client) {
            Phase::Open(id) => !self.is_finished(Side::Client, id),
            _ => false,
        })
    }

    fn poll_frame(&mut self, side: Side, id: LinkId) -> Option<Frame> {
        match (side, &mut self.server) {
            (Side::Client, _) => self.client.poll_frame(id),
            (Side::Server, Some(server)) => server.poll_frame(id),
            (Side::Server, None) => None,
        }
    }

    fn is_finished(&self, side: Side, id: LinkId) -> bool {
        match (side, &self.server) {
            (Side::Client, _) => self.client.session().is_link_finished(id),
            (Side::Server, Some(server)) => server.session().is_link_finished(id),
            (Side::Server, None) => true,
        }
    }
}

/// With this packet the client goes over to the link.
fn is_decision(frame: &Frame) -> bool {
    frame.to_text().is_some_and(|text| text == "5")
}

/// More frames than any test sends in one go.
const TOO_MANY: usize = 100_000;
