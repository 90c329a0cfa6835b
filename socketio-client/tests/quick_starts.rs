//! The programs that people see first, run as they stand against a server. `tests/quick_starts/` holds them, with another address;
//! that they are what the README and the documentation show is checked here, too.
#![expect(clippy::print_stdout, reason = "the programs show something")]

#[rustfmt::skip]
#[path = "quick_starts/front_page.rs"]
mod front_page;
#[rustfmt::skip]
#[path = "quick_starts/readme.rs"]
mod readme;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socketio_server::{Ack, Data, Handshake, Server, Socket};

/// What the programs did, as the server saw it.
type Seen = Arc<Mutex<Vec<String>>>;

const PATIENCE: Duration = Duration::from_secs(60);

static ADDRESS: OnceLock<String> = OnceLock::new();

/// What the programs connect to instead of the address that they show.
fn url() -> String {
    ADDRESS.get().expect("the server is there").clone()
}

/// One server for both programs, in a thread of its own: one of them brings its own runtime.
fn serve() -> Seen {
    let seen = Seen::default();
    let note = {
        let seen = Arc::clone(&seen);
        move |what: String| seen.lock().unwrap().push(what)
    };
    let io = Server::new();
    let auths = note.clone();
    let chat = io.of("/chat").auth(async move |handshake: Handshake| {
        auths(format!("shows {}", handshake.auth::<Value>()?));
        Ok::<_, socketio_server::ConnectError>(())
    });
    let answers = note.clone();
    chat.on_connect(async move |socket: Socket| {
        let _ = socket.emit("message", &("bob", "hi"));
        let answer: Result<bool, _> = socket.emit_with_ack("are you there?", &()).await;
        answers(format!("is there: {}", answer.unwrap_or(false)));
    });
    let messages = note.clone();
    chat.on("message", async move |Data(text): Data<String>| {
        messages(format!("says {text}"))
    });
    let files = note.clone();
    chat.on(
        "store",
        async move |socket: Socket, Data((name, size)): Data<(String, u32)>| {
            files(format!("stores {size} bytes of {name}"));
            // Handlers start in order, so this one is answered after the question at the beginning.
            let _: Result<bool, _> = socket.emit_with_ack("are you there?", &()).await;
            // No handler takes it, so that it comes out of `recv`; and that ends when the socket is sent away.
            let _ = socket.emit("stored", &name);
            tokio::spawn(async move {
                let _: Result<bool, _> = socket.emit_with_ack("are you there?", &()).await;
                socket.disconnect();
            });
            Ack(7)
        },
    );
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            io.serve(listener).await.unwrap();
        });
    });
    let address = told.recv().unwrap();
    ADDRESS.set(format!("http://{address}/chat")).unwrap();
    seen
}

/// The code between the fences of the first block that begins so, as it is shown.
fn block<'a>(page: &'a str, fence: &str) -> &'a str {
    let (_, rest) = page.split_once(fence).expect("there is such a block");
    rest.split_once("```").expect("it ends").0
}

/// The program as it is shown: with the address of the page, and not for a test to call.
fn shown(program: &str) -> String {
    program
        .replacen("&crate::url()", "\"https://example.com/chat\"", 1)
        .replacen("pub(crate) async fn", "async fn", 1)
}

#[test]
fn the_programs_of_the_readme_and_of_the_front_page_run_as_they_are_shown() {
    let readme = block(include_str!("../README.md"), "```rust,no_run\n");
    assert_eq!(shown(include_str!("quick_starts/readme.rs")), readme);
    let front_page: String = block(include_str!("../src/lib.rs"), "//! ```no_run\n")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    // What is left of the last line is what stands before its fence.
    let front_page = front_page.trim_end_matches("\n").to_owned() + "\n";
    assert_eq!(
        shown(include_str!("quick_starts/front_page.rs")),
        front_page
    );

    let seen = serve();
    readme::main().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(front_page::example()).unwrap();
    let shows = format!("shows {}", json!({ "token": "secret" }));
    let expected = [
        &shows,
        "is there: true",
        "says hello",
        "stores 3 bytes of a.txt",
    ];
    let has_all = || {
        let seen = seen.lock().unwrap();
        let count = |what: &str| seen.iter().filter(|seen| *seen == what).count();
        expected.iter().all(|what| count(what) == 2)
    };
    // The server may note the last of it after the program has ended.
    let began = Instant::now();
    while !has_all() {
        assert!(began.elapsed() < PATIENCE, "only {:?}", seen.lock());
        std::thread::sleep(Duration::from_millis(5));
    }
}
