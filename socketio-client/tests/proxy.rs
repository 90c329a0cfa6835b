//! Proxies, cookies and headers: what stands between a client and its server.

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use socketio_client::{Builder, Cause, Client, Error, Transport};
use support::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A host that only the proxy knows.
const HOST: &str = "http://chat.internal";

const TRANSPORTS: [&[Transport]; 2] = [
    &[Transport::POLLING],
    &[Transport::POLLING, Transport::WEBSOCKET],
];

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return String::new();
        };
        head.push(byte);
    }
    String::from_utf8(head).unwrap()
}

async fn relay(mut stream: TcpStream, server: SocketAddr) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
}

/// A proxy that says what it was asked for, and connects to the server whatever that was.
async fn proxy<F, Fut>(server: SocketAddr, greet: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Option<TcpStream>> + Send,
{
    let greet = Arc::new(greet);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let greet = Arc::clone(&greet);
            tokio::spawn(async move {
                if let Some(stream) = greet(stream).await {
                    relay(stream, server).await;
                }
            });
        }
    });
    address
}

async fn works(builder: Builder) {
    let socket = builder.connect().await.unwrap();
    assert_eq!(socket.emit_with_ack::<u8>("echo", 1).await.unwrap(), 1);
    socket.close().await;
}

#[tokio::test]
async fn http_connect_leads_to_the_server() {
    let server = serve().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let address = proxy(server.address, move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            let head = head(&mut stream).await;
            seen.lock().unwrap().push(head);
            stream
                .write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
                .await
                .unwrap();
            Some(stream)
        }
    })
    .await;
    for transports in TRANSPORTS {
        works(
            Client::builder(HOST)
                .transports(transports.iter().copied())
                .proxy(&format!("http://user:secret@{address}")),
        )
        .await;
    }
    for head in asked.lock().unwrap().iter() {
        assert!(
            head.starts_with("CONNECT chat.internal:80 HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn socks5_leads_to_the_server_with_and_without_a_login() {
    let server = serve().await;
    let address = proxy(server.address, |mut stream| async move {
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).await.ok()?;
        let mut methods = vec![0; usize::from(greeting[1])];
        stream.read_exact(&mut methods).await.ok()?;
        if methods.contains(&2) {
            stream.write_all(&[5, 2]).await.ok()?;
            let mut login = [0; 13];
            stream.read_exact(&mut login).await.ok()?;
            assert_eq!(&login, b"\x01\x04user\x06secret");
            stream.write_all(&[1, 0]).await.ok()?;
        } else {
            stream.write_all(&[5, 0]).await.ok()?;
        }
        let mut ask = [0; 5 + 13 + 2];
        stream.read_exact(&mut ask).await.ok()?;
        assert_eq!(&ask, b"\x05\x01\x00\x03\x0dchat.internal\x00\x50");
        stream
            .write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80])
            .await
            .ok()?;
        Some(stream)
    })
    .await;
    for login in ["", "user:secret@"] {
        for transports in TRANSPORTS {
            works(
                Client::builder(HOST)
                    .transports(transports.iter().copied())
                    .proxy(&format!("socks5://{login}{address}")),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_connect_says_why() {
    let said = |answer: &'static [u8]| async move {
        let address = proxy(
            "127.0.0.1:1".parse().unwrap(),
            move |mut stream| async move {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
                let _ = stream.read(&mut [0; 1024]).await;
                None
            },
        )
        .await;
        let scheme = if answer.starts_with(b"HTTP") || answer.is_empty() {
            "http"
        } else {
            "socks5"
        };
        match Client::builder(HOST)
            .proxy(&format!("{scheme}://{address}"))
            .connect()
            .await
        {
            Err(Error::Connect(failure)) if matches!(failure.cause, Cause::Proxy(_)) => {
                failure.to_string()
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(
        said(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await
            .contains("407")
    );
    assert!(said(b"").await.contains("broke the connection"));
    assert!(said(b"\x05\xff").await.contains("wants a login"));
    assert!(
        said(b"\x05\x00\x05\x05\x00\x01")
            .await
            .contains("connection refused")
    );
    assert!(said(b"\x04\x00").await.contains("does not speak SOCKS5"));
    assert!(matches!(
        Client::builder(HOST).proxy("ftp://x").open(),
        Err(Error::Url { .. })
    ));
}

/// What a client says in its requests, with a cookie set in each answer but those to a handshake of WebSocket.
#[tokio::test]
async fn cookies_come_back_and_headers_go_with_every_request() {
    let server = serve().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    // Between client and server, so that it sees what is asked for and adds a cookie to the first answer.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, behind) = (listener.local_addr().unwrap(), server.address);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let head = head(&mut stream).await;
                seen.lock().unwrap().push(head.clone());
                let mut server = TcpStream::connect(behind).await.unwrap();
                let _ = server.write_all(head.as_bytes()).await;
                if !head.contains("sid=") {
                    let answer = self::head(&mut server).await;
                    let cookie =
                        "Set-Cookie: node=a1; Path=/; HttpOnly\r\nConnection: close\r\n\r\n";
                    let _ = stream.write_all(answer.trim_end().as_bytes()).await;
                    let _ = stream.write_all(b"\r\n").await;
                    let _ = stream.write_all(cookie.as_bytes()).await;
                }
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    let builder = Client::builder(&format!("http://user:secret@{address}?v=1"))
        .query("token", "a&b")
        .header("x-probe", "set")
        .headers_with(async || {
            let mut headers = http::HeaderMap::new();
            headers.insert("x-asked", http::HeaderValue::from_static("now"));
            Ok::<_, &str>(headers)
        });
    let socket = builder.connect().await.unwrap();
    support::until("the upgrade", || {
        socket.client().transport() == Some(Transport::WEBSOCKET)
    })
    .await;
    socket.close().await;
    let asked = asked.lock().unwrap();
    assert!(asked.len() >= 3);
    for (n, head) in asked.iter().enumerate() {
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("/socket.io/?v=1&token=a%26b&eio=4&transport="),
            "{head}"
        );
        assert!(
            head.contains("x-probe: set\r\n") && head.contains("x-asked: now\r\n"),
            "{head}"
        );
        assert!(
            head.contains("authorization: basic dxnlcjpzzwnyzxq=\r\n"),
            "{head}"
        );
        assert_eq!(head.contains("cookie: node=a1\r\n"), n > 0, "{head}");
    }
    assert!(
        asked
            .iter()
            .any(|head| head.contains("transport=websocket"))
    );
}
