//! A client that writes bytes: what real clients never do has to be tried too.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Who makes requests, one connection for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request in one go; its answer.
    pub(crate) fn request(&self, request: &str, body: &[u8]) -> Answer {
        self.begin(request, body).answer()
    }

    /// A request whose answer may come later. `request` is the first line without the version, and headers.
    pub(crate) fn begin(&self, request: &str, body: &[u8]) -> Pending {
        let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
        let mut head = format!("{line} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for header in headers.lines() {
            head += &format!("{}\r\n", header.trim());
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        self.begin_raw(&[head.as_bytes(), b"\r\n", body].concat())
    }

    pub(crate) fn begin_raw(&self, bytes: &[u8]) -> Pending {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        // The server may have refused it before all of it was sent.
        let _ = stream.write_all(bytes);
        Pending { stream }
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.request(&format!("GET {target}"), b"")
    }

    pub(crate) fn post(&self, target: &str, body: &str) -> Answer {
        self.request(&format!("POST {target}"), body.as_bytes())
    }

    /// Opens a session by polling; its id.
    pub(crate) fn open(&self, query: &str) -> String {
        let answer = self.get(&format!("/engine.io/?{query}&transport=polling"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let (_, rest) = answer.text().split_once("\"sid\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// A WebSocket whose handshake is done.
    pub(crate) fn websocket(&self, query: &str) -> WebSocket {
        match self.try_websocket(query, "") {
            Ok(websocket) => websocket,
            Err(answer) => panic!("refused: {answer:?}"),
        }
    }

    pub(crate) fn try_websocket(&self, query: &str, headers: &str) -> Result<WebSocket, Answer> {
        let request = format!(
            "GET /engine.io/?{query}&transport=websocket\nConnection: Upgrade\nUpgrade: websocket\n\
             Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n{headers}"
        );
        let mut pending = self.begin(&request, b"");
        let answer = pending.read_head();
        if answer.status != 101 {
            return Err(pending.read_body(answer));
        }
        assert_eq!(
            answer.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
        Ok(WebSocket {
            stream: pending.stream,
        })
    }
}

/// A request that waits for its answer.
pub(crate) struct Pending {
    stream: TcpStream,
}

impl Pending {
    pub(crate) fn answer(mut self) -> Answer {
        let answer = self.read_head();
        self.read_body(answer)
    }

    /// More bytes of the request.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // The server may have answered and gone already.
        let _ = self.stream.write_all(bytes);
    }

    /// The client goes away.
    pub(crate) fn abort(self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    /// The client goes away with a reset: that is what the end of a socket with unread bytes becomes.
    pub(crate) fn reset_when_answered(self) {
        assert!(!self.is_held(5_000), "an answer");
    }

    /// The status; 400 if the server ends the connection without an answer.
    pub(crate) fn answer_and_status(mut self) -> u16 {
        // It may have been refused while it was still being sent: then a reset has overtaken the answer.
        match self.stream.peek(&mut [0]) {
            Ok(1) => self.read_head().status,
            _ => 400,
        }
    }

    /// The answer, and whether the server ends the connection behind it.
    pub(crate) fn answer_and_end(mut self) -> (Answer, bool) {
        let head = self.read_head();
        let answer = Self::read_body_of(&mut self.stream, head);
        let ended = matches!(self.stream.read(&mut [0]), Ok(0) | Err(_));
        (answer, ended)
    }

    /// Whether there is no answer for a while.
    pub(crate) fn is_held(&self, millis: u64) -> bool {
        self.stream
            .set_read_timeout(Some(Duration::from_millis(millis)))
            .unwrap();
        let held = self.stream.peek(&mut [0]).is_err();
        self.stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        held
    }

    fn read_head(&mut self) -> Answer {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.trim_end().lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Answer {
            status,
            headers: lines.map(header).collect(),
            body: Vec::new(),
        }
    }

    fn read_body(&mut self, answer: Answer) -> Answer {
        Self::read_body_of(&mut self.stream, answer)
    }

    fn read_body_of(stream: &mut TcpStream, mut answer: Answer) -> Answer {
        let len = answer
            .header("content-length")
            .map_or(0, |len| len.parse().unwrap());
        answer.body = vec![0; len];
        stream.read_exact(&mut answer.body).expect("the whole body");
        answer
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Status and body.
    pub(crate) fn said(&self) -> (u16, &str) {
        (self.status, self.text())
    }
}

pub(crate) struct WebSocket {
    stream: TcpStream,
}

/// What comes over a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// With the status, if there is one.
    Close(Option<u16>),
    /// The end without a close frame.
    End,
}

impl WebSocket {
    pub(crate) fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes());
    }

    pub(crate) fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.write(&frame(first, payload));
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Writes while others read: what comes back may be more than sockets hold.
    pub(crate) fn write_beside(&self, bytes: Vec<u8>) -> std::thread::JoinHandle<()> {
        let mut stream = self.stream.try_clone().unwrap();
        std::thread::spawn(move || stream.write_all(&bytes).unwrap())
    }

    /// The next frame; those of the server are neither masked nor fragmented.
    pub(crate) fn receive(&mut self) -> Received {
        let mut head = [0; 2];
        if self.stream.read_exact(&mut head).is_err() {
            return Received::End;
        }
        let len = match head[1] {
            126 => {
                let mut len = [0; 2];
                self.stream.read_exact(&mut len).unwrap();
                usize::from(u16::from_be_bytes(len))
            }
            127 => {
                let mut len = [0; 8];
                self.stream.read_exact(&mut len).unwrap();
                usize::try_from(u64::from_be_bytes(len)).unwrap()
            }
            len => usize::from(len),
        };
        let mut payload = vec![0; len];
        self.stream.read_exact(&mut payload).unwrap();
        match head[0] {
            0x81 => Received::Text(String::from_utf8(payload).unwrap()),
            0x82 => Received::Binary(payload),
            0x8a => Received::Pong(payload),
            0x88 if payload.is_empty() => Received::Close(None),
            0x88 => Received::Close(Some(u16::from_be_bytes([payload[0], payload[1]]))),
            other => panic!("opcode {other:x}"),
        }
    }

    pub(crate) fn text(&mut self) -> String {
        match self.receive() {
            Received::Text(text) => text,
            other => panic!("{other:?} instead of text"),
        }
    }

    /// The client goes away without a word.
    pub(crate) fn abort(self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }
}

/// A masked frame.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    out
}

impl WebSocket {
    pub(crate) fn set_nonblocking(&self) {
        self.stream
            .set_write_timeout(Some(Duration::from_millis(2)))
            .unwrap();
    }

    /// How many bytes were taken.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> usize {
        self.stream.write(bytes).unwrap_or(0)
    }
}
