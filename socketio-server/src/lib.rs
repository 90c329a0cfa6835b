//! Socket.IO and Engine.IO servers.

pub mod engine;
pub mod event;
pub mod handler;

mod ack;
mod admission;
mod attributes;
mod backlog;
mod dispatch;
mod door;
mod error;
mod handshake;
mod hooks;
mod listeners;
mod member;
mod namespace;
mod pace;
mod remote;
mod room;
mod run;
mod server;
mod socket;
mod target;
mod wrap;

pub use ack::{AckFuture, AckStream, Answer};
pub use attributes::Attributes;
#[cfg(feature = "tls")]
pub use door::Tls;
pub use door::{Cookie, HttpLayer, HttpService, Origins, Peer, Proxies, SameSite};
pub use error::{AckError, EmitError, Error};
pub use event::{AckSender, Event};
pub use handler::{FromEvent, Outcome, State};
pub use handshake::Handshake;
pub use hooks::{Failure, FailureKind, Outgoing};
pub use listeners::Listener;
pub use namespace::{InvalidPattern, Namespace, Params};
pub use remote::{FetchError, RemoteSocket, ServerAnswers, ServerEvent};
pub use server::{Server, ServerBuilder, Shutdown};
pub use socket::Socket;
pub use target::Target;
pub use wrap::Next;

pub use engineio_proto::server::OnFull;
pub use engineio_proto::{Revision, Transport};
pub use socketio_adapter::{AdapterFactory, IntoRooms, MemoryAdapter, Room};
#[cfg(feature = "msgpack")]
pub use socketio_proto::MessagePack;
pub use socketio_proto::{
    Ack, Args, ArgsError, Arguments, Bytes, Codec, ConnectError, Data, DisconnectReason,
    EncodeError, Json, Limits, Number, Object, RawValue, SocketId, Value, Values,
};

/// The code of the README is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
