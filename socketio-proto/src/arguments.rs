//! What is to be sent: arguments of any type, and the packets that carry them.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::json;
#[cfg(feature = "msgpack")]
use crate::msgpack;
use crate::spread::Spread;
use crate::{AckId, Args, Body, EncodeError, RawValue, Value};

/// Arguments of an event or of an acknowledgement, before a codec has seen them.
///
/// Any type that serde can serialise will do. How many arguments it makes follows from its type, by
/// [the rule](Args) that also holds for what is received:
///
/// ```
/// use socketio_proto::{Arguments, Value};
///
/// let count = |arguments: Arguments<'_>| arguments.to_values().unwrap().len();
/// assert_eq!(count(Arguments::new(&())), 0);
/// assert_eq!(count(Arguments::new(&("several", 2))), 2);
/// assert_eq!(count(Arguments::new(&"one")), 1);
/// assert_eq!(count(Arguments::new(&vec![1, 2, 3])), 1);
/// assert_eq!(count(Arguments::new(&[1, 2, 3])), 3);
/// assert_eq!(count(Arguments::new(&([1, 2, 3],))), 1);
/// ```
///
/// Values become what `JSON.stringify` would make of their like in JavaScript:
///
/// - [`Bytes`] is an attachment, wherever it stands. A `Vec<u8>` or `&[u8]` is an array of numbers, as serde has it;
///   `#[serde(with = "serde_bytes")]` makes it an attachment.
/// - Integers keep 64 bits; more is an error. JavaScript itself is exact up to 2^53.
/// - NaN and infinity are `null` in JSON and in [plain values](Self::to_values). MessagePack has them, and sends them as
///   what they are.
/// - Keys of maps may be text, numbers, booleans and enums without data; others are an error.
/// - `None` and `()` are `null`; `#[serde(skip_serializing_if)]` leaves a member out.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    source: ArgumentsSource<'a>,
    shared: &'a [Bytes],
}

