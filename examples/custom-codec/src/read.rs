//! Values as they arrive. Nothing is reserved for what a peer announces: lengths are compared with what is there, and
//! counts only end a loop in which each round needs a byte.

use bytes::{Buf, Bytes, TryGetError};
use socketio_proto::{DecodeError, Object, Value};

/// All values that are left, each with at most `depth` arrays and objects within each other.
pub(crate) fn values(mut frame: Bytes, depth: usize) -> Result<Vec<Value>, DecodeError> {
    let mut values = Vec::new();
    while frame.has_remaining() {
        values.push(value(&mut frame, depth)?);
    }
    Ok(values)
}

/// Recurses, but no deeper than `depth`.
fn value(frame: &mut Bytes, depth: usize) -> Result<Value, DecodeError> {
    Ok(match byte(frame)? {
        b'n' => Value::Null,
        b't' => Value::Bool(true),
        b'f' => Value::Bool(false),
        b'u' => Value::from(integer(frame)?),
        b'i' => Value::from(frame.try_get_i64_le().map_err(short)?),
        b'd' => Value::from(frame.try_get_f64_le().map_err(short)?),
        b's' => Value::from(text(frame)?),
        b'b' => Value::from(bytes(frame)?),
        b'a' => {
            let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
            let elements = (0..length(frame)?).map(|_| value(frame, depth));
            Value::Array(elements.collect::<Result<_, _>>()?)
        }
        b'o' => {
            let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
            let members = (0..length(frame)?).map(|_| Ok((text(frame)?, value(frame, depth)?)));
            // Not `insert`, which looks at all the members that are there: that would make a long object slow.
            Value::Object(members.collect::<Result<Object, DecodeError>>()?)
        }
        _ => return Err(DecodeError::Other("unknown type of value")),
    })
}

pub(crate) fn byte(frame: &mut Bytes) -> Result<u8, DecodeError> {
    frame.try_get_u8().map_err(short)
}

pub(crate) fn integer(frame: &mut Bytes) -> Result<u64, DecodeError> {
    frame.try_get_u64_le().map_err(short)
}

pub(crate) fn text(frame: &mut Bytes) -> Result<String, DecodeError> {
    let bytes = bytes(frame)?;
    let text = str::from_utf8(&bytes).map_err(|_| DecodeError::Other("text is not UTF-8"))?;
    Ok(text.to_owned())
}

/// A part of the frame, shared.
fn bytes(frame: &mut Bytes) -> Result<Bytes, DecodeError> {
    let length = length(frame)? as usize;
    if length > frame.len() {
        return Err(SHORT);
    }
    Ok(frame.split_to(length))
}

fn length(frame: &mut Bytes) -> Result<u32, DecodeError> {
    frame.try_get_u32_le().map_err(short)
}

fn short(_: TryGetError) -> DecodeError {
    SHORT
}

const SHORT: DecodeError = DecodeError::Other("the message ends too early");
