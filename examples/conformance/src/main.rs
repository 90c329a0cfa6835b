//! The server that test suites and other implementations judge.
//!
//! ```text
//! conformance --profile NAME --port N [--static DIR] [--runtime current|multi]
//! ```
//!
//! Without `--port` the port is that of the environment variable `PORT`. Arguments that are not known are ignored, so that
//! one command line starts servers of several implementations. It listens on 127.0.0.1, and on `::1` if there is one, prints
//! `LISTENING N`, answers `GET /healthz` with `ok`, and ends on SIGTERM. `profiles.rs` has the table of profiles.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that says where it listens, and why it ends"
)]

mod arguments;
mod bench;
mod defaults;
mod files;
mod host;
mod interop;
mod profiles;
mod raw_echo;
mod sio_client;
mod sio_protocol;

use std::process::ExitCode;

use tokio::runtime::Builder;

use self::arguments::Arguments;
use self::profiles::Threads;

fn main() -> ExitCode {
    let run = || {
        let arguments =
            Arguments::parse(std::env::args().skip(1), |name| std::env::var(name).ok())?;
        let profile = profiles::find(&arguments.profile)?;
        let runtime = match profile.runtime {
            Threads::One => Builder::new_current_thread(),
            Threads::Chosen if arguments.one_thread => Builder::new_current_thread(),
            Threads::Cores | Threads::Chosen => Builder::new_multi_thread(),
        }
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
        runtime.block_on((profile.serve)(&arguments))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::FAILURE
        }
    }
}
