//! Names for links.

/// Names one link of one session, between its driver and the session.
///
/// A name that is out of date is no mistake: the driver of a link that was given up may still be running, and what it
/// says is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkId(u32);

impl LinkId {
    pub(crate) const fn new(id: u32) -> Self {
        Self(id)
    }
}

/// Why a message was not taken. The caller's doing, or the circumstances'; never an argument that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session is closing or closed.
    #[error("the session is closed")]
    Closed,
    /// The text has the character U+001E in it, by which revision 4 separates the packets of a polling body, and
    /// the session polls: the peer would read several packets. No escape exists; JSON has none of these, since it
    /// writes control characters as `\u001e`.
    #[error("polling cannot carry text with U+001E in it")]
    Separator,
    /// The peer is owed too much already.
    #[error("the peer is owed too much already")]
    Full,
}
