//! The parts of arrays, maps and enums.

use serde::Deserializer;
use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Reader;
use crate::ArgsError;
use crate::key::{KeyDeserializer, NoData};

/// The elements of an array whose head was read.
pub(super) struct Elements<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) left: &'r mut u32,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ArgsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgsError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        *self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        // Each of them is there, and has a byte at least.
        usize::try_from(*self.left).ok()
    }
}

/// The members of a map whose head was read.
pub(super) struct Members<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) left: &'r mut u32,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = ArgsError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ArgsError> {
        let Some(key) = self.reader.next_key(self.left) else {
            return Ok(None);
        };
        seed.deserialize(KeyDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ArgsError> {
        seed.deserialize(&mut *self.reader)
    }
}

/// An extension that has no meaning here: its type and its bytes, as the reference hands it out.
pub(super) struct ExtensionParts<'de> {
    pub(super) kind: Option<i8>,
    pub(super) bytes: Option<&'de [u8]>,
}

impl<'de> SeqAccess<'de> for ExtensionParts<'de> {
    type Error = ArgsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgsError> {
        if let Some(kind) = self.kind.take() {
            return seed.deserialize(kind.into_deserializer()).map(Some);
        }
        match self.bytes.take() {
            Some(bytes) => seed
                .deserialize(BorrowedBytesDeserializer::new(bytes))
                .map(Some),
            None => Ok(None),
        }
    }
}

/// A variant with data: the only member of a map.
pub(super) struct Variant<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) left: &'r mut u32,
}

impl<'de, 'r> EnumAccess<'de> for Variant<'r, 'de> {
    type Error = ArgsError;
    type Variant = &'r mut Reader<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), ArgsError> {
        let Some(key) = self.reader.next_key(self.left) else {
            return Err(ArgsError::new("an empty object is no variant of an enum"));
        };
        let variant = seed.deserialize(KeyDeserializer::new(key))?;
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

/// A variant without data: text.
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
        let key = KeyDeserializer::new(self.reader.key());
        Ok((seed.deserialize(key)?, NoData))
    }
}
