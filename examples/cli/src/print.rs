//! What is printed: events and answers on the standard output, news of the connection on the standard error.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use socketio_client::{Error, Event, Lifecycle, Object, Socket, Transport, Value};

pub(crate) fn event(event: &Event, json: bool) {
    let args = event.args().to_values();
    if json {
        let mut object = Object::new();
        object.insert("event", event.name());
        object.insert("args", printable(&args));
        object.insert("wants_answer", event.wants_ack());
        return line(&Value::Object(object).to_string());
    }
    let mut text = event.name().to_owned();
    if text.is_empty() || text.contains(|char: char| char.is_whitespace() || char == '"') {
        text = Value::from(text).to_string();
    }
    for arg in args {
        text += &format!(" {arg}");
    }
    if event.wants_ack() {
        text += " (wants an answer)";
    }
    line(&visible(&text));
}

/// All arguments of an answer: of one the value, of several each in a line.
pub(crate) fn answer(args: &[Value], json: bool) {
    if json {
        let mut object = Object::new();
        object.insert("answer", printable(args));
        return line(&Value::Object(object).to_string());
    }
    for arg in args {
        line(&visible(&arg.to_string()));
    }
}

/// For those who watch, in JSON.
pub(crate) fn change(change: &Lifecycle, socket: &Socket) {
    let mut object = Object::new();
    match change {
        Lifecycle::Connected { id, recovered } => {
            object.insert("status", "connected");
            object.insert("id", id.as_str());
            object.insert("recovered", *recovered);
            object.insert("transport", transport(socket));
        }
        Lifecycle::ConnectError(error) => {
            object.insert("status", "connect_error");
            object.insert("message", error.to_string());
            let data = error.refusal().and_then(|refused| refused.data().cloned());
            object.insert("data", data.as_ref().map(encoded));
        }
        Lifecycle::Disconnected { reason, .. } => {
            object.insert("status", "disconnected");
            object.insert("reason", reason.as_str());
        }
        Lifecycle::Upgraded(to) => {
            object.insert("status", "upgraded");
            object.insert("transport", to.name());
        }
        Lifecycle::UpgradeFailed(to) => {
            object.insert("status", "upgrade_failed");
            object.insert("transport", to.name());
        }
        Lifecycle::ReconnectAttempt { attempt } => {
            object.insert("status", "reconnecting");
            object.insert("attempt", *attempt);
        }
        _ => return,
    }
    line(&Value::Object(object).to_string());
}

/// For people.
pub(crate) fn news(change: &Lifecycle, socket: &Socket, all: bool) {
    let words = match change {
        Lifecycle::Connected { id, .. } => {
            let by = transport(socket).map_or_else(String::new, |name| format!(" by {name}"));
            format!("connected to {} as {id}{by}", socket.namespace())
        }
        Lifecycle::Disconnected {
            reason,
            cause: Some(cause),
        } => format!("disconnected: {reason} ({cause})"),
        Lifecycle::Disconnected { reason, .. } => format!("disconnected: {reason}"),
        // The program ends with it, and says it then.
        Lifecycle::ConnectError(Error::Refused(_)) => return,
        Lifecycle::ConnectError(error) => format!("{error}"),
        Lifecycle::Upgraded(to) if all => format!("goes on by {}", to.name()),
        Lifecycle::UpgradeFailed(to) if all => format!("tried {} in vain", to.name()),
        Lifecycle::ReconnectAttempt { attempt } if all => {
            format!("attempt {attempt} to connect again")
        }
        _ => return,
    };
    eprintln!("-- {}", visible(&words));
}

fn transport(socket: &Socket) -> Option<&'static str> {
    socket.client().transport().map(Transport::name)
}

/// Values in which bytes are base64, for JSON.
fn printable(args: &[Value]) -> Value {
    Value::Array(args.iter().map(encoded).collect())
}

fn encoded(value: &Value) -> Value {
    match value {
        Value::Binary(bytes) => {
            let mut object = Object::new();
            object.insert("$binary", STANDARD.encode(bytes));
            Value::Object(object)
        }
        Value::Array(elements) => printable(elements),
        Value::Object(members) => {
            let mut object = Object::new();
            for (name, member) in members {
                object.insert(name, encoded(member));
            }
            Value::Object(object)
        }
        other => other.clone(),
    }
}

/// Without what a terminal would obey: a server may not write to the screen what it likes.
pub(crate) fn visible(text: &str) -> String {
    let shown = |char: char| {
        let escaped = char.is_control().then(|| char.escape_unicode().to_string());
        escaped.unwrap_or_else(|| char.to_string())
    };
    text.chars().map(shown).collect()
}

/// Ends the program if nobody reads any more: `sio ... | head -1`.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
