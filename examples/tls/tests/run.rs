//! Runs the example with the certificate that it makes, and with one of ours.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use socketio_client::{Cause, Client, Error, Transport};

/// The program, where it listens, and the certificate that it has written down.
struct Program {
    process: Child,
    address: String,
    certificate: Option<String>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tls-example"))
            .args(arguments)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut certificate = None;
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.split_once("https://") {
                Some((_, address)) => {
                    let address = address.to_owned();
                    return Self {
                        process,
                        address,
                        certificate,
                    };
                }
                None => certificate = line.strip_prefix("certificate: ").map(str::to_owned),
            }
        }
        panic!("it does not say where it listens");
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(file) = &self.certificate {
            let _ = std::fs::remove_file(file);
        }
    }
}

#[tokio::test]
async fn who_trusts_the_certificate_talks_over_both_transports_and_nobody_else_does() {
    let program = Program::start(&[]);
    let certificate = std::fs::read(program.certificate.as_ref().unwrap()).unwrap();
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        let client = Client::builder(&program.url())
            .transports([transport])
            .root_certificates(&certificate);
        let socket = client.connect().await.unwrap();
        assert_eq!(
            socket.emit_with_ack::<String>("echo", "x").await.unwrap(),
            "x"
        );
        assert!(
            socket
                .emit_with_ack::<bool>("am I safe?", ())
                .await
                .unwrap()
        );
        socket.close().await;
    }
    let refused = Client::builder(&program.url()).connect().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Connect(failure) if matches!(failure.cause, Cause::Tls(_))),
        "{refused}"
    );
    let plain = Client::builder(&format!("http://{}", program.address))
        .connect()
        .await;
    assert!(plain.is_err());
}

#[tokio::test]
async fn it_takes_a_certificate_from_files() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = std::env::temp_dir().join(format!("socketio-tls-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let program = Program::start(&[certificate.to_str().unwrap(), key.to_str().unwrap()]);
    let client = Client::builder(&program.url()).root_certificates(made.cert.pem().as_bytes());
    let socket = client.connect().await.unwrap();
    assert_eq!(
        socket.emit_with_ack::<String>("echo", "x").await.unwrap(),
        "x"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
