//! Runs `sio` against a server in this process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use socketio_server::{
    Ack, AckError, Bytes, ConnectError, Data, EmitError, Handshake, MessagePack, Revision, Server,
    ServerBuilder, Socket, Values,
};
use tokio::net::TcpListener;

/// Serves on a port of its own, and says where.
async fn serve(build: impl FnOnce(ServerBuilder) -> ServerBuilder) -> (Server, String) {
    let io = build(Server::builder()).build();
    io.on("echo", async |Data(values): Data<Values>| Ack(values));
    io.on("silent", async || ());
    let members = io.of("/members").auth(async |handshake: Handshake| {
        match handshake
            .auth_object()
            .get("token")
            .and_then(|token| token.as_str())
        {
            Some("secret") => Ok(()),
            _ => Err(ConnectError::new("who are you?").with_data(401)),
        }
    });
    members.on("whoami", async |handshake: Handshake| {
        let header = handshake.header("x-who").unwrap_or_default().to_owned();
        let query = handshake.query("team").unwrap_or_default().into_owned();
        Ack((header, query, handshake.revision() == Revision::V4))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn({
        let io = io.clone();
        async move { io.serve(listener).await }
    });
    (io, address)
}

struct Said {
    status: i32,
    out: String,
    err: String,
}

async fn sio(arguments: &[&str], typed: &str) -> Said {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let typed = typed.to_owned();
    let run = move || -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sio"))
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(typed.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    Said {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_and_prints_the_answer() {
    let (_io, url) = serve(|builder| builder).await;
    let said = sio(
        &[&url, "ask", "echo", "1", "two", r#"{"three":[3]}"#, "@-"],
        "\u{1}bytes",
    )
    .await;
    assert_eq!(
        (said.status, said.out.as_str()),
        (0, "1\n\"two\"\n{\"three\":[3]}\n<6 bytes>\n"),
        "{}",
        said.err
    );
    let said = sio(&[&url, "--json", "ask", "echo", "@-"], "abc").await;
    assert_eq!(said.out, "{\"answer\":[{\"$binary\":\"YWJj\"}]}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transport_revision_and_codec_will_do() {
    let (_io, url) = serve(|builder| builder.revision_3(true)).await;
    for options in [
        &["-t", "polling"][..],
        &["-t", "websocket"],
        &["-r", "3"],
        &["-r", "3", "-t", "websocket"],
    ] {
        let arguments = [&[url.as_str()], options, &["ask", "echo", "grün", "@-"]].concat();
        let said = sio(&arguments, "\0\u{ff}").await;
        assert_eq!(
            (said.status, said.out.as_str()),
            (0, "\"grün\"\n<3 bytes>\n"),
            "{options:?}: {}",
            said.err
        );
    }
    let (_io, url) = serve(|builder| builder.codec(MessagePack::new())).await;
    let said = sio(&[&url, "--msgpack", "ask", "echo", "1"], "").await;
    assert_eq!((said.status, said.out.as_str()), (0, "1\n"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_emitted_has_arrived_when_it_ends() {
    let (io, url) = serve(|builder| builder).await;
    let (told, heard) = tokio::sync::oneshot::channel();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Some(told)));
    io.on(
        "upload",
        async move |Data((name, bytes)): Data<(String, Bytes)>| {
            if let Some(told) = told.lock().unwrap().take() {
                told.send((name, bytes)).unwrap();
            }
        },
    );
    let content = "x".repeat(200_000);
    let said = sio(&[&url, "emit", "upload", "a.txt", "@-"], &content).await;
    assert_eq!((said.status, said.out.as_str()), (0, ""), "{}", said.err);
    let (name, bytes) = tokio::time::timeout(Duration::from_secs(30), heard)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((name.as_str(), bytes.len()), ("a.txt", content.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_for_so_many_events_of_these_names() {
    let (io, url) = serve(|builder| builder).await;
    io.on_connect(async |socket: Socket| {
        socket.emit("other", &())?;
        for tick in 0..5 {
            socket.emit("tick", &tick)?;
        }
        Ok::<_, EmitError>(())
    });
    let said = sio(&["-c", "3", &url, "listen", "tick"], "").await;
    assert_eq!(
        (said.status, said.out.as_str()),
        (0, "tick 0\ntick 1\ntick 2\n"),
        "{}",
        said.err
    );
    assert!(
        said.err.starts_with("-- connected to / as "),
        "{}",
        said.err
    );
    let said = sio(&["-c", "1", "-T", "0.3", "-s", &url, "listen", "never"], "").await;
    assert_eq!(
        (said.status, said.err.as_str()),
        (4, "sio: 0 events came in time\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_talks_and_answers() {
    let (_io, url) = serve(|builder| builder).await;
    let said = sio(&[&url, "-s", "talk"], "? echo 1 [2, 3]\n\necho unasked\n").await;
    assert_eq!(said.out, "1\n[2,3]\n");
    assert_eq!(said.status, 0, "{}", said.err);
    let (io, url) = serve(|builder| builder).await;
    io.on_connect(async |socket: Socket| {
        let answer: (u32, String) = socket
            .emit_with_ack("who?", &())
            .timeout(Duration::from_secs(30))
            .await?;
        socket.emit("answered", &answer)?;
        Ok::<_, AckError>(())
    });
    let answers = ["--answer", "7", "--answer", "seven"];
    let said = sio(
        &[&["-s", "-c", "2", url.as_str(), "watch"], &answers[..]].concat(),
        "",
    )
    .await;
    assert_eq!(
        said.out, "who? (wants an answer)\nanswered 7 \"seven\"\n",
        "{}",
        said.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_writes_nothing_to_the_terminal_but_text() {
    let (io, url) = serve(|builder| builder).await;
    io.on_connect(async |socket: Socket| {
        socket.emit(
            "my event",
            &("a\u{1b}[31m\u{9b}b", Bytes::from_static(b"ab")),
        )
    });
    let said = sio(&["-c", "1", &url], "").await;
    assert_eq!(
        said.out,
        "\"my event\" \"a\\u001b[31m\\u{9b}b\" <2 bytes>\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_auth_headers_and_query_reach_the_server() {
    let (_io, url) = serve(|builder| builder).await;
    let url = format!("http://{url}/members");
    let shown = ["-a", "token=secret", "-H", "X-Who: me", "-q", "team=red"];
    let said = sio(
        &[&[url.as_str()], &shown[..], &["ask", "whoami"]].concat(),
        "",
    )
    .await;
    assert_eq!(
        (said.status, said.out.as_str()),
        (0, "\"me\"\n\"red\"\ntrue\n"),
        "{}",
        said.err
    );
    let refused = sio(&[&url, "watch"], "").await;
    assert_eq!(
        (refused.status, refused.err.as_str()),
        (3, "sio: the server refused: who are you? 401\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_has_a_status_of_its_own() {
    let (_io, url) = serve(|builder| builder).await;
    let late = sio(&[&url, "-T", "0.3", "ask", "silent"], "").await;
    assert_eq!(
        (late.status, late.err.as_str()),
        (4, "sio: silent: no answer came in time\n")
    );
    let usage = sio(&[&url, "shout"], "").await;
    assert_eq!(usage.status, 2);
    let reserved = sio(&[&url, "emit", "disconnect"], "").await;
    assert_eq!(reserved.status, 2, "{}", reserved.err);
    // Nobody listens there: the port was given back.
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = sio(&[&format!("127.0.0.1:{port}"), "watch"], "").await;
    assert_eq!(nobody.status, 1);
    assert!(
        nobody.err.contains("no connection to 127.0.0.1"),
        "{}",
        nobody.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_sees_the_end_too() {
    let (io, url) = serve(|builder| builder).await;
    io.on_connect(async |socket: Socket| {
        socket.emit("last", &1)?;
        socket.disconnect();
        Ok::<_, EmitError>(())
    });
    let said = sio(&["-j", &url, "watch"], "").await;
    let lines: Vec<_> = said
        .out
        .lines()
        .filter(|line| !line.contains("upgrade"))
        .collect();
    assert!(
        lines[0].starts_with(r#"{"status":"connected","id":"#),
        "{}",
        said.out
    );
    assert_eq!(
        lines[1],
        r#"{"event":"last","args":[1],"wants_answer":false}"#
    );
    assert_eq!(
        lines[2],
        r#"{"status":"disconnected","reason":"io server disconnect"}"#
    );
    assert_eq!(
        (said.status, said.err.as_str()),
        (1, "sio: disconnected: io server disconnect\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_a_server_if_it_is_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut child = Command::new(env!("CARGO_BIN_EXE_sio"))
        .args([&address.to_string(), "--wait", "ask", "echo", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The server comes when the first attempt has failed.
    let mut complaints = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    complaints.read_line(&mut line).unwrap();
    assert!(line.contains("no connection to 127.0.0.1"), "{line}");
    let io = Server::new();
    io.on("echo", async |Data(values): Data<Values>| Ack(values));
    tokio::spawn(async move { io.listen(address).await });
    let output = tokio::task::spawn_blocking(move || {
        std::io::copy(&mut complaints, &mut std::io::sink()).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(0), &b"1\n"[..])
    );
}

#[test]
fn the_help_names_every_option() {
    let help = Command::new(env!("CARGO_BIN_EXE_sio"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let source = include_str!("../src/options.rs");
    let named: Vec<_> = source
        .split("Arg::Long(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(help.contains(&format!("--{name}")), "--{name}");
    }
    assert!(help.lines().all(|line| line.len() <= 120));
}
