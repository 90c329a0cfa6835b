//! What the applications of the harness send, and how they remember what they sent, received and were told.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{
    AckError, AckId, Args, Arguments, Codec, DisconnectReason, Emit, Encoded, Namespace, Outgoing,
    SocketId, Value,
};

/// One event of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Item {
    /// Counted by the sender, in each namespace by itself.
    pub number: u64,
    /// How it was sent.
    pub kind: Kind,
}

/// How an event was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Without an acknowledgement. A server stores it for those who lost their connection.
    Plain,
    /// With an acknowledgement, and never stored.
    Acked,
    /// If it leaves at once, and never stored.
    Volatile,
    /// By a client, until it is acknowledged.
    Retried,
}

/// One client in one namespace, from CONNECT to the end, as one of the two ends has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stay {
    /// The session on which it is.
    pub session: String,
    /// Which of the client's attempts to join led to it. `None` if the client did not ask: in protocol 4, in the root.
    pub attempt: Option<u64>,
    /// The id of the socket.
    pub id: SocketId,
    /// Whether it goes on with the session of an earlier stay.
    pub recovered: bool,
    /// Whether the client showed an earlier session. Only the server knows.
    pub shown: bool,
    /// Where in the server's log its session began. Only the server knows.
    pub floor: usize,
    /// How many events came before it, or were sent before it: those that were missed.
    pub missed: usize,
    /// What this end sent in it, retried events excepted, and what a server sent again.
    pub sent: Vec<Item>,
    /// What this end received, retried events excepted.
    pub received: Vec<Item>,
    /// Why it ended.
    pub ended: Option<DisconnectReason>,
}

impl Stay {
    /// Whether both ends mean the same stay.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.session == other.session && self.attempt == other.attempt
    }
}

/// What one end remembers.
#[derive(Debug, Default)]
pub struct Record {
    pub(super) stays: BTreeMap<Namespace, Vec<Stay>>,
    pub(super) acks: BTreeMap<AckId, Expected>,
    /// Retried events as they were sent, received, or ended, in order.
    pub(super) retried: BTreeMap<Namespace, Vec<(Item, AckId)>>,
    ended_retries: BTreeMap<Namespace, Vec<Item>>,
    numbers: BTreeMap<Namespace, u64>,
    next_ack: u64,
}

/// An acknowledgement that was expected.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) namespace: Namespace,
    pub(super) item: Item,
    pub(super) result: Option<Result<(), AckError>>,
}

