//! A connection to a server: the address, the proxy if there is one, TLS if it is asked for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Stream;
use super::proxy::Proxy;
use crate::Cause;
use crate::url::ServerUrl;

/// How to get to the server.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) url: ServerUrl,
    pub(crate) proxy: Option<Proxy>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<super::tls::Tls>,
}

impl Route {
    pub(crate) async fn dial(&self) -> Result<Stream, Cause> {
        let (host, port) = (self.url.host.as_str(), self.url.port);
        let tcp = match &self.proxy {
            None => tcp(host, port).await?,
            Some(proxy) => proxy.connect(host, port).await?,
        };
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.connect(host, tcp).await;
        }
        Ok(Box::new(tcp))
    }
}

/// How long an address has before the next one is tried beside it (RFC 8305 has the same).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first of the host's addresses that answers. An address that leads nowhere, as IPv6 does in many networks,
/// does not hold up the others.
pub(super) async fn tcp(host: &str, port: u16) -> Result<TcpStream, Cause> {
    let resolved = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = resolved
        .map_err(|error| Cause::Resolve(Arc::new(error)))?
        .collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    let mut trying = JoinSet::new();
    let mut rest = interleaved(addresses).into_iter();
    let mut more = true;
    while more || !trying.is_empty() {
        match rest.next() {
            Some(address) => drop(trying.spawn(TcpStream::connect(address))),
            None => more = false,
        }
        let ended = if more {
            match tokio::time::timeout(HEAD_START, trying.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            }
        } else {
            trying.join_next().await
        };
        match ended {
            Some(Ok(Ok(stream))) => {
                // Small packets that wait for each other make a conversation slow; where it cannot be said, it is.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Some(Ok(Err(error))) => last = error,
            Some(Err(error)) => last = io::Error::other(error),
            None => {}
        }
    }
    Err(Cause::Tcp(Arc::new(last)))
}

/// The families of addresses in turn, beginning with the one that the system prefers.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().copied() else {
        return addresses;
    };
    let (preferred, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv4() == first.is_ipv4());
    let mut other = other.into_iter();
    let mut all = Vec::new();
    for address in preferred {
        all.push(address);
        all.extend(other.next());
    }
    all.extend(other);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
        let [a, b, c, d] = ["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1"].map(parse);
        assert_eq!(interleaved(vec![a, b, c, d]), [a, c, b, d]);
        assert_eq!(interleaved(vec![c, a, b]), [c, a, b]);
        assert_eq!(interleaved(vec![]), []);
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_followed_by_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // `localhost` is ::1 on many systems, where nobody listens.
        assert!(tcp("localhost", port).await.is_ok());
        drop(listener);
        assert!(matches!(tcp("127.0.0.1", port).await, Err(Cause::Tcp(_))));
        assert!(matches!(
            tcp("no-such-host.invalid", 1).await,
            Err(Cause::Resolve(_))
        ));
    }
}
