//! The two programs of README.md, started as a newcomer would.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, net::TcpStream, process, thread};

/// What a test waits for at most. It is never waited for longer than needed.
const PATIENCE: Duration = Duration::from_secs(60);

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(path: &str, address: &str) -> Self {
        let mut command = Command::new(path);
        command
            .env("README_ADDRESS", address)
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let stdout = child.stdout.take().expect("it was asked for");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    fn next_line(&mut self) -> String {
        let line = self.lines.next().expect("it has not ended");
        line.expect("it can be read")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nothing else uses: on Linux every address below 127 is this machine's.
fn address() -> String {
    let [_, a, b, c] = process::id().to_be_bytes();
    match cfg!(target_os = "linux") {
        true => format!("127.{}.{b}.{c}:3000", a.max(1)),
        false => format!("127.0.0.1:{}", 20_000 + process::id() % 10_000),
    }
}

fn await_listening(address: &str) {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < PATIENCE, "nobody listens on {address}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn server_and_client_of_the_readme_talk() {
    let address = address();
    let mut server = Program::start(env!("CARGO_BIN_EXE_readme-server"), &address);
    assert_eq!(server.next_line(), "listening on http://127.0.0.1:3000");
    await_listening(&address);

    let mut client = Program::start(env!("CARGO_BIN_EXE_readme-client"), &address);
    let id = server.next_line();
    let id = id
        .strip_suffix(" is here")
        .expect("the server says who came");
    assert_eq!(client.next_line(), "5 bytes arrived");
    assert!(client.child.wait().expect("it ends").success());
    assert_eq!(server.next_line(), format!("{id} has left"));
}

#[test]
fn clients_of_the_readme_hear_each_other() {
    let address = address().replace(":3000", ":3001");
    let _server = Program::start(env!("CARGO_BIN_EXE_readme-server"), &address);
    await_listening(&address);

    let runtime = tokio::runtime::Runtime::new().expect("there is a runtime");
    runtime.block_on(async {
        let listening = socketio_client::Client::builder(&format!("http://{address}"));
        let socket = listening.connect().await.expect("it is let in");
        let url = address.clone();
        let client = thread::spawn(move || {
            Program::start(env!("CARGO_BIN_EXE_readme-client"), &url).next_line()
        });
        let said = tokio::time::timeout(PATIENCE, socket.recv())
            .await
            .expect("it arrives");
        let said = said.expect("the socket is open");
        let (_from, text): (String, String) = said.data().expect("two texts");
        assert_eq!((said.name(), text.as_str()), ("said", "hello"));
        assert_eq!(client.join().expect("the client ran"), "5 bytes arrived");
    });
}

#[test]
fn the_programs_of_the_readme_are_short() {
    for (file, at_most) in [("server.rs", 20), ("client.rs", 15)] {
        let text =
            fs::read_to_string(format!("{}/{file}", env!("OUT_DIR"))).expect("it was taken out");
        let lines = text.lines().count();
        assert!(
            lines <= at_most,
            "{file} of README.md has {lines} lines, more than {at_most}"
        );
    }
}
