//! Why a server refuses a client, and how that reads on the wire.

use alloc::string::String;

use serde::Serialize;

use crate::{EncodeError, Object, Protocol, RawValue, Value};

/// A server refuses to let a client into a namespace.
///
/// The message is what JavaScript clients see as the message of an `Error`, the data what they see as its `data`.
///
/// ```
/// use socketio_proto::{ConnectError, Protocol};
///
/// let error = ConnectError::new("bad token").with_data(401);
/// let payload = error.to_payload(Protocol::V5);
/// assert_eq!(payload.to_string(), r#"{"message":"bad token","data":401}"#);
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    message: String,
    data: Option<Value>,
}

impl ConnectError {
    /// A refusal with these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
        }
    }

    /// Adds something for the client's program rather than for its user.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// The same with any type that serde can serialise.
    ///
    /// # Errors
    ///
    /// If it cannot after all.
    pub fn try_with_data<T: Serialize + ?Sized>(self, data: &T) -> Result<Self, EncodeError> {
        Ok(self.with_data(Value::from_serialize(data)?))
    }

    /// The words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What was added.
    pub fn data(&self) -> Option<&Value> {
        self.data.as_ref()
    }

    /// What goes into the packet.
    ///
    /// Protocol 5 has an object for both. Protocol 4 has one value: the data if it is an object, or text that is not
    /// empty, and else the words. Other data cannot be told there: a number would be read as the id of an
    /// acknowledgement (`44401`), and the rest as nothing that refuses.
    pub fn to_payload(&self, protocol: Protocol) -> Value {
        let data = self.data.clone();
        if protocol == Protocol::V4 {
            let data = data.filter(|data| match data {
                Value::Object(_) => true,
                Value::String(text) => !text.is_empty(),
                _ => false,
            });
            return data.unwrap_or_else(|| Value::from(self.message.as_str()));
        }
        let mut object = Object::new();
        object.insert("message", self.message.as_str());
        if let Some(data) = data {
            object.insert("data", data);
        }
        Value::Object(object)
    }

    /// What a client makes of the packet.
    ///
    /// An object without a `message` is what protocol 4 sends as bare data.
    pub fn from_payload(payload: Option<&RawValue>) -> Self {
        let Some(payload) = payload else {
            return Self::new("");
        };
        let value = payload.to_value();
        match (value.get("message"), value.get("data")) {
            _ if value.as_str().is_some() => Self::new(value.as_str().unwrap_or_default()),
            (Some(Value::String(message)), data) => Self {
                message: message.clone(),
                data: data.cloned(),
            },
            (_, data) => Self {
                message: String::new(),
                data: Some(data.cloned().unwrap_or(value)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn read(json: &str) -> ConnectError {
        let value = Value::from_json(json).unwrap();
        ConnectError::from_payload(Some(&RawValue::from_value(&value).unwrap()))
    }

    #[test]
    fn protocol_4_has_one_value_for_both() {
        let payload = |error: ConnectError| error.to_payload(Protocol::V4).to_string();
        assert_eq!(payload(ConnectError::new("no way")), r#""no way""#);
        let error = ConnectError::new("no").with_data(Value::from_json(r#"{"a":1}"#).unwrap());
        assert_eq!(payload(error), r#"{"a":1}"#);
        let error = ConnectError::new("no").with_data("text");
        assert_eq!(payload(error), r#""text""#);
    }

    #[test]
    fn data_that_protocol_4_would_read_as_something_else_gives_way_to_the_words() {
        for json in [
            "null", "false", "true", "0", "401", "1.5", "-1", "\"\"", "[1]",
        ] {
            let error = ConnectError::new("no").with_data(Value::from_json(json).unwrap());
            let payload = error.to_payload(Protocol::V4);
            assert_eq!(payload.to_string(), r#""no""#, "{json}");
        }
    }

    #[test]
    fn protocol_5_names_both() {
        let payload = |error: ConnectError| error.to_payload(Protocol::V5).to_string();
        assert_eq!(payload(ConnectError::new("no")), r#"{"message":"no"}"#);
        let error = ConnectError::new("no").with_data(false);
        assert_eq!(payload(error), r#"{"message":"no","data":false}"#);
    }

    #[test]
    fn what_servers_send_is_understood() {
        let data = |json| Value::from_json(json).unwrap();
        for (json, error) in [
            (r#""no way""#, ConnectError::new("no way")),
            (r#"{"message":"no"}"#, ConnectError::new("no")),
            (
                r#"{"message":"no","data":{"a":1}}"#,
                ConnectError::new("no").with_data(data(r#"{"a":1}"#)),
            ),
            ("{}", ConnectError::new("").with_data(data("{}"))),
            (
                r#"{"code":1}"#,
                ConnectError::new("").with_data(data(r#"{"code":1}"#)),
            ),
            (r#"{"data":1}"#, ConnectError::new("").with_data(1)),
            ("[1]", ConnectError::new("").with_data(data("[1]"))),
            ("null", ConnectError::new("").with_data(Value::Null)),
            (
                r#"{"message":7}"#,
                ConnectError::new("").with_data(data(r#"{"message":7}"#)),
            ),
        ] {
            assert_eq!(read(json), error, "{json}");
        }
        assert_eq!(ConnectError::from_payload(None), ConnectError::new(""));
    }
}
