//! Codecs: how packets become messages and messages packets.

use alloc::boxed::Box;
use core::fmt;

use engineio_proto::Message;

use crate::json;
#[cfg(feature = "msgpack")]
use crate::msgpack;
use crate::{DecodeError, EncodeError, Encoded, Namespace, Outgoing, Packet, Protocol};

/// How packets travel: [`Json`](crate::Json), the default, `MessagePack` (with the feature `msgpack`), or one of your
/// own.
///
/// Both ends of a connection have to use the same one; nothing on the wire says which it is. A codec is shared by
/// all connections of a server, hence `&self`; what has to be remembered between two messages of one connection is
/// in the [`Decoder`]s that it makes.
///
/// To write one, turn an [`Outgoing`] into messages ([`Emit::to_values`](crate::Emit::to_values) and
/// [`Arguments::to_values`](crate::Arguments::to_values) give plain values), and implement [`Decode`] for the way
/// back, with [`Args::event`](crate::Args::event) and [`Args::ack`](crate::Args::ack).
///
/// Plain values are all that such a codec sees of arguments and all that it gives back, and they are those of JSON with
/// bytes: NaN and infinity arrive as `null`, dates and the like as the text or the number that serde makes of them. A type of
/// the application that has to be told apart on the wire needs a form in values, such as an object that names it.
pub trait Codec: fmt::Debug + Send + Sync + 'static {
    /// Encodes one packet. What comes out may be sent to any number of peers.
    fn encode(&self, namespace: &Namespace, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError>;

    /// The decoder for one connection.
    fn decoder(&self, protocol: Protocol, limits: Limits) -> Decoder;
}

/// The receiving half of a [`Codec`], for one connection.
pub trait Decode: fmt::Debug + Send {
    /// Takes one message. `None` means that the packet is not complete: more messages belong to it.
    ///
    /// After an error the connection is closed.
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError>;

    /// Whether a packet has begun that is not complete.
    fn has_pending(&self) -> bool {
        false
    }
}

/// Turns the messages of one connection into packets.
///
/// ```
/// use engineio_proto::Message;
/// use socketio_proto::{Body, Codec, Json, Limits, Protocol};
///
/// let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
/// let packet = decoder.decode(Message::text(r#"2/chat,["hi",[1,2]]"#)).unwrap().unwrap();
/// assert_eq!(packet.namespace, "/chat");
/// let Body::Event { args, .. } = packet.body else { panic!() };
/// assert_eq!(args.event_name(), "hi");
/// assert_eq!(args.deserialize::<Vec<u8>>().unwrap(), [1, 2]);
/// ```
#[derive(Debug)]
pub struct Decoder(Repr);

/// The codecs of this crate are not boxed: a server has as many decoders as it has connections.
#[derive(Debug)]
enum Repr {
    Json(json::Decoder),
    #[cfg(feature = "msgpack")]
    MessagePack(msgpack::Decoder),
    Other(Box<dyn Decode>),
}

impl Decoder {
    /// A decoder of a codec from outside this crate.
    pub fn custom(decoder: impl Decode + 'static) -> Self {
        Self(Repr::Other(Box::new(decoder)))
    }

    pub(crate) fn json(decoder: json::Decoder) -> Self {
        Self(Repr::Json(decoder))
    }

    #[cfg(feature = "msgpack")]
    pub(crate) fn message_pack(decoder: msgpack::Decoder) -> Self {
        Self(Repr::MessagePack(decoder))
    }

    /// Takes one message. `None` means that the packet is not complete: its attachments are to come.
    ///
    /// After an error the connection has to be closed.
    pub fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match &mut self.0 {
            Repr::Json(decoder) => decoder.decode(message),
            #[cfg(feature = "msgpack")]
            Repr::MessagePack(decoder) => decoder.decode(message),
            Repr::Other(decoder) => decoder.decode(message),
        }
    }

    /// Whether a packet has begun whose attachments are outstanding.
    ///
    /// A peer that never sends them holds memory; whoever drives the connection gives it a deadline.
    pub fn has_pending(&self) -> bool {
        match &self.0 {
            Repr::Json(decoder) => decoder.has_pending(),
            #[cfg(feature = "msgpack")]
            Repr::MessagePack(_) => false,
            Repr::Other(decoder) => decoder.has_pending(),
        }
    }
}

/// What a peer may send in one packet. Compared before memory is spent.
///
/// ```
/// use socketio_proto::Limits;
///
/// let mut limits = Limits::default();
/// limits.max_attachments = 100;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a packet, its attachments included. Default 1,000,000, which is `maxHttpBufferSize` of the
    /// reference; the reference does not count the attachments of a packet together.
    pub max_payload: usize,
    /// Attachments of a packet. Default 10, as in the reference.
    ///
    /// Each keeps what came before it in memory for as long as the peer takes to send it.
    pub max_attachments: usize,
    /// Arrays and objects within each other, the array of the arguments included. Default 128, and at most that;
    /// what is sent is held to the same 128.
    pub max_depth: usize,
    /// Bytes of the name of a namespace. Default 1,024, and at most [`Namespace::MAX_LEN`].
    pub max_namespace: usize,
    /// Bytes of the name of an event. Default 1,024.
    pub max_event_name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: 1_000_000,
            max_attachments: 10,
            max_depth: MAX_DEPTH,
            max_namespace: Namespace::MAX_LEN,
            max_event_name: MAX_EVENT_NAME,
        }
    }
}

/// Depth costs stack where a type is deserialised, and 128 is what other JSON parsers allow. It is also the number
/// of bits in which the checks remember what they are inside of.
pub(crate) const MAX_DEPTH: usize = 128;

/// Longest event name that is sent.
pub(crate) const MAX_EVENT_NAME: usize = 1024;
