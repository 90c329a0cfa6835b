//! The small pieces of JSON: where each of them ends.
//!
//! All of it works on offsets, takes no more than it has to look at, and is inlined where the pass goes through text.

use super::Fault;
use crate::json::scan;

/// The next byte from `at` on that is not white space, and where it stands. Zero at the end.
#[inline(always)]
pub(super) fn token(bytes: &[u8], mut at: usize) -> (usize, u8) {
    loop {
        match bytes.get(at) {
            Some(byte) if *byte > b' ' => return (at, *byte),
            Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
            // No control character is a token.
            Some(_) | None => return (at, 0),
        }
    }
}

/// The end of a string whose first quote stands before `at`: behind its last quote.
#[inline(always)]
pub(super) fn string(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let at = scan::special(bytes, at);
    if bytes.get(at) == Some(&b'"') {
        return Ok(at + 1);
    }
    string_with_escapes(bytes, at)
}

#[cold]
pub(super) fn string_with_escapes(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [b'"', ..] => return Ok(at + 1),
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => at += 2,
            [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) => {
                at += 6;
            }
            _ => return Err(Fault::Syntax),
        }
        at = scan::special(bytes, at);
    }
}

/// The end of a number or of one of the three words.
#[inline(always)]
pub(super) fn scalar(bytes: &[u8], at: usize, first: u8) -> Result<usize, Fault> {
    let word: &[u8] = match first {
        b'-' | b'0'..=b'9' => return number_end(bytes, at),
        b't' => b"true",
        b'f' => b"false",
        b'n' => b"null",
        _ => return Err(Fault::Syntax),
    };
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(word) {
        Ok(at + word.len())
    } else {
        Err(Fault::Syntax)
    }
}

#[inline(always)]
pub(super) fn number_end(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let first = if bytes.get(start) == Some(&b'-') {
        start + 1
    } else {
        start
    };
    let at = digits_end(bytes, first)?;
    // A leading zero stands alone.
    if at > first + 1 && bytes.get(first) == Some(&b'0') {
        return Err(Fault::Syntax);
    }
    match bytes.get(at) {
        Some(b'.' | b'e' | b'E') => float_end(bytes, at),
        _ => Ok(at),
    }
}

pub(super) fn float_end(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    let is = |at, byte| bytes.get(at) == Some(&byte);
    if is(at, b'.') {
        at = digits_end(bytes, at + 1)?;
    }
    if is(at, b'e') || is(at, b'E') {
        at += 1;
        if is(at, b'-') || is(at, b'+') {
            at += 1;
        }
        at = digits_end(bytes, at)?;
    }
    Ok(at)
}

/// One digit or more.
#[inline]
pub(super) fn digits_end(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at > start {
        Ok(at)
    } else {
        Err(Fault::Syntax)
    }
}
