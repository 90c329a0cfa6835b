//! What the clients of this comparison share: what they send, and what a round trip costs.

use std::time::{Duration, Instant};

use serde::Serialize;

/// What is sent, and comes back as the acknowledgement.
#[derive(Clone, Serialize)]
pub struct Payload {
    pub n: u32,
    pub ok: bool,
    pub text: &'static str,
}

pub const PAYLOAD: Payload = Payload {
    n: 1_234_567,
    ok: true,
    text: "hello, socket.io peer",
};

/// How long a client runs before it is measured.
pub const WARM_UP: Duration = Duration::from_millis(500);

/// `PROGRAM URL SECONDS IN-FLIGHT`.
pub struct Plan {
    pub url: String,
    pub time: Duration,
    pub in_flight: usize,
}

impl Plan {
    pub fn from_arguments() -> Self {
        let mut arguments = std::env::args().skip(1);
        let url = arguments.next().expect("the URL of a server");
        let seconds = arguments.next().expect("seconds").parse().expect("seconds");
        let in_flight = arguments
            .next()
            .expect("how many")
            .parse()
            .expect("how many");
        let time = Duration::from_secs(seconds);
        Self {
            url,
            time,
            in_flight,
        }
    }
}

/// What is spent from here on.
pub struct Meter {
    spent: Duration,
    started: Instant,
}

impl Meter {
    pub fn start() -> Self {
        let spent = processor_time();
        let started = Instant::now();
        Self { spent, started }
    }

    pub fn report(&self, client: &str, in_flight: usize, count: u64) {
        let spent = processor_time() - self.spent;
        println!(
            "{client:<15} {in_flight:>3} under way: {:>7.0} a second, {:>6.2} us of processor time each",
            count as f64 / self.started.elapsed().as_secs_f64(),
            spent.as_secs_f64() * 1e6 / count as f64,
        );
    }
}

/// What the threads of this process have run, in user and kernel, as the scheduler counts it: to the nanosecond, where the
/// usual figures are multiples of ten milliseconds. All threads here live as long as the process.
fn processor_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("threads");
    let nanos = tasks.map(|task| {
        let path = task.expect("a thread").path().join("schedstat");
        let text = std::fs::read_to_string(path).expect("its times");
        let first = text
            .split_whitespace()
            .next()
            .expect("the time that it ran");
        first.parse::<u64>().expect("a number")
    });
    Duration::from_nanos(nanos.sum())
}
