//! The two content types of polling.

/// What kind of body a request or response has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol distinguishes these two"
)]
pub enum ContentType {
    /// Text of any kind.
    Text,
    /// `application/octet-stream`: the binary bodies of revision 3.
    Binary,
}

impl ContentType {
    /// Reads a `Content-Type` header. Only exactly `application/octet-stream` means binary, as in the reference;
    /// no header means text.
    pub fn from_header(value: Option<&str>) -> Self {
        match value {
            Some("application/octet-stream") => Self::Binary,
            _ => Self::Text,
        }
    }

    /// The header of an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=UTF-8",
            Self::Binary => "application/octet-stream",
        }
    }
}
