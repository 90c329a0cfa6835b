//! The pass over a MessagePack value that has to pass before anybody sees it: lengths, depth, keys.
//!
//! It neither recurses nor allocates. What reads the value afterwards can rely on it being right.

use super::token::{Token, token};
use crate::DecodeError;
use crate::codec::MAX_DEPTH;

/// Checks the value that begins at `at`, and says where it ends.
pub(super) fn value(bytes: &[u8], mut at: usize, max_depth: usize) -> Result<usize, DecodeError> {
    let max_depth = max_depth.min(MAX_DEPTH);
    // For each container that is open: how many items are to come (a pair is two), and whether it is a map. The last
    // one is the innermost.
    let mut left = [0u32; MAX_DEPTH];
    let mut is_map = 0u128;
    let mut open = 0usize;
    loop {
        let (found, next) = token(bytes, at).ok_or(DecodeError::InvalidMessagePack)?;
        at = next;
        let is_key = match open.checked_sub(1).and_then(|last| left.get(last)) {
            // Of a pair the key comes first.
            Some(left) => is_map & 1 == 1 && left % 2 == 0,
            None => false,
        };
        if is_key && !can_be_key(&found) {
            return Err(DecodeError::InvalidMessagePack);
        }
        let items = match found {
            Token::Array(len) => Some(u64::from(len)),
            Token::Map(len) => Some(u64::from(len) * 2),
            // It is read as an array, and has to fit where that has to fit when it is sent on.
            Token::Extension(..) => Some(0),
            _ => None,
        };
        if let Some(items) = items {
            if open >= max_depth {
                return Err(DecodeError::TooDeep);
            }
            // Each item has a byte at least.
            let rest = bytes.len().saturating_sub(at);
            let items = usize::try_from(items).ok().filter(|items| *items <= rest);
            let items = items.and_then(|items| u32::try_from(items).ok());
            let items = items.ok_or(DecodeError::InvalidMessagePack)?;
            if let Some(slot) = left.get_mut(open) {
                *slot = items;
            }
            is_map = is_map << 1 | u128::from(matches!(found, Token::Map(_)));
            open += 1;
            if items > 0 {
                continue;
            }
        }
        // Behind a value: what is complete now?
        if items.is_some() {
            open -= 1;
            is_map >>= 1;
        }
        loop {
            let Some(left) = open.checked_sub(1).and_then(|last| left.get_mut(last)) else {
                return Ok(at);
            };
            *left = left.saturating_sub(1);
            if *left > 0 {
                break;
            }
            open -= 1;
            is_map >>= 1;
        }
    }
}

/// JavaScript makes text of any key. What is no scalar would be no text that anybody wants.
pub(super) fn can_be_key(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Text(_)
            | Token::Unsigned(_)
            | Token::Negative(_)
            | Token::Float(_)
            | Token::Bool(_)
            | Token::Nil
    )
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn check(bytes: &[u8]) -> Result<usize, DecodeError> {
        value(bytes, 0, MAX_DEPTH)
    }

    #[test]
    fn the_end_of_a_value_is_found() {
        for bytes in [
            &b"\x01"[..],
            b"\x90",
            b"\x80",
            b"\x92\x01\x02",
            b"\x91\x91\x91\x90",
            b"\x82\xa1a\x92\x01\x02\xa1b\x81\x01\xc0",
            b"\x93\x80\x90\x81\xc0\xc0",
            b"\x92\xd4\x00\x00\xc7\x02\x00xx",
        ] {
            assert_eq!(check(bytes), Ok(bytes.len()), "{bytes:x?}");
            let longer = [bytes, b"\x01"].concat();
            assert_eq!(check(&longer), Ok(bytes.len()), "{bytes:x?}");
            for len in 0..bytes.len() {
                assert!(check(&bytes[..len]).is_err(), "{bytes:x?} {len}");
            }
        }
    }

    #[test]
    fn what_is_announced_and_not_there_is_refused() {
        for bytes in [
            &b"\xdd\xff\xff\xff\xff\x01\x02"[..],
            b"\xdf\xff\xff\xff\xff\x01\x02",
            b"\xdf\x80\x00\x00\x00\x01\x02",
            b"\x93\x01\x02",
            b"\x82\xa1a\x01\xa1b",
            b"\xc6\xff\xff\xff\xffx",
        ] {
            let found = check(bytes);
            assert_eq!(found, Err(DecodeError::InvalidMessagePack), "{bytes:x?}");
        }
    }

    #[test]
    fn keys_are_scalars() {
        for (key, good) in [
            (&b"\xa1a"[..], true),
            (b"\x01", true),
            (b"\xff", true),
            (b"\xc3", true),
            (b"\xc0", true),
            (b"\x90", false),
            (b"\x80", false),
            (b"\xc4\x00", false),
            (b"\xd4\x00\x00", false),
        ] {
            let bytes = [b"\x81", key, b"\x01"].concat();
            assert_eq!(check(&bytes).is_ok(), good, "{key:x?}");
            // As a value anything will do.
            let bytes = [b"\x81\x01", key].concat();
            assert!(check(&bytes).is_ok(), "{key:x?}");
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth: usize, open: &[u8], inner: &[u8]| -> Vec<u8> {
            [open.repeat(depth), inner.to_vec()].concat()
        };
        for (open, inner) in [(&b"\x91"[..], &b"\x01"[..]), (b"\x81\x01", b"\x01")] {
            assert!(check(&nested(128, open, inner)).is_ok());
            assert_eq!(check(&nested(129, open, inner)), Err(DecodeError::TooDeep));
            assert_eq!(
                check(&nested(100_000, open, inner)),
                Err(DecodeError::TooDeep)
            );
        }
        assert!(check(&nested(127, b"\x91", b"\x90")).is_ok());
        assert_eq!(
            check(&nested(128, b"\x91", b"\x90")),
            Err(DecodeError::TooDeep)
        );
        assert_eq!(value(b"\x91\x90", 0, 1), Err(DecodeError::TooDeep));
    }

    #[test]
    fn an_extension_is_as_deep_as_the_array_it_is_read_as() {
        for (extension, is_array) in [
            (&b"\xd5\x05xx"[..], true),
            (b"\xc7\x01\x05x", true),
            // Bytes, `undefined` and dates are no arrays.
            (b"\xc7\x01\x00x", false),
            (b"\xd4\x00\x00", false),
            (b"\xd7\x00\0\0\0\0\0\0\0\0", false),
        ] {
            let nested = |depth| [b"\x91".repeat(depth), extension.to_vec()].concat();
            assert_eq!(check(&nested(127)), Ok(127 + extension.len()));
            assert_eq!(check(&nested(128)).is_err(), is_array, "{extension:x?}");
        }
    }
}
