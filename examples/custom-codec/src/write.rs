//! Values on their way out.

use bytes::{BufMut, BytesMut};
use socketio_proto::{EncodeError, Number, Value};

/// One value, with at most `depth` arrays and objects within each other.
pub(crate) fn value(out: &mut BytesMut, value: &Value, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::Null => out.put_u8(b'n'),
        Value::Bool(true) => out.put_u8(b't'),
        Value::Bool(false) => out.put_u8(b'f'),
        Value::Number(number) => self::number(out, *number),
        Value::String(text) => {
            out.put_u8(b's');
            self::text(out, text)?;
        }
        Value::Binary(bytes) => {
            out.put_u8(b'b');
            length(out, bytes.len())?;
            out.put_slice(bytes);
        }
        Value::Array(elements) => {
            let depth = depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
            out.put_u8(b'a');
            length(out, elements.len())?;
            for element in elements {
                self::value(out, element, depth)?;
            }
        }
        Value::Object(members) => {
            let depth = depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
            out.put_u8(b'o');
            length(out, members.len())?;
            for (key, member) in members {
                text(out, key)?;
                self::value(out, member, depth)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn text(out: &mut BytesMut, text: &str) -> Result<(), EncodeError> {
    length(out, text.len())?;
    out.put_slice(text.as_bytes());
    Ok(())
}

fn number(out: &mut BytesMut, number: Number) {
    if let Some(number) = number.as_u64() {
        out.put_u8(b'u');
        out.put_u64_le(number);
    } else if let Some(number) = number.as_i64() {
        out.put_u8(b'i');
        out.put_i64_le(number);
    } else if number.as_f64().is_finite() {
        out.put_u8(b'd');
        out.put_f64_le(number.as_f64());
    } else {
        // As in JSON, which is how arguments are kept where they arrive.
        out.put_u8(b'n');
    }
}

fn length(out: &mut BytesMut, length: usize) -> Result<(), EncodeError> {
    let length = u32::try_from(length);
    out.put_u32_le(length.map_err(|_| EncodeError::Custom("longer than 4 bytes can say".into()))?);
    Ok(())
}
