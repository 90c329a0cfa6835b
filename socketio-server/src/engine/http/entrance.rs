//! Clients that come over something else than a WebSocket of our own.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::query::Query;
use engineio_proto::reject::{BadRequest, Reject};
use engineio_proto::server::{Opening, Session};
use engineio_proto::{Revision, Transport};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Core;
use super::refusal::Refused;
use super::upgrade::PendingLink;
use crate::engine::link::Link;
use crate::engine::machine::{Machine, Protocol};
use crate::engine::meter::Upgrading;
use crate::engine::ws::WebSocket;

/// A client that was let in and has no link yet. See [`Engine::admit`](crate::engine::Engine::admit).
///
/// If it is dropped, the client was not there.
#[must_use = "the client waits for its link"]
pub struct Entrance {
    open: Box<dyn FnOnce(Box<dyn Link>) + Send>,
    max_payload: usize,
}

impl Entrance {
    /// Gives the client its link.
    pub fn serve_link(self, link: impl Link) {
        (self.open)(Box::new(link));
    }

    /// Gives the client a WebSocket over a stream on which the handshake of the WebSocket is done: the next bytes are
    /// frames. `early` is what was read with the handshake and belongs to them already.
    pub fn serve_websocket<Io>(self, io: Io, early: Bytes)
    where
        Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let link = WebSocket::new(io, early, self.max_payload);
        (self.open)(Box::new(link));
    }
}

impl<P: Protocol> Core<P> {
    /// Decides about a client that comes over a link: as for a WebSocket that comes by HTTP, except that any transport will do.
    pub(crate) async fn admit<B>(
        self: Arc<Self>,
        request: Request<B>,
        transport: Transport,
    ) -> Result<Entrance, Refused> {
        let entrance = Arc::clone(&self).try_admit(request, transport).await;
        entrance.inspect_err(|refused| {
            refused.log();
            self.meter.refused(refused.reason());
        })
    }

    async fn try_admit<B>(
        self: Arc<Self>,
        request: Request<B>,
        transport: Transport,
    ) -> Result<Entrance, Refused> {
        let parts = request.into_parts().0;
        let client = self.client(&parts);
        self.check_origin(&parts, &client)?;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let sessions = &self.options.sessions;
        if !sessions.offers(transport) {
            return Err(Reject::TransportUnknown.into());
        }
        let max_payload = sessions.max_payload_bytes();
        // Whoever serves the link need not be a task of ours.
        let runtime = tokio::runtime::Handle::current();
        if let Some(sid) = query.sid() {
            let connection = self.find(sid).ok_or(Reject::UnknownSid)?;
            let expected = connection.session(Session::revision);
            if query.revision() != expected {
                let mismatch = BadRequest::ProtocolMismatch { expected };
                return Err(Reject::BadRequest(mismatch).into());
            }
            let id = connection
                .input(|machine, now| machine.open_link(transport, query.base64(), now))?;
            self.meter.upgrade(Upgrading::Tried);
            let pending = PendingLink::new(connection, id);
            return Ok(Entrance {
                open: Box::new(move |link| {
                    let _runtime = runtime.enter();
                    pending.opened(link);
                }),
                max_payload,
            });
        }
        if query.revision() == Revision::V3 && !sessions.admission().allows_revision_3() {
            return Err(Reject::UnsupportedProtocolVersion.into());
        }
        let newcomer = self.enter(&parts, client)?;
        let opening = Opening::from_query(self.new_id()?, &query);
        drop(parts);
        self.ask(&newcomer.handshake).await?;
        let open = move |link| {
            let _runtime = runtime.enter();
            let options = Arc::clone(&self.session_options);
            let (session, id) = Session::accept_link(options, opening, transport, self.clock.now());
            self.add(session, newcomer).add_link(id, link);
        };
        Ok(Entrance {
            open: Box::new(open),
            max_payload,
        })
    }
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").finish_non_exhaustive()
    }
}
