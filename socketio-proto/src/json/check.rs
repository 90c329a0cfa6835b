//! The one pass over JSON text that has to pass before anybody sees a packet.
//!
//! It checks the whole grammar, how deep it goes, and that each attachment is referenced exactly once; and it
//! remembers where the references stand. It neither recurses nor allocates for anything but those. What reads the
//! text afterwards can rely on it being right.

use alloc::vec::Vec;

use super::scan;
use crate::DecodeError;
use crate::codec::MAX_DEPTH;

/// Where an object stands that means an attachment, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where its `{` stands.
    pub(crate) offset: u32,
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

impl<'a> Checker<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, max_depth: usize) -> Self {
        Self {
            bytes,
            at,
            depth: max_depth.min(MAX_DEPTH),
            places: None,
        }
    }

    /// From here on objects may mean one of `count` attachments.
    pub(super) fn expect_attachments(&mut self, count: u32) {
        self.places = Some(Places {
            found: Vec::new(),
            count,
        });
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, and moves to it. Zero at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Takes `byte` if it is next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// Opens an array that the caller walks through by itself.
    pub(super) fn open(&mut self, byte: u8) -> Result<(), DecodeError> {
        if !self.take(byte) {
            return Err(DecodeError::InvalidPayload);
        }
        self.depth = self.depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        Ok(())
    }

    /// There has to be nothing more but white space.
    pub(super) fn end(&mut self) -> Result<(), DecodeError> {
        self.peek();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(DecodeError::InvalidJson)
        }
    }

    /// The references, in the order in which they stand, once it is sure that there is one for each attachment.
    pub(super) fn into_places(self) -> Result<Vec<Place>, DecodeError> {
        let Some(Places { found, count }) = self.places else {
            return Ok(Vec::new());
        };
        let in_order = found.iter().zip(0..).all(|(place, num)| place.num == num);
        if found.len() == count as usize && (in_order || is_permutation(&found)) {
            Ok(found)
        } else {
            Err(DecodeError::IllegalAttachments)
        }
    }

    /// One value, and moves behind it.
    pub(super) fn value(&mut self) -> Result<(), DecodeError> {
        match self.places {
            None => self.walk::<false>(),
            Some(_) => self.walk::<true>(),
        }
    }

    fn walk<const BINARY: bool>(&mut self) -> Result<(), DecodeError> {
        // One bit for each container that is open here: set for an object, clear for an array. The lowest is the
        // innermost.
        let mut stack = 0u128;
        let mut open = 0usize;
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                b'{' => {
                    if !(BINARY && self.reference()?) {
                        self.at += 1;
                        if !self.take(b'}') {
                            open = self.deeper(open)?;
                            stack = stack << 1 | 1;
                            self.key::<BINARY>()?;
                            continue;
                        }
                        self.deeper(open)?;
                    }
                }
                b'[' => {
                    self.at += 1;
                    if !self.take(b']') {
                        open = self.deeper(open)?;
                        stack <<= 1;
                        continue;
                    }
                    self.deeper(open)?;
                }
                first => self.scalar(first)?,
            }
            // Behind a value: the next one, or the end of what it stands in.
            loop {
                if open == 0 {
                    return Ok(());
                }
                let is_object = stack & 1 == 1;
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.key::<BINARY>()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(DecodeError::InvalidJson),
                }
                self.at += 1;
                stack >>= 1;
                open -= 1;
            }
        }
    }

    /// How many containers are open if there is one more than `open`.
    #[inline]
    fn deeper(&self, open: usize) -> Result<usize, DecodeError> {
        if open < self.depth {
            Ok(open + 1)
        } else {
            Err(DecodeError::TooDeep)
        }
    }

    /// The key of a member and the colon behind it.
    #[inline]
    fn key<const BINARY: bool>(&mut self) -> Result<(), DecodeError> {
        let key = if BINARY {
            self.quoted()?
        } else if self.take(b'"') {
            self.string()?;
            Key::Other
        } else {
            return Err(DecodeError::InvalidJson);
        };
        if !self.take(b':') {
            return Err(DecodeError::InvalidJson);
        }
        // What the peer means as a reference but is none (see `reference`) must not become data.
        if BINARY && key == Key::Placeholder && self.peek() == b't' {
            return Err(DecodeError::IllegalAttachments);
        }
        Ok(())
    }

    /// A string that is the key of a member, and whether it matters.
    fn quoted(&mut self) -> Result<Key, DecodeError> {
        if !self.take(b'"') {
            return Err(DecodeError::InvalidJson);
        }
        let start = self.at;
        self.string()?;
        let raw = self
            .bytes
            .get(start..self.at.saturating_sub(1))
            .unwrap_or_default();
        Ok(match raw {
            b"_placeholder" => Key::Placeholder,
            b"num" => Key::Num,
            // The longest way to write `_placeholder` has six bytes for each of its letters.
            _ if raw.contains(&b'\\') && raw.len() <= 72 => {
                match scan::unescape(core::str::from_utf8(raw).unwrap_or_default()).as_ref() {
                    "_placeholder" => Key::Placeholder,
                    "num" => Key::Num,
                    _ => Key::Other,
                }
            }
            _ => Key::Other,
        })
    }

    /// Takes an object that means an attachment. False, and nothing moved, if it does not.
    ///
    /// That is an object in which `_placeholder` is true, in whatever order and spelling the keys are. It may have
    /// other members, but no arrays and objects among them; so each byte is looked at twice at most.
    fn reference(&mut self) -> Result<bool, DecodeError> {
        let start = self.at;
        let found = match self.plain_reference() {
            Some(found) => found,
            None => self.spelt_reference(start)?,
        };
        let (Some(num), Some(places)) = (found, &mut self.places) else {
            self.at = start;
            return Ok(false);
        };
        let offset = u32::try_from(start).map_err(|_| DecodeError::TooLarge)?;
        // One more than announced is enough to know.
        if num >= places.count || places.found.len() >= places.count as usize {
            return Err(DecodeError::IllegalAttachments);
        }
        places.found.push(Place { offset, num });
        Ok(true)
    }

    /// A reference as everybody writes it. `None` if it is something else.
    #[inline]
    fn plain_reference(&mut self) -> Option<Option<u32>> {
        let rest = self.bytes.get(self.at..)?;
        let rest = rest.strip_prefix(br#"{"_placeholder":true,"num":"#)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits_are_json = digits == 1 || rest.first() != Some(&b'0');
        let num = number(rest.get(..digits)?)?;
        if !digits_are_json || rest.get(digits) != Some(&b'}') {
            return None;
        }
        self.at = self.bytes.len() - rest.len() + digits + 1;
        Some(Some(num))
    }

    fn spelt_reference(&mut self, start: usize) -> Result<Option<u32>, DecodeError> {
        let mut is_reference = false;
        let mut num = None;
        self.at = start + 1;
        loop {
            let key = self.quoted();
            let Ok(key) = key else {
                // Nothing in it, or no JSON, which the caller will find.
                return Ok(None);
            };
            if !self.take(b':') {
                return Ok(None);
            }
            let first = self.peek();
            let from = self.at;
            match first {
                b'{' | b'[' => return Ok(None),
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                _ => self.scalar(first)?,
            }
            // A key that comes twice means what it means the second time.
            match key {
                Key::Placeholder => is_reference = first == b't',
                Key::Num => num = self.bytes.get(from..self.at).and_then(number),
                Key::Other => {}
            }
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    break;
                }
                _ => return Err(DecodeError::InvalidJson),
            }
        }
        match (is_reference, num) {
            (false, _) => Ok(None),
            (true, Some(num)) => Ok(Some(num)),
            (true, None) => Err(DecodeError::IllegalAttachments),
        }
    }

    /// The rest of a string whose first quote was taken.
    #[inline]
    pub(super) fn string(&mut self) -> Result<(), DecodeError> {
        loop {
            self.at = scan::special(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(DecodeError::InvalidJson),
            }
        }
    }

    fn escape(&mut self) -> Result<(), DecodeError> {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) => 6,
            _ => return Err(DecodeError::InvalidJson),
        };
        Ok(())
    }

    /// A number or one of the three words.
    #[inline]
    pub(super) fn scalar(&mut self, first: u8) -> Result<(), DecodeError> {
        match first {
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => Err(DecodeError::InvalidJson),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), DecodeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(DecodeError::InvalidJson);
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), DecodeError> {
        self.skip(b'-');
        // A leading zero stands alone.
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            if !self.skip(b'-') {
                self.skip(b'+');
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// One digit or more.
    #[inline]
    fn digits(&mut self) -> Result<(), DecodeError> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(DecodeError::InvalidJson);
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Placeholder,
    Num,
    Other,
}

/// Digits and nothing else, and not too many of them.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    let text = core::str::from_utf8(digits).ok()?;
    // `parse` would take a plus.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    text.parse().ok()
}

fn is_permutation(places: &[Place]) -> bool {
    let mut seen = alloc::vec![false; places.len()];
    places.iter().all(|place| {
        seen.get_mut(place.num as usize)
            .is_some_and(|seen| !core::mem::replace(seen, true))
    })
}

/// The fewest bytes in which an attachment can be referenced: `{"_placeholder":true,"num":0}`.
pub(super) const SHORTEST_REFERENCE: usize = 29;
