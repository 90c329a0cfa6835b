//! What arrived, and where in it things stand.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use engineio_proto::Text;

use crate::json::{self, Place};
#[cfg(feature = "msgpack")]
use crate::msgpack;

/// What arrived, and what was found out about it that is not in every packet.
#[derive(Clone)]
pub(crate) struct Source {
    pub(super) data: SourceData,
    pub(super) extra: Option<Arc<Extra>>,
}

#[derive(Clone)]
pub(super) enum SourceData {
    /// The whole text, with what stands before the JSON, so that nothing has to be cut.
    Json(Text),
    /// The whole frame.
    #[cfg(feature = "msgpack")]
    MessagePack(Bytes),
}

/// Walks over arguments.
pub(super) enum Skipper<'a> {
    Json(json::Reader<'a>),
    #[cfg(feature = "msgpack")]
    MessagePack(msgpack::Reader<'a>),
}

impl Source {
    pub(crate) fn json(text: Text, extra: Option<Arc<Extra>>) -> Self {
        Self {
            data: SourceData::Json(text),
            extra,
        }
    }

    #[cfg(feature = "msgpack")]
    pub(crate) fn message_pack(frame: Bytes, extra: Option<Arc<Extra>>) -> Self {
        Self {
            data: SourceData::MessagePack(frame),
            extra,
        }
    }

    pub(super) fn as_json(&self) -> Option<&Text> {
        match &self.data {
            SourceData::Json(text) => Some(text),
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(_) => None,
        }
    }

    pub(super) fn extra(&self) -> Option<&Extra> {
        self.extra.as_deref()
    }

    pub(super) fn share(&self, part: &[u8]) -> Option<Bytes> {
        match &self.data {
            SourceData::Json(_) => {
                let attachments = self.extra().map_or(&[][..], |extra| &extra.attachments);
                attachments.iter().find_map(|whole| share(whole, part))
            }
            #[cfg(feature = "msgpack")]
            SourceData::MessagePack(frame) => share(frame, part),
        }
    }
}

/// `part` as a slice of `whole` that shares its buffer, if it is one.
pub(crate) fn share(whole: &Bytes, part: &[u8]) -> Option<Bytes> {
    if part.is_empty() {
        return Some(Bytes::new());
    }
    let (outer, inner) = (whole.as_ptr_range(), part.as_ptr_range());
    let is_part = outer.start <= inner.start && inner.end <= outer.end;
    is_part.then(|| whole.slice_ref(part))
}

/// What few packets have.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// The name, if what stands in the packet has escapes, or is a number that is written otherwise.
    pub(crate) name: Option<Box<str>>,
    /// Where the attachments are referenced, in the order of the text.
    pub(crate) places: Vec<Place>,
    /// By number.
    pub(crate) attachments: Vec<Bytes>,
}

impl Extra {
    /// The attachment that the object at this offset means, and where that object ends.
    #[inline]
    pub(crate) fn attachment_at(&self, offset: usize) -> Option<(&Bytes, usize)> {
        let key = |place: &Place| place.start as usize;
        let found = self.places.binary_search_by_key(&offset, key).ok()?;
        let place = self.places.get(found)?;
        Some((
            self.attachments.get(place.num as usize)?,
            place.end as usize,
        ))
    }
}

/// From where to where something goes in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0 };

    /// No packet is longer than 32 bits count; the decoders see to that.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: offset(start),
            end: offset(end),
        }
    }

    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) fn end(self) -> usize {
        self.end as usize
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start()..self.end()).unwrap_or_default()
    }

    #[cfg(feature = "msgpack")]
    pub(super) fn of_bytes(self, bytes: &[u8]) -> &str {
        let part = bytes.get(self.start()..self.end()).unwrap_or_default();
        core::str::from_utf8(part).unwrap_or_default()
    }
}
