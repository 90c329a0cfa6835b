//! The client against servers of others, each over polling, WebSocket and the upgrade between them.
//!
//!     interop-servers [part of a name]
//!
//! The last line is "N passed, M failed".
#![expect(clippy::print_stdout, reason = "that is what it is for")]

mod checks;
mod relay;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use checks::{CHECKS, Case};
use server::{KINDS, Server};
use socketio_client::Transport;

const TRANSPORTS: [(&str, &[Transport]); 3] = [
    ("polling", &[Transport::POLLING]),
    ("websocket", &[Transport::WEBSOCKET]),
    ("upgrade", &[Transport::POLLING, Transport::WEBSOCKET]),
];

/// What no check takes, however slow the machine, beside the time that it is told to take.
const LONGEST: Duration = Duration::from_secs(90);

#[tokio::main]
async fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let longest = LONGEST + checks::chaos::time();
    let (mut passed, mut failed) = (0, 0);
    for kind in KINDS {
        for (how, transports) in TRANSPORTS {
            let all: Vec<_> = CHECKS
                .iter()
                .filter(|check| (check.applies)(&kind))
                .collect();
            let named = |name| format!("{} over {how}: {name}", kind.name);
            let chosen: Vec<_> = all
                .into_iter()
                .filter(|check| named(check.name).contains(&wanted))
                .collect();
            if chosen.is_empty() {
                continue;
            }
            let mut server = match Server::start(kind, 0).await {
                Ok(server) => server,
                Err(error) => {
                    println!("-- {}: {error}", named("does not start"));
                    failed += chosen.len();
                    continue;
                }
            };
            for check in chosen {
                let case = Case {
                    server: &mut server,
                    transports,
                };
                let result = tokio::time::timeout(longest, (check.run)(case)).await;
                match result.unwrap_or_else(|_| Err(format!("not done after {longest:?}").into())) {
                    Ok(()) => passed += 1,
                    Err(error) => {
                        println!("-- {}: {error}", named(check.name));
                        failed += 1;
                    }
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
