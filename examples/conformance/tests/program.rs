//! The program itself: where it listens, what it answers besides, how it ends.

mod support;

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use support::Program;
use support::client::Client;

impl Program {
    /// Sends a signal by its name.
    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end of the process, for at most five seconds.
    fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(5), "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn it_listens_on_both_loopback_addresses_and_says_that_it_is_well() {
    let program = Program::start("eio4");
    assert_eq!(program.get("/healthz").said(), (200, "ok"));
    assert_eq!(program.get("/").status, 404);
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        let six = Client::new((std::net::Ipv6Addr::LOCALHOST, program.address().port()).into());
        assert_eq!(six.get("/healthz").said(), (200, "ok"));
    }
}

#[test]
fn it_ends_on_sigterm_and_restarts_on_the_same_port_after_sigkill() {
    let mut program = Program::start("eio4");
    let mut websocket = program.websocket("EIO=4");
    websocket.text();
    program.signal("TERM");
    assert!(program.end().success());

    let mut program = Program::start("eio4");
    let port = program.address().port().to_string();
    let mut websocket = program.websocket("EIO=4");
    websocket.text();
    let _polling = program.open("EIO=4");
    program.signal("KILL");
    assert!(!program.end().success());
    let again = Program::start_with(&["--port", &port, "--profile", "eio3"]);
    assert_eq!(again.address().port().to_string(), port);
    again.open("EIO=3");
}

#[test]
fn several_run_side_by_side_and_unknown_arguments_do_no_harm() {
    let unknown = ["--webtransport", "--runtime", "multi", "--node", "a"];
    let start = |profile| {
        let mut arguments = vec!["--profile", profile, "--port", "0"];
        arguments.extend(unknown);
        Program::start_with(&arguments)
    };
    let (first, second) = (start("eio4"), start("eio3"));
    first.open("EIO=4");
    second.open("EIO=3");
}

#[test]
fn files_are_served_beside_the_endpoint() {
    let folder = std::env::temp_dir().join(format!("conformance-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<p>page").unwrap();
    std::fs::write(folder.join("a.js"), "1").unwrap();
    let program = Program::start_with(&[
        "--profile",
        "eio4",
        "--port",
        "0",
        "--static",
        folder.to_str().unwrap(),
    ]);
    let page = program.get("/");
    assert_eq!(page.said(), (200, "<p>page"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let script = program.get("/a.js?v=1");
    assert_eq!(script.said(), (200, "1"));
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(program.get("/b.js").status, 404);
    program.open("EIO=4");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_profile_that_is_not_there_and_a_port_that_is_taken_are_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, words) in [
        (["--profile", "nothing", "--port", "0"], "nothing"),
        (["--profile", "eio4", "--port", &port], "cannot listen"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(words),
            "{output:?}"
        );
    }
}
