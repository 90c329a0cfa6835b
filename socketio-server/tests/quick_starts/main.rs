//! What the README and the front page of the documentation show first is run as it stands there, and used by clients over
//! loopback. Only addresses and names of files are others.
#![expect(clippy::print_stdout, reason = "some of the programs print")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use socketio_client::{Client, Error};
use socketio_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A program from a document, which is started in a thread and runs until the tests end.
macro_rules! program {
    ($name:ident, $file:literal, $port:literal) => {
        mod $name {
            include!($file);

            fn address() -> std::net::SocketAddr {
                super::address($port)
            }

            /// Starts it. Where it can be reached, when it can.
            pub(super) async fn started() -> std::net::SocketAddr {
                std::thread::spawn(|| {
                    let ended = main();
                    panic!("it ended: {ended:?}");
                });
                super::listens(address()).await
            }
        }
    };
}

program!(chat, "chat.rs", 3001);
program!(layer, "layer.rs", 3002);
program!(engine, "engine.rs", 3003);
program!(engine_layer, "engine_layer.rs", 3004);
program!(front_chat, "front_chat.rs", 3005);
program!(front_account, "front_account.rs", 3006);

mod tls {
    include!("tls.rs");

    fn address() -> std::net::SocketAddr {
        super::address(3007)
    }

    fn certificate() -> std::path::PathBuf {
        super::pem_files().0.clone()
    }

    fn key() -> std::path::PathBuf {
        super::pem_files().1.clone()
    }

    pub(super) async fn started() -> std::net::SocketAddr {
        std::thread::spawn(|| {
            let ended = main();
            panic!("it ended: {ended:?}");
        });
        super::listens(address()).await
    }
}

mod front_asking {
    include!("front_asking.rs");

    pub(super) async fn ask(
        io: &Server,
        socket: &Socket,
    ) -> (Result<String, AckError>, (usize, usize)) {
        (ask_one(socket).await, vote(io).await)
    }
}

/// Each program of a document, in order, and the one that is run here.
const SHOWN: [(&str, &[&str]); 2] = [
    (
        include_str!("../../README.md"),
        &[
            include_str!("chat.rs"),
            include_str!("layer.rs"),
            include_str!("tls.rs"),
            include_str!("engine.rs"),
            include_str!("engine_layer.rs"),
        ],
    ),
    (
        include_str!("../../src/lib.rs"),
        &[
            include_str!("front_chat.rs"),
            include_str!("front_account.rs"),
            include_str!("front_asking.rs"),
        ],
    ),
];

#[test]
fn what_the_documents_show_is_what_is_run_here() {
    for (document, run) in SHOWN {
        let shown = programs(document);
        assert_eq!(shown.len(), run.len(), "{shown:#?}");
        for (shown, run) in shown.iter().zip(run) {
            assert_eq!(shown, run);
        }
    }
}

/// The blocks of code in a document, in Markdown or in the comment at the top of a module, as they are run here.
fn programs(document: &str) -> Vec<String> {
    let is_module = document.starts_with("//!");
    let lines = document.lines();
    let lines = lines.take_while(|line| !is_module || line.starts_with("//!"));
    let mut programs = Vec::new();
    let mut program: Option<String> = None;
    for line in lines {
        let line = line.strip_prefix("//!").unwrap_or(line);
        let line = if is_module {
            line.strip_prefix(' ').unwrap_or(line)
        } else {
            line
        };
        if line.starts_with("```") {
            match program.take() {
                Some(program) => programs.push(program),
                None => program = Some(String::new()),
            }
        } else if let Some(program) = &mut program {
            // What the documentation hides.
            program.push_str(line.strip_prefix("# ").unwrap_or(line));
            program.push('\n');
        }
    }
    let own = |program: String| {
        program
            .replace("\"127.0.0.1:3000\"", "address()")
            .replace("\"certificate.pem\"", "certificate()")
            .replace("\"key.pem\"", "key()")
    };
    programs.into_iter().map(own).collect()
}

/// An address that nobody else has: on Linux all of 127.0.0.0/8 is this machine.
fn address(port: u16) -> SocketAddr {
    let [.., a, b, c] = std::process::id().to_be_bytes();
    let own = match cfg!(target_os = "linux") {
        true => Ipv4Addr::new(127, a.max(1), b, c.max(1)),
        false => Ipv4Addr::LOCALHOST,
    };
    SocketAddr::new(IpAddr::V4(own), port)
}

/// Waits until a program listens.
async fn listens(address: SocketAddr) -> SocketAddr {
    let listens = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(listens).await;
    address
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), what)
        .await
        .expect("it takes too long")
}

/// A certificate for where the program listens, and its key, in files.
fn pem_files() -> &'static (PathBuf, PathBuf) {
    static FILES: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    FILES.get_or_init(|| {
        let name = address(0).ip().to_string();
        let certified = rcgen::generate_simple_self_signed(vec![name]).unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let files = (
            folder.join("quick_start.pem"),
            folder.join("quick_start_key.pem"),
        );
        std::fs::write(&files.0, certified.cert.pem()).unwrap();
        std::fs::write(&files.1, certified.signing_key.serialize_pem()).unwrap();
        files
    })
}

