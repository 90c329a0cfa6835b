//! TLS, with a certificate made for the test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use socketio_server::engine::{Engine, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::client::frame;

struct Server {
    engine: Engine,
    address: std::net::SocketAddr,
    connector: TlsConnector,
}

async fn serve() -> Server {
    let certified = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let key = certified.signing_key.serialize_pem();
    let tls = Tls::from_pem(certified.cert.pem().as_bytes(), key.as_bytes()).unwrap();
    let engine = Engine::builder()
        .head_timeout(Duration::from_millis(500))
        .serve(async |socket| {
            assert!(socket.handshake().is_secure());
            while let Some(message) = socket.recv().await {
                let _ = socket.send(message);
            }
        });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = engine.clone();
    tokio::spawn(async move { serving.serve_tls(listener, tls).await });
    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Server {
        engine,
        address,
        connector: TlsConnector::from(Arc::new(config)),
    }
}

impl Server {
    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        self.connector.connect(name, stream).await.unwrap()
    }
}

async fn read_until(stream: &mut TlsStream<TcpStream>, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(stream.read_u8().await.expect(end));
    }
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test]
async fn polling_and_websockets_are_spoken_over_tls() {
    let server = serve().await;
    let mut polling = server.connect().await;
    let request = "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n";
    polling.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut polling, "}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("0{\"sid\""), "{answer}");

    let mut websocket = server.connect().await;
    let request = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
                   Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    websocket.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut websocket, "}").await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    websocket.write_all(&frame(0x81, b"4secret")).await.unwrap();
    let echoed = read_until(&mut websocket, "4secret").await;
    assert!(echoed.contains("4secret"));
    assert_eq!(server.engine.sessions(), 2);
}

#[tokio::test]
async fn whoever_does_not_shake_hands_is_dropped_and_nobody_waits_for_him() {
    let server = serve().await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let started = Instant::now();
    // Others get in meanwhile.
    let _other = server.connect().await;
    assert!(started.elapsed() < Duration::from_millis(400));
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0);
    assert!(started.elapsed() < Duration::from_secs(5));

    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "plain HTTP on a port of TLS");
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let one = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let certificate = one.cert.pem();
    let key = other.signing_key.serialize_pem();
    assert!(Tls::from_pem(certificate.as_bytes(), key.as_bytes()).is_err());
    assert!(Tls::from_pem(b"", one.signing_key.serialize_pem().as_bytes()).is_err());
    assert!(Tls::from_pem(certificate.as_bytes(), b"no key").is_err());
}
