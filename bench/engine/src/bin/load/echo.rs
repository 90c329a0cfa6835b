//! What a message costs.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use crate::Server;
use crate::client::{Client, Polling, WebSocket, connect, frame};

/// Bytes of text in each message.
const MESSAGE: usize = 64;

pub(crate) async fn measure(server: Server, connections: usize, outstanding: usize, seconds: u64) {
    let echoed = Rc::new(Cell::new(0_u64));
    let message = frame(&format!("4{}", "x".repeat(MESSAGE)));
    for _ in 0..connections {
        let WebSocket(mut stream) = WebSocket::open(server).await;
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
    report(server, &echoed, seconds).await;
}

pub(crate) async fn poll(server: Server, connections: usize, seconds: u64) {
    let echoed = Rc::new(Cell::new(0_u64));
    let message = format!("4{}", "x".repeat(MESSAGE));
    for _ in 0..connections {
        let mut client = Polling::open(server).await;
        let mut posts = connect(server).await;
        let (echoed, message) = (Rc::clone(&echoed), message.clone());
        tokio::task::spawn_local(async move {
            loop {
                client.post(&mut posts, &message).await;
                assert_eq!(client.answer().await.len(), message.len());
                client.poll().await;
                echoed.set(echoed.get() + 1);
            }
        });
    }
    report(server, &echoed, seconds).await;
}

async fn report(server: Server, echoed: &Cell<u64>, seconds: u64) {
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
