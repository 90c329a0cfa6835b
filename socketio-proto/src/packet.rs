//! Packets: what namespaces say to each other.

use engineio_proto::Revision;

use crate::{AckId, Args, Codec, EncodeError, Encoded, Namespace, Outgoing, RawValue};

/// One packet as it arrived, for one namespace.
///
/// | type | [`body`](Self::body) | sent by |
/// |---|---|---|
/// | 0 | [`Connect`](Body::Connect) | the client to join a namespace, the server to agree |
/// | 1 | [`Disconnect`](Body::Disconnect) | both |
/// | 2, 5 | [`Event`](Body::Event), without and with attachments | both |
/// | 3, 6 | [`Ack`](Body::Ack), without and with attachments | both |
/// | 4 | [`ConnectError`](Body::ConnectError) | the server to refuse |
///
/// What a packet carries is checked but not decoded: see [`Args`]. A packet that is to be sent is an
/// [`Outgoing`]; a relay turns one into the other with [`encode`](Self::encode).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Packet {
    /// The namespace it is for.
    pub namespace: Namespace,
    /// What it says.
    pub body: Body,
}

/// What a [`Packet`] says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Body {
    /// From a client: it wants to join, and this is what it shows for it (an object). From a server: it may.
    Connect(Option<RawValue>),
    /// The server refuses, and this is why: text or an object. See
    /// [`ConnectError::from_payload`](crate::ConnectError::from_payload).
    ConnectError(Option<RawValue>),
    /// The sender leaves the namespace.
    Disconnect,
    /// An event.
    Event {
        /// The sender wants it acknowledged with this id.
        id: Option<AckId>,
        /// Its name and its arguments.
        args: Args,
    },
    /// The answer to the event that was sent with this id.
    Ack {
        /// The id of the event.
        id: AckId,
        /// What it was answered with.
        args: Args,
    },
}

impl Packet {
    /// Puts a packet together; for codecs and tests.
    pub fn new(namespace: Namespace, body: Body) -> Self {
        Self { namespace, body }
    }

    /// Encodes it anew, in the same codec or in another one: what a relay does.
    pub fn encode(&self, codec: &dyn Codec) -> Result<Encoded, EncodeError> {
        codec.encode(&self.namespace, &Outgoing::from(&self.body))
    }
}

/// The revision of the Socket.IO protocol, which follows from that of the Engine.IO protocol beneath.
///
/// Events, acknowledgements and DISCONNECT are the same in both, so that one encoding serves a mixed room. What
/// differs is how namespaces are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "both revisions are spoken, and a third would change the machines"
)]
pub enum Protocol {
    /// Clients 2.x. The root namespace is joined without asking, CONNECT carries a query string behind the name
    /// instead of a payload and is answered without one, and a refusal is the bare data or text.
    V4,
    /// Clients 3.x and 4.x.
    #[default]
    V5,
}

impl From<Revision> for Protocol {
    fn from(revision: Revision) -> Self {
        match revision {
            Revision::V3 => Self::V4,
            Revision::V4 => Self::V5,
        }
    }
}

/// Whether an event of this name would be mistaken for something that the library itself reports.
///
/// Such events are neither sent nor taken. `error` and `connection` are not among the names, as in the reference.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
    )
}
