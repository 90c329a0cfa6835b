//! A whiteboard: strokes are bytes, kept for those who come later; where the others point is volatile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use socketio_server::{Ack, Data, EmitError, Server, Socket};

use crate::Refusal;

/// What is kept of one board, and how many boards there are.
const MAX_BYTES: usize = 1_000_000;
const MAX_BOARDS: usize = 1_000;

type Boards = Arc<Mutex<HashMap<String, Vec<Bytes>>>>;

pub(crate) fn register(io: &Server) {
    let boards = Boards::default();
    let whiteboard = io.of("/whiteboard");

    let kept = Arc::clone(&boards);
    whiteboard.on(
        "open",
        async move |socket: Socket, Data(board): Data<String>| {
            // Under the lock nobody draws: what is kept comes first, and everything after it follows.
            let mut boards = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if boards.len() >= MAX_BOARDS && !boards.contains_key(&board) {
                return Err("there are too many boards".into());
            }
            let strokes = boards.entry(board.clone()).or_default();
            socket.join(&board);
            for stroke in &*strokes {
                socket.emit("stroke", &(&board, stroke))?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Ack(strokes.len()))
        },
    );

    whiteboard.on(
        "stroke",
        async move |socket: Socket, Data((board, stroke)): Data<(String, Bytes)>| {
            let mut boards = boards.lock().unwrap_or_else(PoisonError::into_inner);
            let strokes = boards.get_mut(&board).filter(|_| socket.is_in(&board));
            let strokes = strokes.ok_or(Refusal("open the board first"))?;
            let bytes: usize = strokes.iter().map(Bytes::len).sum();
            if bytes + stroke.len() > MAX_BYTES {
                return Err(Refusal("the board is full"));
            }
            let sent = socket.to(&board).emit("stroke", &(&board, &stroke));
            sent.map_err(|_| Refusal("this stroke cannot be sent"))?;
            // A copy, since what was received may be a part of something larger.
            strokes.push(Bytes::copy_from_slice(&stroke));
            Ok(Ack(strokes.len()))
        },
    );

    // Not kept, not acknowledged, and dropped where it would have to wait.
    whiteboard.on(
        "cursor",
        async |socket: Socket, Data((board, x, y)): Data<(String, f64, f64)>| {
            if socket.is_in(&board) {
                socket
                    .to(&board)
                    .volatile()
                    .emit("cursor", &(socket.id(), x, y))?;
            }
            Ok::<_, EmitError>(())
        },
    );
}
