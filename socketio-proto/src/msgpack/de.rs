//! Checked MessagePack as a serde data format.
//!
//! The bytes have passed [`check`](super::check). Should they be wrong all the same, the outcome is an error or `null`,
//! never a panic and never an endless loop: each step takes at least one byte.

mod access;

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::iter::once;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Error as _, Expected, Unexpected, Visitor};

use self::access::{Elements, ExtensionParts, Members, UnitVariant, Variant};
use super::check;
use super::ext::iso_date;
use super::token::{Token, token};
use crate::args::Span;
use crate::json::{RAW_VALUE, to_js, value_to_text};
use crate::{ArgsError, Number, Object, Value};

/// Reads values from a frame, one after the other.
pub(crate) struct Reader<'de> {
    frame: &'de Bytes,
    at: usize,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(frame: &'de Bytes, at: usize) -> Self {
        Self { frame, at }
    }

    fn peek(&self) -> Token<'de> {
        token(self.frame, self.at).map_or(Token::Nil, |(token, _)| token)
    }

    fn token(&mut self) -> Token<'de> {
        let found = token(self.frame, self.at);
        let (token, next) = found.unwrap_or((Token::Nil, self.frame.len()));
        self.at = next;
        token
    }

    /// Moves behind the next value, and says where it stood.
    pub(crate) fn next_argument(&mut self) -> Span {
        let start = self.at;
        self.skip_value();
        Span::new(start, self.at)
    }

    fn skip_value(&mut self) {
        let end = check::value(self.frame, self.at, usize::MAX);
        self.at = end.unwrap_or(self.frame.len());
    }

    /// One value, and moves behind it. Bytes are shared. Recurses as deep as the value is nested, which was checked.
    pub(crate) fn read_value(&mut self) -> Value {
        match self.token() {
            Token::Nil | Token::Undefined => Value::Null,
            Token::Bool(value) => Value::Bool(value),
            Token::Unsigned(value) => Value::Number(Number::from(value)),
            Token::Negative(value) => Value::Number(Number::from(value)),
            Token::Float(value) => Value::Number(Number::from(value)),
            Token::Text(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
            Token::Binary(bytes) => Value::Binary(self.frame.slice_ref(bytes)),
            Token::Date(millis) => Value::from(iso_date(millis)),
            Token::Extension(kind, bytes) => {
                let bytes = self.frame.slice_ref(bytes);
                Value::Array([Value::from(kind), Value::Binary(bytes)].into())
            }
            Token::Array(len) => {
                // No more is reserved than is there: each element has a byte at least.
                let mut elements = Vec::new();
                for _ in 0..len {
                    elements.push(self.read_value());
                }
                elements.shrink_to_fit();
                Value::Array(elements)
            }
            Token::Map(len) => {
                let mut object = Object::new();
                let mut left = len;
                while let Some(key) = self.next_key(&mut left) {
                    object.push(key.into_owned(), self.read_value());
                }
                object.shrink();
                Value::Object(object)
            }
        }
    }

    /// The next key of a map that has a value. JSON leaves out members that are `undefined`, and so do we.
    fn next_key(&mut self, left: &mut u32) -> Option<Cow<'de, str>> {
        loop {
            *left = left.checked_sub(1)?;
            let key = self.key();
            if self.peek() != Token::Undefined {
                return Some(key);
            }
            self.skip_value();
        }
    }

    fn key(&mut self) -> Cow<'de, str> {
        match self.token() {
            Token::Text(text) => String::from_utf8_lossy(text),
            Token::Unsigned(number) => Cow::Owned(number.to_string()),
            Token::Negative(number) => Cow::Owned(number.to_string()),
            Token::Float(number) => Cow::Owned(to_js(number)),
            Token::Bool(true) => Cow::Borrowed("true"),
            Token::Bool(false) => Cow::Borrowed("false"),
            _ => Cow::Borrowed("null"),
        }
    }

    fn visit_array<V: Visitor<'de>>(
        &mut self,
        len: u32,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        let mut left = len;
        let value = visitor.visit_seq(Elements {
            reader: self,
            left: &mut left,
        })?;
        if left > 0 {
            return Err(ArgsError::new("the array has more elements than expected"));
        }
        Ok(value)
    }

    fn visit_map<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, ArgsError> {
        let mut left = len;
        let value = visitor.visit_map(Members {
            reader: self,
            left: &mut left,
        })?;
        if self.next_key(&mut left).is_some() {
            return Err(ArgsError::new("the object has more members than expected"));
        }
        Ok(value)
    }
}

