//! What travels between page and server, beside the names of the events.

use std::error::Error;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Characters in the name of a person or a room.
const MAX_NAME: usize = 24;
/// Characters in one message.
const MAX_TEXT: usize = 4_000;
/// Bytes of one picture. The page makes larger ones smaller before it sends them.
pub(crate) const MAX_PICTURE: usize = 800_000;

/// What the page shows when it connects.
#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) name: String,
    /// Made up by the page and kept in its tab: who has it comes back under the same name, nobody else does.
    pub(crate) key: String,
    /// Where it was before the connection was lost.
    #[serde(default)]
    pub(crate) rooms: Vec<String>,
}

/// Where a message goes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    Room(String),
    Person(String),
}

/// A message as its author sends it.
#[derive(Deserialize)]
pub(crate) struct Draft {
    /// Made up by the page: one that is sent twice, because its acknowledgement was lost, is known by it.
    id: String,
    pub(crate) place: Place,
    #[serde(default)]
    text: String,
    picture: Option<Bytes>,
}

/// A message as everybody gets it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) place: Place,
    text: String,
    pub(crate) picture: Option<Picture>,
    /// Milliseconds since 1970.
    at: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Picture {
    media: &'static str,
    data: Bytes,
}

impl Draft {
    /// Makes it a message, if it can be one.
    pub(crate) fn into_message(self, from: &str) -> Result<Message, Refusal> {
        let text = self.text.trim();
        if text.is_empty() && self.picture.is_none() {
            return Err(Refusal("there is nothing in this message".into()));
        }
        if text.chars().count() > MAX_TEXT {
            return Err(Refusal(format!(
                "a message has at most {MAX_TEXT} characters"
            )));
        }
        if self.id.is_empty() || self.id.len() > 64 {
            return Err(Refusal("a message has an id".into()));
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Message {
            text: text.to_owned(),
            id: self.id,
            from: from.to_owned(),
            place: self.place,
            picture: self.picture.map(Picture::new).transpose()?,
            at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

impl Message {
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// About as many bytes as it takes to keep it.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
            + self
                .picture
                .as_ref()
                .map_or(0, |picture| picture.data.len())
    }
}

impl Picture {
    /// What a file is, its first bytes say, and not who sends it.
    fn new(data: Bytes) -> Result<Self, Refusal> {
        if data.len() > MAX_PICTURE {
            return Err(Refusal(format!(
                "a picture has at most {MAX_PICTURE} bytes"
            )));
        }
        let media = match &data[..] {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', ..] => "image/gif",
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => "image/webp",
            _ => return Err(Refusal("that is not a picture".into())),
        };
        Ok(Self { media, data })
    }
}

/// Something that a person asked for and cannot have, in words for that person.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Refusal {}

/// The name of a person or a room, without blanks around it.
pub(crate) fn name(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal("a name has at least one character".into()));
    }
    if text.chars().count() > MAX_NAME {
        return Err(Refusal(format!("a name has at most {MAX_NAME} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal(
            "a name has only characters that can be seen".into(),
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        let media =
            |data: &'static [u8]| Picture::new(Bytes::from_static(data)).map(|made| made.media);
        assert_eq!(media(b"\x89PNG\r\n").unwrap(), "image/png");
        assert_eq!(media(b"RIFF1234WEBPVP8 ").unwrap(), "image/webp");
        assert!(media(b"<svg onload=alert(1)>").is_err());
        assert!(media(b"").is_err());
        assert!(Picture::new(vec![0xff; MAX_PICTURE + 1].into()).is_err());
    }

    #[test]
    fn names_are_trimmed_and_have_a_length() {
        assert_eq!(name(" Ada ").unwrap(), "Ada");
        assert!(name("  ").is_err() && name("a\nb").is_err() && name(&"é".repeat(25)).is_err());
        assert!(name(&"é".repeat(24)).is_ok());
    }
}
