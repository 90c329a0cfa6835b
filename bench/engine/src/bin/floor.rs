//! The floor: reads frames and writes them back. No sessions, timers, checks or backpressure; it bounds what the kernel and
//! the runtime cost, and is no server.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use bench_engine::listen;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = listen();
        let scratch = Rc::new(RefCell::new(vec![0; 64 * 1024]));
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.set_nodelay(true);
            let scratch = Rc::clone(&scratch);
            tokio::task::spawn_local(async move { serve(stream, scratch).await });
        }
    });
}

async fn read(stream: &mut TcpStream, scratch: &RefCell<Vec<u8>>, into: &mut Vec<u8>) -> usize {
    let read = poll_fn(|cx| {
        let mut scratch = scratch.borrow_mut();
        let mut buffer = ReadBuf::new(&mut scratch);
        Pin::new(&mut *stream)
            .poll_read(cx, &mut buffer)
            .map_ok(|()| {
                into.extend_from_slice(buffer.filled());
                buffer.filled().len()
            })
    });
    read.await.unwrap_or(0)
}

async fn serve(mut stream: TcpStream, scratch: Rc<RefCell<Vec<u8>>>) {
    let mut input = Vec::new();
    while !input.ends_with(b"\r\n\r\n") {
        if read(&mut stream, &scratch, &mut input).await == 0 {
            return;
        }
    }
    let head = String::from_utf8_lossy(&input).to_lowercase();
    // The load always sends the same key.
    let accept = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    assert!(
        head.contains("upgrade: websocket"),
        "the floor knows WebSocket only"
    );
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n\x01"
    );
    let mut output = answer.into_bytes();
    output.pop();
    output.extend_from_slice(&[0x81, 3, b'0', b'{', b'}']);
    input.clear();
    loop {
        if stream.write_all(&output).await.is_err()
            || read(&mut stream, &scratch, &mut input).await == 0
        {
            return;
        }
        output.clear();
        let mut at = 0;
        while let Some(end) = echo(&mut input[at..], &mut output) {
            at += end;
        }
        input.drain(..at);
    }
}

/// Puts the first frame of `input` into `output`; how long it was.
fn echo(input: &mut [u8], output: &mut Vec<u8>) -> Option<usize> {
    let (first, len) = (*input.first()?, usize::from(*input.get(1)? & 0x7f));
    let (head, len) = match len {
        126 => (
            4,
            usize::from(u16::from_be_bytes([*input.get(2)?, *input.get(3)?])),
        ),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(input.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        len => (2, len),
    };
    let (payload, end) = (head + 4, head + 4 + len);
    if input.len() < end {
        return None;
    }
    let mask: [u8; 4] = input[head..payload].try_into().ok()?;
    output.extend_from_slice(&[first, input[1] & 0x7f]);
    output.extend_from_slice(&input[2..head]);
    let from = output.len();
    output.extend_from_slice(&input[payload..end]);
    for (byte, mask) in output[from..].iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Some(end)
}
