//! Values of packets as JSON, in which bytes are `{"$bin":"<base64>"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use socketio_client::Value;

pub(crate) fn from_json(json: &Json) -> Result<Value, String> {
    if let Some(text) = json
        .as_object()
        .filter(|object| object.len() == 1)
        .and_then(|object| object.get("$bin"))
    {
        let text = text.as_str().ok_or("$bin is no text")?;
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| format!("$bin: {error}"))?;
        return Ok(Value::Binary(bytes.into()));
    }
    Ok(match json {
        Json::Array(elements) => {
            Value::Array(elements.iter().map(from_json).collect::<Result<_, _>>()?)
        }
        Json::Object(members) => {
            let mut object = socketio_client::Object::new();
            for (key, value) in members {
                object.insert(key.as_str(), from_json(value)?);
            }
            Value::Object(object)
        }
        plain => Value::from_json(&plain.to_string()).map_err(|error| error.to_string())?,
    })
}

pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Binary(bytes) => json!({ "$bin": STANDARD.encode(bytes) }),
        Value::Array(elements) => elements.iter().map(to_json).collect(),
        Value::Object(object) => {
            let members = object
                .iter()
                .map(|(key, value)| (key.to_owned(), to_json(value)));
            Json::Object(members.collect())
        }
        plain => serde_json::from_str(&plain.to_string()).unwrap_or(Json::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_what_they_are() {
        let all = json!([null, true, 1, -2.5, "gr\u{fc}n", { "a": [{ "$bin": "AAH/" }], "b": {} }]);
        assert_eq!(to_json(&from_json(&all).unwrap()), all);
        assert!(from_json(&json!({ "$bin": 1 })).is_err());
    }
}