/// The body of the answer to a request.
async fn http(address: SocketAddr, method: &str, target: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = soon(exchange).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    body.to_owned()
}

/// Two who talk in the lobby.
async fn chat_works(address: SocketAddr) {
    let url = format!("http://{address}");
    let alice = soon(Client::builder(&url).connect()).await.unwrap();
    let bob = soon(Client::builder(&url).connect()).await.unwrap();
    let told: String = soon(alice.emit_with_ack("message", "hello")).await.unwrap();
    assert_eq!(told, "delivered");
    let heard = soon(bob.recv()).await.unwrap();
    assert_eq!(heard.name(), "message");
    let (from, text): (String, String) = heard.data().unwrap();
    assert_eq!(
        (from, text.as_str()),
        (alice.id().unwrap().to_string(), "hello")
    );
    let page = http_status(address, "https://elsewhere.example").await;
    assert!(page.starts_with("HTTP/1.1 403"), "{page}");
    let page = http_status(address, "https://example.com").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

/// How a page of this origin is answered.
async fn http_status(address: SocketAddr, origin: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Origin: {origin}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// Raw messages over long polling.
async fn handshake(address: SocketAddr) -> String {
    let open = http(address, "GET", "/engine.io/?EIO=4&transport=polling", "").await;
    let sid = open.split('"').nth(3).unwrap();
    format!("/engine.io/?EIO=4&transport=polling&sid={sid}")
}

#[tokio::test]
async fn the_chat_of_the_readme_works() {
    chat_works(chat::started().await).await;
}

#[tokio::test]
async fn the_chat_of_the_front_page_works() {
    chat_works(front_chat::started().await).await;
}

#[tokio::test]
async fn the_layer_of_the_readme_works() {
    let address = layer::started().await;
    assert_eq!(http(address, "GET", "/", "").await, "hello");
    let client = soon(Client::builder(&format!("http://{address}")).connect())
        .await
        .unwrap();
    let echoed: String = soon(client.emit_with_ack("echo", "x")).await.unwrap();
    assert_eq!(echoed, "x");
}

#[tokio::test]
async fn the_server_with_tls_of_the_readme_works() {
    let address = tls::started().await;
    let certificate = std::fs::read(&pem_files().0).unwrap();
    let client = Client::builder(&format!("https://{address}")).root_certificates(&certificate);
    let client = soon(client.connect()).await.unwrap();
    let echoed: String = soon(client.emit_with_ack("echo", "x")).await.unwrap();
    assert_eq!(echoed, "x");
}

#[tokio::test]
async fn the_engine_of_the_readme_works() {
    let address = engine::started().await;
    let target = handshake(address).await;
    assert_eq!(http(address, "POST", &target, "4hello").await, "ok");
    assert_eq!(http(address, "GET", &target, "").await, "4hello");
}

#[tokio::test]
async fn the_layer_of_the_engine_of_the_readme_works() {
    let address = engine_layer::started().await;
    assert_eq!(http(address, "GET", "/", "").await, "hello");
    let target = handshake(address).await;
    assert_eq!(http(address, "POST", &target, "4hello").await, "ok");
}

#[tokio::test]
async fn the_accounts_of_the_front_page_work() {
    let url = format!("http://{}/account", front_account::started().await);
    let login = |token: &str| std::collections::BTreeMap::from([("token", token.to_owned())]);
    let refused = soon(Client::builder(&url).auth(login("wrong")).connect()).await;
    let Err(Error::Refused(refused)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.message(), "bad token");
    assert_eq!(refused.data(), Some(&socketio_server::Value::from(401)));
    let client = soon(Client::builder(&url).auth(login("right")).connect())
        .await
        .unwrap();
    let told: String = soon(client.emit_with_ack("rename", "Bob")).await.unwrap();
    assert_eq!(told, "renamed");
}

#[tokio::test]
async fn the_questions_of_the_front_page_are_answered() {
    let io = Server::new();
    io.on_connect(async |socket: socketio_server::Socket| socket.join("voters"));
    let serving = io.clone();
    tokio::spawn(async move { serving.listen(address(3008)).await });
    let url = format!("http://{}", listens(address(3008)).await);
    let mut clients = Vec::new();
    for agrees in [true, true, false] {
        let client = Client::builder(&url)
            .on("what is your name?", async || socketio_client::Ack("Alice"))
            .on("agreed?", async move || socketio_client::Ack(agrees));
        clients.push(soon(client.connect()).await.unwrap());
    }
    let socket = io.socket(clients[0].id().unwrap().as_str()).unwrap();
    while io.to("voters").fetch_sockets().await.unwrap().len() < 3 {
        sleep(Duration::from_millis(5)).await;
    }
    let (name, votes) = soon(front_asking::ask(&io, &socket)).await;
    assert_eq!((name.unwrap().as_str(), votes), ("Alice", (2, 1)));
}
