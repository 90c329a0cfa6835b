//! Arrays and objects as they are written.

use alloc::string::String;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::Writer;
use crate::EncodeError;
use crate::key::KeySerializer;

/// An array or an object that is open.
pub(crate) struct Compound<'w, 'a> {
    writer: &'w mut Writer<'a>,
    first: bool,
    kind: CompoundKind,
}

#[derive(Clone, Copy)]
enum CompoundKind {
    /// Closed by this.
    Plain(char),
    /// Closed by this and by the brace of the object whose only member it is.
    Variant(char),
    /// No container: its only field is JSON already.
    Verbatim,
}

impl<'w, 'a> Compound<'w, 'a> {
    pub(super) fn new(writer: &'w mut Writer<'a>, close: char) -> Self {
        Self {
            writer,
            first: true,
            kind: CompoundKind::Plain(close),
        }
    }

    pub(super) fn variant(writer: &'w mut Writer<'a>, close: char) -> Self {
        Self {
            writer,
            first: true,
            kind: CompoundKind::Variant(close),
        }
    }

    pub(super) fn verbatim(writer: &'w mut Writer<'a>) -> Self {
        Self {
            writer,
            first: true,
            kind: CompoundKind::Verbatim,
        }
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.writer.comma(&mut self.first);
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn member<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        if core::mem::replace(&mut self.first, false) {
            self.writer.out.push('"');
        } else {
            self.writer.out.push_str(",\"");
        }
        self.writer.key(key);
        self.writer.out.push_str("\":");
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn close(self) {
        match self.kind {
            CompoundKind::Plain(close) => self.writer.close(close),
            CompoundKind::Variant(close) => {
                self.writer.close(close);
                self.writer.close('}');
            }
            CompoundKind::Verbatim => {}
        }
    }
}

impl SerializeSeq for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeTuple for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeTupleStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeTupleVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.writer.comma(&mut self.first);
        key.serialize(KeySerializer(|key: &str| {
            self.writer.out.push('"');
            self.writer.key(key);
            self.writer.out.push('"');
            Ok(())
        }))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.writer.out.push(':');
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        match self.kind {
            CompoundKind::Verbatim => {
                let mut json = String::new();
                value.serialize(KeySerializer(|text: &str| {
                    json.push_str(text);
                    Ok(())
                }))?;
                self.writer.verbatim(&json)
            }
            _ => self.member(key, value),
        }
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeStructVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.member(key, value)
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}
