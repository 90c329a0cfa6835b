//! Values of packets as JSON can hold them: bytes are `{"$bin":"<base64>"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use socketio_client::{Object, Value};

/// An object, its members in this order.
macro_rules! object {
    ($($key:literal => $value:expr),* $(,)?) => {{
        let mut object = socketio_client::Object::new();
        $(object.insert($key, socketio_client::Value::from($value));)*
        socketio_client::Value::Object(object)
    }};
}
pub(crate) use object;

/// From a line of JSON.
pub(crate) fn with_bytes(plain: &Value) -> Result<Value, String> {
    match plain {
        Value::Array(elements) => {
            let elements: Result<_, _> = elements.iter().map(with_bytes).collect();
            elements.map(Value::Array)
        }
        Value::Object(object) => {
            if let (Some(base64), 1) = (object.get("$bin"), object.len()) {
                let base64 = base64.as_str().ok_or("$bin is no text")?;
                let bytes = STANDARD.decode(base64);
                return Ok(Value::Binary(
                    bytes.map_err(|error| format!("$bin: {error}"))?.into(),
                ));
            }
            let mut made = Object::new();
            for (key, value) in object {
                made.insert(key, with_bytes(value)?);
            }
            Ok(Value::Object(made))
        }
        other => Ok(other.clone()),
    }
}

/// For a line of JSON.
pub(crate) fn without_bytes(value: &Value) -> Value {
    match value {
        Value::Binary(bytes) => object!("$bin" => STANDARD.encode(bytes)),
        Value::Array(elements) => Value::Array(elements.iter().map(without_bytes).collect()),
        Value::Object(object) => {
            let mut made = Object::new();
            for (key, value) in object {
                made.insert(key, without_bytes(value));
            }
            Value::Object(made)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_what_they_are() {
        let text = r#"[null,true,1,-2.5,"grün",{"z":[{"$bin":"AAH/"}],"a":{}}]"#;
        let value = with_bytes(&Value::from_json(text).unwrap()).unwrap();
        assert_eq!(value[5]["z"][0].as_bytes().unwrap()[..], [0, 1, 255]);
        assert_eq!(without_bytes(&value).to_string(), text);
        assert!(with_bytes(&object!("$bin" => 1u8)).is_err());
    }
}
