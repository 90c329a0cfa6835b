//! Numbers: integers of 64 bits, or floats.

use core::fmt;

use crate::json::to_js;

/// A number, as exact as it came.
///
/// JavaScript has floats only, and is exact for integers up to 2^53; both codecs carry integers of 64 bits, which are
/// kept. `1` and `1.0` are equal.
#[derive(Clone, Copy)]
pub struct Number(Repr);

#[derive(Clone, Copy)]
enum Repr {
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Float(f64),
}

impl Number {
    /// The number, if it is an integer that is not negative.
    pub fn as_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Unsigned(value) => Some(value),
            Repr::Negative(_) | Repr::Float(_) => None,
        }
    }

    /// The number, if it is an integer and fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Unsigned(value) => i64::try_from(value).ok(),
            Repr::Negative(value) => Some(value),
            Repr::Float(_) => None,
        }
    }

    /// The number as a float, rounded if it is an integer beyond 2^53.
    #[expect(
        clippy::cast_precision_loss,
        reason = "rounding is what the caller asks for"
    )]
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Repr::Unsigned(value) => value as f64,
            Repr::Negative(value) => value as f64,
            Repr::Float(value) => value,
        }
    }

    /// Whether it is an integer of 64 bits. `1.0` is none, although JavaScript does not tell them apart.
    pub fn is_integer(self) -> bool {
        !matches!(self.0, Repr::Float(_))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Repr::Unsigned(a), Repr::Unsigned(b)) => a == b,
            (Repr::Negative(a), Repr::Negative(b)) => a == b,
            (Repr::Unsigned(_), Repr::Negative(_)) | (Repr::Negative(_), Repr::Unsigned(_)) => {
                false
            }
            _ => self.as_f64() == other.as_f64(),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As JavaScript writes it, except that integers keep all their digits.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Unsigned(value) => fmt::Display::fmt(&value, f),
            Repr::Negative(value) => fmt::Display::fmt(&value, f),
            Repr::Float(value) => f.write_str(&to_js(value)),
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Repr::Unsigned(value))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(match u64::try_from(value) {
            Ok(value) => Repr::Unsigned(value),
            Err(_) => Repr::Negative(value),
        })
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(Repr::Float(value))
    }
}

impl From<f32> for Number {
    fn from(value: f32) -> Self {
        Self::from(f64::from(value))
    }
}

macro_rules! from_integer {
    ($($small:ty => $large:ty),*) => {$(
        impl From<$small> for Number {
            fn from(value: $small) -> Self {
                Self::from(<$large>::from(value))
            }
        }
    )*};
}

from_integer!(u8 => u64, u16 => u64, u32 => u64, i8 => i64, i16 => i64, i32 => i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        assert_eq!(Number::from(1u64), Number::from(1i64));
        assert_eq!(Number::from(1u64), Number::from(1.0));
        assert_ne!(Number::from(u64::MAX), Number::from(u64::MAX - 1));
        assert_ne!(Number::from(-1i64), Number::from(u64::MAX));
        assert_ne!(Number::from(f64::NAN), Number::from(f64::NAN));
    }

    #[test]
    fn integers_keep_their_digits() {
        let number = Number::from(u64::MAX);
        assert_eq!(alloc::format!("{number}"), "18446744073709551615");
        assert_eq!((number.as_i64(), number.is_integer()), (None, true));
        assert_eq!(alloc::format!("{}", Number::from(2.0)), "2");
    }
}
