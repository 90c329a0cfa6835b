//! Arrays and maps as they are written.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{Kind, Writer, head};
use crate::key::KeySerializer;
use crate::{EncodeError, Value};

/// An array or a map that is open.
pub(crate) struct Compound<'w> {
    writer: &'w mut Writer,
    kind: Kind,
    /// Where its head stands.
    start: usize,
    /// What the head says.
    announced: usize,
    /// Elements, or keys, so far.
    count: usize,
    /// It is the only value of a map of its own: a variant of an enum.
    is_variant: bool,
    /// It is no container: its only field is JSON.
    is_json: bool,
}

impl<'w> Compound<'w> {
    /// Writes a head. A length that is not known is taken for zero and put right in the end.
    pub(super) fn open(
        writer: &'w mut Writer,
        kind: Kind,
        len: Option<usize>,
    ) -> Result<Self, EncodeError> {
        writer.open()?;
        let announced = len.unwrap_or(0);
        let start = writer.out.len();
        let (bytes, size) = head(kind, announced)?;
        writer.raw(bytes.get(..size).unwrap_or_default());
        Ok(Self {
            writer,
            kind,
            start,
            announced,
            count: 0,
            is_variant: false,
            is_json: false,
        })
    }

    pub(super) fn variant(
        writer: &'w mut Writer,
        kind: Kind,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, EncodeError> {
        writer.open()?;
        writer.map(1);
        writer.str(variant)?;
        let mut compound = Self::open(writer, kind, Some(len))?;
        compound.is_variant = true;
        Ok(compound)
    }

    /// No container: its only field is JSON.
    pub(super) fn json(writer: &'w mut Writer) -> Self {
        Self {
            start: writer.out.len(),
            writer,
            kind: Kind::Map,
            announced: 0,
            count: 0,
            is_variant: false,
            is_json: true,
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count += 1;
        value.serialize(&mut *self.writer)
    }

    fn member<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.count += 1;
        self.writer.str(key)?;
        value.serialize(&mut *self.writer)
    }

    fn close(self) -> Result<(), EncodeError> {
        if self.is_json {
            return Ok(());
        }
        if self.count != self.announced {
            // The shortest head may be longer now.
            let (_, old) = head(self.kind, self.announced)?;
            let (bytes, size) = head(self.kind, self.count)?;
            let bytes = bytes.iter().copied().take(size);
            self.writer.out.splice(self.start..self.start + old, bytes);
        }
        self.writer.close();
        if self.is_variant {
            self.writer.close();
        }
        Ok(())
    }
}

impl SerializeSeq for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeTuple for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeTupleStruct for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeTupleVariant for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.count += 1;
        key.serialize(KeySerializer(|key: &str| self.writer.str(key)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeStruct for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        if !self.is_json {
            return self.member(key, value);
        }
        value.serialize(KeySerializer(|json: &str| {
            let value = Value::from_json(json).map_err(serde::ser::Error::custom)?;
            value.serialize(&mut *self.writer)
        }))
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeStructVariant for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.member(key, value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}
