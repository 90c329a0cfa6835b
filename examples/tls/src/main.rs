//! Socket.IO over TLS, `https` and `wss`, without a proxy in front.
//!
//! `cargo run -p tls-example -- certificate.pem key.pem` takes a certificate of yours, with those above it in the same file.
//! `cargo run -p tls-example` makes one for localhost, which nobody knows: it says where it is, so that clients can be told to
//! trust it, as in `sio --ca certificate.pem https://localhost:3443 ask echo hello`. `--port 4443` takes another port.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

use std::error::Error;

use socketio_server::{Ack, Data, Handshake, Server, Tls, Values};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (files, port) = arguments()?;
    let tls = match &files[..] {
        [certificate, key] => Tls::from_pem_files(certificate, key)?,
        [] => for_localhost()?,
        _ => return Err("either two files, a certificate and its key, or none".into()),
    };

    let io = Server::new();
    io.on("echo", async |Data(values): Data<Values>| Ack(values));
    // Whether a cookie of this client may be `Secure`, and the like.
    io.on("am I safe?", async |handshake: Handshake| {
        Ack(handshake.is_secure())
    });

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on https://{}", listener.local_addr()?);
    io.serve_tls(listener, tls).await?;
    Ok(())
}

/// A certificate that is made anew each time, and written down for clients.
fn for_localhost() -> Result<Tls, Box<dyn Error>> {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let made = rcgen::generate_simple_self_signed(names)?;
    let file = std::env::temp_dir().join(format!("socketio-tls-{}.pem", std::process::id()));
    std::fs::write(&file, made.cert.pem())?;
    println!("certificate: {}", file.display());
    Ok(Tls::from_pem(
        made.cert.pem().as_bytes(),
        made.signing_key.serialize_pem().as_bytes(),
    )?)
}

fn arguments() -> Result<(Vec<String>, u16), Box<dyn Error>> {
    let (mut files, mut port) = (Vec::new(), 3443);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => port = arguments.next().ok_or("--port takes a number")?.parse()?,
            _ => files.push(argument),
        }
    }
    Ok((files, port))
}