fn visit_text<'de, V: Visitor<'de>>(text: &'de [u8], visitor: V) -> Result<V::Value, ArgsError> {
    match String::from_utf8_lossy(text) {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

/// A type as the elements of a number array.
fn visit_bytes_as_array<'de, V: Visitor<'de>>(
    bytes: &'de [u8],
    visitor: V,
) -> Result<V::Value, ArgsError> {
    let mut numbers = SeqDeserializer::new(bytes.iter().copied());
    let value = visitor.visit_seq(&mut numbers)?;
    numbers.end()?;
    Ok(value)
}

#[cold]
fn unexpected(found: Token<'_>, expected: &dyn Expected) -> ArgsError {
    let text;
    let found = match found {
        Token::Nil | Token::Undefined => Unexpected::Unit,
        Token::Bool(value) => Unexpected::Bool(value),
        Token::Unsigned(value) => Unexpected::Unsigned(value),
        Token::Negative(value) => Unexpected::Signed(value),
        Token::Float(value) => Unexpected::Float(value),
        Token::Text(bytes) => {
            text = String::from_utf8_lossy(bytes);
            Unexpected::Str(&text)
        }
        Token::Binary(bytes) => Unexpected::Bytes(bytes),
        Token::Date(_) => Unexpected::Other("a date"),
        Token::Extension(..) => Unexpected::Other("an extension"),
        Token::Array(_) => Unexpected::Seq,
        Token::Map(_) => Unexpected::Map,
    };
    ArgsError::invalid_type(found, expected)
}

/// Methods for the types that anything is visited for by what it is.
macro_rules! by_what_it_is {
    ($($deserialize:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = ArgsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        match self.token() {
            Token::Nil | Token::Undefined => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(value) => visitor.visit_u64(value),
            Token::Negative(value) => visitor.visit_i64(value),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Text(text) => visit_text(text, visitor),
            Token::Binary(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Date(millis) => match iso_date(millis) {
                Some(text) => visitor.visit_string(text),
                None => visitor.visit_unit(),
            },
            Token::Extension(kind, bytes) => visitor.visit_seq(ExtensionParts {
                kind: Some(kind),
                bytes: Some(bytes),
            }),
            Token::Array(len) => self.visit_array(len, visitor),
            Token::Map(len) => self.visit_map(len, visitor),
        }
    }

    by_what_it_is! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_unit deserialize_map deserialize_identifier
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        match self.peek() {
            Token::Nil | Token::Undefined => {
                self.token();
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        if name == RAW_VALUE {
            let json = value_to_text(&self.read_value())?;
            return visitor.visit_map(MapDeserializer::new(once((RAW_VALUE, json))));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        match self.token() {
            Token::Array(len) => self.visit_array(len, visitor),
            Token::Extension(kind, bytes) => visitor.visit_seq(ExtensionParts {
                kind: Some(kind),
                bytes: Some(bytes),
            }),
            // A `Vec<u8>` may be sent as bytes.
            Token::Binary(bytes) => visit_bytes_as_array(bytes, visitor),
            other => Err(unexpected(other, &visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        match self.token() {
            Token::Map(len) => self.visit_map(len, visitor),
            // Structs may come as arrays of their fields, as serde has it.
            Token::Array(len) => self.visit_array(len, visitor),
            other => Err(unexpected(other, &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        match self.peek() {
            Token::Text(_) => visitor.visit_enum(UnitVariant { reader: self }),
            Token::Map(len) => {
                self.token();
                let mut left = len;
                let value = visitor.visit_enum(Variant {
                    reader: self,
                    left: &mut left,
                })?;
                if self.next_key(&mut left).is_some() {
                    return Err(ArgsError::new("an enum has one variant at a time"));
                }
                Ok(value)
            }
            other => Err(unexpected(other, &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        self.skip_value();
        visitor.visit_unit()
    }
}
