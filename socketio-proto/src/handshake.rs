//! CONNECT and its two answers, in both revisions of the protocol.

use alloc::string::String;
use core::fmt::Write as _;

use serde::Serialize;

use crate::{
    Arguments, Codec, ConnectError, EncodeError, Encoded, Namespace, Object, Outgoing, Protocol,
    RawValue, SocketId, Value,
};

/// Why a namespace cannot be asked for with what the application wants to show. The caller's doing; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// It is no object. Servers close the connection of whoever shows anything else.
    #[error("what is shown to the server must be an object")]
    NotAnObject,
    /// In protocol 4 it travels as a query, and that would have more than 65,536 bytes.
    #[error("what is shown to the server is too long for a query")]
    TooLong,
    /// It cannot be encoded: with the codec for JSON, bytes cannot be shown.
    #[error("what is shown to the server cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
}

/// Asks for a namespace. `auth` is an object of the application; `resume` the private id of a session that was lost, and
/// the offset of the last event that was received in it.
pub(crate) fn ask(
    codec: &dyn Codec,
    protocol: Protocol,
    namespace: &Namespace,
    auth: Option<&RawValue>,
    resume: Option<(&str, Option<&str>)>,
) -> Result<Encoded, AuthError> {
    let values = auth.map(RawValue::to_value);
    if values
        .as_ref()
        .is_some_and(|value| !matches!(value, Value::Object(_)))
    {
        return Err(AuthError::NotAnObject);
    }
    if protocol == Protocol::V4 {
        let namespace = with_query(namespace, values)?;
        return Ok(codec.encode(&namespace, &Outgoing::Connect(None))?);
    }
    let Some((private_id, offset)) = resume else {
        return Ok(codec.encode(namespace, &Outgoing::Connect(auth.map(Arguments::from)))?);
    };
    let mut shown = Object::new();
    shown.insert("pid", Value::from(private_id));
    if let Some(offset) = offset {
        shown.insert("offset", Value::from(offset));
    }
    // What the application shows wins, as in JavaScript.
    if let Some(Value::Object(auth)) = values {
        for (key, value) in auth {
            shown.insert(key, value);
        }
    }
    let shown = Value::Object(shown);
    Ok(codec.encode(namespace, &Outgoing::Connect(Some(Arguments::new(&shown))))?)
}

/// Lets a client in.
pub(crate) fn accept(
    codec: &dyn Codec,
    protocol: Protocol,
    namespace: &Namespace,
    id: &SocketId,
    private_id: Option<&str>,
) -> Result<Encoded, EncodeError> {
    #[derive(Serialize)]
    struct Told<'a> {
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
    }
    let told = Told {
        sid: id.as_str(),
        pid: private_id,
    };
    let payload = (protocol == Protocol::V5).then(|| Arguments::new(&told));
    codec.encode(namespace, &Outgoing::Connect(payload))
}

/// Turns a client away.
pub(crate) fn refuse(
    codec: &dyn Codec,
    protocol: Protocol,
    namespace: &Namespace,
    error: &ConnectError,
) -> Result<Encoded, EncodeError> {
    let payload = error.to_payload(protocol);
    codec.encode(
        namespace,
        &Outgoing::ConnectError(Some(Arguments::new(&payload))),
    )
}

/// In protocol 4 what is shown stands as a query behind the name of the namespace, and every value is text.
fn with_query(namespace: &Namespace, auth: Option<Value>) -> Result<Namespace, AuthError> {
    let Some(Value::Object(auth)) = auth else {
        return Ok(namespace.clone());
    };
    let mut name = String::new();
    for (key, value) in auth {
        if !name.is_empty() {
            name.push('&');
        }
        percent_encode(&mut name, &key);
        name.push('=');
        match &value {
            Value::String(text) => percent_encode(&mut name, text),
            other => {
                let mut text = String::new();
                // Writing to a `String` cannot fail.
                let _ = write!(text, "{other}");
                percent_encode(&mut name, &text);
            }
        }
    }
    if name.len() > MAX_QUERY {
        return Err(AuthError::TooLong);
    }
    if name.is_empty() {
        return Ok(namespace.clone());
    }
    Ok(namespace.with_query(&name))
}

/// Room for any token; servers take a million bytes in a packet.
const MAX_QUERY: usize = 1 << 16;

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
