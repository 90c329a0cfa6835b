//! Session ids.

use engineio_proto::Sid;

/// No id could be made: the operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub(crate) struct NoRandomness;

/// 20 url-safe characters, all of them random: 120 bits from the operating system's generator.
///
/// The reference uses 96 random bits and a counter, by which ids tell how many sessions there are.
pub(crate) fn random() -> Result<Sid, NoRandomness> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    let id: String = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 64)]))
        .collect();
    Sid::new(&id).ok_or(NoRandomness)
}

/// 64 characters, so that six bits of each byte choose one evenly.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    #[test]
    fn ids_have_20_url_safe_characters_and_do_not_repeat() {
        let ids: std::collections::HashSet<_> =
            (0..10_000).map(|_| super::random().unwrap()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            assert_eq!(id.as_str().len(), 20);
            assert!(
                id.as_str()
                    .bytes()
                    .all(|byte| super::ALPHABET.contains(&byte))
            );
        }
    }
}
