//! What was asked for on the command line.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};
use socketio_client::{Builder, Client, MessagePack, Object, Revision, Transport, Value};

use crate::values;

/// Everything that was chosen.
pub(crate) struct Options {
    url: String,
    namespace: Option<String>,
    path: Option<String>,
    auth: Object,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    proxy: Option<String>,
    ca: Option<String>,
    insecure: bool,
    transports: Option<Vec<Transport>>,
    revision: Revision,
    msgpack: bool,
    pub(crate) wait: bool,
    reconnect: bool,
    connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) count: Option<u64>,
    pub(crate) json: bool,
    pub(crate) silent: bool,
    pub(crate) answer: Option<Vec<Value>>,
    pub(crate) command: Command,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    Listen { events: Vec<String> },
    Emit { event: String, args: Vec<Value> },
    Ask { event: String, args: Vec<Value> },
    Watch,
    Talk,
}

impl Options {
    /// `None` if all that was wanted was to be told something, and it was.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        match Self::read(Parser::from_args(arguments)) {
            Ok(options) => Ok(options),
            Err(error) => Err(error.to_string()),
        }
    }

    fn read(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self::default();
        let mut words: Vec<String> = Vec::new();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => {
                    print!("{}", include_str!("help.txt"));
                    return Ok(None);
                }
                Arg::Short('V') | Arg::Long("version") => {
                    println!("sio {}", env!("CARGO_PKG_VERSION"));
                    return Ok(None);
                }
                Arg::Short('n') | Arg::Long("namespace") => {
                    options.namespace = Some(parser.value()?.string()?)
                }
                Arg::Short('p') | Arg::Long("path") => {
                    options.path = Some(parser.value()?.string()?)
                }
                Arg::Short('a') | Arg::Long("auth") => options.show(&parser.value()?.string()?)?,
                Arg::Short('q') | Arg::Long("query") => {
                    let pair = split(&parser.value()?.string()?, '=', "a query is KEY=VALUE")?;
                    options.query.push(pair);
                }
                Arg::Short('H') | Arg::Long("header") => {
                    let pair = split(&parser.value()?.string()?, ':', "a header is NAME:VALUE")?;
                    options.headers.push(pair);
                }
                Arg::Short('x') | Arg::Long("proxy") => {
                    options.proxy = Some(parser.value()?.string()?)
                }
                Arg::Long("ca") => options.ca = Some(parser.value()?.string()?),
                Arg::Long("insecure") => options.insecure = true,
                Arg::Short('t') | Arg::Long("transports") => {
                    options.transports = Some(transports(&parser.value()?.string()?)?);
                }
                Arg::Short('r') | Arg::Long("revision") => {
                    options.revision = match parser.value()?.string()?.as_str() {
                        "3" => Revision::V3,
                        "4" => Revision::V4,
                        _ => return Err("the revision is 3 or 4".into()),
                    };
                }
                Arg::Long("msgpack") => options.msgpack = true,
                Arg::Long("connect-timeout") => {
                    options.connect_timeout = seconds(&parser.value()?.string()?)?;
                }
                Arg::Short('T') | Arg::Long("timeout") => {
                    options.timeout = seconds(&parser.value()?.string()?)?
                }
                Arg::Short('c') | Arg::Long("count") => {
                    options.count = Some(parser.value()?.parse()?)
                }
                Arg::Short('w') | Arg::Long("wait") => options.wait = true,
                Arg::Long("no-reconnect") => options.reconnect = false,
                Arg::Short('j') | Arg::Long("json") => options.json = true,
                Arg::Long("answer") => {
                    let value = values::argument(&parser.value()?.string()?)?;
                    options.answer.get_or_insert_default().push(value);
                }
                Arg::Short('s') | Arg::Long("silent") => options.silent = true,
                Arg::Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let mut words = words.into_iter();
        options.url = words.next().ok_or("there has to be a URL")?;
        options.command = Command::read(words)?;
        Ok(Some(options))
    }

    fn show(&mut self, text: &str) -> Result<(), String> {
        if text.trim_start().starts_with('{') {
            let value = Value::from_json(text).map_err(|error| format!("--auth: {error}"))?;
            for (name, value) in value.as_object().into_iter().flatten() {
                self.auth.insert(name, value.clone());
            }
            return Ok(());
        }
        let (name, value) = split(text, '=', "--auth is KEY=VALUE, or an object in JSON")?;
        self.auth.insert(name, values::argument(&value)?);
        Ok(())
    }

    /// The client that was described.
    pub(crate) fn builder(&self) -> Result<Builder, String> {
        // As in the address line of a browser.
        let url = if self.url.contains("://") {
            self.url.clone()
        } else {
            format!("http://{}", self.url)
        };
        let mut builder = Client::builder(&url)
            .revision(self.revision)
            .connect_timeout(self.connect_timeout)
            .retry_first(self.wait)
            .reconnect(self.reconnect);
        if let Some(namespace) = &self.namespace {
            builder = builder.namespace(namespace);
        }
        if let Some(path) = &self.path {
            builder = builder.path(path);
        }
        if !self.auth.is_empty() {
            builder = builder.auth(&self.auth);
        }
        for (name, value) in &self.query {
            builder = builder.query(name, value);
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value.trim());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy);
        }
        if let Some(file) = &self.ca {
            let pem = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
            builder = builder.root_certificates(&pem);
        }
        if self.insecure {
            builder = builder.danger_accept_any_certificate();
        }
        if let Some(transports) = &self.transports {
            builder = builder.transports(transports.iter().copied());
        }
        if self.msgpack {
            builder = builder.codec(MessagePack::new());
        }
        Ok(builder)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            url: String::new(),
            namespace: None,
            path: None,
            auth: Object::new(),
            query: Vec::new(),
            headers: Vec::new(),
            proxy: None,
            ca: None,
            insecure: false,
            transports: None,
            revision: Revision::V4,
            msgpack: false,
            wait: false,
            reconnect: true,
            connect_timeout: Duration::from_secs(20),
            timeout: Duration::from_secs(20),
            count: None,
            json: false,
            silent: false,
            answer: None,
            command: Command::Watch,
        }
    }
}

