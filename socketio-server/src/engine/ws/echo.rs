//! An echo of frames as they come, over the link alone and without packets: what suites for `WebSocket`s talk to.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;

use bytes::Bytes;
use engineio_proto::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tungstenite::handshake::derive_accept_key;

use super::WebSocket;
use crate::engine::link::{Link, Received};

/// As much as the largest message of such suites.
const MAX_MESSAGE: usize = 16 << 20;

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            // How a connection ended is for the other side to judge.
            let _ = echo(stream).await;
        });
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let early = shake_hands(&mut stream).await?;
    let mut link = WebSocket::new(stream, early, MAX_MESSAGE);
    let mut received = Vec::new();
    let mut echoes: VecDeque<Frame> = VecDeque::new();
    let mut ended = false;
    poll_fn(move |cx| {
        loop {
            let mut progress = false;
            if !ended && echoes.is_empty() && link.poll_receive(cx, &mut received).is_ready() {
                progress = true;
                for received in received.drain(..) {
                    ended |= received.is_end();
                    if let Received::Frame(frame) = received {
                        echoes.push_back(frame);
                    }
                }
            }
            while link.has_room()
                && let Some(frame) = echoes.pop_front()
            {
                link.send(frame);
                progress = true;
            }
            match link.poll_flush(cx, &mut 0) {
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) if ended && echoes.is_empty() => return link.poll_close(cx),
                _ if progress => {}
                _ => return Poll::Pending,
            }
        }
    })
    .await;
    Ok(())
}

/// Answers the request; what came behind it.
async fn shake_hands(stream: &mut TcpStream) -> io::Result<Bytes> {
    let mut head = Vec::new();
    let end = loop {
        let end = head.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let early = Bytes::from(head.split_off(end));
    let head = String::from_utf8_lossy(&head);
    let key = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map(|(_, key)| key.trim())
        .ok_or(io::ErrorKind::InvalidData)?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(early)
}

/// With `WEBSOCKET_ECHO` (an address) this serves there until it is stopped: `interop/autobahn` does so.
#[test]
fn frames_come_back_as_they_were_sent_without_any_packets() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let elsewhere = std::env::var("WEBSOCKET_ECHO").ok();
    let address: SocketAddr = elsewhere
        .as_deref()
        .unwrap_or("127.0.0.1:0")
        .parse()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
    let address = listener.local_addr().unwrap();
    if elsewhere.is_some() {
        return runtime.block_on(serve(listener));
    }
    runtime.spawn(serve(listener));
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head =
            "GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        // Masked by zeros: "Hi", a binary frame, a ping, a close frame with 1000.
        let frames = [
            &[0x81, 0x82, 0, 0, 0, 0, b'H', b'i'][..],
            &[0x82, 0x81, 0, 0, 0, 0, 0xff],
            &[0x89, 0x81, 0, 0, 0, 0, b'p'],
            &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8],
        ]
        .concat();
        let bytes = [head.as_bytes(), &frames].concat();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let frames = &answer[end.unwrap() + 4..];
        let echoed = [&[0x81, 2, b'H', b'i'][..], &[0x82, 1, 0xff]].concat();
        assert!(
            frames.starts_with(&echoed) || frames[3..].starts_with(&echoed),
            "{frames:?}"
        );
        assert!(frames.windows(3).any(|three| three == [0x8a, 1, b'p']));
        assert!(frames.ends_with(&[0x88, 2, 0x03, 0xe8]));
    });
}
