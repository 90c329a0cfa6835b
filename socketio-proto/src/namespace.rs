//! Namespaces: channels that share one connection.

use alloc::sync::Arc;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use crate::DecodeError;

/// The name of a namespace: `/`, `/chat`, `/orders/42`.
///
/// The root namespace costs nothing, any other a shared allocation; cloning never copies.
///
/// ```
/// use socketio_proto::Namespace;
///
/// let chat = Namespace::new("/chat").unwrap();
/// assert_eq!(chat.as_str(), "/chat");
/// // A missing slash is added, as everybody is used to from `io.of("chat")`.
/// assert_eq!(Namespace::new("chat"), Ok(chat));
/// assert_eq!(Namespace::new(""), Ok(Namespace::ROOT));
/// assert!(Namespace::new("/a,b").is_err());
/// ```
#[derive(Clone, Default)]
pub struct Namespace(Option<Arc<str>>);

impl Namespace {
    /// `/`.
    pub const ROOT: Self = Self(None);

    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Makes a namespace of a name. A slash is put in front of it if there is none.
    ///
    /// A comma ends the name in a packet, so that no name can contain one. Control characters are refused as well:
    /// one of them separates packets in the bodies of long polling.
    pub fn new(name: &str) -> Result<Self, InvalidNamespace> {
        if name.is_empty() || name == "/" {
            return Ok(Self::ROOT);
        }
        let slash = if name.starts_with('/') { "" } else { "/" };
        if name.len() + slash.len() > Self::MAX_LEN || !name.bytes().all(is_allowed) {
            return Err(InvalidNamespace { _private: () });
        }
        Ok(Self(Some(match slash {
            "" => Arc::from(name),
            _ => Arc::from([slash, name].concat()),
        })))
    }

    /// This name with a query behind it, as CONNECT of protocol 4 has it. The query is percent-encoded, so that nothing in
    /// it can end the name, and has a bound of its own.
    pub(crate) fn with_query(&self, query: &str) -> Self {
        Self(Some(Arc::from([self.as_str(), "?", query].concat())))
    }

    /// The name, with its slash.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("/")
    }

    /// Whether this is `/`.
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }
}

fn is_allowed(byte: u8) -> bool {
    byte != b',' && !byte.is_ascii_control()
}

/// The namespace that was heard of last, so that the next packet for it allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Recent(Namespace);

impl Recent {
    /// The namespace of this name as it stands in a packet.
    #[inline]
    pub(crate) fn get(&mut self, name: &str, max_len: usize) -> Result<Namespace, DecodeError> {
        if name.is_empty() {
            return Ok(Namespace::ROOT);
        }
        self.named(name, max_len)
    }

    fn named(&mut self, name: &str, max_len: usize) -> Result<Namespace, DecodeError> {
        if self.0 != *name {
            if name.len() > max_len {
                return Err(DecodeError::InvalidNamespace);
            }
            self.0 = Namespace::new(name).map_err(|_| DecodeError::InvalidNamespace)?;
        }
        Ok(self.0.clone())
    }
}

/// A name that no namespace can have: too long, or with a comma or a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a namespace has at most 1024 bytes, no comma and no control character")]
pub struct InvalidNamespace {
    _private: (),
}

impl FromStr for Namespace {
    type Err = InvalidNamespace;

    fn from_str(name: &str) -> Result<Self, InvalidNamespace> {
        Self::new(name)
    }
}

impl AsRef<str> for Namespace {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A map with namespaces as keys can be asked with a `&str`.
impl Borrow<str> for Namespace {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            // Most comparisons are with a clone.
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl Eq for Namespace {}

impl PartialEq<str> for Namespace {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Namespace {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Namespace {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Namespace {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// As a `str` hashes, which [`Borrow`] asks for.
impl Hash for Namespace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn names_that_would_break_a_packet_or_a_payload_are_refused() {
        for name in ["/a,", ",", "/a\u{1e}b", "/\n", "\0"] {
            assert!(Namespace::new(name).is_err(), "{name:?}");
        }
        for name in ["/a b", "/größe", "/🦀", "/a?b=c", "//", "/{\"a\":1}"] {
            assert_eq!(Namespace::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn the_length_counts_the_slash() {
        let name: String = core::iter::repeat_n('a', Namespace::MAX_LEN - 1).collect();
        assert!(Namespace::new(&name).is_ok());
        assert!(Namespace::new(&[&name, "a"].concat()).is_err());
    }
}
