//! What the servers and the load share.

use tokio::runtime::{Builder, Runtime};

/// One thread, or as many as there are cores: `RT` is `current` (default) or `multi`.
pub fn runtime() -> Runtime {
    let multi = std::env::var("RT").is_ok_and(|kind| kind == "multi");
    let mut builder = if multi {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    builder.enable_all().build().expect("a runtime")
}

/// A socket that listens on `PORT`, said on standard output, with room for many that come at once.
pub fn listen() -> tokio::net::TcpListener {
    let port: u16 = std::env::var("PORT")
        .expect("PORT")
        .parse()
        .expect("a port");
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket
        .bind(([127, 0, 0, 1], port).into())
        .expect("a free port");
    let listener = socket.listen(4096).expect("listening");
    println!("READY {} {port}", std::process::id());
    listener
}

/// The order to send messages at once: `burst`.
pub const BURST: &str = "burst";
pub const BURST_MESSAGES: usize = 20;
pub const BURST_BYTES: usize = 10_240;
