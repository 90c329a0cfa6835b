//! Sockets that remember what they were told.

use std::sync::{Arc, Mutex};

use socketio_adapter::{Broadcast, Description, Recipient, Selection};
use socketio_proto::{Codec, Encoded, Object, SocketId};

#[derive(Debug)]
pub(crate) struct Inbox {
    id: SocketId,
    codec: Arc<dyn Codec>,
    received: Mutex<Vec<Encoded>>,
    disconnects: Mutex<Vec<bool>>,
}

impl Inbox {
    pub(crate) fn new(id: &str, codec: &Arc<dyn Codec>) -> Arc<Self> {
        Arc::new(Self {
            id: SocketId::from(id),
            codec: Arc::clone(codec),
            received: Mutex::default(),
            disconnects: Mutex::default(),
        })
    }

    pub(crate) fn received(&self) -> Vec<Encoded> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn disconnects(&self) -> Vec<bool> {
        self.disconnects.lock().unwrap().clone()
    }
}

impl Recipient for Inbox {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn deliver(&self, event: &Broadcast<'_>) {
        if let Ok(packet) = event.encoded(&self.codec) {
            self.received.lock().unwrap().push(packet);
        }
    }

    fn disconnect(&self, close: bool) {
        self.disconnects.lock().unwrap().push(close);
    }

    fn describe(&self) -> Description {
        Description::new(self.id.clone(), Object::default(), Object::default())
    }
}

/// The ids in a selection, in order of the alphabet, as often as they are in it.
pub(crate) fn ids(selection: &Selection) -> Vec<String> {
    let ids = selection.iter().map(|recipient| recipient.id().to_string());
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}
