//! The parts of arrays, objects and enums.

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::Reader;
use crate::ArgsError;
use crate::key::{KeyDeserializer, NoData};

/// The elements of an array whose bracket was taken.
pub(super) struct Elements<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ArgsError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgsError> {
        match self.reader.peek_behind_comma() {
            b']' | 0 => Ok(None),
            _ => seed.deserialize(&mut *self.reader).map(Some),
        }
    }
}

/// The members of an object whose brace was taken.
pub(super) struct Members<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = ArgsError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ArgsError> {
        if self.reader.peek_behind_comma() != b'"' {
            return Ok(None);
        }
        self.reader.at += 1;
        let key = KeyDeserializer::new(self.reader.string());
        seed.deserialize(key).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ArgsError> {
        self.reader.take(b':');
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant with data: the only member of an object.
pub(super) struct Variant<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
}

impl<'de, 'r> EnumAccess<'de> for Variant<'r, 'de> {
    type Error = ArgsError;
    type Variant = &'r mut Reader<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), ArgsError> {
        if !self.reader.take(b'"') {
            return Err(ArgsError::new("an empty object is no variant of an enum"));
        }
        let key = KeyDeserializer::new(self.reader.string());
        let variant = seed.deserialize(key)?;
        self.reader.take(b':');
        Ok((variant, self.reader))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = ArgsError;

    fn unit_variant(self) -> Result<(), ArgsError> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ArgsError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// A variant without data: a string.
pub(super) struct UnitVariant<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
}

impl<'de> EnumAccess<'de> for UnitVariant<'_, 'de> {
    type Error = ArgsError;
    type Variant = NoData;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, NoData), ArgsError> {
        self.reader.take(b'"');
        let key = KeyDeserializer::new(self.reader.string());
        Ok((seed.deserialize(key)?, NoData))
    }
}