impl Command {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let Some(name) = words.next() else {
            return Ok(Self::Listen { events: Vec::new() });
        };
        let command = match name.as_str() {
            "listen" => {
                return Ok(Self::Listen {
                    events: words.collect(),
                });
            }
            "emit" | "ask" | "ack" => {
                let event = words
                    .next()
                    .ok_or_else(|| format!("{name} takes the name of an event"))?;
                let args = words.by_ref().map(|word| values::argument(&word));
                let args = args.collect::<Result<_, _>>()?;
                match name.as_str() {
                    "emit" => Self::Emit { event, args },
                    _ => Self::Ask { event, args },
                }
            }
            "watch" => Self::Watch,
            "talk" => Self::Talk,
            other => return Err(format!("there is no command {other:?}")),
        };
        match words.next() {
            Some(word) => Err(format!("{name} does not take {word:?}")),
            None => Ok(command),
        }
    }
}

fn split(text: &str, at: char, words: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(at)
        .ok_or_else(|| format!("{words}, not {text:?}"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn transports(list: &str) -> Result<Vec<Transport>, String> {
    let named = |name: &str| match name.trim() {
        "polling" => Ok(Transport::POLLING),
        "websocket" => Ok(Transport::WEBSOCKET),
        other => Err(format!(
            "there is no transport {other:?}; there are polling and websocket"
        )),
    };
    list.split(',').map(named).collect()
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    number
        .filter(|time| !time.is_zero())
        .ok_or_else(|| format!("{text:?} is no time in seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let words = line.split_whitespace().map(OsString::from);
        Options::parse(words).map(Option::unwrap)
    }

    #[test]
    fn options_stand_anywhere_and_without_a_command_it_listens() {
        let options = parse("-j localhost:3000 -a token=x --auth={\"n\":1} -c 2").unwrap();
        assert_eq!((options.json, options.count), (true, Some(2)));
        assert_eq!(
            Value::Object(options.auth).to_string(),
            r#"{"token":"x","n":1}"#
        );
        assert_eq!(options.command, Command::Listen { events: Vec::new() });
        let options = parse("localhost:3000 ask add 1 -T 0.5 x").unwrap();
        let args = vec![Value::from(1), Value::from("x")];
        assert_eq!(
            options.command,
            Command::Ask {
                event: "add".into(),
                args
            }
        );
        assert_eq!(options.timeout, Duration::from_millis(500));
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (line, words) in [
            ("", "there has to be a URL"),
            ("x shout", "there is no command \"shout\""),
            ("x emit", "emit takes the name of an event"),
            ("x watch it", "watch does not take \"it\""),
            ("x -r 5", "the revision is 3 or 4"),
            ("x -t carrier-pigeon", "there is no transport"),
            ("x -q a", "a query is KEY=VALUE"),
            ("x -T 0", "is no time in seconds"),
            ("x --loud", "--loud"),
        ] {
            let said = parse(line).err().unwrap();
            assert!(said.contains(words), "{line}: {said}");
        }
    }
}
