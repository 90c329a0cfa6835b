//! Checked JSON text as a serde data format.
//!
//! The text has passed [`check`](super::check), so nothing here looks for mistakes in it; what it finds wrong is the
//! type. Should the text be wrong all the same, the outcome is an error or a wrong value, never a panic and never an
//! endless loop: each step takes at least one byte.

mod access;
mod deserializer;

use alloc::borrow::Cow;

use bytes::Bytes;
use serde::de::{Error as _, Expected, Unexpected, Visitor};

use self::access::{Elements, Members};
use super::number::Literal;
use super::scan;
use crate::ArgsError;
use crate::args::{Extra, Span};

/// Reads values from a text, one after the other.
pub(crate) struct Reader<'de> {
    text: &'de str,
    at: usize,
    /// Attachments and where they are referenced, if the packet has any.
    extra: Option<&'de Extra>,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(text: &'de str, at: usize, extra: Option<&'de Extra>) -> Self {
        Self { text, at, extra }
    }

    /// The next byte that is not white space, and moves to it. Zero at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(byte) if *byte > b' ' => return *byte,
                // A checked text has nothing else up to a blank than white space.
                Some(_) => self.at += 1,
                None => return 0,
            }
        }
    }

    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// The next byte that is neither white space nor a comma, and moves to it. A checked text has one comma between two
    /// elements and none elsewhere.
    #[inline]
    pub(super) fn peek_behind_comma(&mut self) -> u8 {
        let next = self.peek();
        if next != b',' {
            return next;
        }
        self.at += 1;
        self.peek()
    }

    /// Moves behind the next value, and says where it stood. Takes the comma before it.
    pub(crate) fn next_argument(&mut self) -> Span {
        self.take(b',');
        self.peek();
        let start = self.at;
        self.skip_value();
        Span::new(start, self.at)
    }

    fn skip_value(&mut self) {
        let bytes = self.text.as_bytes();
        let mut open = 0usize;
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    self.skip_string();
                }
                b'{' | b'[' => {
                    self.at += 1;
                    open += 1;
                }
                b'}' | b']' => {
                    self.at += 1;
                    open = open.saturating_sub(1);
                }
                b',' | b':' => {
                    self.at += 1;
                    continue;
                }
                0 => return,
                _ => {
                    self.at += 1;
                    while let Some(b'0'..=b'9' | b'a'..=b'z' | b'+' | b'-' | b'.' | b'E') =
                        bytes.get(self.at)
                    {
                        self.at += 1;
                    }
                }
            }
            if open == 0 {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            self.at = scan::special(bytes, self.at);
            match bytes.get(self.at) {
                Some(b'\\') => self.at += 2,
                Some(_) => {
                    self.at += 1;
                    return;
                }
                None => return,
            }
        }
    }

    /// A string whose first quote was taken.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Cow<'de, str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at = scan::special(bytes, start);
        if bytes.get(self.at) == Some(&b'"') {
            let text = self.text.get(start..self.at).unwrap_or_default();
            self.at += 1;
            return Cow::Borrowed(text);
        }
        self.string_with_escapes(start)
    }

    #[cold]
    fn string_with_escapes(&mut self, start: usize) -> Cow<'de, str> {
        self.skip_string();
        let raw = self.text.get(start..self.at.saturating_sub(1));
        scan::unescape(raw.unwrap_or_default())
    }

    #[inline]
    pub(super) fn number(&mut self) -> Literal {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let (literal, len) = Literal::read(rest);
        self.at += len;
        literal
    }

    /// Moves behind `true`, `false` or `null`.
    #[inline]
    pub(super) fn word(&mut self, word: &str) {
        self.at += word.len();
    }

    /// The attachment, if the object that begins here means one; moves behind it.
    #[inline]
    pub(super) fn attachment(&mut self) -> Option<&'de Bytes> {
        let (bytes, end) = self.extra?.attachment_at(self.at)?;
        self.at = end;
        Some(bytes)
    }

    /// Whether the object that begins here means an attachment.
    #[inline]
    fn is_attachment(&self) -> bool {
        let found = self.extra.and_then(|extra| extra.attachment_at(self.at));
        found.is_some()
    }

    /// The value that is next has another type than the visitor expects.
    #[cold]
    fn unexpected(&mut self, expected: &dyn Expected) -> ArgsError {
        let string;
        let found = match self.peek() {
            b'"' => {
                self.at += 1;
                string = self.string();
                Unexpected::Str(&string)
            }
            b'{' => match self.attachment() {
                Some(bytes) => Unexpected::Bytes(bytes),
                None => Unexpected::Map,
            },
            b'[' => Unexpected::Seq,
            b't' => Unexpected::Bool(true),
            b'f' => Unexpected::Bool(false),
            b'n' => Unexpected::Unit,
            _ => match self.number() {
                Literal::Unsigned(value) => Unexpected::Unsigned(value),
                Literal::Signed(value) => Unexpected::Signed(value),
                Literal::Float(value) => Unexpected::Float(value),
            },
        };
        ArgsError::invalid_type(found, expected)
    }

    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ArgsError> {
        match self.peek() {
            b'-' | b'0'..=b'9' => match self.number() {
                Literal::Unsigned(value) => visitor.visit_u64(value),
                Literal::Signed(value) => visitor.visit_i64(value),
                Literal::Float(value) => visitor.visit_f64(value),
            },
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn visit_array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ArgsError> {
        self.at += 1;
        let value = visitor.visit_seq(Elements { reader: self })?;
        if !self.take(b']') {
            return Err(ArgsError::new("the array has more elements than expected"));
        }
        Ok(value)
    }

    fn visit_object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ArgsError> {
        self.at += 1;
        let value = visitor.visit_map(Members { reader: self })?;
        if !self.take(b'}') {
            return Err(ArgsError::new("the object has more members than expected"));
        }
        Ok(value)
    }
}
