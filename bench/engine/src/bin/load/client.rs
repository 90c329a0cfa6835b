//! Clients, as little as they can be.

use bench_engine::{BURST, BURST_BYTES, BURST_MESSAGES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Server;

/// A client that is idle, and then is sent a burst.
pub(crate) trait Client: Sized + 'static {
    async fn open(server: Server) -> Self;

    /// Has the server send the burst, and fetches nothing of it yet. `others` may be used by one at a time.
    async fn order(&mut self, others: &mut TcpStream);

    /// Fetches the burst, and is idle again.
    async fn fetch(&mut self);
}

pub(crate) async fn connect(server: Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .expect("a connection");
    stream.set_nodelay(true).expect("an option");
    stream
}

pub(crate) struct WebSocket(pub(crate) TcpStream);

impl Client for WebSocket {
    async fn open(server: Server) -> Self {
        let mut stream = connect(server).await;
        let head = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("a request");
        read_head(&mut stream).await;
        let open = read_frame(&mut stream).await;
        assert!(open.starts_with(b"0{"), "the open packet");
        Self(stream)
    }

    async fn order(&mut self, _others: &mut TcpStream) {
        let order = frame(&format!("4{BURST}"));
        self.0.write_all(&order).await.expect("an order");
    }

    async fn fetch(&mut self) {
        let mut received = 0;
        while received < BURST_MESSAGES {
            // Pings come in between.
            received += usize::from(read_frame(&mut self.0).await.len() == 1 + BURST_BYTES);
        }
    }
}

/// A client that polls, always.
pub(crate) struct Polling {
    stream: TcpStream,
    sid: String,
}

impl Polling {
    pub(crate) async fn poll(&mut self) {
        let sid = &self.sid;
        let head = format!(
            "GET /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        self.stream
            .write_all(head.as_bytes())
            .await
            .expect("a request");
    }

    /// What the poll is answered.
    pub(crate) async fn answer(&mut self) -> Vec<u8> {
        read_body(&mut self.stream).await
    }

    pub(crate) async fn post(&self, posts: &mut TcpStream, body: &str) {
        let (sid, len) = (&self.sid, body.len());
        let request = format!(
            "POST /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: {len}\r\n\r\n{body}"
        );
        posts
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        assert!(read_body(posts).await.ends_with(b"ok"));
    }
}

impl Client for Polling {
    async fn open(server: Server) -> Self {
        let mut stream = connect(server).await;
        let head = "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("a request");
        let open = String::from_utf8(read_body(&mut stream).await).expect("text");
        let (_, rest) = open.split_once("\"sid\":\"").expect("an id");
        let sid = rest.split('"').next().expect("an id").to_owned();
        let mut client = Self { stream, sid };
        client.poll().await;
        client
    }

    async fn order(&mut self, others: &mut TcpStream) {
        self.post(others, &format!("4{BURST}")).await;
    }

    async fn fetch(&mut self) {
        let mut received = 0;
        while received < BURST_MESSAGES {
            let body = self.answer().await;
            received += body
                .split(|byte| *byte == 0x1e)
                .filter(|packet| packet.len() > BURST_BYTES)
                .count();
            self.poll().await;
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    String::from_utf8(head).expect("text")
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

/// A masked frame of text.
pub(crate) fn frame(text: &str) -> Vec<u8> {
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
