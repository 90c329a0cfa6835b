use std::time::Duration;
use socketio_server::{AckError, Server, Socket};

async fn ask_one(socket: &Socket) -> Result<String, AckError> {
    socket.emit_with_ack("what is your name?", &()).timeout(Duration::from_secs(5)).await
}

async fn vote(io: &Server) -> (usize, usize) {
    let mut answers = io.to("voters").emit_with_ack::<bool>("agreed?", &());
    let (mut yes, mut no) = (0, 0);
    while let Some((_, answer)) = answers.next().await {
        match answer {
            Ok(true) => yes += 1,
            Ok(false) => no += 1,
            Err(error) => println!("no vote: {error}"),
        }
    }
    (yes, no)
}
