//! What differs between the two revisions of the protocol, so that one test can speak both.

/// A revision, by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect(pub(crate) u8);

pub(crate) const BOTH: [Dialect; 2] = [Dialect(4), Dialect(3)];

impl Dialect {
    /// The query of a handshake. Binary has to be base64 in polling, so that answers are text.
    pub(crate) fn query(self) -> String {
        format!("EIO={}", self.0)
    }

    /// Where a session is polled.
    pub(crate) fn poll(self, sid: &str) -> String {
        format!("/engine.io/?EIO={}&transport=polling&sid={sid}", self.0)
    }

    /// A body of these packets; binary is given as in revision 4, `b` and base64.
    pub(crate) fn payload(self, packets: &[&str]) -> String {
        if self.0 == 4 {
            return packets.join("\u{1e}");
        }
        let framed = packets.iter().map(|packet| {
            let packet = match packet.strip_prefix('b') {
                Some(base64) => format!("b4{base64}"),
                None => (*packet).to_owned(),
            };
            format!("{}:{packet}", packet.encode_utf16().count())
        });
        framed.collect()
    }

    /// A binary message as a frame of a WebSocket carries it.
    pub(crate) fn binary(self, bytes: &[u8]) -> Vec<u8> {
        let prefix: &[u8] = if self.0 == 4 { &[] } else { &[4] };
        [prefix, bytes].concat()
    }
}
