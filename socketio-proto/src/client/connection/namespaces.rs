//! Joining and leaving namespaces.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Deserialize;

use super::{Connection, Event, RootOfProtocol4};
use crate::acks::AckError;
use crate::client::socket::State;
use crate::{
    Body, ConnectError, DisconnectReason, Namespace, Protocol, RawValue, SocketId, handshake,
};

impl Connection {
    /// The server agreed to a namespace.
    pub(super) fn connected(&mut self, namespace: &Namespace, payload: Option<RawValue>) {
        #[derive(Deserialize)]
        struct Connected {
            sid: String,
            #[serde(default)]
            pid: Option<String>,
        }
        let told = payload.and_then(|payload| payload.deserialize::<Connected>().ok());
        let session_id = self.session.sid().map(|sid| String::from(sid.as_str()));
        let protocol = self.protocol;
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let State::Asked { shown, waiting, .. } =
            core::mem::replace(&mut socket.state, State::Idle)
        else {
            return;
        };
        let (id, private_id) = match (told, protocol) {
            (Some(told), _) => (SocketId::from(told.sid), told.pid.map(Arc::from)),
            (None, Protocol::V4) => (
                socket_id_of_protocol_4(namespace, session_id.as_deref()),
                None,
            ),
            (None, Protocol::V5) => {
                let error = ConnectError::new(SERVER_OF_PROTOCOL_4);
                let namespace = namespace.clone();
                return self
                    .events
                    .push_back(Event::ConnectError { namespace, error });
            }
        };
        let recovered = shown.is_some() && shown == private_id;
        if !recovered {
            socket.offset = None;
        }
        socket.private_id = private_id;
        socket.is_stale = false;
        socket.state = State::Connected { id: id.clone() };
        for packet in waiting {
            self.handle_packet(packet, 0);
        }
        self.events.push_back(Event::Connect {
            namespace: namespace.clone(),
            id,
            recovered,
        });
        self.flush(namespace);
    }

    /// Asks for all namespaces that are wanted: the session has just been opened.
    pub(super) fn ask_all(&mut self) {
        let wanted = self
            .sockets
            .iter()
            .filter(|socket| matches!(socket.state, State::Wanted));
        let namespaces: Vec<_> = wanted.map(|socket| socket.namespace.clone()).collect();
        for namespace in namespaces {
            self.ask(&namespace);
        }
    }

    pub(super) fn ask(&mut self, namespace: &Namespace) {
        let protocol = self.protocol;
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let shown = socket.private_id.clone();
        let offset = socket.offset.clone();
        let auth = socket.auth.take();
        socket.state = State::Asked {
            shown: shown.clone(),
            waiting: Vec::new(),
            bytes: 0,
        };
        let is_implied = protocol == Protocol::V4
            && namespace.is_root()
            && self.root == RootOfProtocol4::Expected;
        if !is_implied {
            self.leave_unwanted_root(namespace);
            let resume = shown
                .as_deref()
                .map(|private_id| (private_id, offset.as_deref()));
            let codec = Arc::clone(&self.config.codec);
            self.put_encoded(handshake::ask(
                &*codec,
                protocol,
                namespace,
                auth.as_ref(),
                resume,
            ));
        }
    }

    /// What a server of protocol 4 says about the root before anybody asks.
    pub(super) fn note_root(&mut self, body: &Body) {
        let waits = self.sockets.iter().any(|socket| {
            socket.namespace.is_root()
                && matches!(socket.state, State::Asked { .. } | State::Leaving { .. })
        });
        self.root = match (self.root, body) {
            (RootOfProtocol4::Expected, Body::Connect(_)) if !waits => RootOfProtocol4::Unwanted,
            (_, Body::Connect(_) | Body::ConnectError(_) | Body::Disconnect) => {
                RootOfProtocol4::Over
            }
            (root, _) => root,
        };
    }

    /// Whoever wants the root that it was put into unasked begins anew in it: what was sent to it meanwhile is gone, and
    /// the server is to see what the client shows.
    fn leave_unwanted_root(&mut self, namespace: &Namespace) {
        let is_in = self.protocol == Protocol::V4 && self.root == RootOfProtocol4::Unwanted;
        if is_in && namespace.is_root() {
            self.root = RootOfProtocol4::Over;
            self.put_disconnect(namespace);
            if let Some(socket) = self.find(namespace) {
                socket.is_stale = true;
            }
        }
    }

    /// A namespace is left, by whoever. What has not been sent stays, and its acknowledgements stay awaited.
    pub(super) fn leave(&mut self, namespace: &Namespace, reason: DisconnectReason) {
        self.end_attempt(namespace, AckError::Disconnected);
        let Some(socket) = self.find(namespace) else {
            return;
        };
        let was_connected = socket.is_connected();
        socket.state = State::Idle;
        let ended = socket.end_sent_acks();
        for id in ended {
            let namespace = namespace.clone();
            self.events.push_back(Event::Ack {
                namespace,
                id,
                result: Err(AckError::Disconnected),
            });
        }
        if was_connected {
            self.events.push_back(Event::Disconnect {
                namespace: namespace.clone(),
                reason,
            });
        }
    }

    /// The server has answered what was left before it could, and that is undone.
    pub(super) fn left(&mut self, namespace: &Namespace, again: bool) {
        if let Some(socket) = self.find(namespace) {
            socket.state = State::Idle;
        }
        if again {
            self.ask(namespace);
        }
    }

    /// The session has ended or is about to: every namespace is left.
    pub(super) fn leave_all(&mut self, reason: DisconnectReason) {
        self.packet_by = None;
        // A link ends for both ends; a client that polls is missed when its next poll is.
        let is_noticed =
            self.session.transport().is_link() && reason != DisconnectReason::PingTimeout;
        let namespaces: Vec<_> = self
            .sockets
            .iter()
            .map(|socket| socket.namespace.clone())
            .collect();
        for namespace in namespaces {
            let was_asked = self
                .find(&namespace)
                .is_some_and(|socket| matches!(socket.state, State::Asked { .. }));
            self.leave(&namespace, reason);
            if let Some(socket) = self.find(&namespace) {
                socket.is_stale = false;
                // A session that was shown and not answered is shown again, with the offset that this client has reached. But
                // not where the server may not have noticed the loss: it would serve two sockets of one session, and the
                // reference takes the rooms from both when the older one ends.
                if was_asked && !is_noticed {
                    socket.forget_session();
                }
            }
        }
    }
}

/// In protocol 4 the server does not say what it calls a socket; both ends compute it.
fn socket_id_of_protocol_4(namespace: &Namespace, session: Option<&str>) -> SocketId {
    let session = session.unwrap_or_default();
    if namespace.is_root() {
        return SocketId::from(session);
    }
    SocketId::from([namespace.as_str(), "#", session].concat())
}

/// What a client is told whose server answers CONNECT without an id.
const SERVER_OF_PROTOCOL_4: &str =
    "the server speaks an older protocol (Socket.IO 2.x); connect with revision 3 of Engine.IO";
