//! CONNECT and its two answers, in both revisions of the protocol.

use alloc::string::String;
use core::fmt::Write as _;

use serde::Serialize;

use crate::{
    Arguments, Codec, ConnectError, EncodeError, Encoded, Namespace, Object, Outgoing, Protocol,
    RawValue, SocketId, Value,
};

/// Asks for a namespace. `auth` is an object of the application; `resume` the private id of a session that was lost, and
/// the offset of the last event that was received in it.
pub(crate) fn ask(
    codec: &dyn Codec,
    protocol: Protocol,
    namespace: &Namespace,
    auth: Option<&RawValue>,
    resume: Option<(&str, Option<&str>)>,
) -> Result<Encoded, EncodeError> {
    if protocol == Protocol::V4 {
        let namespace = with_query(namespace, auth);
        return codec.encode(&namespace, &Outgoing::Connect(None));
    }
    let Some((private_id, offset)) = resume else {
        return codec.encode(namespace, &Outgoing::Connect(auth.map(Arguments::from)));
    };
    let mut shown = Object::new();
    shown.insert("pid", Value::from(private_id));
    if let Some(offset) = offset {
        shown.insert("offset", Value::from(offset));
    }
    // What the application shows wins, as in JavaScript.
    if let Some(Value::Object(auth)) = auth.map(RawValue::to_value) {
        for (key, value) in auth {
            shown.insert(key, value);
        }
    }
    let shown = Value::Object(shown);
    codec.encode(namespace, &Outgoing::Connect(Some(Arguments::new(&shown))))
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
fn with_query(namespace: &Namespace, auth: Option<&RawValue>) -> Namespace {
    let Some(Value::Object(auth)) = auth.map(RawValue::to_value) else {
        return namespace.clone();
    };
    let mut name = String::from(namespace.as_str());
    for (at, (key, value)) in auth.into_iter().enumerate() {
        name.push(if at == 0 { '?' } else { '&' });
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
    // What is too long for a name cannot be shown.
    Namespace::new(&name).unwrap_or_else(|_| namespace.clone())
}

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
