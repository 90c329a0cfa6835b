//! The array of an event or of an acknowledgement.

use super::Writer;
use crate::EncodeError;
use crate::spread::Sink;

/// The arguments of an event or of an acknowledgement.
pub(crate) struct Arguments<'w, 'a> {
    pub(in crate::json) writer: &'w mut Writer<'a>,
    /// Nothing stands in the array yet.
    pub(in crate::json) first: bool,
}

impl<'a> Sink for Arguments<'_, 'a> {
    type Argument<'s>
        = &'s mut Writer<'a>
    where
        Self: 's;

    fn begin(&mut self, _count: usize) -> Result<(), EncodeError> {
        Ok(())
    }

    #[inline]
    fn next(&mut self) -> Self::Argument<'_> {
        self.writer.comma(&mut self.first);
        self.writer
    }
}
