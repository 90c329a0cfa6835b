//! The program on a free port, and a client that writes bytes.

#[expect(
    dead_code,
    reason = "the client of the server's own tests, of which a part is used here"
)]
#[path = "../../../../socketio-server/tests/support/client.rs"]
pub(crate) mod client;

use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::process::{Child, Command, Stdio};

use self::client::Client;

/// A process that ends with the test.
pub(crate) struct Program {
    pub(crate) process: Child,
    client: Client,
}

impl Program {
    pub(crate) fn start(profile: &str) -> Self {
        Self::start_with(&["--profile", profile, "--port", "0"])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port: u16 = line
            .strip_prefix("LISTENING ")
            .and_then(|port| port.trim().parse().ok())
            .unwrap_or_else(|| panic!("{line:?} is no line that says the port"));
        Self {
            process,
            client: Client::new(([127, 0, 0, 1], port).into()),
        }
    }
}

impl Deref for Program {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
