//! A codec of one's own: each packet is one binary message, and attachments stay where they belong.
//!
//! ```text
//! packet  = kind, namespace as text, values until the end
//! kind    = 'C' connect | 'R' refused | 'D' disconnect | 'E' event | 'e' event with id | 'A' acknowledgement
//!           behind 'e' and 'A' stands the id, 8 bytes
//! value   = 'n' | 't' | 'f'               null, true, false
//!         | 'u' 8 bytes | 'i' 8 bytes     integer, without and with sign
//!         | 'd' 8 bytes                   float
//!         | 's' text | 'b' length bytes   text, bytes
//!         | 'a' count values              array
//!         | 'o' count (text value)...     object
//! text    = length, UTF-8
//! ```
//!
//! Lengths and counts are 4 bytes, and every number is little-endian. There are at most one value in a connect or a
//! refusal and none in a disconnect; the first value of an event is its name.
//!
//! Arguments that have arrived are kept as JSON with attachments beside it. So an object with `_placeholder` in it is
//! refused where there are bytes as well, and NaN and infinity, which JSON does not have, are sent as null.
//!
//! The codec is for protocol 5. Clients 2.x say what they show in the name of the namespace, which it does not read, so
//! that it turns away what they send.

mod read;
mod write;

use bytes::{BufMut, Bytes, BytesMut};
use engineio_proto::{Message, Wire};
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, Decode, DecodeError, Decoder, EncodeError, Encoded,
    Limits, Namespace, Outgoing, Packet, Protocol, RawValue, Value,
};

/// The codec. It remembers nothing, so that it has no fields.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Lengths;

impl Lengths {
    /// The codec.
    pub fn new() -> Self {
        Self
    }
}

impl Codec for Lengths {
    fn encode(&self, namespace: &Namespace, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
        let one = |payload: &Option<Arguments<'_>>| -> Result<Vec<Value>, EncodeError> {
            payload.iter().map(Arguments::to_value).collect()
        };
        // Arguments are in an array here as well, although it is not written: depth counts alike in all codecs.
        let (kind, id, depth, values) = match packet {
            Outgoing::Connect(payload) => (b'C', None, MAX_DEPTH, one(payload)?),
            Outgoing::ConnectError(payload) => (b'R', None, MAX_DEPTH, one(payload)?),
            Outgoing::Disconnect => (b'D', None, 0, Vec::new()),
            Outgoing::Event(emit) => {
                let kind = if emit.id().is_some() { b'e' } else { b'E' };
                (kind, emit.id(), MAX_DEPTH - 1, emit.to_values()?)
            }
            Outgoing::Ack(id, arguments) => {
                (b'A', Some(*id), MAX_DEPTH - 1, arguments.to_values()?)
            }
            // A packet type that was added to the library.
            _ => return Err(EncodeError::Custom("unknown packet type".into())),
        };
        let mut out = BytesMut::new();
        out.put_u8(kind);
        write::text(&mut out, namespace.as_str())?;
        if let Some(AckId(id)) = id {
            out.put_u64_le(id);
        }
        for value in &values {
            write::value(&mut out, value, depth)?;
        }
        Ok(Encoded::from(Message::binary(out.freeze())))
    }

    fn decoder(&self, protocol: Protocol, limits: Limits) -> Decoder {
        Decoder::custom(LengthsDecoder { protocol, limits })
    }
}

/// The receiving half. Each message is a whole packet, so that nothing is remembered from one to the next.
#[derive(Debug)]
struct LengthsDecoder {
    protocol: Protocol,
    limits: Limits,
}

impl Decode for LengthsDecoder {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        if self.protocol != Protocol::V5 {
            return Err(DecodeError::Other("this codec is for protocol 5"));
        }
        match message.into_wire() {
            // Before anything is read.
            Wire::Binary(frame) if frame.len() > self.limits.max_payload => {
                Err(DecodeError::TooLarge)
            }
            Wire::Binary(frame) => self.packet(frame).map(Some),
            Wire::Text(_) => Err(DecodeError::UnexpectedText),
        }
    }
}

impl LengthsDecoder {
    fn packet(&self, mut frame: Bytes) -> Result<Packet, DecodeError> {
        let kind = read::byte(&mut frame)?;
        let namespace = self.namespace(&read::text(&mut frame)?)?;
        let id = match kind {
            b'e' | b'A' => Some(AckId(read::integer(&mut frame)?)),
            _ => None,
        };
        let outer = match kind {
            b'E' | b'e' | b'A' => 1,
            _ => 0,
        };
        let depth = self.limits.max_depth.min(MAX_DEPTH);
        let values = read::values(frame, depth.saturating_sub(outer))?;
        let body = match (kind, &values[..], id) {
            (b'C', [], _) => Body::Connect(None),
            (b'C', [shown @ Value::Object(_)], _) => {
                Body::Connect(Some(RawValue::from_value(shown)?))
            }
            (b'R', [why @ (Value::Object(_) | Value::String(_))], _) => {
                Body::ConnectError(Some(RawValue::from_value(why)?))
            }
            (b'D', [], _) => Body::Disconnect,
            (b'E' | b'e', [Value::String(name), arguments @ ..], id) => {
                if name.len() > self.limits.max_event_name {
                    return Err(DecodeError::NameTooLong);
                }
                // Looks whether the name is reserved.
                let args = Args::event(name, arguments)?;
                Body::Event { id, args }
            }
            (b'A', arguments, Some(id)) => {
                let args = Args::ack(arguments)?;
                Body::Ack { id, args }
            }
            (b'C' | b'R' | b'D' | b'E' | b'e', ..) => return Err(DecodeError::InvalidPayload),
            _ => return Err(DecodeError::UnknownType),
        };
        Ok(Packet::new(namespace, body))
    }

    /// One name for each namespace: `Namespace` itself would add the slash that a peer left out.
    fn namespace(&self, name: &str) -> Result<Namespace, DecodeError> {
        if !name.starts_with('/') || name.len() > self.limits.max_namespace {
            return Err(DecodeError::InvalidNamespace);
        }
        Namespace::new(name).map_err(|_| DecodeError::InvalidNamespace)
    }
}

/// Arrays and objects within each other, which is what the library holds all codecs to.
const MAX_DEPTH: usize = 128;
