//! The rule by which values become arguments and arguments values: see [`Args`](crate::Args).
//!
//! It is written once, for both directions and whatever the codec.

use alloc::format;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, SerializeTupleStruct, Serializer};

use crate::values::ALL;
use crate::{ArgsError, EncodeError};

/// Where arguments go.
pub(crate) trait Sink {
    /// Takes one argument.
    type Argument<'s>: Serializer<Ok = (), Error = EncodeError>
    where
        Self: 's;

    /// Called once, before the arguments: this many follow.
    fn begin(&mut self, count: usize) -> Result<(), EncodeError>;

    /// The next argument goes into this.
    fn next(&mut self) -> Self::Argument<'_>;
}

/// Serialises a value as arguments.
pub(crate) struct Spread<'s, S>(pub(crate) &'s mut S);

impl<'s, S: Sink> Spread<'s, S> {
    fn one(self) -> Result<S::Argument<'s>, EncodeError> {
        self.0.begin(1)?;
        Ok(self.0.next())
    }

    fn several(self, count: usize) -> Result<SpreadTuple<'s, S>, EncodeError> {
        self.0.begin(count)?;
        Ok(SpreadTuple {
            sink: self.0,
            missing: count,
        })
    }
}

/// Methods that hand one value on as the only argument.
macro_rules! one {
    ($($serialize:ident($($name:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $serialize(self, $($name: $type),*) -> Result<$result, EncodeError> {
            self.one()?.$serialize($($name),*)
        }
    )*};
}

type Of<'s, S> = <S as Sink>::Argument<'s>;

impl<'s, S: Sink> Serializer for Spread<'s, S> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = <Of<'s, S> as Serializer>::SerializeSeq;
    type SerializeTuple = SpreadTuple<'s, S>;
    type SerializeTupleStruct = SpreadTuple<'s, S>;
    type SerializeTupleVariant = <Of<'s, S> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <Of<'s, S> as Serializer>::SerializeMap;
    type SerializeStruct = <Of<'s, S> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <Of<'s, S> as Serializer>::SerializeStructVariant;

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.0.begin(0)
    }

    fn serialize_tuple(self, len: usize) -> Result<SpreadTuple<'s, S>, EncodeError> {
        self.several(len)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<SpreadTuple<'s, S>, EncodeError> {
        self.several(len)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        self.one()?.serialize_some(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.one()?.serialize_newtype_struct(name, value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.one()?
            .serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: core::fmt::Display + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        self.one()?.collect_str(value)
    }

    one! {
        serialize_bool(value: bool) -> ();
        serialize_i8(value: i8) -> ();
        serialize_i16(value: i16) -> ();
        serialize_i32(value: i32) -> ();
        serialize_i64(value: i64) -> ();
        serialize_i128(value: i128) -> ();
        serialize_u8(value: u8) -> ();
        serialize_u16(value: u16) -> ();
        serialize_u32(value: u32) -> ();
        serialize_u64(value: u64) -> ();
        serialize_u128(value: u128) -> ();
        serialize_f32(value: f32) -> ();
        serialize_f64(value: f64) -> ();
        serialize_char(value: char) -> ();
        serialize_str(value: &str) -> ();
        serialize_bytes(value: &[u8]) -> ();
        serialize_none() -> ();
        serialize_unit_struct(name: &'static str) -> ();
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> ();
        serialize_seq(len: Option<usize>) -> Self::SerializeSeq;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> Self::SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> Self::SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> Self::SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> Self::SerializeStructVariant;
    }
}

/// The elements of a tuple, each an argument.
pub(crate) struct SpreadTuple<'s, S> {
    sink: &'s mut S,
    /// Announced and not yet seen.
    missing: usize,
}

impl<S: Sink> SpreadTuple<'_, S> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.missing = self.missing.checked_sub(1).ok_or_else(miscounted)?;
        value.serialize(self.sink.next())
    }

    fn finish(self) -> Result<(), EncodeError> {
        if self.missing == 0 {
            Ok(())
        } else {
            Err(miscounted())
        }
    }
}

/// Codecs write the announced number, so a `Serialize` that miscounts would break the packet.
#[cold]
pub(crate) fn miscounted() -> EncodeError {
    serde::ser::Error::custom("a tuple or a map has another length than its `Serialize` announced")
}

impl<S: Sink> SerializeTuple for SpreadTuple<'_, S> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}

impl<S: Sink> SerializeTupleStruct for SpreadTuple<'_, S> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}

/// Where arguments come from.
pub(crate) trait Source<'de> {
    /// Reads one argument.
    type Argument<'s>: Deserializer<'de, Error = ArgsError>
    where
        Self: 's;

    /// The next argument, if there is one more.
    fn next(&mut self) -> Option<Self::Argument<'_>>;
}

/// Deserialises a value from arguments.
pub(crate) struct Gather<S>(pub(crate) S);

/// Methods that read the value from the first argument.
macro_rules! first {
    ($($deserialize:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $deserialize<V: Visitor<'de>>(
            mut self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, ArgsError> {
            match self.0.next() {
                Some(argument) => argument.$deserialize($($name,)* visitor),
                None => Missing(0).$deserialize($($name,)* visitor),
            }
        }
    )*};
}

impl<'de, S: Source<'de>> Deserializer<'de> for Gather<S> {
    type Error = ArgsError;

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        visitor.visit_seq(Arguments {
            source: self.0,
            taken: 0,
            len,
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_tuple(len, visitor)
    }

    first! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// As many arguments as a tuple has elements, whether they were sent or not; [`ALL`] is as many as were sent.
struct Arguments<S> {
    source: S,
    taken: usize,
    len: usize,
}

impl<'de, S: Source<'de>> SeqAccess<'de> for Arguments<S> {
    type Error = ArgsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgsError> {
        if self.taken == self.len {
            return Ok(None);
        }
        let index = self.taken;
        self.taken += 1;
        match self.source.next() {
            Some(argument) => seed.deserialize(argument),
            None if self.len == ALL => return Ok(None),
            None => seed.deserialize(Missing(index)),
        }
        .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        let is_known = self.len != ALL;
        is_known.then(|| self.len.checked_sub(self.taken)).flatten()
    }
}

/// An argument that was not sent: `undefined` to JavaScript. Absent to an option, unit to what takes anything, an
/// error to everything else.
struct Missing(usize);

impl<'de> Deserializer<'de> for Missing {
    type Error = ArgsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        let index = self.0;
        visitor
            .visit_unit()
            .map_err(|_: ArgsError| ArgsError::new(format!("argument {} is missing", index + 1)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
