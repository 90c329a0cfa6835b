//! A client that is told by lines of JSON what to do, and says in lines of JSON what happens: for those who judge the client
//! from outside, and for trying out a server by hand.
//!
//! ```text
//! {"cmd":"open","s":"a","url":"http://localhost:3000","nsp":"/chat"}
//! {"cmd":"emit","s":"a","ev":"message","args":["hello",{"$bin":"AAH/"}],"ack":true,"id":1,"timeout":1000}
//! ```

mod commands;
mod values;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commands::{Command, Options};
use socketio_client::{
    AckError, AckSender, Arguments, Client, EmitError, Error, Event, Lifecycle, Socket, Status,
    Transport, Value,
};
use tokio::io::AsyncBufReadExt as _;
use values::object;

/// How to answer an event: with what it carried, and then with this.
type Replies = Arc<Mutex<HashMap<String, (bool, Vec<Value>)>>>;

#[derive(Default)]
struct Probe {
    sockets: HashMap<String, (Socket, Replies)>,
    managers: HashMap<String, Client>,
}

/// What the first line says.
const READY: &str = r#"{"ev":"ready","probe":"socketio-client (Rust)","eio":[3,4],"parsers":["default","msgpack"]}"#;

#[tokio::main]
async fn main() {
    say(&Value::from_json(READY).unwrap_or_default());
    let mut probe = Probe::default();
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.trim().is_empty() {
            continue;
        }
        let id = Value::from_json(&line)
            .ok()
            .and_then(|line| line.get("id").cloned());
        let done = match serde_json::from_str(&line) {
            Ok(Command::Quit) => break,
            Ok(command) => probe.run(command),
            Err(error) => Err(error.to_string()),
        };
        if let Err(message) = done {
            say(&match id {
                Some(id) => object!("ev" => "error", "id" => id, "message" => message),
                None => object!("ev" => "error", "message" => message),
            });
        }
    }
    let clients: Vec<_> = probe
        .sockets
        .into_values()
        .map(|(socket, _)| socket.client().clone())
        .collect();
    for client in clients {
        let _ = tokio::time::timeout(Duration::from_millis(200), client.closed()).await;
    }
    // Whatever is left of connections is not worth waiting for.
    std::process::exit(0);
}

fn say(event: &Value) {
    let mut out = std::io::stdout().lock();
    // Whoever has gone away wants to hear nothing.
    let _ = writeln!(out, "{event}");
    let _ = out.flush();
}

impl Probe {
    fn run(&mut self, command: Command) -> Result<(), String> {
        match command {
            Command::Open {
                s,
                url,
                nsp,
                manager,
                opts,
            } => self.open(s, &url, nsp.as_deref().unwrap_or("/"), manager, &opts),
            Command::Emit {
                s,
                ev,
                args,
                volatile,
                ack,
                id,
                timeout,
            } => {
                let (socket, _) = self.socket(&s)?;
                emit(
                    socket,
                    &s,
                    &ev,
                    &args,
                    volatile,
                    ack.then_some((id.unwrap_or(Value::Null), timeout)),
                )
            }
            Command::Reply { s, ev, echo, args } => {
                let (_, replies) = self.socket(&s)?;
                let args = args
                    .iter()
                    .map(values::with_bytes)
                    .collect::<Result<_, _>>()?;
                replies
                    .lock()
                    .map_err(|error| error.to_string())?
                    .insert(ev, (echo, args));
                Ok(())
            }
            Command::Disconnect { s } => {
                self.socket(&s)?.0.disconnect();
                Ok(())
            }
            Command::Connect { s, auth } => {
                let (socket, _) = self.socket(&s)?;
                match auth {
                    Some(auth) => socket
                        .open_with_auth(&values::with_bytes(&auth)?)
                        .map_err(|error| error.to_string()),
                    None => {
                        socket.open();
                        Ok(())
                    }
                }
            }
            Command::Drop { s } => {
                self.socket(&s)?.0.client().cut();
                Ok(())
            }
            Command::State { s, id } => {
                let (socket, _) = self.socket(&s)?;
                let client = socket.client();
                say(&object!("ev" => "state",
                    "id" => id,
                    "s" => s,
                    "connected" => socket.is_connected(),
                    "sid" => socket.id().map(|id| id.as_str().to_owned()),
                    "recovered" => matches!(&*socket.status().borrow(), Status::Connected { recovered: true }),
                    "transport" => client.transport().map(Transport::name),
                    "engineId" => client.session_id(),));
                Ok(())
            }
            Command::Quit => Ok(()),
        }
    }

    fn socket(&self, name: &str) -> Result<&(Socket, Replies), String> {
        self.sockets
            .get(name)
            .ok_or_else(|| format!("there is no socket {name:?}"))
    }

