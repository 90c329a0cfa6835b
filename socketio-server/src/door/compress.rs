//! Compression of polling answers.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use http::{HeaderMap, HeaderValue};

use super::body::ResponseBody;

/// How an answer may be compressed for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

/// What is longer takes a while, and is compressed where others do not wait for it.
const INLINE: usize = 32 * 1024;

impl Coding {
    /// The one that the client likes best; `gzip` before `deflate` if it likes both the same.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        let mut consider = |coding, quality: f32| {
            if quality > 0.0 && best.is_none_or(|(_, other)| quality > other) {
                best = Some((coding, quality));
            }
        };
        let values = headers.get_all(ACCEPT_ENCODING).into_iter();
        let accepted: Vec<(&str, f32)> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .take(MAX_CODINGS)
            .map(quality)
            .collect();
        let of = |name: &str| {
            let named = |(accepted, _): &&(&str, f32)| accepted.eq_ignore_ascii_case(name);
            accepted.iter().find(named).map(|(_, quality)| *quality)
        };
        let any = of("*").unwrap_or(0.0);
        consider(Self::Gzip, of("gzip").unwrap_or(any));
        // Only a client that names it takes it.
        consider(Self::Deflate, of("deflate").unwrap_or(0.0));
        best.map(|(coding, _)| coding)
    }

    fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        })
    }

    fn compress(self, data: &[u8]) -> Option<Bytes> {
        // Time matters more here than the last percents.
        let (level, out) = (Compression::fast(), Vec::with_capacity(data.len() / 4));
        let compressed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, level);
                encoder.write_all(data).and_then(|()| encoder.finish())
            }
            // HTTP means the format of zlib by this name.
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(out, level);
                encoder.write_all(data).and_then(|()| encoder.finish())
            }
        };
        compressed.ok().map(Bytes::from)
    }
}

/// More names of codings than this are not looked at.
const MAX_CODINGS: usize = 32;

/// `gzip;q=0.5`.
fn quality(element: &str) -> (&str, f32) {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts
        .find_map(|part| part.strip_prefix("q="))
        .map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
    (name, quality)
}

/// Compresses an answer if it is worth it.
pub(crate) async fn compress(
    headers: &mut HeaderMap,
    body: &mut ResponseBody,
    coding: Coding,
    threshold: usize,
) {
    let Some(data) = body.data().filter(|data| data.len() >= threshold.max(1)) else {
        return;
    };
    let compressed = if data.len() <= INLINE {
        coding.compress(data)
    } else {
        let data = data.clone();
        let compressing = tokio::task::spawn_blocking(move || coding.compress(&data));
        // As it is, if there is no thread for it.
        compressing.await.ok().flatten()
    };
    let shorter = |compressed: &Bytes| {
        body.data()
            .is_some_and(|data| compressed.len() < data.len())
    };
    if let Some(compressed) = compressed.filter(shorter) {
        body.replace(compressed);
        headers.insert(CONTENT_ENCODING, coding.name());
        headers.remove(CONTENT_LENGTH);
    }
    // Whoever stores it has to know that others get other bytes.
    headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiate(accept: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, accept.parse().unwrap());
        Coding::negotiate(&headers)
    }

    #[test]
    fn the_coding_is_the_one_that_the_client_likes_best() {
        for (accept, coding) in [
            ("gzip, deflate, br", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("gzip;q=0.5, deflate;q=0.8", Some(Coding::Deflate)),
            ("*", Some(Coding::Gzip)),
            ("gzip;q=0, *", None),
            ("gzip;q=0", None),
            ("gzip;q=nonsense", None),
            ("br", None),
            ("", None),
        ] {
            assert_eq!(negotiate(accept), coding, "{accept}");
        }
        assert_eq!(Coding::negotiate(&HeaderMap::new()), None);
    }
}
