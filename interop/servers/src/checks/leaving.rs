//! How the end of a connection is told, to either side.

use std::time::Duration;

use socketio_client::{AckError, DisconnectReason};

use super::{Case, Outcome, PATIENCE, same};

pub(super) async fn answers_that_never_come_time_out(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let late = socket
        .emit_with_ack::<()>("never-ack", ())
        .timeout(Duration::from_millis(100))
        .await;
    same(late, Err(AckError::Timeout))?;
    let never = socket.emit_with_ack::<()>("never-ack", ());
    socket.disconnect();
    same(never.await, Err(AckError::Closed))?;
    Ok(())
}

async fn reason_after(
    case: &Case<'_>,
    event: &str,
) -> Result<DisconnectReason, Box<dyn std::error::Error + Send + Sync>> {
    let socket = case.connect().await?;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    socket.on_disconnect(async move |reason: DisconnectReason| {
        let _ = told.send(reason);
    });
    socket.emit(event, ())?;
    Ok(tokio::time::timeout(PATIENCE, heard.recv())
        .await?
        .ok_or("no reason")?)
}

pub(super) async fn who_is_kicked_knows_it(case: Case<'_>) -> Outcome {
    same(
        reason_after(&case, "kick").await?,
        DisconnectReason::IoServerDisconnect,
    )?;
    Ok(())
}

pub(super) async fn who_is_kicked_hard_knows_it(case: Case<'_>) -> Outcome {
    let reason = reason_after(&case, "kick-hard").await?;
    same(
        [
            DisconnectReason::IoServerDisconnect,
            DisconnectReason::TransportClose,
        ]
        .contains(&reason),
        true,
    )?;
    Ok(())
}

pub(super) async fn the_server_knows_who_left(case: Case<'_>) -> Outcome {
    let watcher = case.connect().await?;
    let socket = case.connect().await?;
    let id = socket.id().ok_or("no id")?;
    socket.close().await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let reason: Option<String> = watcher.emit_with_ack("reason-of", id.as_str()).await?;
        if let Some(reason) = reason {
            same(reason, "client namespace disconnect".into())?;
            watcher.close().await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the server has not noticed".into())
}
