//! A serde data format that writes MessagePack as `notepack.io` does.

mod arguments;
mod compound;

use alloc::vec::Vec;

use serde::ser::{Serialize, Serializer};

pub(crate) use self::arguments::Arguments;
use self::compound::Compound;
use crate::EncodeError;
use crate::codec::MAX_DEPTH;
use crate::json::{NUMBER, RAW_VALUE, exact_integer};

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
            return Ok(Compound::json(self));
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
