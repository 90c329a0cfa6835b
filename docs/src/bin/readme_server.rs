//! The server of README.md, as it stands there: `cargo run -p docs --bin readme-server`.
#![expect(clippy::print_stdout, reason = "it is shown to people who run it")]

include!(concat!(env!("OUT_DIR"), "/server.rs"));
