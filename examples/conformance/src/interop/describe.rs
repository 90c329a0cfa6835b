//! What arrived, in words.

use socketio_server::Value;

/// The same value with `bin:<length>:<sum of the bytes modulo 65536>` in place of binary data.
pub(super) fn describe(value: Value) -> Value {
    match value {
        Value::Binary(bytes) => {
            let sum: u64 = bytes.iter().copied().map(u64::from).sum();
            Value::from(format!("bin:{}:{}", bytes.len(), sum % 65_536))
        }
        Value::Array(values) => Value::Array(values.into_iter().map(describe).collect()),
        Value::Object(object) => {
            let members = object.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (name, describe(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use socketio_server::{Bytes, Object};

    use super::*;

    #[test]
    fn binary_data_is_told_at_any_depth() {
        let mut object = Object::new();
        object.insert(
            "data",
            Value::Array(vec![Value::from(Bytes::from_static(&[255, 2]))]),
        );
        object.insert("name", "a");
        let Value::Object(told) = describe(Value::Object(object)) else {
            panic!()
        };
        assert_eq!(
            told.get("data"),
            Some(&Value::Array(vec![Value::from("bin:2:257")]))
        );
        assert_eq!(told.get("name"), Some(&Value::from("a")));
    }
}
