//! What is checked. Each check has a connection of its own.

pub(crate) mod chaos;
mod events;
mod joining;
mod leaving;
mod returning;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value as Json, json};
use socketio_client::{Backoff, Builder, Client, Event, MessagePack, Revision, Socket, Transport};

use crate::server::{Kind, Server};

/// How long anything may take. No check waits for a moment that can be missed, so this only ends what has failed.
const PATIENCE: Duration = Duration::from_secs(30);

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) applies: fn(&Kind) -> bool,
    pub(crate) run: for<'a> fn(Case<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>,
}

pub(crate) struct Case<'a> {
    pub(crate) server: &'a mut Server,
    pub(crate) transports: &'static [Transport],
}

macro_rules! checks {
    ($($topic:ident: $name:ident if $applies:expr;)*) => {
        pub(crate) const CHECKS: &[Check] = &[$(Check {
            name: stringify!($name),
            applies: $applies,
            run: |case| Box::pin($topic::$name(case)),
        }),*];
    };
}

checks! {
    events: values_arrive_as_they_were_sent if |_| true;
    events: answers_go_both_ways if |_| true;
    events: large_payloads_go_both_ways if |_| true;
    events: floods_keep_their_order if |_| true;
    events: what_is_sent_in_a_burst_arrives_in_order if |_| true;
    joining: headers_and_queries_reach_the_server if |_| true;
    joining: namespaces_share_a_connection if |_| true;
    joining: a_refusal_comes_with_its_data if |_| true;
    leaving: answers_that_never_come_time_out if |_| true;
    leaving: who_is_kicked_knows_it if |_| true;
    leaving: who_is_kicked_hard_knows_it if |kind| kind.is_node;
    leaving: the_server_knows_who_left if |kind| kind.is_node;
    returning: a_cut_connection_comes_back if |_| true;
    returning: what_was_missed_is_recovered if |kind| kind.recovery;
    returning: a_server_that_restarts_is_found_again if |_| true;
    chaos: a_bad_network_makes_nothing_missed_or_doubled if |kind| kind.recovery;
}

impl Case<'_> {
    fn client(&self, namespace: &str) -> Builder {
        self.client_at(&self.server.url(namespace))
    }

    fn client_at(&self, url: &str) -> Builder {
        let builder = Client::builder(url)
            .transports(self.transports.iter().copied())
            .backoff(Backoff::new(
                Duration::from_millis(20),
                Duration::from_millis(200),
            ));
        let builder = if self.server.kind.revision_3 {
            builder.revision(Revision::V3)
        } else {
            builder
        };
        if self.server.kind.msgpack {
            builder.codec(MessagePack::new())
        } else {
            builder
        }
    }

    /// With the welcome taken.
    async fn connect(&self) -> Result<Socket, Box<dyn std::error::Error + Send + Sync>> {
        let socket = self.client("/").connect().await?;
        next(&socket, "welcome").await?;
        Ok(socket)
    }
}

async fn next(socket: &Socket, name: &str) -> Result<Event, String> {
    let event = tokio::time::timeout(PATIENCE, socket.recv()).await;
    match event {
        Ok(Some(event)) if event.name() == name => Ok(event),
        other => Err(format!("{other:?} instead of {name}")),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {expected:?}"))
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        if tokio::time::Instant::now() > deadline {
            return Err(format!("not so after {PATIENCE:?}: {what}"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Everything that an event carries, to be sent back.
/// Waits until the server has had this many, in order. Servers with threads handle events side by side, and so the question may
/// overtake what it asks for.
async fn counted(socket: &Socket, expected: u32) -> Outcome {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let result: Json = socket
            .emit_with_ack("count-result", ())
            .timeout(PATIENCE)
            .await?;
        if result == json!({ "n": expected, "ordered": true }) {
            return Ok(());
        }
        // Fewer that are in order may become more.
        let is_early = result["n"].as_u64() < Some(expected.into());
        if !is_early || tokio::time::Instant::now() > deadline {
            return Err(format!("{result} instead of {expected} in order").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
