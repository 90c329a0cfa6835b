//! What Socket.IO servers and their adapters agree on: rooms, who is addressed, and the trait that joins many nodes.
//!
//! This crate knows no runtime, no socket and no database. Applications use `socketio-server`, which re-exports what they
//! need of it. It is for those who write an adapter, or a server.
//!
//! # Rooms
//!
//! [`Local`] holds the sockets of one namespace on one node, and their rooms. A [`Target`] says who is addressed, and a
//! [`Broadcast`] what they are sent: encoded once, shared by all.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use socketio_adapter::{Broadcast, Description, Local, Recipient, Target};
//! use socketio_proto::{Arguments, Codec, Encoded, Json, Namespace, Object, SocketId};
//!
//! /// A socket that only remembers what it was sent.
//! #[derive(Debug)]
//! struct Inbox(SocketId, Arc<dyn Codec>, Mutex<Vec<Encoded>>);
//!
//! impl Recipient for Inbox {
//!     fn id(&self) -> &SocketId {
//!         &self.0
//!     }
//!     fn deliver(&self, event: &Broadcast<'_>) {
//!         if let Ok(packet) = event.encoded(&self.1) {
//!             self.2.lock().unwrap().push(packet);
//!         }
//!     }
//!     fn disconnect(&self, _close: bool) {}
//!     fn describe(&self) -> Description {
//!         Description::new(self.0.clone(), Object::default(), Object::default())
//!     }
//! }
//!
//! let json: Arc<dyn Codec> = Arc::new(Json::new());
//! let local = Local::new();
//! let [a, b] = ["a", "b"].map(|id| Arc::new(Inbox(SocketId::from(id), Arc::clone(&json), Mutex::default())));
//! assert!(local.insert(a.clone(), ["lobby", "games"]));
//! assert!(local.insert(b.clone(), "lobby"));
//!
//! let mut target = Target::all();
//! target.to(["lobby", "games"]).except("b");
//! let news = Broadcast::new(&Namespace::ROOT, "news", Arguments::new(&("hello", 1)));
//! assert_eq!(local.deliver(&news, &target), 1); // `a` once, though it is in both
//! assert_eq!(a.2.lock().unwrap()[0].messages()[0].wire(), br#"42["news","hello",1]"#);
//! ```
//!
//! # Writing an adapter
//!
//! An [`Adapter`] is one namespace on one node; an [`AdapterFactory`] makes it, with the [`Host`] to talk to and the
//! [`Local`] to deliver to. What is provided by the trait acts on this node. To join nodes, override it, tell the others,
//! and do what is provided:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use socketio_adapter::{Adapter, Broadcast, Letter, Local, Target};
//!
//! /// Adapters that share this list are one cluster.
//! #[derive(Debug)]
//! struct Shared {
//!     local: Arc<Local>,
//!     nodes: Arc<Mutex<Vec<Arc<Local>>>>,
//! }
//!
//! impl Adapter for Shared {
//!     fn local(&self) -> &Arc<Local> {
//!         &self.local
//!     }
//!
//!     fn broadcast(&self, event: &mut Broadcast<'_>, target: &Target) {
//!         self.local.deliver(event, target);
//!         if target.is_local() || target.is_nobody() {
//!             return;
//!         }
//!         let Ok(letter) = event.to_letter() else { return }; // this is what would travel
//!         let nodes = self.nodes.lock().unwrap().clone();
//!         for other in nodes.iter().filter(|other| !Arc::ptr_eq(other, &self.local)) {
//!             other.deliver(&letter.open(), target); // and this is what the other node does with it
//!         }
//!     }
//! }
//! ```
//!
//! Rules that keep a cluster sound:
//!
//! - Deliver to the sockets of this node whatever the broker does. The exception is a log that assigns the offsets of
//!   events: see [`Adapter::holds_back`].
//! - Publish nothing for a target that [is nobody](Target::is_nobody) or [local](Target::is_local).
//! - What comes from the bus may be garbage: drop it and [report](Host::report) it.
//! - Every [`Answer`] ends, with what is known when its time is over.
//! - No call waits, and none is made with a lock held that another call needs.

mod adapter;
mod broadcast;
mod local;
mod memory;
mod recipient;
mod room;
mod session;
mod target;

pub use adapter::{Adapter, AdapterFactory, Answer, Host, Replies, Reply, Report};
pub use broadcast::{AckRequest, Answered, Answers, Asked, Broadcast, Flags, Letter};
pub use local::{Local, Selection, Watch};
pub use memory::{Memory, MemoryAdapter};
pub use recipient::{Description, Recipient};
pub use room::{IntoRooms, Room};
pub use session::{Recovered, Session};
pub use target::Target;

/// The code of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
