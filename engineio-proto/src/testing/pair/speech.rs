//! Who may say what, and where: the packets that leave a session are looked at on their way out.

use bytes::Bytes;

use super::Pair;
use crate::payload::Decoder;
use crate::testing::machine::{ClientMachine, ServerMachine};
use crate::testing::plan::Side;
use crate::{ContentType, Frame, Packet, Revision, Transport};

/// Where a packet is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Polling,
    /// A link that nobody has decided for.
    Candidate(usize),
    /// The link of the session.
    Current(usize),
}

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// A frame leaves.
    pub(super) fn check_frame(&mut self, side: Side, number: usize, frame: &Frame) {
        let Ok(packet) = Packet::from_frame(frame.clone(), self.setup.revision) else {
            panic!("the {side:?} sends {frame:?}, which is no packet");
        };
        assert!(
            frame.is_text() || !self.setup.base64,
            "the {side:?} sends bytes in spite of base64"
        );
        let current = self
            .links
            .get(number)
            .is_some_and(|link| link.decided(side));
        let on = if current || packet == Packet::Upgrade {
            On::Current(number)
        } else {
            On::Candidate(number)
        };
        self.check_packet(side, on, &packet);
    }

    /// A body leaves. It is no larger than the peer takes, unless one packet alone is.
    pub(super) fn check_body(&mut self, side: Side, body: &Bytes, content: ContentType) {
        let max = self.setup.max_payload;
        let text = content == ContentType::Text;
        assert!(
            text || !self.setup.base64,
            "the {side:?} sends bytes in spite of base64"
        );
        let encoding = crate::testing::encoding(self.setup.revision, content);
        let mut packets = 0;
        let mut closed = false;
        for packet in Decoder::new(body.clone(), encoding) {
            let Ok(packet) = packet else {
                panic!("the {side:?} sends a body that is no payload: {body:?}");
            };
            assert!(
                !closed,
                "the {side:?} says something after its close packet"
            );
            closed = packet == Packet::Close;
            packets += 1;
            self.check_packet(side, On::Polling, &packet);
        }
        assert!(
            packets == 1 || body.len() <= max,
            "the {side:?} sends {} bytes in {packets} packets, but its peer takes {max}",
            body.len(),
        );
    }

    fn check_packet(&mut self, side: Side, on: On, packet: &Packet) {
        let revision = self.setup.revision;
        let allowed = match (side, packet, on) {
            // The opening comes first, and once.
            (Side::Server, Packet::Open(_), On::Polling | On::Current(_)) => {
                !core::mem::replace(&mut self.server_spoke, true)
            }
            (Side::Client, Packet::Open(_), On::Candidate(number) | On::Current(number)) => self
                .links
                .get(number)
                .is_some_and(|link| link.transport == Transport::WEBTRANSPORT),
            // A link is closed by closing it.
            (_, Packet::Close, on) => on == On::Polling,
            // One side pings, the other answers.
            (Side::Server, Packet::Ping(data), On::Polling | On::Current(_)) => {
                revision == Revision::V4 && data.is_empty()
            }
            (Side::Client, Packet::Ping(data), On::Polling | On::Current(_)) => {
                revision == Revision::V3 && data.is_empty()
            }
            (Side::Server, Packet::Pong(data), On::Polling | On::Current(_)) => {
                revision == Revision::V3 && data.is_empty()
            }
            (Side::Client, Packet::Pong(data), On::Polling | On::Current(_)) => {
                revision == Revision::V4 && data.is_empty()
            }
            // A link that is tried carries the probe and its answer, and nothing else.
            (Side::Client, Packet::Ping(data), On::Candidate(_)) => *data == "probe",
            (Side::Server, Packet::Pong(data), On::Candidate(_)) => *data == "probe",
            (Side::Client, Packet::Upgrade, On::Current(number)) => {
                // Once, on a link whose probe was answered.
                self.pausing == Some(number) && !self.links.iter().any(|link| link.chosen)
            }
            (Side::Server, Packet::Noop, on) => on == On::Polling,
            (Side::Server, Packet::Message(_), On::Polling | On::Current(_)) => self.server_spoke,
            (Side::Client, Packet::Message(_), On::Polling | On::Current(_)) => {
                self.client.session().sid().is_some()
            }
            _ => false,
        };
        assert!(
            allowed,
            "the {side:?} says {packet:?} on {on:?}, which is not for it to say there and then"
        );
    }
}
