//! The one pass over JSON text that has to pass before anybody sees a packet.
//!
//! It checks the whole grammar, how deep it goes, and that each attachment is referenced exactly once; and it
//! remembers where the references stand. It neither recurses nor allocates for anything but those. What reads the
//! text afterwards can rely on it being right.

mod grammar;
mod reference;

use alloc::vec::Vec;

use self::grammar::{scalar, string, string_with_escapes, token};
use self::reference::{Key, is_permutation, key_of, plain_reference, spelt_reference};
pub(super) use self::reference::{SHORTEST_REFERENCE, number};
use super::scan;
use crate::DecodeError;
use crate::codec::MAX_DEPTH;

/// Where an object stands that means an attachment, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where its `{` stands.
    pub(crate) start: u32,
    /// Behind its `}`.
    pub(crate) end: u32,
    /// The attachment.
    pub(crate) num: u32,
}

pub(super) struct Checker<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Containers that may still be opened.
    depth: usize,
    /// References found, if this packet can have any.
    places: Option<Places>,
}

struct Places {
    found: Vec<Place>,
    /// How many attachments were announced.
    count: u32,
}

/// What is wrong with a text. As small as it can be: it is returned from everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    TooDeep,
    Attachments,
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Syntax => Self::InvalidJson,
            Fault::TooDeep => Self::TooDeep,
            Fault::Attachments => Self::IllegalAttachments,
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, max_depth: usize) -> Self {
        Self {
            bytes,
            at,
            depth: max_depth.min(MAX_DEPTH),
            places: None,
        }
    }

    /// From here on objects may mean one of `count` attachments; not more than the text has room for.
    pub(super) fn expect_attachments(&mut self, count: u32) {
        self.places = Some(Places {
            found: Vec::with_capacity(count as usize),
            count,
        });
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, and moves to it. Zero at the end.
    pub(super) fn peek(&mut self) -> u8 {
        let (at, byte) = token(self.bytes, self.at);
        self.at = at;
        byte
    }

    /// Takes the next byte that is not white space. Zero at the end.
    pub(super) fn next(&mut self) -> u8 {
        let byte = self.peek();
        self.at += usize::from(byte != 0);
        byte
    }

    /// Takes `byte` if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// Enters a container whose bracket is next, and through which the caller walks by itself.
    pub(super) fn enter(&mut self) -> Result<(), Fault> {
        self.at += 1;
        self.depth = self.depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        Ok(())
    }

    /// There has to be nothing more but white space.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.peek();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    /// The references, in the order in which they stand, once it is sure that there is one for each attachment.
    pub(super) fn into_places(self) -> Result<Vec<Place>, Fault> {
        let Some(Places { found, count }) = self.places else {
            return Ok(Vec::new());
        };
        let in_order = found.iter().zip(0..).all(|(place, num)| place.num == num);
        if found.len() == count as usize && (in_order || is_permutation(&found)) {
            Ok(found)
        } else {
            Err(Fault::Attachments)
        }
    }

    /// A string whose quote is next; says whether there are escapes in it.
    pub(super) fn string(&mut self) -> Result<bool, Fault> {
        let first = scan::special(self.bytes, self.at + 1);
        let has_escapes = self.bytes.get(first) != Some(&b'"');
        self.at = if has_escapes {
            string_with_escapes(self.bytes, first)?
        } else {
            first + 1
        };
        Ok(has_escapes)
    }

    /// A number or one of the three words, which begins with the next byte.
    pub(super) fn scalar(&mut self, first: u8) -> Result<(), Fault> {
        self.at = scalar(self.bytes, self.at, first)?;
        Ok(())
    }

    /// One value, and moves behind it.
    pub(super) fn value(&mut self) -> Result<(), Fault> {
        match self.places {
            None => self.walk::<false>(),
            Some(_) => self.walk::<true>(),
        }
    }

    fn walk<const BINARY: bool>(&mut self) -> Result<(), Fault> {
        let bytes = self.bytes;
        let mut at = self.at;
        // One bit for each container that is open here: set for an object, clear for an array. The lowest is the
        // innermost.
        let mut stack = 0u128;
        let mut open = 0usize;
        loop {
            let first;
            (at, first) = token(bytes, at);
            match first {
                b'"' => at = string(bytes, at + 1)?,
                b'{' | b'[' => {
                    let reference = match (BINARY, first) {
                        (true, b'{') => self.reference(at)?,
                        _ => None,
                    };
                    if let Some(end) = reference {
                        at = end;
                    } else {
                        if open == self.depth {
                            return Err(Fault::TooDeep);
                        }
                        let inner;
                        (at, inner) = token(bytes, at + 1);
                        // The closing bracket is two behind the opening one, in ASCII.
                        if inner == first + 2 {
                            at += 1;
                        } else {
                            open += 1;
                            stack <<= 1;
                            if first == b'{' {
                                stack |= 1;
                                at = key::<BINARY>(bytes, at)?;
                            }
                            continue;
                        }
                    }
                }
                _ => at = scalar(bytes, at, first)?,
            }
            // Behind a value: the next one, or the end of what it stands in.
            loop {
                if open == 0 {
                    self.at = at;
                    return Ok(());
                }
                let next;
                (at, next) = token(bytes, at);
                at += 1;
                let is_object = stack & 1 == 1;
                match next {
                    b',' => {
                        if is_object {
                            at = key::<BINARY>(bytes, at)?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(Fault::Syntax),
                }
                stack >>= 1;
                open -= 1;
            }
        }
    }

    /// Where an object ends that begins at `start`, if it means an attachment.
    ///
    /// It does if `_placeholder` is true in it, in whatever order and spelling the keys are. It may have other
    /// members, but no arrays and objects among them; so each byte is looked at twice at most.
    fn reference(&mut self, start: usize) -> Result<Option<usize>, Fault> {
        let found = match plain_reference(self.bytes, start) {
            Some(found) => Some(found),
            None => spelt_reference(self.bytes, start)?,
        };
        let (Some((num, end)), Some(places)) = (found, &mut self.places) else {
            return Ok(None);
        };
        let offset = |at| u32::try_from(at).map_err(|_| Fault::Attachments);
        // One more than announced is enough to know.
        if num >= places.count || places.found.len() >= places.count as usize {
            return Err(Fault::Attachments);
        }
        places.found.push(Place {
            start: offset(start)?,
            end: offset(end)?,
            num,
        });
        Ok(Some(end))
    }
}

/// Checks a text that is one value.
pub(super) fn whole(text: &str, max_depth: usize) -> Result<(), DecodeError> {
    let mut checker = Checker::new(text.as_bytes(), 0, max_depth);
    checker.value()?;
    checker.end()?;
    Ok(())
}

/// Where `count` attachments are referenced in a text that is one value.
pub(super) fn places(text: &str, count: u32) -> Result<Vec<Place>, DecodeError> {
    let mut checker = Checker::new(text.as_bytes(), 0, MAX_DEPTH);
    checker.expect_attachments(count);
    checker.value()?;
    Ok(checker.into_places()?)
}

/// The key of a member and the colon behind it.
#[inline(always)]
fn key<const BINARY: bool>(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let (start, quote) = token(bytes, at);
    if quote != b'"' {
        return Err(Fault::Syntax);
    }
    let end = string(bytes, start + 1)?;
    let (at, colon) = token(bytes, end);
    if colon != b':' {
        return Err(Fault::Syntax);
    }
    // What the peer means as a reference but is none (see `reference`) must not become data.
    if BINARY && key_of(bytes, start, end) == Key::Placeholder && token(bytes, at + 1).1 == b't' {
        return Err(Fault::Attachments);
    }
    Ok(at + 1)
}
