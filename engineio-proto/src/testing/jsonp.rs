//! What a browser does with JSONP, so that a client that speaks plain polling can be put behind it.

use alloc::string::String;

use bytes::Bytes;

/// The payload that a script hands to the page.
pub(super) fn unwrap(script: &Bytes) -> Bytes {
    let payload = str::from_utf8(script)
        .ok()
        .and_then(|script| script.strip_prefix("___eio[3]("))
        .and_then(|script| script.strip_suffix(");"))
        .and_then(|literal| serde_json::from_str::<String>(literal).ok());
    match payload {
        Some(payload) => Bytes::from(payload),
        None => panic!("the answer to a JSONP client is no script: {script:?}"),
    }
}

/// The form that carries a payload.
///
/// Line ends are written as `\n`, and what was `\n` before gets one more backslash, because browsers change line
/// ends in forms.
pub(super) fn form(payload: &Bytes) -> Bytes {
    let payload = String::from_utf8_lossy(payload);
    let payload = payload.replace("\\n", "\\\\n").replace('\n', "\\n");
    let mut form = String::from("d=");
    for byte in payload.bytes() {
        match byte {
            b' ' => form.push('+'),
            byte if byte.is_ascii_alphanumeric() => form.push(char::from(byte)),
            byte => form.push_str(&alloc::format!("%{byte:02X}")),
        }
    }
    Bytes::from(form)
}
