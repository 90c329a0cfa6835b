//! Values whose type is only known at run time.

mod number;
mod object;
mod serde_impl;

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::number::Number;
pub use self::object::Object;
use crate::{ArgsError, Arguments, EncodeError, json};

/// Anything that a packet can carry: what JSON knows, and bytes.
///
/// For code that does not know what it handles: catch-all listeners, relays, tools. Who does know deserialises into
/// types, which is faster and says more.
///
/// ```
/// use socketio_proto::Value;
///
/// let value = Value::from_json(r#"{"name":"ada","tags":["a","b"],"age":36}"#).unwrap();
/// assert_eq!(value["name"], "ada");
/// assert_eq!(value["tags"][1], "b");
/// assert_eq!(value["age"].as_u64(), Some(36));
/// assert_eq!(value["missing"], Value::Null);
/// assert_eq!(value.to_string(), r#"{"name":"ada","tags":["a","b"],"age":36}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the formats know these and nothing else"
)]
pub enum Value {
    /// `null`; also what JavaScript calls undefined.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text. Half a surrogate pair, which JavaScript can send and Rust cannot hold, is U+FFFD in it.
    String(String),
    /// Bytes: an attachment.
    Binary(Bytes),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

impl Value {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or nested more than 128 deep.
    pub fn from_json(text: &str) -> Result<Self, ArgsError> {
        json::value_from_text(text)
    }

    /// Makes a value of a type of yours. Here a tuple is an array: [the rule of arguments](crate::Args) does not
    /// apply.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        Arguments::new(&value).to_value()
    }

    /// Makes a type of yours of this value.
    pub fn to_type<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        json::value_into(self)
    }

    /// Whether this is [`Null`](Self::Null).
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is an integer that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The number, if this is an integer of 64 bits with a sign.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The number, if this is one; rounded if it is an integer beyond 2^53.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if this is an attachment.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// A member of an object. `None` if this is no object or has no such member.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }
}

/// A member of an object; [`Null`](Value::Null) where there is none, as in JavaScript.
impl core::ops::Index<&str> for Value {
    type Output = Self;

    fn index(&self, key: &str) -> &Self {
        self.get(key).unwrap_or(&Self::Null)
    }
}

/// An element of an array; [`Null`](Value::Null) where there is none, as in JavaScript.
impl core::ops::Index<usize> for Value {
    type Output = Self;

    fn index(&self, index: usize) -> &Self {
        let elements = self.as_array().unwrap_or_default();
        elements.get(index).unwrap_or(&Self::Null)
    }
}

/// As JSON. Bytes, which JSON does not have, read `<3 bytes>`.
impl core::fmt::Display for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        json::display(self, f)
    }
}

/// Conversions from what a value may hold.
macro_rules! from {
    ($($type:ty => $make:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                $make(value)
            }
        }
    )*};
}

from! {
    bool => Self::Bool;
    u8 => |value| Self::Number(Number::from(value));
    u16 => |value| Self::Number(Number::from(value));
    u32 => |value| Self::Number(Number::from(value));
    u64 => |value| Self::Number(Number::from(value));
    i8 => |value| Self::Number(Number::from(value));
    i16 => |value| Self::Number(Number::from(value));
    i32 => |value| Self::Number(Number::from(value));
    i64 => |value| Self::Number(Number::from(value));
    f32 => |value| Self::Number(Number::from(value));
    f64 => |value| Self::Number(Number::from(value));
    Number => Self::Number;
    &str => |value| Self::String(String::from(value));
    String => Self::String;
    Bytes => Self::Binary;
    Vec<Self> => Self::Array;
    Object => Self::Object;
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}
