//! Base64, as binary messages travel in text.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::BytesMut;

use crate::DecodeError;

const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes what clients send: the standard alphabet or the url-safe one, padded or not, with line ends or
/// without.
///
/// Line ends matter: the Java client writes one after every 76 characters. The reference goes further, it
/// skips every character that it does not know. That is refused here, because a message that was damaged on
/// its way would arrive as a wrong message.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    match STANDARD.decode(text) {
        Ok(bytes) => Ok(bytes),
        Err(_) => decode_unusual(text),
    }
}

#[cold]
fn decode_unusual(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let usual: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    STANDARD
        .decode(usual)
        .map_err(|_| DecodeError::InvalidBase64)
}

/// Characters that so many bytes take, with padding.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Appends the standard alphabet with padding.
pub(crate) fn encode_to_string(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

/// The same, to a buffer of bytes.
pub(crate) fn encode(bytes: &[u8], out: &mut BytesMut) {
    let start = out.len();
    out.resize(start + encoded_len(bytes.len()), 0);
    if let Some(room) = out.get_mut(start..) {
        let written = STANDARD.encode_slice(bytes, room);
        debug_assert_eq!(written, Ok(encoded_len(bytes.len())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_clients_send_is_read() {
        let bytes = [0xfb, 0xef, 0xff, 0x01];
        for text in [
            "++//AQ==",
            "++//AQ",
            "--__AQ==",
            "--__AQ",
            "--__AQ=",
            "-+_/AQ",
            "++//\r\nAQ==\n",
            "++\n//AQ\n",
        ] {
            assert_eq!(
                decode(text.as_bytes()).as_deref(),
                Ok(&bytes[..]),
                "{text:?}"
            );
        }
        assert_eq!(decode(b""), Ok(Vec::new()));
    }

    #[test]
    fn junk_is_refused_and_not_skipped() {
        for text in [
            "A",
            "AAAAA",
            "A*==",
            "AQ==AQ==",
            "=",
            "AQ==!",
            "A\u{e9}==",
            "AR==",
        ] {
            assert_eq!(
                decode(text.as_bytes()),
                Err(DecodeError::InvalidBase64),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_announced_length_is_the_written_one() {
        for len in 0..100 {
            let mut out = BytesMut::from("before");
            encode(&[0xa5; 100][..len], &mut out);
            assert_eq!(out.len(), 6 + encoded_len(len));
            assert_eq!(decode(&out[6..]).as_deref(), Ok(&[0xa5; 100][..len]));
        }
    }
}
