//! JavaScript values as the vectors write them: JSON, with tags for what JSON cannot hold.
//!
//! The header of each file of vectors lists the tags.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

/// A value of JavaScript. As serde sees it, bytes are bytes and undefined is unit.
#[derive(Clone, Debug)]
pub(crate) enum Tagged {
    Undefined,
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Bytes that JavaScript has in an `ArrayBuffer`.
    Buffer(Vec<u8>),
    /// Milliseconds since 1970, unless the date is invalid.
    Date(Option<i64>),
    Array(Vec<Tagged>),
    /// In order; a key may come twice.
    Object(Vec<(String, Tagged)>),
}

impl Tagged {
    /// Reads JSON as it stands, tags unresolved.
    pub(crate) fn plain(json: &str) -> Self {
        serde_json::from_str(json).expect("it is JSON")
    }

    /// Resolves the tags.
    #[must_use]
    pub(crate) fn untag(self) -> Self {
        match self {
            Self::Array(items) => Self::Array(items.into_iter().map(Self::untag).collect()),
            Self::Object(mut members) => {
                let is_tag = matches!(members.as_slice(), [(key, _)] if key.starts_with('$'));
                if is_tag {
                    let (tag, content) = members.remove(0);
                    return Self::from_tag(&tag, content);
                }
                let members = members.into_iter();
                Self::Object(members.map(|(key, item)| (key, item.untag())).collect())
            }
            other => other,
        }
    }

    fn from_tag(tag: &str, content: Self) -> Self {
        match (tag, content) {
            ("$undefined", _) => Self::Undefined,
            ("$number", Self::Text(text)) => Self::number(&text),
            ("$utf16", Self::Array(units)) => {
                let units: Vec<u16> = units.iter().map(|unit| unit.count() as u16).collect();
                Self::Text(String::from_utf16_lossy(&units))
            }
            ("$bin", content) => Self::Bytes(bytes(&content)),
            ("$arraybuffer", content) => Self::Buffer(bytes(&content)),
            ("$date", Self::Null) => Self::Date(None),
            ("$date", Self::Unsigned(time)) => Self::Date(i64::try_from(time).ok()),
            ("$date", Self::Negative(time)) => Self::Date(Some(time)),
            ("$object", Self::Array(pairs)) => Self::Object(
                pairs
                    .into_iter()
                    .map(|pair| {
                        let [key, item] = pair.into_array();
                        (key.untag().into_text(), item.untag())
                    })
                    .collect(),
            ),
            ("$deep", content) => {
                let [levels, inner] = content.into_array();
                (0..levels.count()).fold(inner.untag(), |inner, _| Self::Array(vec![inner]))
            }
            ("$text", content) => {
                let [times, piece] = content.into_array();
                Self::Text(piece.into_text().repeat(times.count()))
            }
            ("$list", content) => {
                let [times, item] = content.into_array();
                Self::Array(vec![item.untag(); times.count()])
            }
            (tag, content) => panic!("unknown tag {tag} with {content:?}"),
        }
    }

    /// A number as JavaScript prints it.
    fn number(text: &str) -> Self {
        Self::Float(text.parse().expect("a number"))
    }

    fn count(&self) -> usize {
        usize::try_from(self.clone().into_unsigned()).expect("a count")
    }

    pub(crate) fn into_unsigned(self) -> u64 {
        match self.as_double() {
            // The vectors write integers beyond 2^53 as doubles.
            Some(number) if number >= 0.0 && number.fract() == 0.0 => number as u64,
            _ => panic!("{self:?} is no count"),
        }
    }

    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    pub(crate) fn into_items(self) -> Vec<Self> {
        match self {
            Self::Array(items) => items,
            other => panic!("{other:?} is no array"),
        }
    }

    fn into_array<const N: usize>(self) -> [Self; N] {
        let items = self.into_items();
        items.try_into().expect("another number of items")
    }

