//! Pipes in memory, and the client's end of a WebSocket over one.

use std::io::Cursor;
use std::net::SocketAddr;

use bytes::{Buf, Bytes, BytesMut};
use engineio_proto::{Frame, Text};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::TestError;
use crate::engine::{HttpService, Peer};

/// As much as a socket of a real system would hold.
const PIPE: usize = 256 * 1024;

/// What the request says.
pub(super) struct Opening {
    pub(super) service: HttpService,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) address: SocketAddr,
}

impl Opening {
    pub(super) fn add_query(&mut self, name: &str, value: &str) {
        for part in ["&", &escaped(name), "=", &escaped(value)] {
            self.query.push_str(part);
        }
    }

    /// Has the server serve one end of a pipe. The other end of it.
    pub(super) fn pipe(&self) -> DuplexStream {
        let (ours, theirs) = duplex(PIPE);
        let (service, peer) = (self.service.clone(), Peer::new(self.address));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            Service::call(&service, request)
        });
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(theirs), service)
                .with_upgrades(),
        );
        ours
    }

    /// What is asked for: the path, and what the protocol and the test say behind it.
    pub(super) fn target(&self, query: &str) -> String {
        [&self.path, "?", query, &self.query].concat()
    }

    /// Asks for a WebSocket.
    pub(super) async fn websocket(&self, query: &str) -> Result<Wire, TestError> {
        let mut wire = Wire {
            pipe: self.pipe(),
            read: BytesMut::new(),
        };
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVzdGluZyB0ZXN0aW5nIQ==\r\n",
            self.target(query)
        );
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        wire.write(request.as_bytes()).await;
        wire.read_answer().await?;
        Ok(wire)
    }
}

/// Everything but letters and digits, so that whatever a test says arrives.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// A WebSocket that the server has accepted.
pub(super) struct Wire {
    pipe: DuplexStream,
    read: BytesMut,
}

impl Wire {
    async fn read_answer(&mut self) -> Result<(), TestError> {
        let end = loop {
            let end = self.read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            if !self.fill().await {
                break self.read.len();
            }
        };
        let head = self.read.split_to(end);
        if head.starts_with(b"HTTP/1.1 101 ") {
            return Ok(());
        }
        // A refusal is short, and its body comes with it.
        let status = String::from_utf8_lossy(&head);
        let status = status.lines().next().unwrap_or("nothing").to_owned();
        let body = String::from_utf8_lossy(&self.read).into_owned();
        Err(TestError::Http(format!("{status} {body}")))
    }

    /// Reads more. False at the end.
    async fn fill(&mut self) -> bool {
        matches!(self.pipe.read_buf(&mut self.read).await, Ok(length) if length > 0)
    }

    /// The next message; `None` when the connection has ended. Nothing is lost if this is dropped halfway.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            while let Some((opcode, payload)) = self.take_frame() {
                match opcode {
                    OpCode::Data(Data::Text) => {
                        return Some(Frame::text(Text::try_from(payload).ok()?));
                    }
                    OpCode::Data(Data::Binary) => return Some(Frame::binary(payload)),
                    OpCode::Control(Control::Close) => return None,
                    // The server asks for no pong, and cuts no message.
                    _ => {}
                }
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    fn take_frame(&mut self) -> Option<(OpCode, Bytes)> {
        let mut cursor = Cursor::new(&self.read[..]);
        let (header, length) = FrameHeader::parse(&mut cursor).ok()??;
        let start = usize::try_from(cursor.position()).ok()?;
        let length = usize::try_from(length).ok()?;
        if self.read.len() < start.checked_add(length)? {
            return None;
        }
        self.read.advance(start);
        Some((header.opcode, self.read.split_to(length).freeze()))
    }

    /// Sends a message. What cannot be written is noticed by reading.
    pub(super) async fn send(&mut self, frame: &Frame) {
        let opcode = match frame.is_text() {
            true => Data::Text,
            false => Data::Binary,
        };
        let header = FrameHeader {
            is_final: true,
            opcode: OpCode::Data(opcode),
            // Clients mask; with zeros the bytes stay as they are.
            mask: Some([0; 4]),
            ..FrameHeader::default()
        };
        let mut bytes = Vec::with_capacity(frame.len() + 14);
        // Writing to memory does not fail.
        let _ = header.format(frame.len() as u64, &mut bytes);
        bytes.extend_from_slice(frame.prefix());
        bytes.extend_from_slice(frame.body());
        self.write(&bytes).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        let _ = self.pipe.write_all(bytes).await;
    }

    /// Says that nothing more comes, and ends the connection.
    pub(super) async fn close(&mut self) {
        // A close frame with the status 1000, masked with zeros.
        self.write(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]).await;
        let _ = self.pipe.shutdown().await;
    }
}
