//! `application/x-www-form-urlencoded`: query strings and forms.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// The pairs of a query or form, still encoded. A name without `=` has an empty value; nothing between two
/// `&` is no pair.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = parts.next().unwrap_or_default();
            (name, parts.next().unwrap_or_default())
        })
}

/// Replaces `+` by a blank and `%41` by the byte. A `%` without two hexadecimal digits stays as it is, as in
/// browsers. Copies only if there is something to replace.
pub(crate) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = text.iter().position(|byte| matches!(byte, b'+' | b'%')) else {
        return Cow::Borrowed(text);
    };
    let (plain, mut rest) = text.split_at_checked(first).unwrap_or_default();
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(plain);
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match (byte, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = tail;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *byte,
        });
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_what_is_none_stays() {
        for (encoded, decoded) in [
            ("", ""),
            ("plain", "plain"),
            ("a+b%20c", "a b c"),
            ("%41%4a%4A", "AJJ"),
            ("%e2%82%ac", "€"),
            ("%2B%25%26", "+%&"),
            ("%2541", "%41"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz%4g%%41", "%zz%4g%A"),
        ] {
            assert_eq!(decode(encoded.as_bytes()), decoded.as_bytes(), "{encoded}");
        }
        assert_eq!(decode(b"%ff%00"), &[0xff, 0][..]);
    }

    #[test]
    fn pairs_are_cut_at_the_first_equals_sign() {
        let found: Vec<_> = pairs(b"a=1&&b=2=3&c&=4&d=").collect();
        let wanted: &[(&[u8], &[u8])] = &[
            (b"a", b"1"),
            (b"b", b"2=3"),
            (b"c", b""),
            (b"", b"4"),
            (b"d", b""),
        ];
        assert_eq!(found, wanted);
        assert_eq!(pairs(b"").count(), 0);
    }
}
