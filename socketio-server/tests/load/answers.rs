//! Answers that another thread gives while the driver of the session is still at work.

use std::sync::{PoisonError, mpsc};
use std::time::{Duration, Instant};

use socketio_server::engine::{Engine, Message, Socket};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::ALONE;
use super::client::{Http, Incoming, open, poll_target, websocket};

/// Heartbeats would wake a driver that was forgotten.
const NEVER: Duration = Duration::from_secs(600);
/// To each message.
const ANSWERS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn no_answer_waits_for_the_next_heartbeat() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    // Threads of the application: what they send meets the driver on another thread.
    let (asked, questions) = mpsc::channel::<(Socket, Message)>();
    std::thread::spawn(move || {
        let mut pause = 0_u32;
        for (socket, message) in questions {
            for _ in 0..ANSWERS {
                let _ = socket.send(message.clone());
                // The last one comes at any moment of the driver's work.
                pause = pause.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                for _ in 0..pause >> 22 {
                    std::hint::spin_loop();
                }
            }
        }
    });
    let engine = Engine::builder().ping_interval(NEVER).serve(move |socket| {
        let asked = asked.clone();
        async move {
            while let Some(message) = socket.recv().await {
                asked.send((socket.clone(), message)).unwrap();
            }
        }
    });
    let listener = server
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    server.spawn(async move { engine.serve(listener).await });
    let clients = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(3);
    let by_websocket = (0..16).map(|_| {
        clients.spawn(async move {
            let (mut writer, mut frames) = websocket(address, None).await.unwrap();
            frames.next().await.unwrap();
            let mut echoes = 0;
            while Instant::now() < end {
                writer.text("4x").await.unwrap();
                for _ in 0..ANSWERS {
                    let echo = timeout(PATIENCE, frames.next()).await.expect("an answer");
                    assert!(matches!(echo.unwrap(), Incoming::Text(text) if text == "4x"));
                }
                echoes += 1;
            }
            echoes
        })
    });
    let by_polling = (0..16).map(|_| {
        clients.spawn(async move {
            let mut http = Http::connect(address).await.unwrap();
            let target = poll_target(&open(&mut http).await.unwrap());
            let mut echoes = 0;
            while Instant::now() < end {
                let posted = http.request("POST", &target, b"4x").await.unwrap();
                assert_eq!(posted.0, 200);
                let mut answers = 0;
                while answers < ANSWERS {
                    let poll = http.request("GET", &target, b"");
                    let (status, body) = timeout(PATIENCE, poll).await.expect("an answer").unwrap();
                    assert_eq!(status, 200);
                    answers += body.split(|byte| *byte == 0x1e).count();
                }
                echoes += 1;
            }
            echoes
        })
    });
    let running: Vec<_> = by_websocket.chain(by_polling).collect();
    let mut echoes = 0;
    for client in running {
        echoes += clients.block_on(client).unwrap();
    }
    assert!(
        echoes > 1_000,
        "{echoes} answers are too few to meet anything"
    );
}
