//! Proxies: HTTP CONNECT and SOCKS5.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::dial::tcp;
use crate::{Cause, Error};

/// Somebody who connects us to the server. The name of the server is resolved there.
#[derive(Clone)]
pub(crate) struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    login: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

/// The head of a proxy's answer. Those that say more have nothing to say to a client.
const MAX_HEAD: usize = 8 * 1024;

impl Proxy {
    /// `http://[user:password@]host[:port]` or `socks5://…`; also `socks5h`, as other programs call it.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |what| Error::Url {
            url: "the proxy".into(),
            what,
        };
        let uri: Uri = url.parse().map_err(|_| wrong("it cannot be read"))?;
        let (kind, usual) = match uri.scheme_str() {
            Some("http") => (Kind::Http, 80),
            Some("socks5" | "socks5h") => (Kind::Socks5, 1080),
            _ => return Err(wrong("the scheme is neither http nor socks5")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("there is no host"))?;
        let login = authority.as_str().rsplit_once('@').map(|(login, _)| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            (user.to_owned(), password.to_owned())
        });
        let host = authority.host();
        Ok(Self {
            kind,
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: authority.port_u16().unwrap_or(usual),
            login,
        })
    }

    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Cause> {
        let stream = tcp(&self.host, self.port)
            .await
            .map_err(|cause| Cause::Proxy(format!("cannot be reached: {cause}")))?;
        let connected = match self.kind {
            Kind::Http => self.http_connect(stream, host, port).await,
            Kind::Socks5 => self.socks5_connect(stream, host, port).await,
        };
        connected.map_err(Cause::Proxy)
    }

    async fn http_connect(
        &self,
        mut stream: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<TcpStream, String> {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let mut head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some((user, password)) = &self.login {
            let login = STANDARD.encode(format!("{user}:{password}"));
            head += &format!("Proxy-Authorization: Basic {login}\r\n");
        }
        head += "\r\n";
        stream.write_all(head.as_bytes()).await.map_err(lost)?;
        // Byte by byte, because what follows the head belongs to the server. It is some hundred bytes, once.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= MAX_HEAD {
                return Err("answered with too much".into());
            }
            answer.push(stream.read_u8().await.map_err(lost)?);
        }
        let line = answer
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        match line.split(' ').nth(1) {
            Some(status) if status.starts_with('2') && line.starts_with("HTTP/1.") => Ok(stream),
            _ => Err(format!(
                "answered {:?}",
                line.chars().take(100).collect::<String>()
            )),
        }
    }

    async fn socks5_connect(
        &self,
        mut stream: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<TcpStream, String> {
        let methods: &[u8] = if self.login.is_some() {
            &[5, 2, 0, 2]
        } else {
            &[5, 1, 0]
        };
        stream.write_all(methods).await.map_err(lost)?;
        let mut chosen = [0; 2];
        stream.read_exact(&mut chosen).await.map_err(lost)?;
        match (chosen, &self.login) {
            ([5, 0], _) => {}
            ([5, 2], Some((user, password))) => {
                let mut login = vec![1];
                for text in [user, password] {
                    login.push(
                        u8::try_from(text.len())
                            .map_err(|_| "takes no name or password of that length")?,
                    );
                    login.extend_from_slice(text.as_bytes());
                }
                stream.write_all(&login).await.map_err(lost)?;
                let mut answer = [0; 2];
                stream.read_exact(&mut answer).await.map_err(lost)?;
                if answer != [1, 0] {
                    return Err("refused the login".into());
                }
            }
            ([5, 0xff], _) => return Err("wants a login".into()),
            _ => return Err("does not speak SOCKS5".into()),
        }
        let mut ask = vec![5, 1, 0];
        match host.parse() {
            Ok(std::net::IpAddr::V4(address)) => {
                ask.push(1);
                ask.extend_from_slice(&address.octets());
            }
            Ok(std::net::IpAddr::V6(address)) => {
                ask.push(4);
                ask.extend_from_slice(&address.octets());
            }
            Err(_) => {
                ask.extend_from_slice(&[
                    3,
                    u8::try_from(host.len()).map_err(|_| "takes no host of that length")?,
                ]);
                ask.extend_from_slice(host.as_bytes());
            }
        }
        ask.extend_from_slice(&port.to_be_bytes());
        stream.write_all(&ask).await.map_err(lost)?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.map_err(lost)?;
        let [version, code, _, address] = answer;
        if version != 5 {
            return Err("does not speak SOCKS5".into());
        }
        if code != 0 {
            return Err(format!("did not connect: {}", socks5_error(code)));
        }
        // The address from which it connected, which is of no interest.
        let rest = match address {
            1 => 4,
            4 => 16,
            3 => usize::from(stream.read_u8().await.map_err(lost)?),
            _ => return Err("does not speak SOCKS5".into()),
        };
        let mut skipped = vec![0; rest + 2];
        stream.read_exact(&mut skipped).await.map_err(lost)?;
        Ok(stream)
    }
}

fn lost(error: std::io::Error) -> String {
    format!("broke the connection: {}", Arc::new(error))
}

/// RFC 1928, section 6.
fn socks5_error(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "too far away",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reason",
    }
}

/// Without the login.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}:{}", self.kind, self.host, self.port)
    }
}
