//! What a server is inside, beside its door.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use socketio_proto::server::Config;
use socketio_proto::{
    Codec, Decoder, EncodeError, Encoded, Limits, Namespace as Name, Outgoing, Protocol,
};

use crate::engine;
use crate::namespace::{Common, Nsp, Params, Parent, Shared};

/// The protocol of Socket.IO, as the driver of connections knows it.
pub(crate) struct Sio {
    pub(crate) common: Arc<Common>,
    /// What connections are made with, one for each codec. The first is for whom no other one was chosen.
    configs: Vec<(Arc<Config>, Arc<dyn Codec>)>,
    choices: Vec<Choice>,
    namespaces: RwLock<HashMap<Name, Arc<Nsp>>>,
    parents: RwLock<Arc<[Arc<Parent>]>>,
}

/// Whether a client gets a codec.
pub(super) type Choice = Box<dyn Fn(&engine::Handshake) -> bool + Send + Sync>;

impl Sio {
    pub(super) fn new(
        common: Arc<Common>,
        configs: Vec<(Arc<Config>, Arc<dyn Codec>)>,
        choices: Vec<Choice>,
    ) -> Self {
        Self {
            common,
            configs,
            choices,
            namespaces: RwLock::default(),
            parents: RwLock::default(),
        }
    }

    /// What a client is to be spoken to with.
    pub(crate) fn config_for(
        &self,
        handshake: &engine::Handshake,
    ) -> (Arc<Config>, Arc<dyn Codec>) {
        let chosen = self.choices.iter().position(|chooses| chooses(handshake));
        let at = chosen.map_or(0, |at| at + 1);
        match self.configs.get(at).or(self.configs.first()) {
            Some((config, codec)) => (Arc::clone(config), Arc::clone(codec)),
            None => (Arc::default(), Arc::new(socketio_proto::Json::new())),
        }
    }

    /// The namespace, unless it is one of a pattern.
    pub(crate) fn namespace(&self, name: &Name) -> Option<Arc<Nsp>> {
        let namespaces = self.namespaces.read();
        let namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        namespaces.get(name).cloned()
    }

    pub(super) fn namespace_or_new(&self, name: &Name) -> Arc<Nsp> {
        if let Some(nsp) = self.namespace(name) {
            return nsp;
        }
        // Made without the lock, since an adapter is made with it. If another one was faster, this one is dropped.
        let nsp = Nsp::new(
            name.clone(),
            Params::default(),
            Shared::new(name.as_str()),
            &self.common,
            Weak::new(),
        );
        let namespaces = self.namespaces.write();
        let mut namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        let there = namespaces.entry(name.clone());
        let there = Arc::clone(there.or_insert_with(|| Arc::clone(&nsp)));
        drop(namespaces);
        if Arc::ptr_eq(&there, &nsp) {
            self.common.hooks.new_namespace(&there);
        }
        there
    }

    pub(crate) fn parents(&self) -> Arc<[Arc<Parent>]> {
        Arc::clone(&self.parents.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add_parent(&self, parent: Arc<Parent>) {
        let mut slot = self.parents.write().unwrap_or_else(PoisonError::into_inner);
        *slot = slot.iter().cloned().chain([parent]).collect();
    }

    pub(super) fn all_namespaces(&self) -> Vec<Arc<Nsp>> {
        let namespaces = self.namespaces.read();
        let namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = namespaces.values().cloned().collect();
        drop(namespaces);
        all.extend(self.parents().iter().flat_map(|parent| parent.children()));
        all
    }
}

impl fmt::Debug for Sio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sio").finish_non_exhaustive()
    }
}

/// Application state, one of each type.
#[derive(Default)]
pub(crate) struct States(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl States {
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(state));
    }

    pub(crate) fn has<T: 'static>(&self) -> bool {
        self.0.contains_key(&TypeId::of::<T>())
    }

    pub(crate) fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}

/// A codec that several hold: connections, and whoever encodes for them.
#[derive(Clone, Debug)]
pub(super) struct Held(pub(super) Arc<dyn Codec>);

impl Codec for Held {
    fn encode(&self, namespace: &Name, packet: &Outgoing<'_>) -> Result<Encoded, EncodeError> {
        self.0.encode(namespace, packet)
    }

    fn decoder(&self, protocol: Protocol, limits: Limits) -> Decoder {
        self.0.decoder(protocol, limits)
    }
}
