//! JSONP: long polling through script tags and forms, for browsers that knew nothing better.
//!
//! Chosen when the handshake has a parameter `j` (see [`Query::jsonp`](crate::query::Query::jsonp)). Responses
//! are scripts that call a function with the [payload](crate::payload) as their argument, requests are forms
//! with the payload in the field `d`. Such clients also ask for base64, so payloads are text.

use core::fmt;

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::percent;

/// Which function of the page a response calls: the `j` of the handshake.
///
/// Later requests have a `j` too, which does not count: a session answers with its first one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct JsonpIndex {
    digits: [u8; Self::MAX_LEN],
    len: u8,
}

impl JsonpIndex {
    /// The most digits that are kept. Clients count from zero; 20 digits hold what they could count to.
    pub const MAX_LEN: usize = 20;

    /// Keeps the digits and drops the rest, because the index becomes part of a script. There may be none.
    ///
    /// ```
    /// use engineio_proto::jsonp::JsonpIndex;
    ///
    /// assert_eq!(JsonpIndex::parse("12abc").as_str(), "12");
    /// assert_eq!(JsonpIndex::parse("0];alert(1);//").as_str(), "01");
    /// ```
    pub fn parse(j: &str) -> Self {
        let mut digits = [0; Self::MAX_LEN];
        let mut len = 0;
        for (slot, digit) in digits.iter_mut().zip(j.bytes().filter(u8::is_ascii_digit)) {
            *slot = digit;
            len += 1;
        }
        Self { digits, len }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..usize::from(self.len));
        str::from_utf8(digits.unwrap_or_default()).unwrap_or_default()
    }
}

impl fmt::Debug for JsonpIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Appends the script that hands `payload`, which is UTF-8, to the page.
///
/// The argument is a JSON string that is also JavaScript: U+2028 and U+2029 are escaped, which old scripts take
/// for line ends. `<` is escaped too. It is the same text to the script, and leaves nothing of a tag to browsers
/// that guess at HTML.
///
/// ```
/// use bytes::BytesMut;
/// use engineio_proto::jsonp::{self, JsonpIndex};
///
/// let mut body = BytesMut::new();
/// jsonp::wrap(&JsonpIndex::parse("0"), b"4say \"hi\"", &mut body);
/// assert_eq!(body, r#"___eio[0]("4say \"hi\"");"#);
/// ```
pub fn wrap(index: &JsonpIndex, payload: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"___eio[");
    out.extend_from_slice(index.as_str().as_bytes());
    out.extend_from_slice(b"](\"");
    escape(payload, out);
    out.extend_from_slice(b"\");");
}

fn escape(mut text: &[u8], out: &mut BytesMut) {
    // The bytes that need no escape are copied in one piece.
    while let Some(plain) = text.iter().position(|byte| needs_look(*byte)) {
        let (before, special) = text.split_at_checked(plain).unwrap_or_default();
        out.extend_from_slice(before);
        let (escaped, len) = match special {
            [0xe2, 0x80, 0xa8, ..] => (Escaped::Text(b"\\u2028"), 3),
            [0xe2, 0x80, 0xa9, ..] => (Escaped::Text(b"\\u2029"), 3),
            [b'"', ..] => (Escaped::Text(b"\\\""), 1),
            [b'\\', ..] => (Escaped::Text(b"\\\\"), 1),
            [b'\n', ..] => (Escaped::Text(b"\\n"), 1),
            [b'\r', ..] => (Escaped::Text(b"\\r"), 1),
            [b'\t', ..] => (Escaped::Text(b"\\t"), 1),
            [0x08, ..] => (Escaped::Text(b"\\b"), 1),
            [0x0c, ..] => (Escaped::Text(b"\\f"), 1),
            [byte, ..] if *byte < 0x20 || *byte == b'<' => (Escaped::Unit(*byte), 1),
            [byte, ..] => (Escaped::Byte(*byte), 1),
            [] => return,
        };
        match escaped {
            Escaped::Text(text) => out.extend_from_slice(text),
            Escaped::Unit(byte) => {
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            }
            Escaped::Byte(byte) => out.extend_from_slice(&[byte]),
        }
        text = special.get(len..).unwrap_or_default();
    }
    out.extend_from_slice(text);
}

enum Escaped {
    Text(&'static [u8]),
    /// As `\u00..`.
    Unit(u8),
    /// It only looked special: a character that begins like U+2028.
    Byte(u8),
}

const fn needs_look(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | 0xe2)
}

const fn hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + digit - 10,
    }
}

/// The payload of a form that was posted: field `d`, the last one if there are several. `None` if there is none;
/// such a request is answered `ok` and otherwise ignored.
///
/// Browsers change line ends in forms, so clients write a line end as `\n`, and what was `\n` before with one
/// more backslash. Both are undone here.
///
/// ```
/// use bytes::Bytes;
/// use engineio_proto::jsonp;
///
/// let body = Bytes::from_static(br"d=7%3A4a%5Cnb+%2B");
/// assert_eq!(jsonp::form_body(&body).unwrap(), "7:4a\nb +");
/// assert_eq!(jsonp::form_body(&Bytes::from_static(b"e=1")), None);
/// ```
pub fn form_body(body: &Bytes) -> Option<Bytes> {
    let (_, value) = percent::pairs(body)
        .filter(|(name, _)| *percent::decode(name) == *b"d")
        .last()?;
    let text = percent::decode(value);
    if text.contains(&b'\\') {
        return Some(Bytes::from(restore_line_ends(&text)));
    }
    Some(match text {
        alloc::borrow::Cow::Borrowed(plain) => body.slice_ref(plain),
        alloc::borrow::Cow::Owned(decoded) => Bytes::from(decoded),
    })
}

fn restore_line_ends(mut text: &[u8]) -> Vec<u8> {
    let mut restored = Vec::with_capacity(text.len());
    loop {
        text = match text {
            [b'\\', b'n', rest @ ..] => {
                restored.push(b'\n');
                rest
            }
            [b'\\', b'\\', b'n', rest @ ..] => {
                restored.extend_from_slice(b"\\n");
                rest
            }
            [byte, rest @ ..] => {
                restored.push(*byte);
                rest
            }
            [] => return restored,
        };
    }
}
