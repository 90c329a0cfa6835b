//! Strings in JSON text: where they end, and what they mean.

use alloc::borrow::Cow;
use alloc::string::String;

/// Where the first byte from `at` on stands that is `"`, `\` or a control character; the length of `bytes` if there
/// is none.
///
/// Only the first step is inlined, wherever there are strings: most of them are keys, and end with it.
#[inline(always)]
pub(super) fn special(bytes: &[u8], at: usize) -> usize {
    match word_at(bytes, at).map(hits) {
        Some(0) => special_beyond(bytes, at + 8),
        Some(hits) => at + hits.trailing_zeros() as usize / 8,
        None => special_beyond(bytes, at),
    }
}

fn special_beyond(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(bytes, at) {
        let hits = hits(word);
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if *byte < 0x20 || *byte == b'"' || *byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

/// The eight bytes from `at` on, the first of them lowest.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..at + 8)?.first_chunk()?;
    Some(u64::from_le_bytes(*chunk))
}

/// Whether there is nothing in a text that [`special`] would stop at.
#[inline]
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    // The last bytes are looked at together with some before them, so that there is no rest to go through.
    if let Some(last) = bytes.last_chunk() {
        let (chunks, _) = bytes.as_chunks();
        return is_plain_block(last) && chunks.iter().all(is_plain_block);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return hits(u64::from_le_bytes(*first)) | hits(u64::from_le_bytes(*last)) == 0;
    }
    let word = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        // Blanks fill what is left.
        _ => match *bytes {
            [] => return true,
            [a] => u64::from_le_bytes([a, b' ', b' ', b' ', b' ', b' ', b' ', b' ']),
            [a, b] => u64::from_le_bytes([a, b, b' ', b' ', b' ', b' ', b' ', b' ']),
            [a, b, c, ..] => u64::from_le_bytes([a, b, c, b' ', b' ', b' ', b' ', b' ']),
        },
    };
    hits(word) == 0
}

/// The same for sixteen bytes. All are looked at, whatever is found, so that the compiler can take them together.
#[inline(always)]
fn is_plain_block(block: &[u8; 16]) -> bool {
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let found = block
        .iter()
        .fold(false, |found, byte| found | is_special(byte));
    !found
}

/// Looks at eight bytes at a time: not zero if one of them is `"`, `\` or a control character, and then the lowest bit
/// that is set is the high bit of the first of them.
///
/// Borrows spoil only bytes above the first hit. Bytes beyond ASCII have their high bit set in `word` itself, and are
/// masked out.
#[inline(always)]
fn hits(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (control | quote | backslash) & !word & (ONES * 0x80)
}

/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// What stands between the quotes of a checked string, with its escapes resolved.
///
/// JavaScript strings may hold half of a surrogate pair, and `JSON.stringify` writes it as an escape. No Rust string
/// can: each half without its other half becomes U+FFFD.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    let Some((before, mut rest)) = raw.split_once('\\') else {
        return Cow::Borrowed(raw);
    };
    // Resolving never makes it longer: an escape has two characters at least, and six for three bytes.
    let mut text = String::with_capacity(raw.len());
    text.push_str(before);
    loop {
        let mut chars = rest.chars();
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let (c, after) = unicode_escape(chars.as_str());
                text.push(c);
                chars = after.chars();
            }
            Some(itself) => text.push(itself),
            None => {}
        }
        let Some((run, after)) = chars.as_str().split_once('\\') else {
            text.push_str(chars.as_str());
            return Cow::Owned(text);
        };
        text.push_str(run);
        rest = after;
    }
}

/// The character of a `\u` escape whose digits `text` begins with, and what comes after it and after the other half
/// if it takes two.
fn unicode_escape(text: &str) -> (char, &str) {
    let Some((unit, rest)) = hex4(text) else {
        return (char::REPLACEMENT_CHARACTER, text);
    };
    if let Some(c) = char::from_u32(u32::from(unit)) {
        return (c, rest);
    }
    let low = rest.strip_prefix("\\u").and_then(hex4);
    if let Some((low, rest)) = low
        && let Some(Ok(c)) = char::decode_utf16([unit, low]).next()
    {
        return (c, rest);
    }
    (char::REPLACEMENT_CHARACTER, rest)
}

fn hex4(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let unit = u16::from_str_radix(digits, 16).ok()?;
    Some((unit, rest))
}

/// How a byte is written that [`special`] stops at.
#[cold]
pub(super) fn escape(byte: u8) -> &'static str {
    match byte {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        _ => CONTROL.get(usize::from(byte)).copied().unwrap_or_default(),
    }
}

const CONTROL: [&str; 0x20] = [
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007", "\\b",
    "\\t", "\\n", "\\u000b", "\\f", "\\r", "\\u000e", "\\u000f", "\\u0010", "\\u0011", "\\u0012",
    "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018", "\\u0019", "\\u001a",
    "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
];

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn the_end_of_a_run_is_found_wherever_it_stands() {
        for special_byte in ['"', '\\', '\n', '\0', '\u{1f}'] {
            for before in 0..40 {
                for other in [
                    "a", " ", "!", "#", "[", "]", "\u{7f}", "é", "\u{ffff}", "🦀",
                ] {
                    let run = other.repeat(before);
                    let text = format!("x{run}{special_byte}{other}\"");
                    assert_eq!(special(text.as_bytes(), 1), 1 + run.len(), "{text:?}");
                    assert!(!is_plain(&text), "{text:?}");
                    assert!(!is_plain(&format!("{run}{special_byte}")), "{text:?}");
                    assert!(!is_plain(&format!("{special_byte}{run}")), "{text:?}");
                    assert!(is_plain(&run), "{text:?}");
                }
            }
        }
        assert_eq!(special(b"abcdefghijkl", 0), 12);
        assert_eq!(special(b"abc", 7), 7);
    }

    #[test]
    fn escapes_are_resolved() {
        for (raw, text) in [
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"caf\u00e9", "café"),
            (r"\u0000\u001F\u2028", "\0\u{1f}\u{2028}"),
            (r"a\ud83e\udd80b", "a🦀b"),
            (r"\\ud800", r"\ud800"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        for (raw, text) in [
            (r"\ud800", "\u{fffd}"),
            (r"\udc00x", "\u{fffd}x"),
            (r"\ud800\ud800", "\u{fffd}\u{fffd}"),
            (r"\ud83e\n\udd80", "\u{fffd}\n\u{fffd}"),
            (r"\ud800\ud83e\udd80", "\u{fffd}🦀"),
            (r"\ud800\u0041", "\u{fffd}A"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }
}
