//! A Socket.IO client that writes frames, so that tests can say what real clients never do; and a server for it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses a part of it"
)]

use std::net::SocketAddr;
use std::time::Duration;

use socketio_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Serves on a free port until the test's runtime ends.
pub(crate) async fn serve(io: &Server) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let io = io.clone();
    tokio::spawn(async move { io.serve(listener).await });
    address
}

/// Waits until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(6 * SOON, waiting).await.expect("it never was so");
}

/// A client on a WebSocket.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What the open packet says.
    pub(crate) open: String,
}

/// How long something may take that should happen at once.
const SOON: Duration = Duration::from_secs(10);
/// How long to wait for what should not happen.
const NEVER: Duration = Duration::from_millis(100);

impl Client {
    /// A client that has joined `/`.
    pub(crate) async fn joined(address: SocketAddr) -> Self {
        let mut client = Self::connect(address).await;
        client.send("40").await;
        let answer = client.recv().await;
        assert!(answer.starts_with("40{\"sid\":"), "{answer}");
        client
    }

    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, "EIO=4").await
    }

    /// A client that has the open packet.
    pub(crate) async fn connect_with(address: SocketAddr, query: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET /socket.io/?{query}&transport=websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             X-Probe: seen\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut client = Self {
            stream,
            buffer: Vec::new(),
            open: String::new(),
        };
        let end = loop {
            let found = client
                .buffer
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            match found {
                Some(at) => break at + 4,
                None => assert!(client.fill().await, "refused"),
            }
        };
        let head = String::from_utf8(client.buffer.drain(..end).collect()).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        client.open = client.recv().await;
        assert!(client.open.starts_with("0{"), "{}", client.open);
        client
    }

    async fn fill(&mut self) -> bool {
        let mut part = vec![0; 64 * 1024];
        let read = self.stream.read(&mut part).await.unwrap_or(0);
        self.buffer.extend_from_slice(&part[..read]);
        read > 0
    }

    /// Sends a text frame.
    pub(crate) async fn send(&mut self, text: &str) {
        self.send_all(&[text]).await;
    }

    /// Sends text frames in one write.
    pub(crate) async fn send_all<S: AsRef<str>>(&mut self, texts: &[S]) {
        let mut bytes = Vec::new();
        for text in texts {
            frame(&mut bytes, 1, text.as_ref().as_bytes());
        }
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// Sends a binary frame.
    pub(crate) async fn send_binary(&mut self, payload: &[u8]) {
        let mut bytes = Vec::new();
        frame(&mut bytes, 2, payload);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next message; pings are answered on the way. Panics if none comes, or the connection ends.
    pub(crate) async fn recv(&mut self) -> String {
        match timeout(SOON, self.next()).await {
            Ok(Some(text)) => text,
            Ok(None) => panic!("the connection ended"),
            Err(_) => panic!("nothing came"),
        }
    }

    /// The next message, or `None` at the end of the connection. Binary is `b` and its bytes in hexadecimal.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let (opcode, payload) = self.next_frame().await?;
            match opcode {
                1 => {
                    let text = String::from_utf8(payload).unwrap();
                    if text != "2" {
                        return Some(text);
                    }
                    self.send("3").await;
                }
                2 => {
                    let hex = payload.iter().map(|byte| format!("{byte:02x}"));
                    return Some(format!("b{}", hex.collect::<String>()));
                }
                8 => return None,
                _ => {}
            }
        }
    }

    async fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((opcode, start, len)) = head(&self.buffer)
                && self.buffer.len() >= start + len
            {
                let payload = self.buffer[start..start + len].to_vec();
                self.buffer.drain(..start + len);
                return Some((opcode, payload));
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn is_silent(&mut self) {
        if let Ok(came) = timeout(NEVER, self.next()).await {
            panic!("{came:?} came");
        }
    }

    /// The connection ends; what comes before does not matter.
    pub(crate) async fn ends(&mut self) {
        let end = async { while self.next().await.is_some() {} };
        timeout(SOON, end)
            .await
            .expect("the connection did not end");
    }
}

fn frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    // A mask of zeroes leaves the payload as it is.
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// Opcode, start and length of the payload.
fn head(buffer: &[u8]) -> Option<(u8, usize, usize)> {
    let (opcode, short) = (buffer.first()? & 0x0f, usize::from(buffer.get(1)? & 0x7f));
    match short {
        126 => {
            let len = buffer.get(2..4)?.try_into().ok()?;
            Some((opcode, 4, usize::from(u16::from_be_bytes(len))))
        }
        127 => {
            let len = buffer.get(2..10)?.try_into().ok()?;
            Some((opcode, 10, u64::from_be_bytes(len) as usize))
        }
        len => Some((opcode, 2, len)),
    }
}
