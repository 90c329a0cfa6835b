//! A network that breaks, and a server that recovers sessions: nothing that the server sent is missed, nothing comes twice.
//!
//! `CHAOS_SECONDS` (5) is how long it goes on with each way of transport, `CHAOS_SEED` (the time) what chance is made of; a
//! failure names it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_client::{Bytes, Event, HandlerError, Lifecycle, Socket, Transport, Value};

use super::{Case, Outcome, PATIENCE, next, same, until};
use crate::relay::Relay;

/// How often the server sends something. Several are on their way whenever the connection breaks.
const EVERY_MS: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Tick(u64),
    Connected { recovered: bool },
}

pub(super) async fn a_bad_network_makes_nothing_missed_or_doubled(case: Case<'_>) -> Outcome {
    let now = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos().into();
    let seed = from_environment("CHAOS_SEED").unwrap_or(now);
    let relay = Relay::start(case.server.port, seed).await?;
    let log = Arc::new(Mutex::new(Vec::new()));
    let (ticks, connects) = (Arc::clone(&log), Arc::clone(&log));
    let socket = case
        .client_at(&format!("http://127.0.0.1:{}/", relay.port))
        .on_lifecycle(async move |socket: Socket, lifecycle: Lifecycle| {
            if let Lifecycle::Connected { recovered, .. } = lifecycle {
                note(&connects, Seen::Connected { recovered });
                if !recovered {
                    let _ = socket.emit_with_ack::<bool>("join", "room").await;
                }
            }
        })
        .on("tick", async move |event: Event| {
            // Numbered, every fifth with binary data, and behind it the offset of the server.
            let (n, data, _offset): (u64, Value, String) = event.data()?;
            let expected = (n % 5 == 0).then(|| Bytes::from_static(&[0, 1, 2]));
            if data.as_bytes() == expected.as_ref() {
                note(&ticks, Seen::Tick(n));
            }
            Ok::<_, HandlerError>(())
        })
        .connect()
        .await?;
    // Another connection, which does not break, has the server send.
    let other = case.connect().await?;
    other.emit("ticks", ("room", EVERY_MS))?;
    let last = {
        let log = Arc::clone(&log);
        move || last_tick(&log)
    };
    until("the first came", || last().is_some()).await?;

    relay.begin();
    tokio::time::sleep(time()).await;
    relay.end();
    // What is sent from now on comes when all that was missed has come.
    other.emit("tick-number", ())?;
    let sent: u64 = next(&other, "tick-number").await?.data()?;
    let is_noticed = case.transports == [Transport::WEBSOCKET];
    let name_seed = |error: String| format!("{error}, with CHAOS_SEED={seed}");
    if is_noticed {
        let has_come = until("what was sent has come", || last() >= Some(sent));
        has_come.await.map_err(name_seed)?;
    }
    let answer = socket.emit_with_ack::<u8>("echo-ack", 1).timeout(PATIENCE);
    same(answer.await?, 1)?;
    socket.close().await;
    other.close().await;
    let log = log.lock().map_err(|error| error.to_string())?;
    judge(&log, is_noticed).map_err(name_seed)?;
    Ok(())
}

/// Every tick once and in order. Where the server notices every loss, nothing is missed either.
///
/// A WebSocket that breaks is noticed by both ends. A client that polls is missed when its next poll is, and until then the
/// server may have two sockets for one session; which of them gets what is not for the client to say.
fn judge(log: &[Seen], is_noticed: bool) -> Result<(), String> {
    let mut last = None;
    let (mut recovered, mut started_anew) = (0, 0);
    for seen in log {
        match *seen {
            Seen::Connected { recovered: true } => recovered += 1,
            Seen::Connected { recovered: false } => started_anew += 1,
            Seen::Tick(n) => {
                let follows = last.map_or(0, |last| last + 1);
                if n < follows {
                    return Err(format!("{n} came twice or late, after {last:?}"));
                }
                if n > follows && last.is_some() && is_noticed {
                    return Err(format!("{follows} to {} were missed", n - 1));
                }
                last = Some(n);
            }
        }
    }
    if is_noticed && started_anew > 1 {
        return Err(format!("{} sessions were not recovered", started_anew - 1));
    }
    if recovered + started_anew < 3 {
        return Err(format!("connected only {} times", recovered + started_anew));
    }
    Ok(())
}

fn note(log: &Mutex<Vec<Seen>>, seen: Seen) {
    if let Ok(mut log) = log.lock() {
        log.push(seen);
    }
}

fn last_tick(log: &Mutex<Vec<Seen>>) -> Option<u64> {
    let log = log.lock().ok()?;
    log.iter().rev().find_map(|seen| match seen {
        Seen::Tick(n) => Some(*n),
        Seen::Connected { .. } => None,
    })
}

/// How long the network is bad.
pub(crate) fn time() -> Duration {
    Duration::from_secs(from_environment("CHAOS_SECONDS").unwrap_or(5))
}

/// What is no number there ends the program, rather than being something else.
fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(error) => {
            println!("{name}={text:?}: {error}");
            std::process::exit(2);
        }
    }
}
