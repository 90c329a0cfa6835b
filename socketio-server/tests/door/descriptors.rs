//! What a listener does when its process has no file descriptors left. The process is one of its own: this test, started again
//! with few of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::HANDSHAKE;
use crate::support::serve;

const NAME: &str = "descriptors::a_listener_that_is_out_of_descriptors_waits_and_goes_on";

/// Set in the process that serves.
const SERVES: &str = "SERVES_WITH_FEW_DESCRIPTORS";

/// As many as a runtime needs, and a few connections.
const DESCRIPTORS: u32 = 40;

/// More than fit in.
const CONNECTIONS: usize = 60;

/// What the listener waits before it tries again.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Counts errors, and tells of the third.
struct Errors;

static ERRORS: AtomicU32 = AtomicU32::new(0);

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR && metadata.is_event()
    }

    fn event(&self, _event: &Event<'_>) {
        if ERRORS.fetch_add(1, Ordering::Relaxed) == 2 {
            tell("OUT", "thrice");
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}
    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
}

#[expect(
    clippy::print_stdout,
    reason = "this is how the two processes talk to each other"
)]
fn tell(what: &str, value: &str) {
    println!("\n{what} {value}");
}

/// Serves until nobody listens any more.
fn serve_until_told() {
    tracing::subscriber::set_global_default(Errors).unwrap();
    let server = serve(|engine| engine);
    tell("ADDRESS", &server.address().to_string());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// The other process.
struct Other {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start() -> Self {
        let mut process = Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -n {DESCRIPTORS} && exec \"$@\""))
            .arg("sh")
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(SERVES, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    /// Waits until it tells this.
    fn told(&mut self, what: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let len = self.said.read_line(&mut line).unwrap();
            assert!(len > 0, "it ended before it said {what}");
            if let Some((said, value)) = line.trim_end().split_once(' ')
                && said == what
            {
                return value.to_owned();
            }
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn begin(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let timeout = Some(Duration::from_secs(60));
    stream.set_read_timeout(timeout).unwrap();
    stream
        .write_all(format!("{HANDSHAKE} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .unwrap();
    stream
}

fn is_answered(stream: &mut TcpStream) {
    let mut status = [0; 15];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[test]
fn a_listener_that_is_out_of_descriptors_waits_and_goes_on() {
    if std::env::var_os(SERVES).is_some() {
        return serve_until_told();
    }
    let mut other = Other::start();
    let address = other.told("ADDRESS").parse().unwrap();
    let begun = Instant::now();
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS).map(|_| begin(address)).collect();
    other.told("OUT");
    // It has waited in between: two times, whatever else took time.
    assert!(begun.elapsed() >= 2 * BACK_OFF, "{:?}", begun.elapsed());
    // Who got in is served as if nothing were wrong; the others are when there is room, in the order in which they came.
    for mut stream in streams.drain(..) {
        is_answered(&mut stream);
    }
    drop(other.process.stdin.take());
    assert!(other.process.wait().unwrap().success());
}
