//! The MessagePack codec: one binary message per packet, bytes in place.

mod check;
mod de;
mod decode;
mod encode;
mod ext;
mod ser;
mod token;

use serde::Deserialize;

pub(crate) use self::de::Reader;
pub(crate) use self::decode::Decoder;
pub(crate) use self::ser::{Arguments, Writer};
use crate::spread::{Gather, Source};
use crate::{ArgsError, Codec, EncodeError, Encoded, Limits, Namespace, Outgoing, Protocol};

/// MessagePack, compatible with the official `socket.io-msgpack-parser` 3: each packet is one binary message, and
/// bytes stay where they belong. Both ends have to use it.
///
/// ```
/// use socketio_proto::{Arguments, Codec, Emit, MessagePack, Namespace};
///
/// let emit = Emit::new("hi", Arguments::new(&7));
/// let encoded = MessagePack::new().encode(&Namespace::ROOT, &emit.into()).unwrap();
/// assert_eq!(encoded.messages()[0].wire(), b"\x83\xa4type\x02\xa4data\x92\xa2hi\x07\xa3nsp\xa1/");
/// ```
///
/// What is written is what the server of the reference writes, byte for byte: `type`, `data`, `id`, `nsp` in its order,
/// the shortest form of everything, floats that are whole as integers, all others with eight bytes. This differs:
///
/// - Floats of 2^53 and more stay floats. The reference writes the whole ones as integers of 64 bits, and damages those
///   that do not fit. Integers are the same in both, and strings are, but for the halves of surrogate pairs that no Rust
///   string has.
/// - Members that are not there are not written. The reference writes `undefined` for some of them: the `pid` in the
///   answer to CONNECT of a server that does not recover sessions.
/// - What no peer would take is an [`EncodeError`].
///
/// What is read:
///
/// - Whatever the reference takes, at its strict end; and unlike the reference the same names and payloads as with
///   JSON: no reserved names, no event without a name, no acknowledgement without an id.
/// - `undefined` is `null`, and absent where it is a member of an object. A date is the text that JSON would have: the
///   same types serve both codecs. An `ArrayBuffer` is bytes. Other extensions are an array of their type and bytes.
/// - Keys that are numbers, booleans or `null` are text, as in JavaScript. Invalid UTF-8 becomes U+FFFD.
/// - Lengths are compared with what is there before anything is done with them.
#[derive(Clone, Debug, Default)]
pub struct MessagePack {
    _private: (),
}

impl MessagePack {
    /// The codec, which has no options.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Codec for MessagePack {
    fn encode(&self, namespace: &Namespace, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
        encode::encode(namespace, packet)
    }

    fn decoder(&self, protocol: Protocol, limits: Limits) -> crate::Decoder {
        crate::Decoder::message_pack(Decoder::new(protocol, limits))
    }
}

/// Arguments as a type, by the rule of arguments.
pub(crate) fn deserialize_arguments<'de, T: Deserialize<'de>>(
    reader: Reader<'de>,
    count: u32,
) -> Result<T, ArgsError> {
    T::deserialize(Gather(Several {
        reader,
        left: count,
    }))
}

/// This many arguments, one after the other.
struct Several<'de> {
    reader: Reader<'de>,
    left: u32,
}

impl<'de> Source<'de> for Several<'de> {
    type Argument<'s>
        = &'s mut Reader<'de>
    where
        Self: 's;

    fn next(&mut self) -> Option<Self::Argument<'_>> {
        self.left = self.left.checked_sub(1)?;
        Some(&mut self.reader)
    }
}
