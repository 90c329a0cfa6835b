//! For the tests of the examples: runs a program as a person would, and waits until it says where it listens.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A program, which ends with the test.
pub(crate) struct Program {
    process: Child,
    /// Host and port, as the program has printed them.
    pub(crate) address: String,
}

impl Program {
    /// Starts it, with port 0 for one that is free.
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let (_, address) = line
            .split_once("://")
            .unwrap_or_else(|| panic!("{program} does not say where it listens: {line:?}"));
        let address = address.trim().to_owned();
        // Whatever else it prints is not looked at, and must not make it wait.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Self { process, address }
    }

    /// Its URL, with a path behind it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