impl Record {
    /// The stays in a namespace, in order.
    pub fn stays(&self, namespace: &Namespace) -> &[Stay] {
        self.stays.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The events that are sent until they are acknowledged, in the order in which this end sent or received them: a
    /// server has those that were repeated several times.
    pub fn retried(&self, namespace: &Namespace) -> Vec<Item> {
        let retried = self.retried.get(namespace).into_iter().flatten();
        retried.map(|(item, _)| *item).collect()
    }

    /// How many acknowledgements were expected.
    pub fn expected(&self) -> usize {
        self.acks.len()
    }

    /// How many of them have ended. None can end twice, or without being expected: the harness panics then.
    pub fn ended(&self) -> usize {
        let ended = |expected: &&Expected| expected.result.is_some();
        self.acks.values().filter(ended).count()
    }

    /// How many of them were answered.
    pub fn answered(&self) -> usize {
        let answered = |expected: &&Expected| expected.result == Some(Ok(()));
        self.acks.values().filter(answered).count()
    }

    pub(super) fn next_item(&mut self, namespace: &Namespace, kind: Kind) -> Item {
        let number = self.numbers.entry(namespace.clone()).or_default();
        *number += 1;
        Item {
            number: *number,
            kind,
        }
    }

    /// An id that was never used before, and that an acknowledgement is expected for from now on.
    pub(super) fn expect(&mut self, namespace: &Namespace, item: Item) -> AckId {
        let id = AckId(self.next_ack);
        self.next_ack += 1;
        let expected = Expected {
            namespace: namespace.clone(),
            item,
            result: None,
        };
        self.acks.insert(id, expected);
        id
    }

    pub(super) fn on_ack(
        &mut self,
        namespace: &Namespace,
        id: AckId,
        result: Result<Args, AckError>,
    ) {
        let Some(expected) = self.acks.get_mut(&id) else {
            panic!("an acknowledgement ends that nobody expects: {id} in {namespace}");
        };
        assert_eq!(
            expected.namespace, *namespace,
            "an acknowledgement ends in another namespace"
        );
        assert!(
            expected.result.is_none(),
            "the acknowledgement {id} in {namespace} ends twice: {result:?}"
        );
        expected.result = Some(result.map(|args| {
            let answered = args.get(0).and_then(|number| number.deserialize().ok());
            assert_eq!(
                answered,
                Some(expected.item.number),
                "an answer to another event"
            );
        }));
        if expected.item.kind == Kind::Retried {
            let ended = self.ended_retries.entry(namespace.clone()).or_default();
            ended.push(expected.item);
            assert!(
                ended.is_sorted(),
                "retried events end out of order: {ended:?}"
            );
        }
    }
}

/// Writes an event: the namespace it is for, its number, how it was sent, attachments, and sometimes some text at the
/// end, which a client must not take for an offset.
pub(super) fn encode(
    codec: &dyn Codec,
    namespace: &Namespace,
    item: Item,
    attachments: u8,
    id: Option<AckId>,
    offset: Option<&str>,
) -> Encoded {
    let mut values = alloc::vec![
        Value::from(namespace.as_str()),
        Value::from(item.number),
        Value::from(item.kind as u8),
    ];
    for size in 1..=attachments {
        let bytes = alloc::vec![filling(item); usize::from(size)];
        values.push(Value::from(Bytes::from(bytes)));
    }
    if item.number.is_multiple_of(3) {
        values.push(Value::from("some text"));
    }
    let mut emit = Emit::new("event", Arguments::from_values(&values));
    if let Some(id) = id {
        emit = emit.with_id(id);
    }
    if let Some(offset) = offset {
        emit = emit.with_offset(offset);
    }
    encoded(codec, namespace, &emit.into())
}

/// Writes the answer to an event.
pub(super) fn encode_answer(
    codec: &dyn Codec,
    namespace: &Namespace,
    id: AckId,
    item: Item,
) -> Encoded {
    let number = [Value::from(item.number)];
    let packet = Outgoing::Ack(id, Arguments::from_values(&number));
    encoded(codec, namespace, &packet)
}

fn encoded(codec: &dyn Codec, namespace: &Namespace, packet: &Outgoing<'_>) -> Encoded {
    match codec.encode(namespace, packet) {
        Ok(packet) => packet,
        Err(error) => panic!("what the harness sends can be encoded: {error}"),
    }
}

/// Reads an event, and checks that it is for this namespace, and that it and its attachments belong together.
pub(super) fn decode(namespace: &Namespace, args: &Args) -> Item {
    let values = args.to_values();
    let [meant, number, kind, rest @ ..] = values.as_slice() else {
        panic!("the harness did not send this: {args:?}");
    };
    assert_eq!(
        meant.as_str(),
        Some(namespace.as_str()),
        "an event appears in another namespace"
    );
    let kind = match kind.as_u64() {
        Some(0) => Kind::Plain,
        Some(1) => Kind::Acked,
        Some(2) => Kind::Volatile,
        Some(3) => Kind::Retried,
        other => panic!("the harness did not send this kind: {other:?}"),
    };
    let number = number.as_u64().unwrap_or_default();
    let item = Item { number, kind };
    let mut size = 0;
    for bytes in rest.iter().filter_map(Value::as_bytes) {
        size += 1;
        assert!(
            bytes.len() == size && bytes.iter().all(|byte| *byte == filling(item)),
            "an attachment of another event: {bytes:?} in {item:?}"
        );
    }
    item
}

fn filling(item: Item) -> u8 {
    item.number as u8
}

/// Whether and when an event is answered: mostly at once, some later, some never.
pub(super) fn answer_delay(item: Item) -> Option<core::time::Duration> {
    match item.number % 7 {
        0 => None,
        1 | 2 => Some(core::time::Duration::from_millis(item.number * 37 % 1000)),
        _ => Some(core::time::Duration::ZERO),
    }
}
