//! What packets carry, kept as it arrived until somebody asks for a type.

mod source;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use serde::de::Deserialize;

pub(crate) use self::source::{Extra, Source, Span, share};
use self::source::{Skipper, SourceData};
use crate::json;
#[cfg(feature = "msgpack")]
use crate::msgpack;
use crate::{ArgsError, DecodeError, Value};

/// The name of an event and its arguments, or the arguments of an acknowledgement: checked, but not decoded.
///
/// Cloning copies nothing, and whoever only passes them on pays nothing for what is in them.
///
/// [`deserialize`](Self::deserialize) turns them into a type of yours by this rule, which is also the one by which
/// they are [sent](crate::Arguments):
///
/// | type | arguments |
/// |---|---|
/// | `()`, and `serde_json::Value::Null`, which says that it is a unit | none |
/// | a tuple or a tuple struct of two or more | several |
/// | `(T,)`, a tuple of one | exactly one, its element |
/// | `[T; N]`, which serde cannot tell from a tuple | `N` |
/// | [`Values`](crate::Values) | as many as there are |
/// | everything else: newtypes, structs, maps, `Vec<T>`, ... | one |
///
/// What a peer sends beyond that is ignored, as a JavaScript function ignores it. What it does not send is `None`
/// where the type is an `Option`, and else an error.
///
/// One kind of type is not the same both ways: an enum that is `#[serde(untagged)]` and has a variant with two fields or
/// more. Serde shows it as a tuple where it is sent, so it becomes several arguments; and asks for anything where it is
/// received, which is read from the first argument. Put it into a tuple of one, `(value,)`, on both sides.
///
/// JavaScript strings may hold half of a surrogate pair, which no Rust string can. In names, texts and keys alike it is
/// read as U+FFFD, the replacement character.
///
/// ```
/// use engineio_proto::Message;
/// use serde::Deserialize;
/// use socketio_proto::{Body, Codec, Json, Limits, Protocol};
///
/// #[derive(Deserialize)]
/// struct Point { x: i32, y: i32 }
///
/// let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
/// let packet = decoder.decode(Message::text(r#"2["move","red",{"x":1,"y":-2}]"#)).unwrap().unwrap();
/// let Body::Event { args, .. } = packet.body else { panic!() };
///
/// assert_eq!(args.event_name(), "move");
/// let (who, to): (String, Point) = args.deserialize().unwrap();
/// assert_eq!((who.as_str(), to.x, to.y), ("red", 1, -2));
/// let who: &str = args.deserialize().unwrap();
/// assert_eq!(who, "red");
/// ```
#[derive(Clone)]
pub struct Args {
    source: Source,
    /// Where the name stands, unless `Extra` has it.
    name: Span,
    /// Where the first argument begins, or would begin.
    first: u32,
    /// How many arguments there are, without the name.
    len: u32,
}

impl Args {
    pub(crate) fn new(source: Source, name: Span, first: u32, len: u32) -> Self {
        Self {
            source,
            name,
            first,
            len,
        }
    }

    /// The name of the event. Empty for an acknowledgement, which has none.
    ///
    /// A name that is a number reads as JavaScript writes it. Half a surrogate pair, which no Rust string can hold,
    /// is read as U+FFFD.
    pub fn event_name(&self) -> &str {
        match self.source.extra.as_deref() {
            Some(Extra {
                name: Some(name), ..
            }) => name,
            _ => match &self.source.data {
                SourceData::Json(text) => self.name.of(text),
                #[cfg(feature = "msgpack")]
                SourceData::MessagePack(frame) => self.name.of_bytes(frame),
            },
        }
    }

    /// How many arguments there are; the name is none of them.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes arrived with them: name, arguments and attachments as they travelled.
    ///
    /// What keeping them costs, for whoever keeps many.
    pub fn wire_len(&self) -> usize {
        let attachments = self.attachments().iter().map(Bytes::len).sum::<usize>();
        let data = match &self.source.data {
            SourceData::Json(text) => text.len(),
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(frame) => frame.len(),
        };
        data.saturating_add(attachments)
    }

    /// The arguments as a type of yours: see [the rule](Self).
    ///
    /// A type that borrows, such as `&str`, borrows from `self`. Text with escapes in it cannot be borrowed; use
    /// `String` or `Cow<str>` where a peer may send any text. A [`Bytes`] takes one copy of its attachment, because
    /// serde has no way to hand over a shared buffer; `&[u8]` takes none, and [`share`](Self::share) makes a
    /// [`Bytes`] of it without one.
    ///
    /// # Errors
    ///
    /// If the arguments are not what `T` expects. The peer sent something else; nothing else is wrong.
    pub fn deserialize<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgsError> {
        match &self.source.data {
            SourceData::Json(text) => {
                let reader = json::Reader::new(text, self.first as usize, self.source.extra());
                json::deserialize_arguments(reader)
            }
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(frame) => {
                let reader = msgpack::Reader::new(frame, self.first as usize);
                msgpack::deserialize_arguments(reader, self.len)
            }
        }
    }

