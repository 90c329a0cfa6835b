//! A serde data format that writes MessagePack as `notepack.io` does.

use alloc::vec::Vec;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::codec::MAX_DEPTH;
use crate::json::{NUMBER, RAW_VALUE, exact_integer};
use crate::key::KeySerializer;
use crate::spread::{Sink, miscounted};
use crate::{EncodeError, RawValue, Value};

/// The bytes of one packet, as they are written.
pub(crate) struct Writer {
    out: Vec<u8>,
    /// Containers that may still be opened.
    depth: usize,
}

impl Writer {
    pub(super) fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            depth: MAX_DEPTH,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.out
    }

    pub(super) fn into_inner(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn undefined(&mut self) {
        self.raw(&[0xd4, 0, 0]);
    }

    /// The head of a map that is no value: the packet itself.
    pub(super) fn map(&mut self, pairs: u8) {
        self.out.push(0x80 | pairs);
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        let bytes = value.to_be_bytes();
        let [.., c, d, e, f] = bytes;
        match value {
            0..=0x7f => self.out.push(f),
            0x80..=0xff => self.raw(&[0xcc, f]),
            0x100..=0xffff => self.raw(&[0xcd, e, f]),
            0x1_0000..=0xffff_ffff => self.raw(&[0xce, c, d, e, f]),
            _ => {
                self.out.push(0xcf);
                self.raw(&bytes);
            }
        }
    }

    fn signed(&mut self, value: i64) {
        if let Ok(value) = u64::try_from(value) {
            return self.unsigned(value);
        }
        let bytes = value.to_be_bytes();
        let [.., c, d, e, f] = bytes;
        match value {
            -0x20.. => self.out.push(f),
            -0x80.. => self.raw(&[0xd0, f]),
            -0x8000.. => self.raw(&[0xd1, e, f]),
            -0x8000_0000.. => self.raw(&[0xd2, c, d, e, f]),
            _ => {
                self.out.push(0xd3);
                self.raw(&bytes);
            }
        }
    }

    fn float(&mut self, value: f64) {
        match exact_integer(value) {
            Some(integer) => self.signed(integer),
            None => {
                self.out.push(0xcb);
                self.raw(&value.to_be_bytes());
            }
        }
    }

    pub(super) fn str(&mut self, text: &str) -> Result<(), EncodeError> {
        let [a, b, c, d] = length(text.len())?;
        match text.len() {
            0..=0x1f => self.out.push(0xa0 | d),
            0x20..=0xff => self.raw(&[0xd9, d]),
            0x100..=0xffff => self.raw(&[0xda, c, d]),
            _ => self.raw(&[0xdb, a, b, c, d]),
        }
        self.raw(text.as_bytes());
        Ok(())
    }

    fn binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let [a, b, c, d] = length(bytes.len())?;
        match bytes.len() {
            0..=0xff => self.raw(&[0xc4, d]),
            0x100..=0xffff => self.raw(&[0xc5, c, d]),
            _ => self.raw(&[0xc6, a, b, c, d]),
        }
        self.raw(bytes);
        Ok(())
    }

    fn open(&mut self) -> Result<(), EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
        Ok(())
    }

    fn close(&mut self) {
        self.depth += 1;
    }
}

/// A length as it is written. The format has 32 bits for it.
fn length(len: usize) -> Result<[u8; 4], EncodeError> {
    match u32::try_from(len) {
        Ok(len) => Ok(len.to_be_bytes()),
        Err(_) => Err(serde::ser::Error::custom("more than 4 GiB in one value")),
    }
}

