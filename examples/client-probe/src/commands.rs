//! What the probe is told, line by line.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use socketio_client::{Backoff, Builder, Client, Jitter, MessagePack, Revision, Transport, Value};

#[derive(Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase")]
pub(crate) enum Command {
    Open {
        s: String,
        url: String,
        nsp: Option<String>,
        manager: Option<String>,
        #[serde(default)]
        opts: Box<Options>,
    },
    Emit {
        s: String,
        ev: String,
        #[serde(default)]
        args: Vec<Value>,
        #[serde(default)]
        volatile: bool,
        #[serde(default)]
        ack: bool,
        id: Option<Value>,
        timeout: Option<u64>,
    },
    Reply {
        s: String,
        ev: String,
        #[serde(default)]
        echo: bool,
        #[serde(default)]
        args: Vec<Value>,
    },
    Disconnect {
        s: String,
    },
    Connect {
        s: String,
        auth: Option<Value>,
    },
    Drop {
        s: String,
    },
    State {
        s: String,
        id: Option<Value>,
    },
    Quit,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Options {
    transports: Option<Vec<String>>,
    path: Option<String>,
    pub(crate) auth: Option<Value>,
    query: BTreeMap<String, Value>,
    pub(crate) nsp_query: Option<Value>,
    headers: BTreeMap<String, String>,
    reconnection: Option<bool>,
    reconnection_delay: Option<u64>,
    reconnection_delay_max: Option<u64>,
    reconnection_attempts: Option<f64>,
    randomization_factor: Option<f64>,
    timeout: Option<u64>,
    pub(crate) eio: Option<u8>,
    parser: Option<String>,
}

impl Options {
    /// A client with these options.
    pub(crate) fn client(&self, url: &str, nsp: &str) -> Result<Builder, String> {
        let mut builder = Client::builder(url).namespace(nsp);
        if let Some(transports) = &self.transports {
            let named = transports.iter().map(|name| match name.as_str() {
                "polling" => Ok(Transport::POLLING),
                "websocket" => Ok(Transport::WEBSOCKET),
                other => Err(format!("there is no transport {other:?}")),
            });
            builder = builder.transports(named.collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(path) = &self.path {
            builder = builder.path(path);
        }
        for (key, value) in &self.query {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            builder = builder.query(key, &value);
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        // What the reference has by default; the defaults of the crate spread the attempts more.
        let millis = |value: Option<u64>, default| Duration::from_millis(value.unwrap_or(default));
        let jitter = Jitter::Around(self.randomization_factor.unwrap_or(0.5));
        builder = builder
            .backoff(
                Backoff::new(
                    millis(self.reconnection_delay, 1_000),
                    millis(self.reconnection_delay_max, 5_000),
                )
                .with_jitter(jitter),
            )
            .reconnect(self.reconnection.unwrap_or(true))
            .connect_timeout(millis(self.timeout, 20_000));
        if let Some(attempts) = self.reconnection_attempts
            && attempts.is_finite()
            && attempts >= 1.0
        {
            builder = builder.max_reconnect_attempts(attempts as u32);
        }
        builder = match self.eio {
            None | Some(4) => builder,
            Some(3) => builder.revision(Revision::V3),
            Some(other) => return Err(format!("there is no revision {other}")),
        };
        match self.parser.as_deref() {
            None | Some("default") => Ok(builder),
            Some("msgpack") => Ok(builder.codec(MessagePack::new())),
            Some(other) => Err(format!("there is no parser {other:?}")),
        }
    }
}
