//! What both sides work on.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) const EVENT_NAME: &str = "chat message";
pub(crate) const EVENT: &str =
    r#"2["chat message",{"n":1234567,"ok":true,"text":"hello, socket.io peer"}]"#;
pub(crate) const ACK_ID: u32 = 17;
#[cfg(test)]
pub(crate) const ACK: &str = r#"317[{"n":1234567,"ok":true,"text":"hello, socket.io peer"}]"#;
pub(crate) const UPLOAD_NAME: &str = "upload";
pub(crate) const UPLOAD: &str = r#"53-["upload",{"a":{"_placeholder":true,"num":0},"b":{"_placeholder":true,"num":1},"c":{"_placeholder":true,"num":2},"name":"three"}]"#;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Small {
    n: u64,
    ok: bool,
    text: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Three {
    a: Bytes,
    b: Bytes,
    c: Bytes,
    name: String,
}

pub(crate) fn small() -> Small {
    Small {
        n: 1_234_567,
        ok: true,
        text: "hello, socket.io peer".into(),
    }
}

pub(crate) fn three() -> Three {
    Three {
        a: blob(),
        b: blob(),
        c: blob(),
        name: "three".into(),
    }
}

/// An attachment.
pub(crate) fn blob() -> Bytes {
    Bytes::from(vec![7; 64])
}