#[derive(Clone, Copy)]
enum ArgumentsSource<'a> {
    Serialize(&'a dyn Erased),
    Args(&'a Args),
    Raw(&'a RawValue),
    Values(&'a [Value]),
}

impl<'a> Arguments<'a> {
    /// Arguments from a value of any type. What is not `Sized` is passed as a reference to a reference.
    pub fn new<T: Serialize>(value: &'a T) -> Self {
        Self {
            source: ArgumentsSource::Serialize(value),
            shared: &[],
        }
    }

    /// Each of these values as an argument, whatever they are.
    pub fn from_values(values: &'a [Value]) -> Self {
        Self {
            source: ArgumentsSource::Values(values),
            shared: &[],
        }
    }

    /// Names buffers that the value holds parts of, so that these parts are shared instead of copied.
    ///
    /// Serde hands over bytes as a slice; without this each attachment is copied once when it is encoded, which is
    /// not worth a thought below some hundred kilobytes. Whether a slice is a part is seen from its address.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use engineio_proto::Payload;
    /// use socketio_proto::{Arguments, Codec, Emit, Json, Namespace};
    ///
    /// let file = Bytes::from(vec![7; 1_000_000]);
    /// let value = ("holiday.jpg", file.clone());
    /// let buffers = [file.clone()];
    /// let emit = Emit::new("file", Arguments::new(&value).sharing(&buffers));
    /// let encoded = Json::new().encode(&Namespace::ROOT, &emit.into()).unwrap();
    /// let Payload::Binary(sent) = encoded.messages()[1].payload() else { panic!() };
    /// assert_eq!(sent.as_ptr(), file.as_ptr());
    /// ```
    #[must_use]
    pub fn sharing(mut self, buffers: &'a [Bytes]) -> Self {
        self.shared = buffers;
        self
    }

    /// The arguments as plain values, for a [`Codec`](crate::Codec) that does not know serde.
    ///
    /// They are what JSON would carry: NaN and infinity are `null` here.
    pub fn to_values(&self) -> Result<Vec<Value>, EncodeError> {
        match self.source {
            ArgumentsSource::Args(args) => Ok(args.to_values()),
            ArgumentsSource::Values(values) => Ok(values.to_vec()),
            _ => json::arguments_to_values(self),
        }
    }

    /// As the payload of CONNECT and `CONNECT_ERROR`: one value, to which the rule does not apply.
    pub fn to_value(&self) -> Result<Value, EncodeError> {
        match self.source {
            ArgumentsSource::Raw(raw) => Ok(raw.to_value()),
            _ => json::value_from_arguments(self),
        }
    }

    pub(crate) fn shared(&self) -> &'a [Bytes] {
        match self.source {
            ArgumentsSource::Args(args) if self.shared.is_empty() => args.attachments(),
            _ => self.shared,
        }
    }

    pub(crate) fn write_json(&self, out: &mut json::Arguments<'_, '_>) -> Result<(), EncodeError> {
        match self.source {
            ArgumentsSource::Serialize(value) => value.json_arguments(out),
            ArgumentsSource::Args(args) => out.write_args(args),
            ArgumentsSource::Raw(raw) => out.write_values(&[raw.to_value()]),
            ArgumentsSource::Values(values) => out.write_values(values),
        }
    }

    pub(crate) fn write_json_value(&self, out: &mut json::Writer<'_>) -> Result<(), EncodeError> {
        match self.source {
            ArgumentsSource::Serialize(value) => value.json_value(out),
            ArgumentsSource::Raw(raw) => raw.to_value().serialize(out),
            ArgumentsSource::Args(args) => args.to_values().serialize(out),
            ArgumentsSource::Values(values) => values.serialize(out),
        }
    }
}

#[cfg(feature = "msgpack")]
impl Arguments<'_> {
    pub(crate) fn write_msgpack(
        &self,
        out: &mut msgpack::Arguments<'_>,
    ) -> Result<(), EncodeError> {
        match self.source {
            ArgumentsSource::Serialize(value) => value.msgpack_arguments(out),
            ArgumentsSource::Args(args) => out.write_raw(args.len(), args.iter()),
            ArgumentsSource::Raw(raw) => out.write_raw(1, core::iter::once(raw.clone())),
            ArgumentsSource::Values(values) => out.write_values(values),
        }
    }

    pub(crate) fn write_msgpack_value(&self, out: &mut msgpack::Writer) -> Result<(), EncodeError> {
        match self.source {
            ArgumentsSource::Serialize(value) => value.msgpack_value(out),
            ArgumentsSource::Raw(raw) => raw.to_value().serialize(out),
            ArgumentsSource::Args(args) => args.to_values().serialize(out),
            ArgumentsSource::Values(values) => values.serialize(out),
        }
    }
}

/// What was received, to be passed on.
impl<'a> From<&'a Args> for Arguments<'a> {
    fn from(args: &'a Args) -> Self {
        Self {
            source: ArgumentsSource::Args(args),
            shared: &[],
        }
    }
}

/// What was received, to be passed on.
impl<'a> From<&'a RawValue> for Arguments<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self {
            source: ArgumentsSource::Raw(raw),
            shared: &[],
        }
    }
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_values() {
            Ok(values) => f.debug_list().entries(values).finish(),
            Err(error) => write!(f, "<{error}>"),
        }
    }
}