    /// A member of an object, taken out; undefined if there is none.
    pub(crate) fn take(&mut self, key: &str) -> Self {
        match self {
            Self::Object(members) => match members.iter().rposition(|(name, _)| name == key) {
                Some(index) => members.remove(index).1,
                None => Self::Undefined,
            },
            other => panic!("{other:?} is no object"),
        }
    }

    /// Adds a member to an object.
    pub(crate) fn put(&mut self, key: &str, value: Self) {
        match self {
            Self::Object(members) => members.push((key.to_owned(), value)),
            other => panic!("{other:?} is no object"),
        }
    }

    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// Whether two values are the same to JavaScript, to which all numbers are doubles and the last of equal keys
    /// counts. Tells zero and minus zero apart, but no two NaN.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.as_double(), other.as_double()) {
            return a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        }
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) | (Self::Buffer(a), Self::Buffer(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                let (a, b) = (as_map(a), as_map(b));
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, a)| b.get(key).is_some_and(|b| a.is_same(b)))
            }
            _ => false,
        }
    }

    fn as_double(&self) -> Option<f64> {
        match *self {
            Self::Unsigned(value) => Some(value as f64),
            Self::Negative(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The value with floats for its integers.
    #[must_use]
    pub(crate) fn with_floats(&self) -> Self {
        match self {
            Self::Array(items) => Self::Array(items.iter().map(Self::with_floats).collect()),
            Self::Object(members) => {
                let members = members.iter();
                Self::Object(
                    members
                        .map(|(key, item)| (key.clone(), item.with_floats()))
                        .collect(),
                )
            }
            other => other.as_double().map_or_else(|| other.clone(), Self::Float),
        }
    }

    /// The value without the members that are undefined, which `JSON.stringify` leaves out.
    pub(crate) fn without_undefined_members(self) -> Self {
        match self {
            Self::Array(items) => {
                let items = items.into_iter();
                Self::Array(items.map(Self::without_undefined_members).collect())
            }
            Self::Object(members) => Self::Object(
                members
                    .into_iter()
                    .filter(|(_, item)| !item.is_undefined())
                    .map(|(key, item)| (key, item.without_undefined_members()))
                    .collect(),
            ),
            other => other,
        }
    }
}

fn as_map(members: &[(String, Tagged)]) -> BTreeMap<&str, &Tagged> {
    members
        .iter()
        .map(|(key, item)| (key.as_str(), item))
        .collect()
}

/// In base64, or as pairs of how often and what.
fn bytes(content: &Tagged) -> Vec<u8> {
    match content {
        Tagged::Text(base64) => STANDARD.decode(base64).expect("base64"),
        Tagged::Array(runs) => runs
            .iter()
            .flat_map(|run| match run {
                Tagged::Array(pair) => match pair.as_slice() {
                    [times, piece] => bytes(piece).repeat(times.count()),
                    other => panic!("{other:?} is no run"),
                },
                other => panic!("{other:?} is no run"),
            })
            .collect(),
        other => panic!("{other:?} are no bytes"),
    }
}

/// What the wire carries of it. Lone surrogates and the sign of nothing are lost before.
impl Serialize for Tagged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Undefined => serializer.serialize_unit(),
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Negative(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) | Self::Buffer(bytes) => serializer.serialize_bytes(bytes),
            Self::Date(_) => panic!("no type of serde means a date"),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, item)| (key, item)))
            }
        }
    }
}

/// From JSON as it stands, tags unresolved, and from arguments that have arrived.
impl<'de> Deserialize<'de> for Tagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Tagged;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Tagged, E> {
        Ok(Tagged::Null)
    }

    fn visit_none<E>(self) -> Result<Tagged, E> {
        Ok(Tagged::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tagged, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tagged, E> {
        Ok(Tagged::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tagged, E> {
        Ok(Tagged::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tagged, E> {
        Ok(match u64::try_from(value) {
            Ok(value) => Tagged::Unsigned(value),
            Err(_) => Tagged::Negative(value),
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tagged, E> {
        Ok(Tagged::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tagged, E> {
        Ok(Tagged::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Tagged, E> {
        Ok(Tagged::Bytes(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tagged, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tagged::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tagged, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tagged::Object(members))
    }
}
