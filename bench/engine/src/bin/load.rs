//! The load, and what it measures of a server.
//!
//! `load PORT PID echo CONNECTIONS OUTSTANDING SECONDS`: CPU time of the server per message that it sent back.
//! `load PORT PID memory KIND CONNECTIONS`: memory per idle connection, before and after twenty messages of 10 KB to each; KIND
//! is `websocket` or `polling`.

use std::cell::Cell;
use std::fs;
use std::rc::Rc;
use std::time::Duration;

use bench_engine::{BURST, BURST_BYTES, BURST_MESSAGES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::sleep;

/// Bytes of text in each message of an echo.
const MESSAGE: usize = 64;

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
        match words[..] {
            [port, pid, "echo", connections, outstanding, seconds] => {
                let number = |text: &str| text.parse().expect("a number");
                echo(
                    server(port, pid),
                    number(connections),
                    number(outstanding),
                    number(seconds) as u64,
                )
                .await;
            }
            [port, pid, "memory", kind, connections] => {
                memory(
                    server(port, pid),
                    kind,
                    connections.parse().expect("a number"),
                )
                .await;
            }
            _ => panic!("see the head of this file"),
        }
    });
}

#[derive(Clone, Copy)]
struct Server {
    port: u16,
    pid: u32,
}

impl Server {
    async fn connect(self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
    }

    async fn websocket(self) -> TcpStream {
        let mut stream = self.connect().await;
        let head = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("a request");
        read_head(&mut stream).await;
        let open = read_frame(&mut stream).await;
        assert!(open.starts_with(b"0{"), "the open packet");
        stream
    }

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

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    String::from_utf8(head).expect("text")
}

async fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    stream.read_u8().await.expect("a frame");
    let len = match stream.read_u8().await.expect("a frame") {
        126 => u64::from(stream.read_u16().await.expect("a length")),
        127 => stream.read_u64().await.expect("a length"),
        len => u64::from(len),
    };
    let mut payload = vec![0; usize::try_from(len).expect("a length")];
    stream.read_exact(&mut payload).await.expect("a payload");
    payload
}

fn frame(text: &str) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let len = u8::try_from(text.len()).expect("a short message");
    assert!(len < 126);
    let mut frame = vec![0x81, 0x80 | len];
    frame.extend_from_slice(&mask);
    frame.extend(
        text.bytes()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

async fn echo(server: Server, connections: usize, outstanding: usize, seconds: u64) {
    let echoed = Rc::new(Cell::new(0_u64));
    let message = frame(&format!("4{}", "x".repeat(MESSAGE)));
    for _ in 0..connections {
        let mut stream = server.websocket().await;
        let (echoed, messages) = (Rc::clone(&echoed), message.repeat(outstanding));
        let one = message.len();
        tokio::task::spawn_local(async move {
            // The server's frames have no mask.
            let answer = one - 4;
            let mut buffer = vec![0; 64 * 1024];
            let mut rest = 0;
            let mut due = outstanding;
            loop {
                if stream.write_all(&messages[..due * one]).await.is_err() {
                    return;
                }
                due = 0;
                while due == 0 {
                    let Ok(read @ 1..) = stream.read(&mut buffer).await else {
                        return;
                    };
                    due = (rest + read) / answer;
                    rest = (rest + read) % answer;
                }
                echoed.set(echoed.get() + due as u64);
            }
        });
    }
    sleep(Duration::from_millis(700)).await;
    let (before, cpu) = (echoed.get(), server.cpu());
    sleep(Duration::from_secs(seconds)).await;
    let (messages, cpu) = (echoed.get() - before, server.cpu() - cpu);
    println!(
        "{:.3} us of CPU per message, {} messages per second",
        cpu as f64 / 1_000.0 / messages as f64,
        messages / seconds
    );
}

async fn memory(server: Server, kind: &str, connections: usize) {
    // What the first connections make a server allocate is not theirs.
    for _ in 0..50 {
        drop(server.websocket().await);
    }
    sleep(Duration::from_secs(1)).await;
    let empty = server.memory();
    let mut streams = Vec::new();
    let mut sids = Vec::new();
    for _ in 0..connections {
        if kind == "websocket" {
            streams.push(server.websocket().await);
        } else {
            let (stream, sid) = poll_first(server).await;
            streams.push(stream);
            sids.push(sid);
        }
    }
    sleep(Duration::from_secs(2)).await;
    let each = |bytes: i64| bytes as f64 / 1024.0 / connections as f64;
    let idle = server.memory();
    println!("{:.2} KiB per idle connection", each(idle - empty));
    // In turn: what stays is the connections'. At the same time: also what the allocator does not give back to the system.
    for stream in 0..connections {
        burst(server, &mut streams[stream..=stream], &sids).await;
        if !sids.is_empty() {
            sids.rotate_left(1);
        }
    }
    sleep(Duration::from_secs(2)).await;
    println!(
        "{:.2} more after a burst to each in turn",
        each(server.memory() - idle)
    );
    burst(server, &mut streams, &sids).await;
    sleep(Duration::from_secs(2)).await;
    println!(
        "{:.2} more after a burst to all at once",
        each(server.memory() - idle)
    );
}

/// Twenty messages of 10 KB to each, fetched when all were sent.
async fn burst(server: Server, streams: &mut [TcpStream], sids: &[String]) {
    let order = format!("4{BURST}");
    if sids.is_empty() {
        for stream in &mut *streams {
            stream.write_all(&frame(&order)).await.expect("an order");
        }
        for stream in streams {
            let mut received = 0;
            while received < BURST_MESSAGES {
                // Pings come in between.
                received += usize::from(read_frame(stream).await.len() == 1 + BURST_BYTES);
            }
        }
        return;
    }
    let mut orders = server.connect().await;
    for (_, sid) in streams.iter().zip(sids) {
        let head = format!(
            "POST /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{order}",
            order.len()
        );
        orders.write_all(head.as_bytes()).await.expect("an order");
        assert!(read_body(&mut orders).await.ends_with(b"ok"));
    }
    for (stream, sid) in streams.iter_mut().zip(sids) {
        let mut received = 0;
        while received < BURST_MESSAGES {
            let body = read_body(stream).await;
            received += body
                .split(|byte| *byte == 0x1e)
                .filter(|packet| packet.len() > BURST_BYTES)
                .count();
            poll(stream, sid).await;
        }
    }
}

/// Opens a session and polls.
async fn poll_first(server: Server) -> (TcpStream, String) {
    let mut stream = server.connect().await;
    let head = "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("a request");
    let open = String::from_utf8(read_body(&mut stream).await).expect("text");
    let (_, rest) = open.split_once("\"sid\":\"").expect("an id");
    let sid = rest.split('"').next().expect("an id").to_owned();
    poll(&mut stream, &sid).await;
    (stream, sid)
}

async fn poll(stream: &mut TcpStream, sid: &str) {
    let head =
        format!("GET /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a request");
}

async fn read_body(stream: &mut TcpStream) -> Vec<u8> {
    let head = read_head(stream).await.to_lowercase();
    let (_, rest) = head.split_once("content-length:").expect("a length");
    let len = rest
        .lines()
        .next()
        .and_then(|len| len.trim().parse().ok())
        .expect("a length");
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await.expect("a body");
    body
}
