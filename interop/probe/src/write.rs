//! Values as tagged JSON, on one line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::reference::Tagged;

/// The value with its tags. Objects are always written as pairs, so that keys that come twice do so here too.
pub(crate) fn tagged(value: &Tagged) -> String {
    match value {
        Tagged::Undefined => r#"{"$undefined":true}"#.to_owned(),
        Tagged::Null => "null".to_owned(),
        Tagged::Bool(value) => value.to_string(),
        Tagged::Unsigned(value) => number(&value.to_string()),
        Tagged::Negative(value) => number(&value.to_string()),
        // `inf` is what Rust prints, and `Infinity` what JavaScript reads.
        Tagged::Float(value) => number(&value.to_string().replace("inf", "Infinity")),
        Tagged::Text(text) => quoted(text),
        Tagged::Bytes(bytes) => format!(r#"{{"$bin":"{}"}}"#, STANDARD.encode(bytes)),
        Tagged::Buffer(bytes) => format!(r#"{{"$arraybuffer":"{}"}}"#, STANDARD.encode(bytes)),
        Tagged::Date(Some(time)) => format!(r#"{{"$date":{time}}}"#),
        Tagged::Date(None) => r#"{"$date":null}"#.to_owned(),
        Tagged::Array(items) => list(items.iter().map(tagged)),
        Tagged::Object(members) => {
            let pairs = members.iter();
            let pairs = pairs.map(|(key, item)| format!("[{},{}]", quoted(key), tagged(item)));
            format!(r#"{{"$object":{}}}"#, list(pairs))
        }
    }
}

fn number(text: &str) -> String {
    format!(r#"{{"$number":"{text}"}}"#)
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text can be written")
}
