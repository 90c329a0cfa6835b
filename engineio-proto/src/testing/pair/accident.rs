//! What goes wrong: requests and links that break, and strangers.

use bytes::Bytes;

use super::http::{Answer, Request};
use super::link::Travelling;
use super::{Pair, Parcel};
use crate::testing::links::{Link, Phase};
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::network::Lane;
use crate::testing::plan::{Notice, Side};
use crate::{ContentType, Frame, Transport, TransportFault};

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// Everything breaks for ever.
    pub(super) fn cut_all(&mut self, notice: Notice) {
        if self.dead.is_some() {
            return;
        }
        self.lanes.lose_all();
        self.abort_get(notice);
        self.abort_post(notice);
        self.cut_links(notice, |_| true);
        self.dead = Some(notice);
    }

    /// Breaks the links that are meant.
    pub(super) fn cut_links(&mut self, notice: Notice, which: impl Fn(&Link) -> bool) {
        for number in 0..self.links.len() {
            let Some(link) = self.links.get_mut(number) else {
                break;
            };
            if link.dead || !which(link) {
                continue;
            }
            link.dead = true;
            for side in [Side::Client, Side::Server] {
                let to_side = Lane::of_link(number, side.other());
                self.lanes.lose(to_side, |_| true);
                if notice.by(side) {
                    self.lanes
                        .send(to_side, Parcel::Link(Travelling::Failure), self.now);
                }
            }
        }
    }

    /// Breaks the links that the client has not decided for.
    ///
    /// If it is about to, it is told at once: with the decision already on its way, the break would end the session.
    pub(super) fn kill_probes(&mut self, notice: Notice) {
        // The packet that says so may not have been fetched yet.
        if self.client.session().transport().is_link() {
            return;
        }
        let pausing = self.pausing.filter(|_| self.is_pausing());
        self.cut_links(notice, |link| !link.chosen);
        if let Some(number) = pausing {
            self.lose_link(number, Side::Client, Some(TransportFault::Link));
        }
    }

    /// Somebody who is not the client, but knows the id of the session, opens a link and may say something.
    pub(super) fn stray(&mut self, says: Option<&'static str>) {
        let now = self.now;
        let Some(server) = &mut self.server else {
            return;
        };
        let Ok(id) = server.open_link(Transport::WEBSOCKET, self.setup.base64, now) else {
            return;
        };
        if let Some(text) = says {
            server.handle_frame(id, Frame::text(text), now);
        }
        let mut link = Link::new(&self.setup, Transport::WEBSOCKET, Phase::Gone);
        link.half(Side::Server).phase = Phase::Open(id);
        self.links.push(link);
        self.note_decision(self.links.len() - 1, says == Some("5"));
    }

    pub(super) fn abort_get(&mut self, notice: Notice) {
        self.break_request(false, notice);
    }

    pub(super) fn abort_post(&mut self, notice: Notice) {
        self.break_request(true, notice);
    }

    /// Something between the two answers in place of the server.
    pub(super) fn bad_gateway(&mut self, post: bool, told: bool) {
        let notice = if told { Notice::Server } else { Notice::Nobody };
        let Some(id) = self.break_request(post, notice) else {
            return;
        };
        let answer = Answer::Given {
            id,
            status: 502,
            content: ContentType::Text,
            body: Bytes::from_static(b"<html>"),
        };
        let down = if post {
            Lane::PostAnswer
        } else {
            Lane::GetAnswer
        };
        self.transmit(down, Parcel::Answer(answer));
    }

    /// The connection of the request that is under way breaks; the number that the request had.
    fn break_request(&mut self, post: bool, notice: Notice) -> Option<u64> {
        let (exchange, up, down) = match post {
            false => (&mut self.get, Lane::GetRequest, Lane::GetAnswer),
            true => (&mut self.post, Lane::PostRequest, Lane::PostAnswer),
        };
        let id = exchange.break_off()?;
        let of_this = |parcel: &Parcel| match parcel {
            Parcel::Request(request) => request.id() == id,
            Parcel::Answer(answer) => answer.id() == id,
            Parcel::Link(_) => false,
        };
        self.lanes.lose(up, of_this);
        self.lanes.lose(down, of_this);
        if notice.by(Side::Client) {
            self.transmit(down, Parcel::Answer(Answer::Broken { id }));
        }
        if notice.by(Side::Server) {
            self.transmit(up, Parcel::Request(Request::Broken { id, lane: up }));
        }
        Some(id)
    }
}
