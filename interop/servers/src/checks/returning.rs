//! Connections that are lost and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use socketio_client::{Event, Lifecycle, Status};

use super::{Case, Outcome, PATIENCE, counted, same, until};
use crate::server::Server;

pub(super) async fn a_cut_connection_comes_back(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let connects = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connects);
    socket.on_connect(async move || {
        counted.fetch_add(1, Ordering::AcqRel);
    });
    for n in 1..=3 {
        let before = connects.load(Ordering::Acquire);
        socket.client().cut();
        socket.emit("echo", n)?;
        until("it is back", || connects.load(Ordering::Acquire) > before).await?;
        // What was sent before the loss was noticed may be lost with the connection; this is not.
        same(
            socket
                .emit_with_ack::<u8>("echo-ack", 1)
                .timeout(PATIENCE)
                .await?,
            1,
        )?;
    }
    socket.close().await;
    Ok(())
}

pub(super) async fn what_was_missed_is_recovered(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    same(socket.emit_with_ack::<bool>("join", "room").await?, true)?;
    let id = socket.id();
    // Another client makes the server send while this one is away.
    let other = case.connect().await?;
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let lost = Arc::new(AtomicBool::new(false));
    let losing = Arc::clone(&lost);
    socket.on_lifecycle(async move |lifecycle: Lifecycle| match lifecycle {
        Lifecycle::Connected { recovered, .. } => {
            if let Ok(mut log) = seen.lock() {
                log.push(format!("connect {recovered}"));
            }
        }
        Lifecycle::Disconnected { .. } => losing.store(true, Ordering::Relaxed),
        _ => {}
    });
    let seen = Arc::clone(&log);
    socket.on("missed", async move |_: Event| {
        if let Ok(mut log) = seen.lock() {
            log.push("missed".into());
        }
    });
    other.emit("later", ("room", 0))?;
    until("the first came", || {
        log.lock().is_ok_and(|log| log.len() == 1)
    })
    .await?;
    socket.client().cut();
    // It may be back a moment later, so that only having been lost can be seen for sure.
    until("it is lost", || lost.load(Ordering::Relaxed)).await?;
    other.emit("later", ("room", 0))?;
    until("it is back", || log.lock().is_ok_and(|log| log.len() >= 3)).await?;
    let log = log.lock().map_err(|error| error.to_string())?.clone();
    // What was missed comes before the connection is reported, unless the client was back before it was sent.
    let expected = ["missed", "missed", "connect true"];
    let sooner = ["missed", "connect true", "missed"];
    same(log == expected || log == sooner, true).map_err(|_| format!("{log:?}"))?;
    same(socket.id(), id)?;
    same(
        matches!(
            &*socket.status().borrow(),
            Status::Connected { recovered: true }
        ),
        true,
    )?;
    other.close().await;
    socket.close().await;
    Ok(())
}

pub(super) async fn a_server_that_restarts_is_found_again(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let (kind, port) = (case.server.kind, case.server.port);
    let before = socket.id();
    // The old process is killed when it is dropped, so the port is taken again a little later.
    let replacement = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let placeholder = Server::start(kind, replacement).await?;
    drop(std::mem::replace(case.server, placeholder));
    until("it is lost", || !socket.is_connected()).await?;
    socket.emit("count", 0)?;
    for attempt in 0.. {
        match Server::start(kind, port).await {
            Ok(server) => {
                *case.server = server;
                break;
            }
            Err(error) if attempt > 20 => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    until("it is back", || socket.is_connected()).await?;
    same(socket.id() != before, true)?;
    counted(&socket, 1).await?;
    socket.close().await;
    Ok(())
}