/// `Serialize` made into something a [`Codec`](crate::Codec) can be handed without being generic: once for each
/// format that is written directly.
trait Erased {
    fn json_arguments(&self, out: &mut json::Arguments<'_, '_>) -> Result<(), EncodeError>;
    fn json_value(&self, out: &mut json::Writer<'_>) -> Result<(), EncodeError>;
    #[cfg(feature = "msgpack")]
    fn msgpack_arguments(&self, out: &mut msgpack::Arguments<'_>) -> Result<(), EncodeError>;
    #[cfg(feature = "msgpack")]
    fn msgpack_value(&self, out: &mut msgpack::Writer) -> Result<(), EncodeError>;
}

impl<T: Serialize> Erased for T {
    fn json_arguments(&self, out: &mut json::Arguments<'_, '_>) -> Result<(), EncodeError> {
        self.serialize(Spread(out))
    }

    fn json_value(&self, out: &mut json::Writer<'_>) -> Result<(), EncodeError> {
        self.serialize(out)
    }

    #[cfg(feature = "msgpack")]
    fn msgpack_arguments(&self, out: &mut msgpack::Arguments<'_>) -> Result<(), EncodeError> {
        self.serialize(Spread(out))
    }

    #[cfg(feature = "msgpack")]
    fn msgpack_value(&self, out: &mut msgpack::Writer) -> Result<(), EncodeError> {
        self.serialize(out)
    }
}

/// One packet on its way out: what a [`Codec`](crate::Codec) encodes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Outgoing<'a> {
    /// A client wants to join and shows this, or a server agrees and says this; one value, an object. With anything else
    /// it is not encoded: [`EncodeError::InvalidPayload`].
    Connect(Option<Arguments<'a>>),
    /// A server refuses and says this; one value, an object or text.
    ConnectError(Option<Arguments<'a>>),
    /// The sender leaves the namespace.
    Disconnect,
    /// An event.
    Event(Emit<'a>),
    /// The answer to an event.
    Ack(AckId, Arguments<'a>),
}

/// An event on its way out.
///
/// ```
/// use socketio_proto::{AckId, Arguments, Codec, Emit, Json, Namespace};
///
/// let emit = Emit::new("save", Arguments::new(&("a.txt", 3))).with_id(AckId(7));
/// let encoded = Json::new().encode(&Namespace::new("/files").unwrap(), &emit.into()).unwrap();
/// assert_eq!(encoded.messages()[0].wire(), br#"42/files,7["save","a.txt",3]"#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Emit<'a> {
    name: &'a str,
    arguments: Arguments<'a>,
    id: Option<AckId>,
    offset: Option<&'a str>,
}

impl<'a> Emit<'a> {
    /// An event of this name. Whether the name can be sent is seen when the event is encoded.
    pub fn new(name: &'a str, arguments: Arguments<'a>) -> Self {
        Self {
            name,
            arguments,
            id: None,
            offset: None,
        }
    }

    /// Asks for an acknowledgement with this id.
    #[must_use]
    pub fn with_id(mut self, id: AckId) -> Self {
        self.id = Some(id);
        self
    }

    /// Appends one more argument: the place of this event in the log from which a client recovers.
    #[must_use]
    pub fn with_offset(mut self, offset: &'a str) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The id with which an acknowledgement is asked for.
    pub fn id(&self) -> Option<AckId> {
        self.id
    }

    /// The arguments, without the offset.
    pub fn arguments(&self) -> Arguments<'a> {
        self.arguments
    }

    /// What is appended to the arguments for recovery.
    pub fn offset(&self) -> Option<&'a str> {
        self.offset
    }

    /// All that the array of the packet holds, as plain values: name, arguments, offset.
    ///
    /// # Errors
    ///
    /// If the name cannot be sent, or the arguments cannot be serialised.
    pub fn to_values(&self) -> Result<Vec<Value>, EncodeError> {
        self.check_name()?;
        let mut values = alloc::vec![Value::from(self.name)];
        values.extend(self.arguments.to_values()?);
        values.extend(self.offset.map(Value::from));
        Ok(values)
    }

    pub(crate) fn check_name(&self) -> Result<(), EncodeError> {
        if self.name.len() > crate::codec::MAX_EVENT_NAME {
            return Err(EncodeError::NameTooLong(crate::codec::MAX_EVENT_NAME));
        }
        if crate::packet::is_reserved(self.name) {
            return Err(EncodeError::ReservedName(self.name.into()));
        }
        Ok(())
    }
}

impl<'a> From<Emit<'a>> for Outgoing<'a> {
    fn from(emit: Emit<'a>) -> Self {
        Self::Event(emit)
    }
}

impl<'a> From<&'a Body> for Outgoing<'a> {
    fn from(body: &'a Body) -> Self {
        match body {
            Body::Connect(payload) => Self::Connect(payload.as_ref().map(Arguments::from)),
            Body::ConnectError(payload) => {
                Self::ConnectError(payload.as_ref().map(Arguments::from))
            }
            Body::Disconnect => Self::Disconnect,
            Body::Event { id, args } => Self::Event(Emit {
                name: args.event_name(),
                arguments: Arguments::from(args),
                id: *id,
                offset: None,
            }),
            Body::Ack { id, args } => Self::Ack(*id, Arguments::from(args)),
        }
    }
}
