//! The array of an event or of an acknowledgement.

use serde::Serialize;

use super::{Kind, Writer, head};
use crate::spread::{Sink, miscounted};
use crate::{EncodeError, RawValue, Value};

/// The array of an event or of an acknowledgement.
pub(crate) struct Arguments<'w> {
    writer: &'w mut Writer,
    name: Option<&'w str>,
    offset: Option<&'w str>,
    begun: bool,
}

impl<'w> Arguments<'w> {
    pub(in crate::msgpack) fn new(
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
    pub(in crate::msgpack) fn end(self) -> Result<(), EncodeError> {
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
