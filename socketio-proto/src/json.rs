//! The default codec: JSON in a text message, with attachments in binary messages behind it.

mod check;
mod de;
mod decode;
mod encode;
mod number;
mod scan;
mod ser;
mod value;

use serde::Deserialize;

pub(crate) use self::check::Place;
pub(crate) use self::de::Reader;
pub(crate) use self::decode::Decoder;
pub(crate) use self::encode::{ack_args, event_args};
pub(crate) use self::number::to_js;
pub(crate) use self::ser::{Arguments, Writer};
#[cfg(feature = "msgpack")]
pub(crate) use self::ser::{NUMBER, RAW_VALUE, exact_integer};
#[cfg(feature = "msgpack")]
pub(crate) use self::value::value_to_text;
pub(crate) use self::value::{
    arguments_to_values, display, raw_value, value_from_arguments, value_from_text, value_into,
};
use crate::spread::{Gather, Source};
use crate::{ArgsError, Codec, EncodeError, Encoded, Limits, Namespace, Outgoing, Protocol};

/// The default codec, which every client speaks: a text message with JSON, and each attachment in a binary message
/// behind it.
///
/// ```text
/// type  [attachments -]  [namespace ,]  [id]  [JSON]
///
/// 2["hello",1]                                             an event in /
/// 2/chat,7["hello"]                                        in /chat, with an acknowledgement wanted
/// 51-["file",{"_placeholder":true,"num":0}]                with an attachment, which is the next message
/// ```
///
/// What it takes from a peer is what the reference takes, at its strict end:
///
/// - A payload has the shape of its packet type. An event has a name, which is text or a number and not reserved.
///   The payload of an acknowledgement may be missing; then it has no arguments.
/// - Ids are digits, and fit 64 bits. Attachments are announced by digits, one at least.
/// - Each attachment is referenced exactly once, by an object with `"_placeholder":true` and its number. In packets
///   without attachments such an object means nothing.
/// - While attachments are outstanding nothing else may come.
///
/// Compatible with every version of the reference; the two revisions of the protocol differ in how namespaces are
/// [joined](Protocol) only.
#[derive(Clone, Debug)]
pub struct Json {
    max_attachments: usize,
}

impl Json {
    /// The codec with its defaults.
    pub fn new() -> Self {
        Self {
            max_attachments: 10,
        }
    }

    /// How many attachments a packet may be *sent* with. Default 10.
    ///
    /// The default is what the reference takes (since its parser 4.2.6, unless told otherwise): a peer that gets more
    /// closes the connection. It is better to learn of it where the packet is made. What may be *received* is
    /// [`Limits::max_attachments`].
    #[must_use]
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.max_attachments = count;
        self
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::new()
    }
}

impl Codec for Json {
    fn encode(&self, namespace: &Namespace, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
        encode::encode(namespace, packet, self.max_attachments)
    }

    fn decoder(&self, protocol: Protocol, limits: Limits) -> crate::Decoder {
        crate::Decoder::json(Decoder::new(protocol, limits))
    }
}

/// Arguments as a type, by the rule of arguments.
pub(crate) fn deserialize_arguments<'de, T: Deserialize<'de>>(
    reader: Reader<'de>,
) -> Result<T, ArgsError> {
    T::deserialize(Gather(reader))
}

impl<'de> Source<'de> for Reader<'de> {
    type Argument<'s>
        = &'s mut Reader<'de>
    where
        Self: 's;

    #[inline]
    fn next(&mut self) -> Option<Self::Argument<'_>> {
        match self.peek_behind_comma() {
            b']' | 0 => None,
            _ => Some(self),
        }
    }
}
