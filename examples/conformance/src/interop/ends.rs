//! How sockets end, and what is remembered of those that did.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use socketio_server::{Ack, Data, DisconnectReason, Namespace, Socket};

use super::{Client, rooms_of};

/// The sockets that ended, of all namespaces. The oldest are forgotten, or clients that come and go would fill the memory.
#[derive(Clone, Default)]
pub(super) struct Ends(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    by_id: HashMap<String, End>,
    order: VecDeque<String>,
}

/// Why, and the rooms in which it was then.
type End = (&'static str, Vec<String>);

const MOST: usize = 100_000;

impl Ends {
    fn note(&self, id: &str, end: End) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.order.len() >= MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_id.remove(&oldest);
        }
        known.order.push_back(id.to_owned());
        known.by_id.insert(id.to_owned(), end);
    }

    fn of(&self, id: &str) -> Option<End> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_id.get(id).cloned()
    }
}

pub(super) fn register(namespace: &Namespace<Client>, ends: &Ends) {
    namespace.on("kick", async |socket: Socket| socket.disconnect());
    namespace.on("kick-hard", async |socket: Socket| {
        socket.disconnect_connection()
    });
    namespace.on(
        "disconnect-sockets",
        async |socket: Socket, Data(what): Data<(String, bool)>| {
            let (room, close) = what;
            socket.namespace().to(room).disconnect_sockets(close);
        },
    );
    let noted = ends.clone();
    namespace.on_disconnecting(
        async move |socket: Socket<Client>, reason: DisconnectReason| {
            noted.note(socket.id().as_str(), (reason.as_str(), rooms_of(&socket)));
        },
    );
    let known = ends.clone();
    namespace.on("reason-of", async move |Data(id): Data<String>| {
        let (reason, rooms) = known.of(&id).unzip();
        Ack((reason, rooms.unwrap_or_default()))
    });
}
