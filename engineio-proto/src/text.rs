//! Shared text.

use alloc::string::String;
use core::fmt;
use core::ops::Deref;

use bytes::Bytes;
use bytestring::ByteString;

use crate::DecodeError;

/// UTF-8 text that shares its buffer: cloning and slicing copy nothing.
///
/// The bytes are checked once, when a `Text` is made from [`Bytes`]. Mind that a short slice keeps the
/// whole buffer alive that it was cut from; what is kept for long is better copied.
///
/// ```
/// use bytes::Bytes;
/// use engineio_proto::Text;
///
/// let body = Text::try_from(Bytes::from_static(b"4hello")).unwrap();
/// let hello = body.slice_ref(&body[1..]);
/// assert_eq!(hello, "hello");
/// assert!(Text::try_from(Bytes::from_static(&[0xff])).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(ByteString);

impl Text {
    /// No text at all.
    pub const fn new() -> Self {
        Self(ByteString::new())
    }

    /// Text that lives in the program.
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A part of this text as a `Text` of its own, which shares the buffer.
    ///
    /// # Panics
    ///
    /// If `part` is not a part of this text; it must come from a slice of it, as in
    /// `text.slice_ref(&text[2..])`. An empty part may come from anywhere.
    #[inline]
    #[track_caller]
    pub fn slice_ref(&self, part: &str) -> Self {
        Self(self.0.slice_ref(part))
    }

    /// The bytes, not copied.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// The bytes, shared.
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}

/// Copies the text.
impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(ByteString::from(text))
    }
}

impl TryFrom<Bytes> for Text {
    type Error = DecodeError;

    #[inline]
    fn try_from(bytes: Bytes) -> Result<Self, DecodeError> {
        match ByteString::try_from(bytes) {
            Ok(text) => Ok(Self(text)),
            Err(_) => Err(DecodeError::InvalidUtf8),
        }
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
