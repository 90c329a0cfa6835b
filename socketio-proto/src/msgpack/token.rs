//! One token of MessagePack after the other: scalars whole, containers by their head.

/// What stands at some place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Nil,
    /// What `notepack.io` writes for `undefined`.
    Undefined,
    Bool(bool),
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Float(f64),
    /// Text, perhaps not UTF-8.
    Text(&'a [u8]),
    /// Bytes: also an `ArrayBuffer`, which has a form of its own.
    Binary(&'a [u8]),
    /// A date as `notepack.io` writes it: milliseconds since 1970.
    Date(i64),
    /// Any other extension.
    Extension(i8, &'a [u8]),
    /// As many elements follow.
    Array(u32),
    /// As many pairs of key and value follow.
    Map(u32),
}

/// The token at `at`, and where the next one begins. `None` if it is cut off or none at all.
#[inline]
pub(super) fn token(bytes: &[u8], at: usize) -> Option<(Token<'_>, usize)> {
    let mut input = Input { bytes, at };
    let marker = input.u8()?;
    let token = match marker {
        0x00..=0x7f => Token::Unsigned(marker.into()),
        0x80..=0x8f => Token::Map((marker & 0x0f).into()),
        0x90..=0x9f => Token::Array((marker & 0x0f).into()),
        0xa0..=0xbf => Token::Text(input.take((marker & 0x1f).into())?),
        0xe0..=0xff => Token::Negative(i8::from_be_bytes([marker]).into()),
        _ => long_token(marker, &mut input)?,
    };
    Some((token, input.at))
}

fn long_token<'a>(marker: u8, input: &mut Input<'a>) -> Option<Token<'a>> {
    Some(match marker {
        0xc0 => Token::Nil,
        0xc2 => Token::Bool(false),
        0xc3 => Token::Bool(true),
        0xc4 => {
            let len = input.u8()?;
            Token::Binary(input.take(len.into())?)
        }
        0xc5 => {
            let len = input.u16()?;
            Token::Binary(input.take(len.into())?)
        }
        0xc6 => {
            let len = input.u32()?;
            Token::Binary(input.take(len)?)
        }
        0xc7 => {
            let len = input.u8()?;
            sized_extension(input, len.into())?
        }
        0xc8 => {
            let len = input.u16()?;
            sized_extension(input, len.into())?
        }
        0xc9 => {
            let len = input.u32()?;
            sized_extension(input, len)?
        }
        0xca => Token::Float(f32::from_be_bytes(input.array()?).into()),
        0xcb => Token::Float(f64::from_be_bytes(input.array()?)),
        0xcc => Token::Unsigned(input.u8()?.into()),
        0xcd => Token::Unsigned(input.u16()?.into()),
        0xce => Token::Unsigned(input.u32()?.into()),
        0xcf => Token::Unsigned(u64::from_be_bytes(input.array()?)),
        0xd0 => signed(i8::from_be_bytes(input.array()?).into()),
        0xd1 => signed(i16::from_be_bytes(input.array()?).into()),
        0xd2 => signed(i32::from_be_bytes(input.array()?).into()),
        0xd3 => signed(i64::from_be_bytes(input.array()?)),
        0xd4 => match extension(input, 1)? {
            Token::Extension(0, _) => Token::Undefined,
            other => other,
        },
        0xd5 => extension(input, 2)?,
        0xd6 => extension(input, 4)?,
        0xd7 => match extension(input, 8)? {
            Token::Extension(0, millis) => Token::Date(i64::from_be_bytes(*millis.first_chunk()?)),
            other => other,
        },
        0xd8 => extension(input, 16)?,
        0xd9 => {
            let len = input.u8()?;
            Token::Text(input.take(len.into())?)
        }
        0xda => {
            let len = input.u16()?;
            Token::Text(input.take(len.into())?)
        }
        0xdb => {
            let len = input.u32()?;
            Token::Text(input.take(len)?)
        }
        0xdc => Token::Array(input.u16()?.into()),
        0xdd => Token::Array(input.u32()?),
        0xde => Token::Map(input.u16()?.into()),
        0xdf => Token::Map(input.u32()?),
        // 0xc1 was never given a meaning.
        _ => return None,
    })
}

fn signed(value: i64) -> Token<'static> {
    match u64::try_from(value) {
        Ok(value) => Token::Unsigned(value),
        Err(_) => Token::Negative(value),
    }
}

fn extension<'a>(input: &mut Input<'a>, len: u32) -> Option<Token<'a>> {
    let kind = i8::from_be_bytes(input.array()?);
    Some(Token::Extension(kind, input.take(len)?))
}

/// An extension whose length stands before its type. Of type 0 it is an `ArrayBuffer`.
fn sized_extension<'a>(input: &mut Input<'a>, len: u32) -> Option<Token<'a>> {
    Some(match extension(input, len)? {
        Token::Extension(0, bytes) => Token::Binary(bytes),
        other => other,
    })
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, len: u32) -> Option<&'a [u8]> {
        let end = self.at.checked_add(usize::try_from(len).ok()?)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_no_token() {
        let whole: [&[u8]; 14] = [
            b"\xa2hi",
            b"\xc4\x01x",
            b"\xc5\0\x01x",
            b"\xc6\0\0\0\x01x",
            b"\xc7\x01\x05x",
            b"\xca\0\0\0\0",
            b"\xcb\0\0\0\0\0\0\0\0",
            b"\xcd\0\0",
            b"\xd3\0\0\0\0\0\0\0\0",
            b"\xd4\0\0",
            b"\xd7\0\0\0\0\0\0\0\0\0",
            b"\xd9\x01x",
            b"\xdc\0\0",
            b"\xdf\0\0\0\0",
        ];
        for bytes in whole {
            let (_, end) = token(bytes, 0).unwrap();
            assert_eq!(end, bytes.len());
            for len in 0..bytes.len() {
                assert_eq!(token(&bytes[..len], 0), None, "{bytes:x?} {len}");
            }
        }
        assert_eq!(token(&[0xc1, 0, 0], 0), None);
        assert_eq!(token(b"\xdb\xff\xff\xff\xffx", 0), None);
    }

    #[test]
    fn signs_and_widths_do_not_matter() {
        for bytes in [
            &[0x01u8][..],
            &[0xcc, 1],
            &[0xd0, 1],
            &[0xd1, 0, 1],
            &[0xce, 0, 0, 0, 1],
        ] {
            assert_eq!(token(bytes, 0), Some((Token::Unsigned(1), bytes.len())));
        }
        for bytes in [&[0xffu8][..], &[0xd0, 0xff], &[0xd1, 0xff, 0xff]] {
            assert_eq!(token(bytes, 0), Some((Token::Negative(-1), bytes.len())));
        }
    }
}
