//! Certificates: what is believed, and what is not.
#![cfg(feature = "tls")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use socketio_client::{Builder, Cause, Client, Error, Socket, Transport};
use support::{Server, serve};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Somebody whom clients may trust.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, as PEM.
fn certificate(
    name: &str,
    issuer: &CertifiedIssuer<'static, KeyPair>,
    change: impl FnOnce(&mut CertificateParams),
) -> (String, String) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    (
        params.signed_by(&key, issuer).unwrap().pem(),
        key.serialize_pem(),
    )
}

/// TLS in front of a server.
async fn secure(
    server: &Server,
    (chain, key): &(String, String),
    clients: Option<&str>,
) -> SocketAddr {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots),
                Arc::new(ring::default_provider()),
            );
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, behind) = (listener.local_addr().unwrap(), server.address);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut server = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    address
}

fn client(address: SocketAddr) -> Builder {
    Client::builder(&format!("https://localhost:{}", address.port()))
}

async fn works(socket: Socket) {
    assert_eq!(socket.emit_with_ack::<u8>("echo", 1).await.unwrap(), 1);
    socket.close().await;
}

async fn refused(builder: Builder) -> String {
    match builder.connect().await {
        Err(Error::Connect(failure))
            if matches!(
                failure.cause,
                Cause::Tls(_) | Cause::Http(_) | Cause::Closed
            ) =>
        {
            failure.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_is_trusted_is_spoken_to_on_every_transport() {
    let (server, authority) = (serve().await, authority());
    let address = secure(&server, &certificate("localhost", &authority, |_| ()), None).await;
    for transports in [
        &[Transport::POLLING][..],
        &[Transport::WEBSOCKET],
        &[Transport::POLLING, Transport::WEBSOCKET],
    ] {
        let builder = client(address)
            .transports(transports.iter().copied())
            .root_certificates(authority.pem().as_bytes());
        works(builder.connect().await.unwrap()).await;
    }
    let wss = Client::builder(&format!("wss://localhost:{}", address.port()))
        .root_certificates(authority.pem().as_bytes());
    works(wss.connect().await.unwrap()).await;
}

#[tokio::test]
async fn nobody_is_believed_without_reason() {
    let (server, authority) = (serve().await, authority());
    let root = authority.pem();
    let good = certificate("localhost", &authority, |_| ());
    let other_host = certificate("other.example", &authority, |_| ());
    let expired = certificate("localhost", &authority, |params| {
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
    });
    let address = secure(&server, &good, None).await;
    // The system does not know who signed it.
    assert!(refused(client(address)).await.contains("UnknownIssuer"));
    let stranger = self::authority();
    assert!(
        refused(client(address).root_certificates(stranger.pem().as_bytes()))
            .await
            .contains("TLS")
    );
    let address = secure(&server, &other_host, None).await;
    assert!(
        refused(client(address).root_certificates(root.as_bytes()))
            .await
            .contains("not valid for name")
    );
    let address = secure(&server, &expired, None).await;
    let said = refused(client(address).root_certificates(root.as_bytes())).await;
    assert!(
        said.contains("expired") && said.contains(&format!("localhost:{}", address.port())),
        "{said}"
    );
    // Unless that is asked for, by a name that nobody uses by accident.
    works(
        client(address)
            .danger_accept_any_certificate()
            .connect()
            .await
            .unwrap(),
    )
    .await;
}

#[tokio::test]
async fn a_server_can_ask_who_its_client_is() {
    let (server, authority) = (serve().await, authority());
    let root = authority.pem();
    let address = secure(
        &server,
        &certificate("localhost", &authority, |_| ()),
        Some(&root),
    )
    .await;
    let (chain, key) = certificate("a client", &authority, |_| ());
    let known = client(address)
        .root_certificates(root.as_bytes())
        .client_certificate(chain.as_bytes(), key.as_bytes());
    works(known.connect().await.unwrap()).await;
    refused(client(address).root_certificates(root.as_bytes())).await;
    assert!(matches!(
        client(address).root_certificates(b"nothing").open(),
        Err(Error::Config(_))
    ));
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let server = serve().await;
    refused(client(server.address)).await;
}
