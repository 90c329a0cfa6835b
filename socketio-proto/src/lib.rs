//! Socket.IO without I/O: packets, codecs, and serde for everything including binary.
//!
//! This crate turns messages of an [Engine.IO session](engineio_proto) into packets and back. It opens no sockets,
//! reads no clock and spawns nothing. People who want a server or a client take `socketio-server` or
//! `socketio-client`; this crate is for those who parse, relay, record or fuzz packets, or bring a transport or a
//! codec of their own.
//!
//! # Receiving
//!
//! A [`Codec`] makes a [`Decoder`] for each connection. Messages go in, [`Packet`]s come out, checked and bounded by
//! [`Limits`] but not decoded: [`Args`] wait until somebody says what type they are.
//!
//! ```
//! use bytes::Bytes;
//! use engineio_proto::Message;
//! use serde::Deserialize;
//! use socketio_proto::{Body, Codec, Json, Limits, Protocol};
//!
//! #[derive(Deserialize)]
//! struct Upload {
//!     name: String,
//!     data: Bytes,
//! }
//!
//! let mut decoder = Json::new().decoder(Protocol::V5, Limits::default());
//! let text = r#"51-["upload",{"name":"a.png","data":{"_placeholder":true,"num":0}}]"#;
//! assert!(decoder.decode(Message::text(text))?.is_none()); // an attachment is to come
//! let packet = decoder.decode(Message::binary(vec![0x89, 0x50]))?.expect("it is complete");
//!
//! if let Body::Event { args, .. } = packet.body {
//!     assert_eq!(args.event_name(), "upload");
//!     let upload: Upload = args.deserialize()?;
//!     assert_eq!((upload.name.as_str(), &upload.data[..]), ("a.png", &[0x89, 0x50][..]));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sending
//!
//! [`Arguments`] are any type that serde can serialise, and an [`Emit`] is an event with some. A codec encodes it once
//! into [`Encoded`] messages, which serve any number of peers on any transport for a reference count each.
//!
//! ```
//! use socketio_proto::{Arguments, Codec, Emit, Json, Namespace};
//!
//! let emit = Emit::new("news", Arguments::new(&("breaking", 42)));
//! let encoded = Json::new().encode(&Namespace::ROOT, &emit.into())?;
//! for peer in 0..10_000 {
//!     let queued = encoded.clone();
//! #   assert_eq!(queued.messages().len(), 1);
//! }
//! # Ok::<(), socketio_proto::EncodeError>(())
//! ```
//!
//! # Where to look
//!
//! | to | start at |
//! |---|---|
//! | read packets | [`Decoder`], [`Packet`], [`Body`] |
//! | read what they carry | [`Args`] for the rule of arguments, [`Value`] if the type is not known |
//! | write packets | [`Outgoing`], [`Emit`], [`Arguments`] |
//! | run namespaces over a session | [`server::Connection`], [`client::Connection`] |
//! | bring a codec | [`Codec`], [`Decode`] |
//! | know what may go wrong | [`DecodeError`] (the peer), [`EncodeError`] (the caller), [`ArgsError`] (another type) |
//!
//! # Features
//!
//! - `msgpack`: the codec `MessagePack`, compatible with `socket.io-msgpack-parser`. Off by default, because every
//!   type that is emitted is then compiled for it too.
//! - `testing`: the harness in which this crate is tested, for those who bring transports and codecs. Needs `std`.
//!
//! The crate is `no_std` and needs `alloc`.
#![no_std]

extern crate alloc;

mod acks;
mod args;
mod arguments;
mod backoff;
pub mod client;
mod codec;
mod connect_error;
mod connect_query;
mod encoded;
mod error;
mod extract;
mod forward;
mod handshake;
mod ids;
mod json;
mod key;
#[cfg(feature = "msgpack")]
mod msgpack;
mod namespace;
mod packet;
mod reason;
mod send;
pub mod server;
mod spread;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
mod values;

pub use acks::{AckError, ExpectError};
pub use args::{Args, RawValue};
pub use arguments::{Arguments, Emit, Outgoing};
pub use backoff::{Backoff, Jitter};
pub use bytes::Bytes;
pub use codec::{Codec, Decode, Decoder, Limits};
pub use connect_error::ConnectError;
pub use encoded::Encoded;
pub use error::{ArgsError, DecodeError, EncodeError};
pub use extract::{Ack, Data};
pub use ids::{AckId, SocketId};
pub use json::Json;
#[cfg(feature = "msgpack")]
pub use msgpack::MessagePack;
pub use namespace::{InvalidNamespace, Namespace};
pub use packet::{Body, Packet, Protocol};
pub use reason::DisconnectReason;
pub use send::SendError;
pub use value::{Number, Object, Value};
pub use values::Values;

/// The code of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
