//! JSON text and dynamic values, without serde in between: attachments stay shared.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use bytes::Bytes;
use engineio_proto::{Text, TextBuilder};
use serde::de::DeserializeOwned;

use super::check;
use super::de::Reader;
use super::number::Literal;
use super::scan;
use super::ser::{Arguments, Writer};
use crate::args::{Extra, Source, Span};
use crate::codec::MAX_DEPTH;
use crate::spread::Sink;
use crate::{Args, ArgsError, EncodeError, Number, Object, RawValue, Value};

impl Reader<'_> {
    /// One value, and moves behind it. Recurses as deep as the text is nested, which was checked.
    pub(crate) fn read_value(&mut self) -> Value {
        match self.peek() {
            b'"' => {
                self.take(b'"');
                Value::String(self.string().into_owned())
            }
            b'{' => match self.attachment() {
                Some(bytes) => Value::Binary(bytes.clone()),
                None => Value::Object(self.read_object()),
            },
            b'[' => {
                self.take(b'[');
                let mut elements = Vec::new();
                while !matches!(self.peek(), b']' | 0) {
                    elements.push(self.read_value());
                    self.take(b',');
                }
                self.take(b']');
                // Most arrays are short, and a `Vec` begins with room for four.
                elements.shrink_to_fit();
                Value::Array(elements)
            }
            b't' => {
                self.word("true");
                Value::Bool(true)
            }
            b'f' => {
                self.word("false");
                Value::Bool(false)
            }
            b'-' | b'0'..=b'9' => Value::Number(match self.number() {
                Literal::Unsigned(value) => Number::from(value),
                Literal::Signed(value) => Number::from(value),
                Literal::Float(value) => Number::from(value),
            }),
            _ => {
                self.word("null");
                Value::Null
            }
        }
    }

    fn read_object(&mut self) -> Object {
        let mut object = Object::new();
        self.take(b'{');
        while self.take(b'"') {
            let key = self.string().into_owned();
            self.take(b':');
            object.push(key, self.read_value());
            self.take(b',');
        }
        self.take(b'}');
        object.shrink();
        object
    }
}

impl Writer<'_> {
    pub(super) fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        match value {
            Value::Binary(bytes) => self.attachment(|| bytes.clone()),
            Value::Array(elements) => {
                self.open("[")?;
                let mut first = true;
                for element in elements {
                    self.comma(&mut first);
                    self.value(element)?;
                }
                self.close(']');
                Ok(())
            }
            Value::Object(object) => {
                self.open("{")?;
                let mut first = true;
                for (key, value) in object {
                    self.comma(&mut first);
                    self.out.push('"');
                    self.key(key);
                    self.out.push_str("\":");
                    self.value(value)?;
                }
                self.close('}');
                Ok(())
            }
            simple => serde::Serialize::serialize(simple, self),
        }
    }
}

impl Arguments<'_, '_> {
    /// Each value as an argument.
    pub(crate) fn write_values(&mut self, values: &[Value]) -> Result<(), EncodeError> {
        values.iter().try_for_each(|value| {
            let writer = self.next();
            writer.value(value)
        })
    }

    /// What was received; as it stands, if it is JSON without attachments.
    pub(crate) fn write_args(&mut self, args: &Args) -> Result<(), EncodeError> {
        match args.plain_json() {
            Some("") => Ok(()),
            Some(json) => {
                self.next().out.push_str(json);
                Ok(())
            }
            None => self.write_values(&args.to_values()),
        }
    }
}

/// A value made of text that was not checked.
pub(crate) fn value_from_text(text: &str) -> Result<Value, ArgsError> {
    check::whole(text, MAX_DEPTH).map_err(ArgsError::new)?;
    Ok(Reader::new(text, 0, None).read_value())
}

/// What `write` writes, which has to be one value, as text and attachments.
fn written(
    shared: &[Bytes],
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(Text, Extra), EncodeError> {
    let mut writer = Writer::new(TextBuilder::with_capacity(128), shared, usize::MAX);
    write(&mut writer)?;
    let places = if writer.attachments.is_empty() {
        Vec::new()
    } else {
        writer.places()?
    };
    let extra = Extra {
        name: None,
        places,
        attachments: writer.attachments,
    };
    Ok((Text::from(writer.out.as_str()), extra))
}

pub(crate) fn value_from_arguments(arguments: &crate::Arguments<'_>) -> Result<Value, EncodeError> {
    let (text, extra) = written(arguments.shared(), |writer| {
        arguments.write_json_value(writer)
    })?;
    Ok(Reader::new(&text, 0, Some(&extra)).read_value())
}

pub(crate) fn arguments_to_values(
    arguments: &crate::Arguments<'_>,
) -> Result<Vec<Value>, EncodeError> {
    let (text, extra) = written(arguments.shared(), |writer| {
        writer.open("[")?;
        arguments.write_json(&mut Arguments {
            writer,
            first: true,
        })?;
        writer.close(']');
        Ok(())
    })?;
    match Reader::new(&text, 0, Some(&extra)).read_value() {
        Value::Array(values) => Ok(values),
        one => Ok(alloc::vec![one]),
    }
}

/// As JSON, for people.
pub(crate) fn display(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Number(number) => write!(f, "{number}"),
        Value::String(text) => display_string(text, f),
        Value::Binary(bytes) => write!(f, "<{} bytes>", bytes.len()),
        Value::Array(elements) => {
            let mut before = '[';
            for element in elements {
                f.write_char(before)?;
                display(element, f)?;
                before = ',';
            }
            f.write_str(if before == '[' { "[]" } else { "]" })
        }
        Value::Object(object) => {
            let mut before = '{';
            for (key, value) in object {
                f.write_char(before)?;
                display_string(key, f)?;
                f.write_char(':')?;
                display(value, f)?;
                before = ',';
            }
            f.write_str(if before == '{' { "{}" } else { "}" })
        }
    }
}

fn display_string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    let mut from = 0;
    loop {
        let at = scan::special(text.as_bytes(), from);
        f.write_str(text.get(from..at).unwrap_or_default())?;
        let Some(byte) = text.as_bytes().get(at) else {
            return f.write_char('"');
        };
        f.write_str(scan::escape(*byte))?;
        from = at + 1;
    }
}

/// A value to be read as one that arrived.
pub(crate) fn raw_value(value: &Value) -> Result<RawValue, EncodeError> {
    let (text, extra) = written(&[], |writer| writer.value(value))?;
    let span = Span::new(0, text.len());
    Ok(RawValue::new(
        Source::json(text, Some(Arc::new(extra))),
        span,
    ))
}

/// A value as JSON text. Bytes have no place there.
#[cfg(feature = "msgpack")]
pub(crate) fn value_to_text(value: &Value) -> Result<alloc::string::String, ArgsError> {
    let (text, extra) = written(&[], |writer| writer.value(value)).map_err(ArgsError::new)?;
    if extra.attachments.is_empty() {
        Ok(alloc::string::String::from(text.as_str()))
    } else {
        Err(ArgsError::new("bytes where JSON was expected"))
    }
}

/// A type made of a value.
pub(crate) fn value_into<T: DeserializeOwned>(value: &Value) -> Result<T, ArgsError> {
    let written = written(&[], |writer| writer.value(value));
    let (text, extra) = written.map_err(ArgsError::new)?;
    T::deserialize(&mut Reader::new(&text, 0, Some(&extra)))
}
