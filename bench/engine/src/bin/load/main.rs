//! The load, and what it measures of a server.
//!
//! `load PORT PID echo CONNECTIONS OUTSTANDING SECONDS`: CPU time of the server per message that it sent back.
//! `load PORT PID poll CONNECTIONS SECONDS`: the same by long polling, with one message under way on each.
//! `load PORT PID memory KIND CONNECTIONS`: memory per idle connection, before and after twenty messages of 10 KB to each; KIND
//! is `websocket` or `polling`. `HOLD` is for how many seconds the clients stay afterwards, for a look at the server.

mod client;
mod echo;
mod memory;

use std::fs;

use tokio::task::LocalSet;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let server = |port: &str, pid: &str| Server {
            port: port.parse().expect("a port"),
            pid: pid.parse().expect("a process id"),
        };
        let number = |text: &str| text.parse().expect("a number");
        match words[..] {
            [port, pid, "echo", connections, outstanding, seconds] => {
                let (connections, outstanding) = (number(connections), number(outstanding));
                echo::measure(
                    server(port, pid),
                    connections,
                    outstanding,
                    number(seconds) as u64,
                )
                .await;
            }
            [port, pid, "poll", connections, seconds] => {
                echo::poll(
                    server(port, pid),
                    number(connections),
                    number(seconds) as u64,
                )
                .await;
            }
            [port, pid, "memory", "websocket", connections] => {
                memory::measure::<client::WebSocket>(server(port, pid), number(connections)).await;
            }
            [port, pid, "memory", "polling", connections] => {
                memory::measure::<client::Polling>(server(port, pid), number(connections)).await;
            }
            _ => panic!("see the head of this file"),
        }
    });
}

/// The process that is measured.
#[derive(Clone, Copy)]
struct Server {
    port: u16,
    pid: u32,
}

impl Server {
    /// Nanoseconds on a processor, of all threads.
    fn cpu(self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("a process");
        let of = |task: fs::DirEntry| -> u64 {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            text.split(' ')
                .next()
                .and_then(|first| first.parse().ok())
                .unwrap_or(0)
        };
        tasks.flatten().map(of).sum()
    }

    /// Bytes in memory.
    fn memory(self) -> i64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("a process");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("a size");
        let kib: i64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse().ok())
            .expect("a number");
        kib * 1024
    }
}
