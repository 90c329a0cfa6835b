//! Runs the Socket.IO half of the example as a person would: a server, and clients that talk to it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_socketio");

/// A server that ends with the test, and the lines it prints.
struct Server(Child, Receiver<String>);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start(path: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .arg("serve")
            .arg(path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            output
                .lines()
                .try_for_each(|line| sender.send(line.unwrap()))
        });
        let server = Self(child, lines);
        for _ in 0..500 {
            if path.exists() {
                return server;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not listen");
    }

    fn line(&self) -> String {
        self.1.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

#[test]
fn events_with_attachments_are_acknowledged_with_attachments() {
    let folder = std::env::temp_dir().join(format!("custom-transport-sio-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("shout.sock");
    let server = Server::start(&path);
    let talk = |args: &[&str]| {
        let output = Command::new(PROGRAM)
            .arg("talk")
            .arg(&path)
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines().map(str::to_owned).collect::<Vec<_>>()
    };

    let expected = [
        "joined /loud as socket-0",
        r#"acknowledged 0: HELLO b"olleh""#,
        r#"acknowledged 1: WÖRLD b"dlr\xb6\xc3w""#,
        "left /loud: io client disconnect",
    ];
    assert_eq!(talk(&["/loud", "hello", "wörld"]), expected);
    assert_eq!(
        server.line(),
        "socket-0 has left /loud: client namespace disconnect"
    );

    // Who is not let in has said nothing, with words waiting or without.
    for words in [&["/quiet"][..], &["/quiet", "hello"]] {
        assert_eq!(talk(words), ["refused: there is only /loud"]);
    }

    let expected = [
        "joined /loud as socket-3",
        "left /loud: io client disconnect",
    ];
    assert_eq!(talk(&["/loud"]), expected);
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
}
