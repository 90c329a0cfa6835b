//! A serde data format that writes JSON where it will be sent from, as `JSON.stringify` would, and puts bytes aside
//! as attachments.

mod arguments;
mod compound;
mod serializer;

use alloc::vec::Vec;

use bytes::Bytes;
use engineio_proto::TextBuilder;

pub(crate) use self::arguments::Arguments;
use super::check::{self, Place};
use super::scan;
use crate::EncodeError;
use crate::codec::MAX_DEPTH;

/// The JSON of one packet, as it is written.
pub(crate) struct Writer<'a> {
    pub(super) out: TextBuilder,
    pub(super) attachments: Vec<Bytes>,
    /// Buffers of which the value has parts.
    shared: &'a [Bytes],
    max_attachments: usize,
    /// Containers that may still be opened.
    depth: usize,
    /// Something was written that may read like a reference to an attachment.
    may_mislead: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: TextBuilder, shared: &'a [Bytes], max_attachments: usize) -> Self {
        Self {
            out,
            attachments: Vec::new(),
            shared,
            max_attachments,
            depth: MAX_DEPTH,
            may_mislead: false,
        }
    }

    /// What was written. If there are attachments, nothing but their references may read like one: data of somebody
    /// who meant to break the packet would have its recipients close their connections.
    #[inline]
    pub(super) fn finish(self) -> Result<(TextBuilder, Vec<Bytes>), EncodeError> {
        if self.may_mislead && !self.attachments.is_empty() {
            self.places()?;
        }
        Ok((self.out, self.attachments))
    }

    /// Where the attachments are referenced, counted from the beginning of the text.
    pub(super) fn places(&self) -> Result<Vec<Place>, EncodeError> {
        let count = u32::try_from(self.attachments.len()).unwrap_or(u32::MAX);
        check::places(self.out.as_str(), count).map_err(|_| EncodeError::Misleading)
    }

    #[inline]
    pub(super) fn open(&mut self, bracket: &str) -> Result<(), EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
        self.out.push_str(bracket);
        Ok(())
    }

    #[inline]
    pub(super) fn close(&mut self, bracket: char) {
        self.depth += 1;
        self.out.push(bracket);
    }

    /// A string with its quotes.
    #[inline]
    pub(super) fn string(&mut self, text: &str) {
        self.out.push('"');
        self.escaped(text);
        self.out.push('"');
    }

    /// The key of a member, without its quotes.
    #[inline]
    pub(super) fn key(&mut self, key: &str) {
        self.may_mislead |= key == "_placeholder";
        self.escaped(key);
    }

    /// Opens the object of a variant of an enum, whose only key is its name.
    fn variant(&mut self, name: &str) -> Result<(), EncodeError> {
        self.open("{\"")?;
        self.key(name);
        self.out.push('"');
        Ok(())
    }

    /// What stands between the quotes.
    #[inline]
    fn escaped(&mut self, text: &str) {
        if scan::is_plain(text) {
            self.out.push_str(text);
        } else {
            self.with_escapes(text);
        }
    }

    #[cold]
    fn with_escapes(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut from = 0;
        loop {
            let at = scan::special(bytes, from);
            self.out.push_str(text.get(from..at).unwrap_or_default());
            let Some(byte) = bytes.get(at) else {
                return;
            };
            self.out.push_str(scan::escape(*byte));
            from = at + 1;
        }
    }

    /// An attachment, and what stands for it.
    pub(super) fn attachment(&mut self, bytes: impl FnOnce() -> Bytes) -> Result<(), EncodeError> {
        let count = self.attachments.len();
        let num = u32::try_from(count).unwrap_or(u32::MAX);
        if count >= self.max_attachments || num == u32::MAX {
            return Err(EncodeError::TooManyAttachments(self.max_attachments));
        }
        self.attachments.push(bytes());
        self.out.push_str("{\"_placeholder\":true,\"num\":");
        self.integer(num);
        self.out.push('}');
        Ok(())
    }

    #[inline]
    fn integer(&mut self, value: impl itoa::Integer) {
        self.out.push_str(itoa::Buffer::new().format(value));
    }

    /// A float; `shortest` is the same in its own width.
    fn float(&mut self, value: f64, shortest: impl zmij::Float) {
        if !value.is_finite() {
            self.out.push_str("null");
        } else if let Some(integer) = exact_integer(value) {
            self.integer(integer);
        } else {
            let mut buffer = zmij::Buffer::new();
            self.out.push_str(buffer.format_finite(shortest));
        }
    }

    /// JSON that somebody else has written.
    pub(super) fn verbatim(&mut self, json: &str) -> Result<(), EncodeError> {
        check::whole(json, self.depth).map_err(serde::ser::Error::custom)?;
        self.may_mislead = true;
        self.out.push_str(json);
        Ok(())
    }

    /// What goes before a member or an element.
    #[inline]
    pub(super) fn comma(&mut self, first: &mut bool) {
        if !core::mem::replace(first, false) {
            self.out.push(',');
        }
    }
}

/// The integer that a float is, if JavaScript would write it as one and it is exact.
pub(crate) fn exact_integer(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is compared before, and the value after"
    )]
    let integer = value as i64;
    #[expect(
        clippy::cast_precision_loss,
        reason = "below 2^53 each integer is a float"
    )]
    let is_exact = value.abs() < EXACT && integer as f64 == value;
    is_exact.then_some(integer)
}

/// The names under which `serde_json` hands over a `RawValue`, and with its feature `arbitrary_precision` each of its
/// numbers: a struct with one field, which is JSON.
pub(crate) const RAW_VALUE: &str = "$serde_json::private::RawValue";
pub(crate) const NUMBER: &str = "$serde_json::private::Number";
