//! Runs the example as a person would: a server, and clients that talk to it.

use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_custom-transport");

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(path: &Path) -> Server {
    let server = Server(
        Command::new(PROGRAM)
            .arg("serve")
            .arg(path)
            .spawn()
            .unwrap(),
    );
    for _ in 0..500 {
        if path.exists() {
            return server;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("the server does not listen");
}

#[test]
fn text_and_bytes_come_back_and_heartbeats_keep_the_session_open() {
    let folder = std::env::temp_dir().join(format!("custom-transport-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("echo.sock");
    let server = serve(&path);
    let talk = |words: &[&str]| {
        let output = Command::new(PROGRAM)
            .arg("talk")
            .arg(&path)
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = talk(&["hello", "wörld"]);
    let lines: Vec<_> = said.lines().collect();
    // Pings come every 300 ms, so this session has seen three of them before it closes after a second.
    assert!(
        lines[0].contains("client-0") && lines[0].contains("300ms"),
        "{said}"
    );
    let expected = [
        r#"Message(Text("hello"))"#,
        r#"Message(Binary(b"hello"))"#,
        r#"Message(Text("wörld"))"#,
        r#"Message(Binary(b"w\xc3\xb6rld"))"#,
        "closed: Some(Forced)",
    ];
    assert_eq!(lines[1..], expected);
    assert!(talk(&[]).contains("client-1"), "the server goes on");
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_example_stays_short() {
    let source = include_str!("../src/main.rs");
    assert!(
        source.lines().count() < 120,
        "{} lines",
        source.lines().count()
    );
}
