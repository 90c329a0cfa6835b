//! The one place where this crate asks for randomness.

use std::fmt::Write as _;

/// 64 random bits of the operating system.
///
/// If it has none, which happens in sandboxes that forbid the call, the address of a variable and the time have to do: jitter
/// and masks lose their purpose without chance, but a program that stops is worse.
pub(crate) fn bits() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        let here = 0u8;
        let time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        (std::ptr::from_ref(&here).addr() as u64) ^ time.as_nanos() as u64
    })
}

/// Random bytes.
pub(crate) fn fill(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        for chunk in bytes.chunks_mut(8) {
            for (byte, random) in chunk.iter_mut().zip(bits().to_ne_bytes()) {
                *byte = random;
            }
        }
    }
}

/// Text that nobody else makes: 32 hexadecimal digits.
pub(crate) fn key() -> String {
    let mut key = String::with_capacity(32);
    // Writing to a `String` cannot fail.
    let _ = write!(key, "{:016x}{:016x}", bits(), bits());
    key
}

/// What no cache has seen, for the `t` of a polling request.
pub(crate) fn stamp() -> String {
    const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    let mut bits = bits();
    let mut stamp = String::with_capacity(8);
    for _ in 0..8 {
        stamp.push(char::from(
            DIGITS.get((bits & 63) as usize).copied().unwrap_or(b'0'),
        ));
        bits >>= 6;
    }
    stamp
}
