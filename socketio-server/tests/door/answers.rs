//! What answers have besides what is said in them.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::{GzDecoder, ZlibDecoder};
use http::{HeaderName, HeaderValue};
use socketio_server::engine::{Cookie, Origins};

use crate::support::{Server, serve};
use crate::{HANDSHAKE, poll};

#[test]
fn the_cookie_comes_with_the_first_poll_and_not_with_a_websocket() {
    let server = serve(|engine| engine.cookie(Cookie::new("io")));
    let answer = server.request(HANDSHAKE, b"");
    let text = answer.text();
    let sid = text.split('"').nth(3).unwrap();
    let cookie = format!("io={sid}; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(answer.header("set-cookie"), Some(cookie.as_str()));
    assert_eq!(server.post(&poll(sid), "4x").header("set-cookie"), None);
    let websocket = "GET /engine.io/?EIO=4&transport=websocket\nConnection: Upgrade\nUpgrade: websocket\n\
                     Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let answer = server.begin(websocket, b"").answer();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("set-cookie"), None);
    let server = serve(|engine| engine);
    assert_eq!(server.request(HANDSHAKE, b"").header("set-cookie"), None);
}

#[test]
fn headers_of_the_application_are_in_every_answer_and_initial_ones_in_the_first() {
    let server = serve(|engine| {
        engine
            .header(
                HeaderName::from_static("x-node"),
                HeaderValue::from_static("7"),
            )
            .headers(|headers, request| {
                let method = HeaderValue::from_str(request.method.as_str()).unwrap();
                headers.insert("x-method", method);
                headers.insert("cache-control", HeaderValue::from_static("private"));
            })
            .initial_headers(|headers, handshake| {
                let host = HeaderValue::from_str(handshake.header("host").unwrap()).unwrap();
                headers.insert("x-first", host);
            })
    });
    let answer = server.request(HANDSHAKE, b"");
    let seen = |answer: &crate::support::client::Answer| {
        ["x-node", "x-method", "x-first", "cache-control"]
            .map(|name| answer.header(name).map(str::to_owned))
    };
    let first = answer.header("x-first").map(str::to_owned);
    assert!(first.as_deref().unwrap().starts_with("127.0.0.1:"));
    let with = |method: &str, first: Option<String>| {
        [
            Some("7".into()),
            Some(method.into()),
            first,
            Some("private".into()),
        ]
    };
    assert_eq!(seen(&answer), with("GET", first.clone()));
    let sid = answer.text().split('"').nth(3).unwrap().to_owned();
    assert_eq!(seen(&server.post(&poll(&sid), "4x")), with("POST", None));
    assert_eq!(seen(&server.get(&poll("nobody"))), with("GET", None));
    let websocket = "GET /engine.io/?EIO=4&transport=websocket\nConnection: Upgrade\nUpgrade: websocket\n\
                     Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let answer = server.begin(websocket, b"").answer();
    assert_eq!(answer.status, 101);
    assert_eq!(seen(&answer), with("GET", first));
}

fn echoed(server: &Server, text: &str, accept: &str) -> crate::support::client::Answer {
    let sid = server.open("EIO=4");
    server.post(&poll(&sid), &format!("4{text}"));
    server.request(
        &format!("GET {}\nAccept-Encoding: {accept}", poll(&sid)),
        b"",
    )
}

#[test]
fn long_answers_of_polling_are_compressed_as_the_client_likes() {
    let server = serve(|engine| engine.cors(Origins::list(["https://a.com"])));
    let long = "abc".repeat(400);
    let answer = echoed(&server, &long, "gzip, deflate");
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, format!("4{long}"));
    let varies = |answer: &crate::support::client::Answer| format!("{answer:?}");
    assert!(varies(&answer).contains("Accept-Encoding") && varies(&answer).contains("Origin"));

    let answer = echoed(&server, &long, "deflate");
    assert_eq!(answer.header("content-encoding"), Some("deflate"));
    let mut text = String::new();
    ZlibDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, format!("4{long}"));

    // Long enough to be compressed where others do not wait.
    let longer = "abc".repeat(100_000);
    let answer = echoed(&server, &longer, "gzip");
    let mut text = String::new();
    GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, format!("4{longer}"));
}

#[test]
fn short_answers_and_unwilling_clients_get_plain_ones() {
    let server = serve(|engine| engine);
    let long = "abc".repeat(400);
    for (text, accept) in [
        ("short", "gzip"),
        (&long[..], "br"),
        (&long[..], "gzip;q=0"),
    ] {
        let answer = echoed(&server, text, accept);
        assert_eq!(answer.header("content-encoding"), None);
        assert_eq!(answer.text(), format!("4{text}"));
    }
    let server = serve(|engine| engine.http_compression(None));
    assert_eq!(echoed(&server, &long, "gzip").text(), format!("4{long}"));
    let server = serve(|engine| engine.http_compression(2));
    let answer = echoed(
        &server,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "gzip",
    );
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
}

/// A folder of its own with some files, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("door-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, content) in files {
            std::fs::write(folder.join(name), content).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn bundles_of_the_client_are_served_with_a_tag_and_nothing_else_is() {
    let script = "bundle();".repeat(300);
    let folder = Folder::new(
        "files",
        &[
            ("socket.io.js", &script),
            ("socket.io.js.map", "{}"),
            ("secret", "secret"),
        ],
    );
    let server = serve(|engine| engine.client_files(&folder.0).cors(Origins::any()));
    let answer = server.request(
        "GET /engine.io/socket.io.js?v=1\nOrigin: https://a.com",
        b"",
    );
    assert_eq!(answer.said(), (200, script.as_str()));
    let kind = "application/javascript; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(kind));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=0"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let tag = answer.header("etag").unwrap();

    let again = server.request(
        &format!("GET /engine.io/socket.io.js\nIf-None-Match: \"x\", W/{tag}"),
        b"",
    );
    assert_eq!(again.said(), (304, ""));
    // It would be taken for that of the file.
    assert_eq!(again.header("content-length"), None);
    assert_eq!(again.header("etag"), Some(tag));
    let packed = server.request("GET /engine.io/socket.io.js\nAccept-Encoding: gzip", b"");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_ne!(packed.header("etag"), Some(tag));
    let map = server.get("/engine.io/socket.io.js.map");
    assert_eq!(
        map.header("content-type"),
        Some("application/json; charset=utf-8")
    );

    for other in [
        "secret",
        "socket.io.min.js",
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "./socket.io.js",
        "",
    ] {
        let answer = server.get(&format!("/engine.io/{other}"));
        assert_eq!(answer.status, 400, "{other}");
    }
    assert_eq!(server.post("/engine.io/socket.io.js", "x").status, 400);

    std::fs::write(folder.0.join("socket.io.js"), "new()").unwrap();
    let new = server.get("/engine.io/socket.io.js");
    assert_eq!(
        new.said(),
        (200, "new()"),
        "a new version is served at once"
    );
    assert_ne!(new.header("etag"), Some(tag));
}

#[test]
fn bundles_are_not_served_unless_somebody_says_from_where() {
    let server = serve(|engine| engine);
    let answer = server.get("/engine.io/socket.io.js");
    assert_eq!(
        answer.said(),
        (400, r#"{"code":0,"message":"Transport unknown"}"#)
    );
}
