//! A chat with its page: rooms, who is here, who is typing, private messages, pictures, ticks when a message has arrived, and a
//! connection that comes back by itself.
//!
//! `cargo run -p chat`, then open the address that it prints, in two windows. `--port 4000` takes another port, `--bind 0.0.0.0`
//! lets other machines in.
//!
//! It shows: typed data from `auth`, rooms, broadcasts that ask for acknowledgements, volatile events, binary data in serde
//! types, one error hook that answers clients, pages beside Socket.IO on one port, and going down in good order.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that says where it listens, and what goes wrong"
)]

mod chat;
mod events;
mod message;
mod pages;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Some(why) = option_env!("CHAT_WITHOUT_CLIENT") {
        eprintln!(
            "The page needs the official JavaScript client, which was not there when this was built:\n  {why}\n\
             Install Node with npm and run `cargo run -p chat` again; or set SOCKET_IO_CLIENT to a folder with socket.io.min.js\n\
             and LICENSE of the npm package socket.io-client, and do the same. Neither is needed afterwards."
        );
        std::process::exit(1);
    }
    let (bind, port) = arguments()?;
    let listener = TcpListener::bind((bind, port)).await.map_err(|error| {
        format!("cannot listen on {bind}:{port}: {error}. Another one: --port 4000")
    })?;
    let address = listener.local_addr()?;

    let mut builder = events::builder().fallback(pages::Pages);
    if address.ip().is_loopback() {
        // Without this, a page anywhere could have its own name point to this machine, and then count as our own page.
        builder = builder.hosts(["127.0.0.1", "localhost", "[::1]"]);
    }
    let io = builder.build();
    events::register(&io);

    let serving = tokio::spawn({
        let io = io.clone();
        async move { io.serve(listener).await }
    });
    println!("The chat is at http://{address}");
    println!("Open it in two windows. Ctrl-C ends it.");

    tokio::signal::ctrl_c().await?;
    println!("Going down.");
    io.shutdown(Duration::from_secs(3)).await;
    serving.abort();
    Ok(())
}

/// `--port N` and `--bind ADDRESS`.
fn arguments() -> Result<(IpAddr, u16), Box<dyn Error>> {
    let (mut bind, mut port) = (IpAddr::from(Ipv4Addr::LOCALHOST), 3000);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} takes a value"))?;
        match name.as_str() {
            "--port" => port = value.parse().map_err(|_| format!("{value} is no port"))?,
            "--bind" => {
                bind = value
                    .parse()
                    .map_err(|_| format!("{value} is no address"))?
            }
            _ => return Err(format!("{name} is not known; there are --port and --bind").into()),
        }
    }
    Ok((bind, port))
}