/// The shortest head of a container, and how long it is.
fn head(kind: Kind, len: usize) -> Result<([u8; 5], usize), EncodeError> {
    let [a, b, c, d] = length(len)?;
    let (short, medium, long) = match kind {
        Kind::Array => (0x90, 0xdc, 0xdd),
        Kind::Map => (0x80, 0xde, 0xdf),
    };
    Ok(match len {
        0..=0xf => ([short | d, 0, 0, 0, 0], 1),
        0x10..=0xffff => ([medium, c, d, 0, 0], 3),
        _ => ([long, a, b, c, d], 5),
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
}

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
    fn open(writer: &'w mut Writer, kind: Kind, len: Option<usize>) -> Result<Self, EncodeError> {
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

    fn variant(
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

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'w>;
    type SerializeTuple = Compound<'w>;
    type SerializeTupleStruct = Compound<'w>;
    type SerializeTupleVariant = Compound<'w>;
    type SerializeMap = Compound<'w>;
    type SerializeStruct = Compound<'w>;
    type SerializeStructVariant = Compound<'w>;

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.out.push(if value { 0xc3 } else { 0xc2 });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), EncodeError> {
        self.signed(value);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => self.unsigned(value),
            (_, Ok(value)) => self.signed(value),
            _ => return Err(EncodeError::IntegerTooLarge),
        }
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        self.unsigned(value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        self.unsigned(u64::try_from(value).map_err(|_| EncodeError::IntegerTooLarge)?);
        Ok(())
    }

    /// JavaScript has no other floats than those of eight bytes, so the reference never writes four.
    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        self.float(value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        self.str(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        self.binary(value)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.out.push(0xc0);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.open()?;
        self.map(1);
        self.str(variant)?;
        value.serialize(&mut *self)?;
        self.close();
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Compound<'w>, EncodeError> {
        Compound::open(self, Kind::Array, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Compound<'w>, EncodeError> {
        Compound::open(self, Kind::Array, Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Compound<'w>, EncodeError> {
        Compound::open(self, Kind::Array, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'w>, EncodeError> {
        Compound::variant(self, Kind::Array, variant, len)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'w>, EncodeError> {
        Compound::open(self, Kind::Map, len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Compound<'w>, EncodeError> {
        if name == RAW_VALUE || name == NUMBER {
            return Ok(Compound {
                start: self.out.len(),
                writer: self,
                kind: Kind::Map,
                announced: 0,
                count: 0,
                is_variant: false,
                is_json: true,
            });
        }
        Compound::open(self, Kind::Map, Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'w>, EncodeError> {
        Compound::variant(self, Kind::Map, variant, len)
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

/// The array of an event or of an acknowledgement.
pub(crate) struct Arguments<'w> {
    writer: &'w mut Writer,
    name: Option<&'w str>,
    offset: Option<&'w str>,
    begun: bool,
}

impl<'w> Arguments<'w> {
    pub(super) fn new(
        writer: &'w mut Writer,
        name: Option<&'w str>,
        offset: Option<&'w str>,
    ) -> Self {
        Self {
            writer,
            name,
            offset,
            begun: false,
        }
    }

    /// Each value as an argument.
    pub(crate) fn write_values(&mut self, values: &[Value]) -> Result<(), EncodeError> {
        self.begin(values.len())?;
        values
            .iter()
            .try_for_each(|value| value.serialize(self.next()))
    }

    /// What was received; as it stands, if it came as MessagePack.
    pub(crate) fn write_raw(
        &mut self,
        count: usize,
        values: impl Iterator<Item = RawValue>,
    ) -> Result<(), EncodeError> {
        self.begin(count)?;
        for value in values {
            match value.as_msgpack() {
                Some(bytes) => self.writer.raw(bytes),
                None => value.to_value().serialize(self.next())?,
            }
        }
        Ok(())
    }

    /// Appends the offset.
    pub(super) fn end(self) -> Result<(), EncodeError> {
        if !self.begun {
            return Err(miscounted());
        }
        if let Some(offset) = self.offset {
            self.writer.str(offset)?;
        }
        self.writer.close();
        Ok(())
    }
}

impl Sink for Arguments<'_> {
    type Argument<'s>
        = &'s mut Writer
    where
        Self: 's;

    fn begin(&mut self, count: usize) -> Result<(), EncodeError> {
        self.begun = true;
        self.writer.open()?;
        let count = count + usize::from(self.name.is_some()) + usize::from(self.offset.is_some());
        let (bytes, size) = head(Kind::Array, count)?;
        self.writer.raw(bytes.get(..size).unwrap_or_default());
        match self.name {
            Some(name) => self.writer.str(name),
            None => Ok(()),
        }
    }

    fn next(&mut self) -> Self::Argument<'_> {
        self.writer
    }
}
