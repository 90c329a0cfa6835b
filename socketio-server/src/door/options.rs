//! What can be chosen for a server, whatever it speaks over its sessions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::server::{self, OnFull};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::cookie::Cookie;
use super::files::Files;
use super::hooks::Hooks;
use super::host::Hosts;
use super::listen::Listening;
use super::origin::Origins;
use super::proxy::Proxies;

/// What a server was built with. A builder has one of these in its field `options` and gets its methods from
/// `door_options`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) path: String,
    pub(crate) trailing_slash: bool,
    pub(crate) origins: Origins,
    pub(crate) hosts: Hosts,
    pub(crate) proxies: Proxies,
    pub(crate) cookie: Option<Cookie>,
    extra_headers: HeaderMap,
    pub(crate) hooks: Hooks,
    /// From which length on answers of polling are compressed.
    pub(crate) compression: Option<usize>,
    pub(crate) files: Option<Arc<Files>>,
    pub(crate) body_timeout: Duration,
    pub(crate) max_sessions: usize,
    pub(crate) handshake_rate: Option<u32>,
    pub(crate) listening: Listening,
    pub(crate) sessions: server::Config,
}

impl Options {
    /// The defaults, for a server that answers at `path`.
    pub(crate) fn new(path: &str) -> Self {
        let mut sessions = server::Config::default();
        sessions.on_full(OnFull::Disconnect);
        Self {
            path: path.into(),
            trailing_slash: true,
            origins: Origins::same(),
            hosts: Hosts::default(),
            proxies: Proxies::none(),
            cookie: None,
            extra_headers: HeaderMap::new(),
            hooks: Hooks::default(),
            compression: Some(1024),
            files: None,
            body_timeout: Duration::from_secs(60),
            max_sessions: usize::MAX,
            handshake_rate: None,
            listening: Listening::default(),
            sessions,
        }
    }

    /// Adds a header to every answer.
    pub(crate) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.extra_headers.append(name, value);
    }

    pub(crate) fn client_files(&mut self, folder: PathBuf) {
        self.files = Some(Arc::new(Files::new(folder)));
    }

    /// The headers that every answer to a request has.
    pub(crate) fn answer_headers(
        &self,
        request: &http::request::Parts,
        host: Option<&str>,
    ) -> HeaderMap {
        let mut headers = self.extra_headers.clone();
        self.origins.decorate(&request.headers, host, &mut headers);
        self.hooks.answer_headers(&mut headers, request);
        headers
    }

    /// What the path of a request begins with if the request is for the server.
    pub(crate) fn prefix(&self) -> String {
        let mut prefix = self.path.strip_suffix('/').unwrap_or(&self.path).to_owned();
        if self.trailing_slash {
            prefix.push('/');
        }
        prefix
    }
}
