//! From HTTP to WebSocket. Everything that can be refused is refused before the 101.

use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::reject::Reject;
use engineio_proto::server::{Opening, Session};
use engineio_proto::{LinkId, Transport, TransportFault};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use super::refusal::{Refused, WEBSOCKET_KEY, WEBSOCKET_VERSION};
use super::{Answer, Core, Newcomer, Upgrade, answer};
use crate::door::Stream;
use crate::engine::connection::Connection;
use crate::engine::link::Link;
use crate::engine::machine::{Machine, Protocol};
use crate::engine::meter::Upgrading;
use crate::engine::ws::WebSocket;

/// Whether the request asks for a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// A handshake that can be answered.
pub(super) struct WebSocketHandshake {
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
}

impl WebSocketHandshake {
    /// RFC 6455, 4.2.1; version 8 differs in nothing that matters here, and the reference takes it too.
    pub(super) fn check(headers: &HeaderMap) -> Result<Self, Refused> {
        let key = headers
            .get(SEC_WEBSOCKET_KEY)
            .filter(|key| is_key(key.as_bytes()))
            .ok_or(Refused::websocket(WEBSOCKET_KEY))?;
        let version = headers
            .get(SEC_WEBSOCKET_VERSION)
            .map(HeaderValue::as_bytes);
        if !matches!(version, Some(b"13" | b"8")) {
            return Err(Refused::websocket(WEBSOCKET_VERSION));
        }
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
            .map_err(|_| Refused::websocket(WEBSOCKET_KEY))?;
        // As in the reference, the first that the client offers.
        let first = |offered: &HeaderValue| {
            let first = offered
                .as_bytes()
                .split(|byte| *byte == b',')
                .next()?
                .trim_ascii();
            HeaderValue::from_bytes(first)
                .ok()
                .filter(|first| !first.is_empty())
        };
        let protocol = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(first);
        Ok(Self { accept, protocol })
    }

    fn answer(self) -> Answer {
        let mut answer = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = answer.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        answer
    }
}

/// 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/';
    key.len() == 24 && key.ends_with(b"==") && key.iter().take(22).all(is_base64)
}

impl<P: Protocol> Core<P> {
    /// A session begins with a WebSocket.
    pub(super) fn open_link(
        self: &Arc<Self>,
        upgrade: Upgrade,
        opening: Opening,
        newcomer: Newcomer,
    ) -> Answer {
        let core = Arc::clone(self);
        tokio::spawn(async move {
            // The client may be gone before the 101 has left; then there is no session.
            let Some(link) = core.websocket(upgrade.connection).await else {
                return;
            };
            let options = Arc::clone(&core.session_options);
            let (session, id) =
                Session::accept_link(options, opening, Transport::WEBSOCKET, core.clock.now());
            core.add(session, newcomer).add_link(id, link);
        });
        upgrade.handshake.answer()
    }

    /// A session that polls tries a WebSocket.
    pub(super) fn upgrade(
        self: &Arc<Self>,
        upgrade: Upgrade,
        connection: &Arc<Connection<P>>,
        base64: bool,
    ) -> Result<Answer, Reject> {
        let id = connection
            .input(|machine, now| machine.open_link(Transport::WEBSOCKET, base64, now))?;
        self.meter.upgrade(Upgrading::Tried);
        let (core, pending) = (
            Arc::clone(self),
            PendingLink::new(Arc::clone(connection), id),
        );
        tokio::spawn(async move {
            if let Some(link) = core.websocket(upgrade.connection).await {
                pending.opened(link);
            }
        });
        Ok(upgrade.handshake.answer())
    }

    async fn websocket(&self, upgrade: OnUpgrade) -> Option<Box<dyn Link>> {
        let max = self.options.sessions.max_payload_bytes();
        let upgraded = upgrade.await.ok()?;
        // Taken apart to the socket, so that neither hyper's buffers nor its layers stay with the connection.
        let upgraded = match upgraded.downcast::<TokioIo<Stream>>() {
            Ok(parts) => {
                let (socket, head) = parts.io.into_inner().into_link();
                let link = WebSocket::new(socket, copy(&parts.read_buf), max);
                return Some(Box::new(link.after(head)));
            }
            Err(upgraded) => upgraded,
        };
        Some(match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => {
                let socket = parts.io.into_inner();
                Box::new(WebSocket::new(socket, copy(&parts.read_buf), max))
            }
            Err(upgraded) => Box::new(WebSocket::new(TokioIo::new(upgraded), Bytes::new(), max)),
        })
    }
}

/// Bytes of their own: even an empty slice would keep hyper's whole read buffer.
fn copy(early: &Bytes) -> Bytes {
    Bytes::copy_from_slice(early)
}

/// A link that is on its way to a session. Tells it if the link does not come.
pub(super) struct PendingLink<P: Protocol> {
    connection: Arc<Connection<P>>,
    id: LinkId,
    has_come: bool,
}

impl<P: Protocol> PendingLink<P> {
    pub(super) fn new(connection: Arc<Connection<P>>, id: LinkId) -> Self {
        connection.link_comes();
        Self {
            connection,
            id,
            has_come: false,
        }
    }

    pub(super) fn opened(mut self, link: Box<dyn Link>) {
        self.connection.add_link(self.id, link);
        self.has_come = true;
    }
}

impl<P: Protocol> Drop for PendingLink<P> {
    fn drop(&mut self) {
        if !self.has_come {
            let (id, fault) = (self.id, TransportFault::Link);
            self.connection
                .input(|machine, now| machine.handle_link_failed(id, fault, now));
        }
        self.connection.link_came();
    }
}
