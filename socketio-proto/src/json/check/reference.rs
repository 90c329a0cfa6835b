//! Objects that mean an attachment.

use super::grammar::{scalar, string, token};
use super::{Fault, Place};
use crate::json::scan;

/// What a key means that goes from quote to quote.
pub(super) fn key_of(bytes: &[u8], start: usize, end: usize) -> Key {
    let raw = bytes.get(start + 1..end - 1).unwrap_or_default();
    match raw {
        b"_placeholder" => Key::Placeholder,
        b"num" => Key::Num,
        // The longest way to write `_placeholder` has six bytes for each of its letters.
        _ if raw.len() <= 72 && raw.contains(&b'\\') => {
            match scan::unescape(core::str::from_utf8(raw).unwrap_or_default()).as_ref() {
                "_placeholder" => Key::Placeholder,
                "num" => Key::Num,
                _ => Key::Other,
            }
        }
        _ => Key::Other,
    }
}

/// A reference as everybody writes it: its number, and where it ends. `None` if it is something else.
#[inline]
pub(super) fn plain_reference(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let rest = bytes.get(start..)?;
    let rest = rest.strip_prefix(br#"{"_placeholder":true,"num":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // JSON has no leading zeros.
    let is_json = digits == 1 || rest.first() != Some(&b'0');
    if !is_json || rest.get(digits) != Some(&b'}') {
        return None;
    }
    let num = number(rest.get(..digits)?)?;
    Some((num, bytes.len() - rest.len() + digits + 1))
}

/// A reference in any other spelling.
pub(super) fn spelt_reference(bytes: &[u8], start: usize) -> Result<Option<(u32, usize)>, Fault> {
    let mut is_reference = false;
    let mut num = None;
    let mut at = start + 1;
    loop {
        let (quote, byte) = token(bytes, at);
        if byte != b'"' {
            // Nothing in it, or no JSON, which the caller will find.
            return Ok(None);
        }
        at = string(bytes, quote + 1)?;
        let key = key_of(bytes, quote, at);
        let (colon, byte) = token(bytes, at);
        if byte != b':' {
            return Err(Fault::Syntax);
        }
        let (from, first) = token(bytes, colon + 1);
        at = match first {
            b'{' | b'[' => return Ok(None),
            b'"' => string(bytes, from + 1)?,
            _ => scalar(bytes, from, first)?,
        };
        // A key that comes twice means what it means the second time.
        match key {
            Key::Placeholder => is_reference = first == b't',
            Key::Num => num = bytes.get(from..at).and_then(number),
            Key::Other => {}
        }
        let next;
        (at, next) = token(bytes, at);
        at += 1;
        match next {
            b',' => {}
            b'}' => break,
            _ => return Err(Fault::Syntax),
        }
    }
    match (is_reference, num) {
        (false, _) => Ok(None),
        (true, Some(num)) => Ok(Some((num, at))),
        (true, None) => Err(Fault::Attachments),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Placeholder,
    Num,
    Other,
}

/// Digits and nothing else, and not too many of them.
pub(in crate::json) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

pub(super) fn is_permutation(places: &[Place]) -> bool {
    let mut seen = alloc::vec![false; places.len()];
    places.iter().all(|place| {
        seen.get_mut(place.num as usize)
            .is_some_and(|seen| !core::mem::replace(seen, true))
    })
}

/// The fewest bytes in which an attachment can be referenced: `{"_placeholder":true,"num":0}`.
pub(in crate::json) const SHORTEST_REFERENCE: usize = 29;
