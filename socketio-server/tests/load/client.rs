//! A client on tokio that can do what real ones cannot: stop reading, go away in the middle, give up a poll.

use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Chain};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

/// What arrived: a text packet with its type, a binary message, or the end.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(String),
    Binary(Vec<u8>),
    Ended(String),
}

/// A message or another packet to be sent.
pub(crate) enum Outgoing {
    Text(String),
    Binary(Vec<u8>),
}

/// An HTTP connection that is kept.
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// With a small buffer for what it does not read.
    pub(crate) async fn connect_narrow(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(16 * 1024)?;
        Ok(Self {
            stream: BufReader::new(socket.connect(address).await?),
        })
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> io::Result<(u16, Vec<u8>)> {
        self.send(method, target, "", body).await?;
        self.answer().await
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let bytes = [head.as_bytes(), body].concat();
        self.stream.write_all(&bytes).await
    }

    async fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((status, body))
    }
}

/// Opens a session by polling; its id.
pub(crate) async fn open(http: &mut Http) -> io::Result<String> {
    let (status, body) = http
        .request("GET", "/engine.io/?EIO=4&transport=polling", b"")
        .await?;
    let text = String::from_utf8_lossy(&body);
    let sid = text
        .split_once("\"sid\":\"")
        .and_then(|(_, rest)| rest.split('"').next());
    match sid {
        Some(sid) if status == 200 => Ok(sid.to_owned()),
        _ => Err(io::Error::other(format!("handshake: {status} {text}"))),
    }
}

pub(crate) fn poll_target(sid: &str) -> String {
    format!("/engine.io/?EIO=4&transport=polling&sid={sid}")
}

/// What the one who reads is told by the one who acts.
#[derive(Default)]
pub(crate) struct Reading {
    /// No further poll is begun.
    pub(crate) stop: AtomicBool,
    /// Milliseconds not to read for, once.
    pub(crate) pause: AtomicU64,
}

impl Reading {
    async fn pause(&self) {
        let millis = self.pause.swap(0, Ordering::Relaxed);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }
}

/// Polls until it is told to stop, or the session ends.
pub(crate) async fn poll(
    mut http: Http,
    sid: String,
    reading: Arc<Reading>,
    incoming: UnboundedSender<Incoming>,
) {
    let target = poll_target(&sid);
    while !reading.stop.load(Ordering::Relaxed) {
        reading.pause().await;
        let body = match http.request("GET", &target, b"").await {
            Ok((200, body)) => body,
            Ok((status, _)) => {
                let _ = incoming.send(Incoming::Ended(format!("poll: {status}")));
                return;
            }
            Err(error) => {
                let _ = incoming.send(Incoming::Ended(format!("poll: {error}")));
                return;
            }
        };
        for packet in String::from_utf8_lossy(&body).split('\u{1e}') {
            let packet = match packet.strip_prefix('b') {
                Some(base64) => Incoming::Binary(STANDARD.decode(base64).unwrap()),
                None => Incoming::Text(packet.to_owned()),
            };
            let closed = matches!(&packet, Incoming::Text(text) if text == "1");
            let _ = incoming.send(packet);
            if closed {
                let _ = incoming.send(Incoming::Ended("closed".into()));
                return;
            }
        }
    }
}

/// Posts packets in one body.
pub(crate) async fn post(http: &mut Http, sid: &str, packets: &[Outgoing]) -> io::Result<()> {
    let encoded = packets.iter().map(|packet| match packet {
        Outgoing::Text(text) => text.clone(),
        Outgoing::Binary(bytes) => format!("b{}", STANDARD.encode(bytes)),
    });
    let body = encoded.collect::<Vec<_>>().join("\u{1e}");
    match http
        .request("POST", &poll_target(sid), body.as_bytes())
        .await?
    {
        (200, _) => Ok(()),
        (status, _) => Err(io::Error::other(format!("post: {status}"))),
    }
}

/// The writing half of a WebSocket.
pub(crate) struct WebSocket {
    stream: OwnedWriteHalf,
}

/// The reading half.
pub(crate) struct Frames {
    stream: BufReader<Chain<Cursor<Vec<u8>>, OwnedReadHalf>>,
}

/// Opens a WebSocket, for a session of this id or a new one.
pub(crate) async fn websocket(
    address: SocketAddr,
    sid: Option<&str>,
) -> io::Result<(WebSocket, Frames)> {
    websocket_on(Http::connect(address).await?, sid).await
}

/// The same on a connection that is open already.
pub(crate) async fn websocket_on(
    mut http: Http,
    sid: Option<&str>,
) -> io::Result<(WebSocket, Frames)> {
    let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    let target = format!("/engine.io/?EIO=4&transport=websocket{sid}");
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    http.send("GET", &target, headers, b"").await?;
    let (status, _) = http.answer().await?;
    if status != 101 {
        return Err(io::Error::other(format!("websocket: {status}")));
    }
    // The open packet may have come with the answer.
    let early = Cursor::new(http.stream.buffer().to_vec());
    let (read, write) = http.stream.into_inner().into_split();
    Ok((
        WebSocket { stream: write },
        Frames {
            stream: BufReader::new(early.chain(read)),
        },
    ))
}

impl WebSocket {
    pub(crate) async fn send(&mut self, packets: &[Outgoing]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for packet in packets {
            match packet {
                Outgoing::Text(text) => frame(0x81, text.as_bytes(), &mut bytes),
                Outgoing::Binary(binary) => frame(0x82, binary, &mut bytes),
            }
        }
        self.stream.write_all(&bytes).await
    }

    /// Half of a frame.
    pub(crate) async fn cut(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame(0x81, &[b'4'; 1_000], &mut bytes);
        self.stream.write_all(&bytes[..500]).await
    }

    pub(crate) async fn text(&mut self, text: &str) -> io::Result<()> {
        self.send(&[Outgoing::Text(text.to_owned())]).await
    }
}

impl Frames {
    /// The next frame. Those of the server are neither masked nor fragmented.
    pub(crate) async fn next(&mut self) -> io::Result<Incoming> {
        let first = self.stream.read_u8().await?;
        let len = match self.stream.read_u8().await? {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        self.stream.read_exact(&mut payload).await?;
        Ok(match first {
            0x81 => Incoming::Text(String::from_utf8(payload).map_err(io::Error::other)?),
            0x82 => Incoming::Binary(payload),
            0x88 => Incoming::Ended("closed".into()),
            other => Incoming::Ended(format!("opcode {other:x}")),
        })
    }

    /// Reads until the end.
    pub(crate) async fn read(mut self, reading: Arc<Reading>, incoming: UnboundedSender<Incoming>) {
        loop {
            reading.pause().await;
            let next = self.next().await;
            let next = next.unwrap_or_else(|error| Incoming::Ended(error.to_string()));
            let ended = matches!(next, Incoming::Ended(_));
            if incoming.send(next).is_err() || ended {
                return;
            }
        }
    }
}

fn frame(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
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
    let mask = [0x5a, 0x01, 0xa5, 0xff];
    out.extend_from_slice(&mask);
    out.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
}
