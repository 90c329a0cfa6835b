//! From HTTP to WebSocket. Everything that can be refused is refused before the 101.

use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::reject::{BadRequest, Reject};
use engineio_proto::server::{Opening, Session};
use engineio_proto::{LinkId, Transport, TransportFault};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use super::{Answer, Core, answer};
use crate::door::Handshake;
use crate::engine::connection::Connection;
use crate::engine::link::Link;
use crate::engine::machine::{Machine, Protocol};
use crate::engine::ws::WebSocket;

/// Whether the request asks for a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Takes the connection out of a request, if it can be had: a layer around this service may not pass it on.
pub(super) fn take<B>(request: &mut Request<B>) -> Result<OnUpgrade, Reject> {
    if request.extensions().get::<OnUpgrade>().is_none() {
        return Err(Reject::BadRequest(BadRequest::NotAnUpgrade));
    }
    Ok(hyper::upgrade::on(request))
}

/// A handshake that can be answered.
pub(super) struct WebSocketHandshake {
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
}

impl WebSocketHandshake {
    /// RFC 6455, 4.2.1; version 8 differs in nothing that matters here, and the reference takes it too.
    pub(super) fn check<B>(request: &Request<B>) -> Result<Self, Reject> {
        let headers = request.headers();
        let bad = Reject::BadRequest(BadRequest::NotAnUpgrade);
        let key = headers
            .get(SEC_WEBSOCKET_KEY)
            .filter(|key| is_key(key.as_bytes()))
            .ok_or(bad.clone())?;
        let version = headers
            .get(SEC_WEBSOCKET_VERSION)
            .map(HeaderValue::as_bytes);
        if !matches!(version, Some(b"13" | b"8")) {
            return Err(bad);
        }
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| bad)?;
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
        answer: WebSocketHandshake,
        upgrade: OnUpgrade,
        opening: Opening,
        handshake: Handshake,
    ) -> Answer {
        let core = Arc::clone(self);
        tokio::spawn(async move {
            // The client may be gone before the 101 has left; then there is no session.
            let Some(link) = core.websocket(upgrade).await else {
                return;
            };
            let config = Arc::clone(&core.session_options);
            let (session, id) =
                Session::accept_link(config, opening, Transport::WEBSOCKET, core.clock.now());
            core.add(session, handshake).add_link(id, link);
        });
        answer.answer()
    }

    /// A session that polls tries a WebSocket.
    pub(super) fn upgrade(
        self: &Arc<Self>,
        answer: WebSocketHandshake,
        upgrade: OnUpgrade,
        connection: &Arc<Connection<P>>,
        base64: bool,
    ) -> Result<Answer, Reject> {
        let id = connection
            .input(|machine, now| machine.open_link(Transport::WEBSOCKET, base64, now))?;
        let (core, connection) = (Arc::clone(self), Arc::clone(connection));
        tokio::spawn(async move {
            let pending = PendingLink(Some((&connection, id)));
            if let Some(link) = core.websocket(upgrade).await {
                pending.opened();
                connection.add_link(id, link);
            }
        });
        Ok(answer.answer())
    }

    async fn websocket(&self, upgrade: OnUpgrade) -> Option<Box<dyn Link>> {
        let max = self.options.sessions.max_payload_bytes();
        let upgraded = upgrade.await.ok()?;
        // Taken apart to the socket, so that neither hyper's buffers nor its layers stay with the connection.
        Some(match upgraded.downcast::<TokioIo<TcpStream>>() {
            // Copied, because even an empty slice would keep hyper's whole read buffer.
            Ok(parts) => {
                let early = Bytes::copy_from_slice(&parts.read_buf);
                Box::new(WebSocket::new(parts.io.into_inner(), early, max))
            }
            Err(upgraded) => Box::new(WebSocket::new(TokioIo::new(upgraded), Bytes::new(), max)),
        })
    }
}

/// Tells the session when a link that it waits for does not come.
struct PendingLink<'a, P: Protocol>(Option<(&'a Arc<Connection<P>>, LinkId)>);

impl<P: Protocol> PendingLink<'_, P> {
    fn opened(mut self) {
        self.0 = None;
    }
}

impl<P: Protocol> Drop for PendingLink<'_, P> {
    fn drop(&mut self) {
        if let Some((connection, link)) = self.0 {
            connection
                .input(|machine, now| machine.handle_link_failed(link, TransportFault::Link, now));
        }
    }
}