    /// The arguments one by one, undecoded.
    pub fn iter(&self) -> impl Iterator<Item = RawValue> + '_ {
        let first = self.first as usize;
        let mut reader = match &self.source.data {
            SourceData::Json(text) => {
                Skipper::Json(json::Reader::new(text, first, self.source.extra()))
            }
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(frame) => {
                Skipper::MessagePack(msgpack::Reader::new(frame, first))
            }
        };
        (0..self.len).map(move |_| {
            let span = match &mut reader {
                Skipper::Json(reader) => reader.next_argument(),
                #[cfg(feature = "msgpack")]
                Skipper::MessagePack(reader) => reader.next_argument(),
            };
            RawValue::new(self.source.clone(), span)
        })
    }

    /// One argument, counted from zero, undecoded. The arguments before it are skipped, which takes time.
    pub fn get(&self, index: usize) -> Option<RawValue> {
        self.iter().nth(index)
    }

    /// All arguments as dynamic values; binaries are shared.
    pub fn to_values(&self) -> Vec<Value> {
        self.iter().map(|raw| raw.to_value()).collect()
    }

    /// The attachments in the order in which they arrived, shared.
    ///
    /// Empty if there are none, and with codecs that keep binaries where they belong.
    pub fn attachments(&self) -> &[Bytes] {
        self.source.extra().map_or(&[], |extra| &extra.attachments)
    }

    /// A part of what arrived as [`Bytes`] of its own, which shares the buffer: the way to keep a `&[u8]` that was
    /// [deserialised](Self::deserialize), without copying it. `None` if it is not a part of these arguments.
    pub fn share(&self, part: &[u8]) -> Option<Bytes> {
        self.source.share(part)
    }

    /// Name and arguments made here instead of received; for a [`Codec`](crate::Codec) of your own.
    ///
    /// # Errors
    ///
    /// If the name is reserved or too long, or the values are nested too deeply; or if there are binaries among them, and
    /// beside them an object with `"_placeholder":true`, which JSON could not tell from a reference to one.
    pub fn event(name: &str, arguments: &[Value]) -> Result<Self, DecodeError> {
        json::event_args(name, arguments)
    }

    /// The arguments of an acknowledgement made here instead of received; for a [`Codec`](crate::Codec) of your own.
    ///
    /// # Errors
    ///
    /// If the values are nested too deeply; or mislead, as [`event`](Self::event) says.
    pub fn ack(arguments: &[Value]) -> Result<Self, DecodeError> {
        json::ack_args(arguments)
    }

    /// The arguments as they stand between the brackets, if they are JSON without attachments.
    pub(crate) fn plain_json(&self) -> Option<&str> {
        let text = self.source.as_json()?;
        if !self.attachments().is_empty() {
            return None;
        }
        if self.len == 0 {
            return Some("");
        }
        text.get(self.first as usize..)?
            .trim_end()
            .strip_suffix(']')
    }

    /// The next attachment has arrived. Says whether it was the last one.
    pub(crate) fn attach(&mut self, bytes: Bytes) -> bool {
        // Nobody else has seen these arguments yet.
        let Some(extra) = self.source.extra.as_mut().and_then(Arc::get_mut) else {
            return true;
        };
        extra.attachments.push(bytes);
        extra.attachments.len() >= extra.places.len()
    }
}

/// Name and arguments, as JSON. Attachments are `{"_placeholder":true,...}`.
impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Args");
        if !self.event_name().is_empty() {
            tuple.field(&self.event_name());
        }
        for raw in self.iter() {
            tuple.field(&raw);
        }
        tuple.finish()
    }
}

/// One value as it arrived: checked, but not decoded. What a client shows to [join](crate::Body::Connect), or one of
/// several [`Args`].
#[derive(Clone)]
pub struct RawValue {
    source: Source,
    span: Span,
}

impl RawValue {
    pub(crate) fn new(source: Source, span: Span) -> Self {
        Self { source, span }
    }

    /// The value as a type of yours. Here a tuple is an array: [the rule of arguments](Args) does not apply.
    ///
    /// What borrows borrows from `self`; see [`Args::deserialize`].
    pub fn deserialize<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgsError> {
        match &self.source.data {
            SourceData::Json(text) => {
                let extra = self.source.extra();
                T::deserialize(&mut json::Reader::new(text, self.span.start(), extra))
            }
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(frame) => {
                T::deserialize(&mut msgpack::Reader::new(frame, self.span.start()))
            }
        }
    }

    /// The value as a dynamic value; binaries are shared.
    pub fn to_value(&self) -> Value {
        match &self.source.data {
            SourceData::Json(text) => {
                json::Reader::new(text, self.span.start(), self.source.extra()).read_value()
            }
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(frame) => {
                msgpack::Reader::new(frame, self.span.start()).read_value()
            }
        }
    }

    /// A value made here instead of received; for a [`Codec`](crate::Codec) of your own.
    ///
    /// # Errors
    ///
    /// If the value is nested too deeply; or misleads, as [`Args::event`] says.
    pub fn from_value(value: &Value) -> Result<Self, DecodeError> {
        json::raw_value(value).map_err(DecodeError::from)
    }

    /// The JSON text, if this arrived as JSON. Attachments are placeholders in it.
    pub fn as_json(&self) -> Option<&str> {
        self.source.as_json().map(|text| self.span.of(text))
    }

    /// The bytes, if this arrived as MessagePack.
    #[cfg(feature = "msgpack")]
    pub(crate) fn as_msgpack(&self) -> Option<&[u8]> {
        match &self.source.data {
            SourceData::MessagePack(frame) => frame.get(self.span.start()..self.span.end()),
            SourceData::Json(_) => None,
        }
    }
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_json() {
            Some(json) => f.write_str(json),
            None => fmt::Debug::fmt(&self.to_value(), f),
        }
    }
}
