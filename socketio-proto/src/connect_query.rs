//! What clients of protocol 4 show when they join a namespace: a query string behind its name.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

use crate::{DecodeError, Object, Protocol, RawValue, Value};

/// The name of a namespace and the query behind it, which only protocol 4 has.
pub(crate) fn split(protocol: Protocol, name: &str) -> (&str, Option<&str>) {
    match (protocol, name.split_once('?')) {
        (Protocol::V4, Some((name, query))) => (name, Some(query)),
        _ => (name, None),
    }
}

/// The query as the object that a client of protocol 5 would have sent. All values are text.
///
/// A key that comes twice stands where it came first, with the value that came last, as in JavaScript. A type of the
/// application would refuse an object that has it twice.
pub(crate) fn payload(query: &str) -> Result<RawValue, DecodeError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<_> = pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), value)
        })
        .collect();
    // A query may be a megabyte of keys, so none is looked for among all the others.
    let mut last: BTreeMap<&str, &str> = pairs.iter().map(|(key, v)| (key.as_str(), *v)).collect();
    let mut members = Object::new();
    for (key, _) in &pairs {
        if let Some(value) = last.remove(key.as_str()) {
            members.push(key.clone(), Value::String(decoded(value)));
        }
    }
    RawValue::from_value(&Value::Object(members))
}

/// Percent and plus resolved. What is not UTF-8 then becomes U+FFFD.
fn decoded(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return String::from(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match after.split_at_checked(2) {
                Some((digits, after)) if digits.iter().all(u8::is_ascii_hexdigit) => {
                    rest = after;
                    let digits = str::from_utf8(digits).unwrap_or_default();
                    u8::from_str_radix(digits, 16).unwrap_or_default()
                }
                // A percent sign that begins nothing is one.
                _ => b'%',
            },
            byte => *byte,
        });
    }
    match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => String::from(text),
        Cow::Owned(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_an_object_of_texts() {
        for (query, object) in [
            ("", "{}"),
            ("token=abc", r#"{"token":"abc"}"#),
            ("a=1&b=", r#"{"a":"1","b":""}"#),
            ("flag&&x=a=b", r#"{"flag":"","x":"a=b"}"#),
            ("a=b+c%20d%2Be", r#"{"a":"b c d+e"}"#),
            ("n%C3%A4me=%22%F0%9F%A6%80%22", r#"{"näme":"\"🦀\""}"#),
            ("a=100%&b=%zz&c=%4", r#"{"a":"100%","b":"%zz","c":"%4"}"#),
            ("a=%ff", "{\"a\":\"\u{fffd}\"}"),
            ("a=1&a=2", r#"{"a":"2"}"#),
        ] {
            let expected = Value::from_json(object).unwrap();
            assert_eq!(payload(query).unwrap().to_value(), expected, "{query}");
        }
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_value_counts_and_types_take_it() {
        let shown = payload("token=a&x=1&tok%65n=b&x=2&token=c").unwrap();
        assert_eq!(shown.as_json(), Some(r#"{"token":"c","x":"2"}"#));

        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Shown {
            token: String,
        }

        let token = String::from("c");
        assert_eq!(shown.deserialize(), Ok(Shown { token }));
    }

    #[test]
    fn a_megabyte_of_keys_is_read_without_looking_for_each() {
        let keys = (0..150_000).map(|number| alloc::format!("{number:x}&"));
        let query: String = keys.collect();
        let shown = payload(&query).unwrap().to_value();
        assert_eq!(shown.as_object().map(Object::len), Some(150_000));
    }
}