    fn open(
        &mut self,
        name: String,
        url: &str,
        nsp: &str,
        manager: Option<String>,
        opts: &Options,
    ) -> Result<(), String> {
        if self.sockets.contains_key(&name) {
            return Err(format!("there is a socket {name:?} already"));
        }
        // In revision 3 it travels as a query behind the name of the namespace.
        let shown = if opts.eio == Some(3) {
            opts.nsp_query.as_ref()
        } else {
            opts.auth.as_ref()
        };
        let shown = shown.map(values::with_bytes).transpose()?;
        let replies = Replies::default();
        let for_socket = Arc::clone(&replies);
        let label = name.clone();
        let listen = move |socket: &Socket| listen(socket, &label, &for_socket);
        let known = manager
            .as_ref()
            .and_then(|manager| self.managers.get(manager));
        let opened = match known {
            Some(client) => {
                let mut builder = client.of(nsp).setup(listen);
                if let Some(shown) = shown {
                    builder = builder.auth(shown);
                }
                builder.open()
            }
            None => {
                let mut builder = opts.client(url, nsp)?.setup(listen);
                if let Some(shown) = shown {
                    builder = builder.auth(shown);
                }
                builder.open()
            }
        };
        let socket = opened.map_err(|error| error.to_string())?;
        if let Some(manager) = manager {
            self.managers
                .entry(manager)
                .or_insert_with(|| socket.client().clone());
        }
        self.sockets.insert(name, (socket, replies));
        Ok(())
    }
}

/// Says what happens to a socket.
fn listen(socket: &Socket, name: &str, replies: &Replies) {
    let name: Arc<str> = name.into();
    let s = Arc::clone(&name);
    let replies = Arc::clone(replies);
    socket.on_any(async move |event: Event, ack: AckSender| {
        let args = event.args().to_values();
        let shown: Vec<_> = args.iter().map(values::without_bytes).collect();
        say(&object!("ev" => "event", "s" => &*s, "name" => event.name(), "args" => shown, "ack" => event.wants_ack()));
        let reply = replies.lock().ok().and_then(|replies| replies.get(event.name()).cloned());
        if let Some((echo, more)) = reply {
            let mut answer = if echo { args } else { Vec::new() };
            answer.extend(more);
            // Who asked may have gone; that was reported.
            let _ = ack.send_arguments(Arguments::from_values(&answer));
        }
    });
    socket.on_lifecycle(async move |lifecycle: Lifecycle| {
        let s = &*name;
        let event = match lifecycle {
            Lifecycle::Connected { id, recovered } => {
                object!("ev" => "connect", "s" => s, "sid" => id.as_str(), "recovered" => recovered)
            }
            Lifecycle::ConnectError(Error::Refused(error)) => {
                object!("ev" => "connect_error", "s" => s, "message" => error.message(), "data" => error.data().map(values::without_bytes))
            }
            Lifecycle::ConnectError(error) => object!("ev" => "connect_error", "s" => s, "message" => error.to_string(), "data" => Value::Null),
            Lifecycle::Disconnected { reason, .. } => object!("ev" => "disconnect", "s" => s, "reason" => reason.as_str()),
            Lifecycle::Upgraded(transport) => object!("ev" => "upgrade", "s" => s, "transport" => transport.name()),
            Lifecycle::ReconnectAttempt { attempt } => object!("ev" => "reconnect_attempt", "s" => s, "n" => attempt),
            Lifecycle::Reconnected { attempt } => object!("ev" => "reconnect", "s" => s, "n" => attempt),
            Lifecycle::ReconnectFailed => object!("ev" => "reconnect_failed", "s" => s),
            _ => return,
        };
        say(&event);
    });
}

fn emit(
    socket: &Socket,
    name: &str,
    event: &str,
    args: &[Value],
    volatile: bool,
    ack: Option<(Value, Option<u64>)>,
) -> Result<(), String> {
    let args = args
        .iter()
        .map(values::with_bytes)
        .collect::<Result<Vec<_>, _>>()?;
    let arguments = Arguments::from_values(&args);
    let Some((id, timeout)) = ack else {
        let emitter = if volatile {
            socket.volatile()
        } else {
            socket.compress(true)
        };
        return match emitter.emit_arguments(event, arguments) {
            Ok(()) | Err(EmitError::Dropped) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
    };
    let mut answer = socket
        .compress(true)
        .emit_arguments_with_ack::<()>(event, arguments);
    if let Some(timeout) = timeout {
        answer = answer.timeout(Duration::from_millis(timeout));
    }
    let name = name.to_owned();
    tokio::spawn(async move {
        let event = match answer.args().await {
            Ok(args) => {
                let args: Vec<_> = args.to_values().iter().map(values::without_bytes).collect();
                object!("ev" => "ack", "id" => id, "s" => name, "args" => args)
            }
            Err(AckError::Timeout) => {
                object!("ev" => "ack", "id" => id, "s" => name, "error" => "timeout")
            }
            Err(AckError::Closed) => {
                object!("ev" => "ack", "id" => id, "s" => name, "error" => "disconnected")
            }
            Err(error) => object!("ev" => "error", "id" => id, "message" => error.to_string()),
        };
        say(&event);
    });
    Ok(())
}
