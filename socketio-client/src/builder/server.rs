//! Where the server is, how to get there, and whom to trust.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use socketio_proto::Namespace;

use super::Builder;
use crate::Error;
use crate::net::proxy::Proxy;

impl Builder {
    /// Where the server listens for Socket.IO. Default `/socket.io/`; a slash at the end is added.
    pub fn path(mut self, path: &str) -> Self {
        let slash = |yes: bool| if yes { "" } else { "/" };
        self.path = [
            slash(path.starts_with('/')),
            path,
            slash(path.ends_with('/')),
        ]
        .concat();
        self
    }

    /// The namespace to join, instead of the path of the URL.
    pub fn namespace(mut self, namespace: &str) -> Self {
        let parsed = Namespace::new(namespace);
        self.namespace =
            Some(parsed.map_err(|error| Error::Config(format!("{namespace:?}: {error}"))));
        self
    }

    /// Goes into the query of every request, beside what the URL has. The server sees it in the handshake.
    pub fn query(mut self, key: &str, value: &str) -> Self {
        self.query.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A header of every request, polling and WebSocket. It goes over those that the client sets itself.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = (HeaderName::try_from(name), HeaderValue::try_from(value));
        match parsed {
            (Ok(name), Ok(value)) => drop(self.headers.append(name, value)),
            _ => {
                self.wrong = Some(Error::Config(format!(
                    "{name:?} cannot be a header with that value"
                )))
            }
        }
        self
    }

    /// Headers from a function that is asked at every attempt to connect. They go over those that were
    /// [set](Self::header).
    pub fn headers_with<F, Fut, E>(mut self, function: F) -> Self
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<HeaderMap, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.headers_with = Some(Arc::new(move || {
            let asked = (function.clone())();
            Box::pin(async move { asked.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// A proxy: `http://[user:password@]host[:port]`, which is asked to connect us (CONNECT), or `socks5://…`. It resolves
    /// the name of the server. Default none; variables of the environment are not looked at.
    pub fn proxy(mut self, url: &str) -> Self {
        match Proxy::parse(url) {
            Ok(proxy) => self.proxy = Some(proxy),
            Err(error) => self.wrong = Some(error),
        }
        self
    }

    /// Trusts these certificates (PEM), and none of the system.
    #[cfg(feature = "tls")]
    pub fn root_certificates(mut self, pem: &[u8]) -> Self {
        if let Err(error) = self.tls.add_roots(pem) {
            self.wrong = Some(error);
        }
        self
    }

    /// Shows this certificate to servers that ask for one: a chain and its private key (PEM).
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Self {
        if let Err(error) = self.tls.set_identity(chain, key) {
            self.wrong = Some(error);
        }
        self
    }

    /// Uses this configuration of rustls as it is.
    #[cfg(feature = "tls")]
    pub fn tls_config(mut self, config: Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Believes every certificate: whoever is on the way to the server can read and change everything. For tests.
    #[cfg(feature = "tls")]
    pub fn danger_accept_any_certificate(mut self) -> Self {
        self.tls.accept_any = true;
        self
    }
}
