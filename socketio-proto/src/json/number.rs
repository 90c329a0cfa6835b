//! Numbers as JavaScript writes them.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

/// The name of an event whose name is the number `literal`, if that is not the literal itself.
///
/// JavaScript finds the listeners of such an event by the shortest text of the number: `1e3` calls those of `1000`.
pub(super) fn as_name(literal: &str) -> Option<Box<str>> {
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    // Every integer of up to 15 digits is exact, and written as it is.
    if digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit()) && literal != "-0" {
        return None;
    }
    let number = literal.parse().unwrap_or(f64::NAN);
    Some(to_js(number).into_boxed_str())
}

/// What `String(number)` gives in JavaScript.
pub(crate) fn to_js(number: f64) -> String {
    if number.is_nan() {
        return String::from("NaN");
    }
    if number.is_infinite() {
        return String::from(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
    }
    if number == 0.0 {
        return String::from("0");
    }
    // Shortest digits that give the number back, as `d.ddde±x`; the rest is where to put the point.
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < 21 => match digits.split_at_checked(exponent + 1) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, part)) => format!("{sign}{whole}.{part}"),
            None => format!("{sign}{digits:0<width$}", width = exponent + 1),
        },
        Err(_) if exponent >= -6 => {
            let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
            format!("{sign}0.{:0<zeros$}{digits}", "")
        }
        _ => {
            let plus = if exponent > 0 { "+" } else { "" };
            format!("{sign}{mantissa}e{plus}{exponent}")
        }
    }
}

/// A number as a JSON literal had it: integers keep their 64 bits, everything else is a float.
#[derive(Clone, Copy, Debug)]
pub(super) enum Literal {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Literal {
    /// Reads a checked literal from the start of a text, and says how long it is.
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> (Self, usize) {
        let negative = bytes.first() == Some(&b'-');
        let start = usize::from(negative);
        let mut at = start;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        let is_float = matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
        // 19 digits always fit 64 bits, and 18 a signed integer.
        if is_float || at - start > 18 {
            return Self::read_long(bytes);
        }
        match (negative, value) {
            (false, _) => (Self::Unsigned(value), at),
            // Minus zero is not an integer.
            (true, 0) => (Self::Float(-0.0), at),
            (true, _) => (Self::Signed(0i64.wrapping_sub_unsigned(value)), at),
        }
    }

    fn read_long(bytes: &[u8]) -> (Self, usize) {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
        let len = bytes.iter().take_while(is_part).count();
        let literal = bytes.get(..len).unwrap_or_default();
        let literal = core::str::from_utf8(literal).unwrap_or_default();
        let number = if let Ok(value) = literal.parse() {
            Self::Unsigned(value)
        } else if let Ok(value) = literal.parse() {
            Self::Signed(value)
        } else {
            // Too large becomes infinite, as in JavaScript.
            Self::Float(literal.parse().unwrap_or(f64::NAN))
        };
        (number, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_javascript() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-12.0, "-12"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (1e-6, "0.000001"),
            (1.5e-6, "0.0000015"),
            (1e-7, "1e-7"),
            (1.25e-9, "1.25e-9"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "Infinity"),
        ] {
            assert_eq!(to_js(number), text);
        }
    }

    #[test]
    fn literals_keep_64_bits() {
        let read = |text| match Literal::read(str::as_bytes(text)) {
            (Literal::Unsigned(value), at) => format!("u{value}@{at}"),
            (Literal::Signed(value), at) => format!("i{value}@{at}"),
            (Literal::Float(value), at) => format!("f{value:?}@{at}"),
        };
        assert_eq!(read("0]"), "u0@1");
        assert_eq!(read("18446744073709551615,"), "u18446744073709551615@20");
        assert_eq!(read("18446744073709551616"), "f1.8446744073709552e19@20");
        assert_eq!(read("-9223372036854775808}"), "i-9223372036854775808@20");
        assert_eq!(read("-9223372036854775809"), "f-9.223372036854776e18@20");
        assert_eq!(read("9999999999999999999"), "u9999999999999999999@19");
        assert_eq!(read("-9999999999999999999"), "f-1e19@20");
        assert_eq!(read("-0"), "f-0.0@2");
        assert_eq!(read("-0e5"), "f-0.0@4");
        assert_eq!(read("1.50 "), "f1.5@4");
        assert_eq!(read("1E+2]"), "f100.0@4");
        assert_eq!(read("1e400"), "finf@5");
        assert_eq!(read(&"9".repeat(30)), "f1e30@30");
    }
}
