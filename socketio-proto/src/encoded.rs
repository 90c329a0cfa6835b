//! Packets that are ready to be sent.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::slice;

use engineio_proto::Message;

/// The messages of one packet, in order: a text, and its attachments if it has any.
///
/// Encoded once and sent to any number of peers, of either protocol revision and on any transport: cloning costs one
/// reference count, however many attachments there are.
///
/// ```
/// use socketio_proto::{Arguments, Codec, Emit, Json, Namespace};
///
/// let emit = Emit::new("hello", Arguments::new(&("world", 42)));
/// let encoded = Json::new().encode(&Namespace::ROOT, &emit.into()).unwrap();
/// let [message] = encoded.messages() else { panic!() };
/// assert_eq!(message.wire(), br#"42["hello","world",42]"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded(Repr);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Repr {
    One(Message),
    Many(Arc<[Message]>),
}

impl Encoded {
    /// The messages, in the order in which they are sent. At least one, and nothing may come between them.
    pub fn messages(&self) -> &[Message] {
        match &self.0 {
            Repr::One(message) => slice::from_ref(message),
            Repr::Many(messages) => messages,
        }
    }

    /// Bytes of all messages together.
    pub fn len(&self) -> usize {
        self.messages().iter().map(Message::len).sum()
    }

    /// Whether there are no bytes to send, which no codec of this crate makes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says whether transports that compress may compress these messages. True unless said otherwise.
    #[must_use]
    pub fn with_compress(self, yes: bool) -> Self {
        Self(match self.0 {
            Repr::One(message) => Repr::One(message.with_compress(yes)),
            Repr::Many(messages) => {
                let each = messages.iter().map(|m| m.clone().with_compress(yes));
                Repr::Many(each.collect())
            }
        })
    }
}

impl From<Message> for Encoded {
    fn from(message: Message) -> Self {
        Self(Repr::One(message))
    }
}

impl From<Vec<Message>> for Encoded {
    fn from(messages: Vec<Message>) -> Self {
        match <[Message; 1]>::try_from(messages) {
            Ok([message]) => Self(Repr::One(message)),
            Err(messages) => Self(Repr::Many(Arc::from(messages))),
        }
    }
}

impl<'a> IntoIterator for &'a Encoded {
    type Item = &'a Message;
    type IntoIter = slice::Iter<'a, Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.messages().iter()
    }
}
