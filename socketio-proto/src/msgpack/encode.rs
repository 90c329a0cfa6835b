//! From packets to messages.

use alloc::vec::Vec;

use bytes::Bytes;
use engineio_proto::Message;

use super::ser::{Arguments, Writer};
use super::token::{Token, token};
use crate::{AckId, EncodeError, Encoded, Namespace, Outgoing};

/// Keys stand in the order in which the server of the reference puts them.
pub(super) fn encode(namespace: &Namespace, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
    let mut writer = Writer::new(Vec::with_capacity(CAPACITY));
    match packet {
        Outgoing::Connect(payload) => {
            writer.map(3);
            kind(&mut writer, 0);
            writer.str("data")?;
            match payload {
                Some(payload) => {
                    one_value(&mut writer, payload, |token| matches!(token, Token::Map(_)))?
                }
                None => writer.undefined(),
            }
        }
        Outgoing::Disconnect => {
            writer.map(2);
            kind(&mut writer, 1);
        }
        Outgoing::ConnectError(payload) => {
            writer.map(3);
            kind(&mut writer, 4);
            writer.str("data")?;
            match payload {
                Some(payload) => one_value(&mut writer, payload, |token| {
                    matches!(token, Token::Map(_) | Token::Text(_))
                })?,
                None => writer.str("")?,
            }
        }
        Outgoing::Event(emit) => {
            emit.check_name()?;
            writer.map(if emit.id().is_some() { 4 } else { 3 });
            kind(&mut writer, 2);
            writer.str("data")?;
            let mut arguments = Arguments::new(&mut writer, Some(emit.name()), emit.offset());
            emit.arguments().write_msgpack(&mut arguments)?;
            arguments.end()?;
            if let Some(id) = emit.id() {
                ack_id(&mut writer, id)?;
            }
        }
        Outgoing::Ack(id, arguments) => {
            writer.map(4);
            ack_id(&mut writer, *id)?;
            kind(&mut writer, 3);
            writer.str("data")?;
            let mut out = Arguments::new(&mut writer, None, None);
            arguments.write_msgpack(&mut out)?;
            out.end()?;
        }
    }
    writer.str("nsp")?;
    writer.str(namespace.as_str())?;
    let frame = Bytes::from(writer.into_inner());
    Ok(Encoded::from(Message::binary(frame)))
}

/// A payload that is one value of some type.
fn one_value(
    writer: &mut Writer,
    payload: &crate::Arguments<'_>,
    is_allowed: impl Fn(Token<'_>) -> bool,
) -> Result<(), EncodeError> {
    let start = writer.len();
    payload.write_msgpack_value(writer)?;
    match token(writer.as_slice(), start) {
        Some((token, _)) if is_allowed(token) => Ok(()),
        _ => Err(EncodeError::InvalidPayload),
    }
}

fn kind(writer: &mut Writer, kind: u64) {
    writer.raw(b"\xa4type");
    writer.unsigned(kind);
}

fn ack_id(writer: &mut Writer, AckId(id): AckId) -> Result<(), EncodeError> {
    writer.str("id")?;
    writer.unsigned(id);
    Ok(())
}

/// Bytes reserved for a packet: enough for a small object.
const CAPACITY: usize = 128;
