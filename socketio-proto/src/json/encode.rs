//! From packets to messages.

use alloc::vec::Vec;

use bytes::Bytes;
use engineio_proto::{Message, TextBuilder};

use super::ser::{Arguments, Writer};
use crate::{AckId, Args, Body, DecodeError, EncodeError, Encoded, Limits, Namespace, Outgoing};
use crate::{Emit, Protocol, Value};

pub(super) fn encode(
    namespace: &Namespace,
    packet: &Outgoing<'_>,
    max_attachments: usize,
) -> Result<Encoded, EncodeError> {
    let new = |id, payload, shared| {
        let out = TextBuilder::with_front(front(namespace, id), payload);
        Writer::new(out, shared, max_attachments)
    };
    match packet {
        Outgoing::Event(emit) => {
            emit.check_name()?;
            let arguments = emit.arguments();
            let capacity = ARGUMENTS + emit.name().len();
            let mut writer = new(emit.id(), capacity, arguments.shared());
            writer.open("[")?;
            writer.string(emit.name());
            arguments.write_json(&mut Arguments {
                writer: &mut writer,
                first: false,
            })?;
            if let Some(offset) = emit.offset() {
                writer.out.push(',');
                writer.string(offset);
            }
            writer.close(']');
            finish(writer, EVENT, namespace, emit.id())
        }
        Outgoing::Ack(id, arguments) => {
            let mut writer = new(Some(*id), ARGUMENTS, arguments.shared());
            writer.open("[")?;
            arguments.write_json(&mut Arguments {
                writer: &mut writer,
                first: true,
            })?;
            writer.close(']');
            finish(writer, ACK, namespace, Some(*id))
        }
        Outgoing::Connect(payload) => one_value("0", namespace, payload.as_ref(), &['{']),
        Outgoing::ConnectError(payload) => one_value("4", namespace, payload.as_ref(), &['{', '"']),
        Outgoing::Disconnect => one_value("1", namespace, None, &[]),
    }
}

/// A packet whose payload is one value that begins in one of these ways, and which can have no attachments.
fn one_value(
    kind: &'static str,
    namespace: &Namespace,
    payload: Option<&crate::Arguments<'_>>,
    begins: &[char],
) -> Result<Encoded, EncodeError> {
    let capacity = if payload.is_some() { ARGUMENTS } else { 0 };
    let out = TextBuilder::with_front(front(namespace, None), capacity);
    let mut writer = Writer::new(out, &[], 0);
    if let Some(payload) = payload {
        payload.write_json_value(&mut writer)?;
        // White space in front, which JSON of others may have, would be read as digits of an id by the reference.
        if !writer.out.as_str().starts_with(begins) {
            return Err(EncodeError::InvalidPayload);
        }
    }
    finish(writer, [kind, kind], namespace, None)
}

/// Puts the header in front of the JSON.
#[inline(always)]
fn finish(
    writer: Writer<'_>,
    [plain, binary]: [&str; 2],
    namespace: &Namespace,
    id: Option<AckId>,
) -> Result<Encoded, EncodeError> {
    let (mut out, attachments) = writer.finish()?;
    let mut digits = itoa::Buffer::new();
    if let Some(AckId(id)) = id {
        out.prepend(digits.format(id));
    }
    if !namespace.is_root() {
        out.prepend(",");
        out.prepend(namespace.as_str());
    }
    if attachments.is_empty() {
        out.prepend(plain);
        return Ok(Encoded::from(out.finish()));
    }
    out.prepend("-");
    out.prepend(digits.format(attachments.len()));
    out.prepend(binary);
    Ok(with_attachments(out, attachments))
}

fn with_attachments(out: TextBuilder, attachments: Vec<Bytes>) -> Encoded {
    let mut messages = Vec::with_capacity(1 + attachments.len());
    messages.push(out.finish());
    messages.extend(attachments.into_iter().map(Message::binary));
    Encoded::from(messages)
}

/// Bytes that will go in front of the JSON, about.
fn front(namespace: &Namespace, id: Option<AckId>) -> usize {
    // The type, and in binary packets two digits and a dash.
    let mut front = 4;
    if !namespace.is_root() {
        front += namespace.as_str().len() + 1;
    }
    if let Some(AckId(id)) = id {
        front += id.checked_ilog10().unwrap_or(0) as usize + 1;
    }
    front
}

/// Types without and with attachments.
const EVENT: [&str; 2] = ["2", "5"];
const ACK: [&str; 2] = ["3", "6"];

/// Bytes reserved for arguments: enough for a small object. With what goes in front it is at most 120 bytes, which allocators
/// keep ready in any number, while a burst of larger ones costs the common allocator of Linux twice as much.
const ARGUMENTS: usize = 96;

/// Name and arguments as if they had been received.
pub(crate) fn event_args(name: &str, arguments: &[Value]) -> Result<Args, DecodeError> {
    let emit = Emit::new(name, crate::Arguments::from_values(arguments));
    received(&emit.into())
}

/// The arguments of an acknowledgement as if they had been received.
pub(crate) fn ack_args(arguments: &[Value]) -> Result<Args, DecodeError> {
    let arguments = crate::Arguments::from_values(arguments);
    received(&Outgoing::Ack(AckId(0), arguments))
}

fn received(packet: &Outgoing<'_>) -> Result<Args, DecodeError> {
    let encoded = encode(&Namespace::ROOT, packet, usize::MAX)?;
    let limits = Limits {
        max_payload: usize::MAX,
        max_attachments: usize::MAX,
        ..Limits::default()
    };
    let mut decoder = super::Decoder::new(Protocol::V5, limits);
    for message in &encoded {
        if let Some(packet) = decoder.decode(message.clone())?
            && let Body::Event { args, .. } | Body::Ack { args, .. } = packet.body
        {
            return Ok(args);
        }
    }
    Err(DecodeError::InvalidPayload)
}
