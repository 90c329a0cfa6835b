//! The shapes.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unit;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Meters(pub(crate) u32);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Name(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Blob(pub(crate) Bytes);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pair(pub(crate) (i32, String));

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rgb(pub(crate) u8, pub(crate) u8, pub(crate) u8);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mixed(
    pub(crate) Bytes,
    pub(crate) Option<Bytes>,
    pub(crate) Vec<Bytes>,
);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Transparent {
    pub(crate) inner: Vec<Meters>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Colour {
    DarkRed,
    LightBlue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Empty {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) data: Bytes,
    pub(crate) thumb: Option<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Nested {
    pub(crate) uploads: Vec<Upload>,
    pub(crate) by_name: BTreeMap<String, Upload>,
    pub(crate) one: Box<Upload>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Renamed {
    pub(crate) first_name: String,
    #[serde(rename = "a \"quoted\"\\key\n")]
    pub(crate) odd: u8,
    #[serde(alias = "old")]
    pub(crate) new: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Skipping {
    pub(crate) kept: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) maybe: Option<Bytes>,
    #[serde(skip)]
    pub(crate) never: u8,
    #[serde(default)]
    pub(crate) defaulted: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flat {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) upload: Upload,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Bytes>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WithSerdeBytes {
    #[serde(with = "serde_bytes")]
    pub(crate) vec: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(crate) maybe: Option<Vec<u8>>,
    pub(crate) buf: serde_bytes::ByteBuf,
    /// An array of numbers: serde does not see that it is bytes.
    pub(crate) numbers: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum External {
    Unit,
    Newtype(Bytes),
    Option(Option<u8>),
    Tuple(u8, Bytes),
    Struct { data: Bytes, n: u8 },
    Nested(Box<External>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Internal {
    Unit,
    Newtype(Upload),
    Struct { data: Bytes, n: u64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
pub(crate) enum Adjacent {
    Unit,
    Newtype(Bytes),
    Tuple(u8, Bytes),
    Struct { data: Bytes },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Number(i64),
    Float(f64),
    Text(String),
    Bytes(Bytes),
    Struct { data: Bytes },
    List(Vec<Untagged>),
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tree {
    pub(crate) value: i8,
    pub(crate) children: Vec<Tree>,
    pub(crate) data: Option<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Strict {
    pub(crate) a: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Integers {
    pub(crate) bytes: (u8, i8),
    pub(crate) shorts: (u16, i16),
    pub(crate) ints: (u32, i32),
    pub(crate) longs: (u64, i64),
    pub(crate) sizes: (usize, isize),
    pub(crate) huge: (u128, i128),
}

pub(crate) fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

pub(crate) fn upload(name: &str) -> Upload {
    Upload {
        name: name.to_owned(),
        data: Bytes::from(name.repeat(3)),
        thumb: (name.len() > 1).then(|| bytes("thumb")),
    }
}
