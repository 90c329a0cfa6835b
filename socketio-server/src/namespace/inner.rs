//! What a namespace is inside: what was registered for it, and what there is of it on this node.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use socketio_adapter::{
    Adapter, AdapterFactory, Host, Local, MemoryAdapter, Recipient, Reply, Report, Target, Watch,
};
use socketio_proto::{AckId, Codec, Namespace as Name, SocketId, Value};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::dynamic::{Params, Parent};
use crate::admission::caught;
use crate::error::Error;
use crate::event::{Asking, Joining};
use crate::handler::{BoxedGate, DataType};
use crate::hooks::{Failure, Hooks};
use crate::listeners::Listeners;
use crate::member::Member;
use crate::meter::Meter;
use crate::remote::ServerEvent;
use crate::server::States;

/// What all namespaces of a server share.
pub(crate) struct Common {
    pub(crate) states: Arc<States>,
    pub(crate) hooks: Hooks,
    /// The first is the one that most clients use.
    pub(crate) codecs: Vec<Arc<dyn Codec>>,
    pub(crate) adapters: Arc<dyn AdapterFactory>,
    pub(crate) ack_timeout: Duration,
    /// How many handlers of one connection may wait, and how many bytes of events behind them.
    pub(crate) max_running: usize,
    pub(crate) max_backlog: usize,
    /// Handlers that wait for something.
    pub(crate) running: AtomicUsize,
    /// Where clients are served.
    pub(crate) runtime: OnceLock<Handle>,
}

impl Common {
    /// Clients are served here.
    pub(crate) fn note_runtime(&self) {
        if self.runtime.get().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            let _ = self.runtime.set(runtime);
        }
    }

    /// Runs something in a task. Callers may be on any thread, also on one that knows no runtime.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let runtime = Handle::try_current().ok();
        let runtime = runtime.or_else(|| self.runtime.get().cloned())?;
        Some(runtime.spawn(task).abort_handle())
    }
}

/// A function that decides, whose type is forgotten.
pub(crate) type ErasedGate<E, U> = Arc<dyn Fn(&E) -> Result<BoxedGate<U>, Error> + Send + Sync>;

type AuthGate = ErasedGate<Asking, Box<dyn Any + Send + Sync>>;
type ServerHandler =
    Arc<dyn Fn(ServerEvent) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What was registered for a namespace, or for all of a pattern.
pub(crate) struct Shared {
    pub(crate) meter: Meter,
    pub(crate) listeners: Arc<Listeners>,
    auth: OnceLock<(DataType, AuthGate)>,
    middlewares: RwLock<Arc<[ErasedGate<Joining, ()>]>>,
    sequential: AtomicBool,
    server_events: RwLock<HashMap<Box<str>, Vec<ServerHandler>>>,
    watchers: RwLock<Vec<Arc<dyn Watch>>>,
}

impl Shared {
    /// Nothing so far, for a namespace of this name, or of this pattern.
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            meter: Meter::new(name),
            listeners: Arc::default(),
            auth: OnceLock::new(),
            middlewares: RwLock::default(),
            sequential: AtomicBool::new(false),
            server_events: RwLock::default(),
            watchers: RwLock::default(),
        })
    }

    /// The type of what is kept with sockets.
    pub(crate) fn data_type(&self) -> DataType {
        self.auth
            .get()
            .map_or(DataType::of::<()>(), |(data, _)| *data)
    }

    /// False if there was one already.
    pub(super) fn set_auth<U: 'static>(&self, gate: AuthGate) -> bool {
        self.auth.set((DataType::of::<U>(), gate)).is_ok()
    }

    pub(crate) fn auth(&self) -> Option<&AuthGate> {
        self.auth.get().map(|(_, gate)| gate)
    }

    pub(super) fn add_middleware(&self, step: ErasedGate<Joining, ()>) {
        let mut slot = self
            .middlewares
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let all: Vec<_> = slot.iter().cloned().chain([step]).collect();
        *slot = all.into();
    }

    pub(crate) fn middlewares(&self) -> Arc<[ErasedGate<Joining, ()>]> {
        Arc::clone(
            &self
                .middlewares
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    pub(super) fn set_sequential(&self) {
        self.sequential.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_sequential(&self) -> bool {
        self.sequential.load(Ordering::Relaxed)
    }

    pub(super) fn on_server_event(&self, event: Box<str>, handler: ServerHandler) {
        let mut events = self
            .server_events
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        events.entry(event).or_default().push(handler);
    }

    pub(super) fn add_watcher(&self, watcher: Arc<dyn Watch>) {
        let watchers = self.watchers.write();
        watchers
            .unwrap_or_else(PoisonError::into_inner)
            .push(watcher);
    }

    fn watchers(&self) -> Vec<Arc<dyn Watch>> {
        let watchers = self.watchers.read();
        watchers.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn server_handlers(&self, event: &str) -> Vec<ServerHandler> {
        let events = self
            .server_events
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        events.get(event).cloned().unwrap_or_default()
    }
}

/// A namespace of this node.
pub(crate) struct Nsp {
    pub(crate) name: Name,
    pub(crate) params: Params,
    pub(crate) shared: Arc<Shared>,
    pub(crate) common: Arc<Common>,
    adapter: OnceLock<Arc<dyn Adapter>>,
    next_ack: AtomicU64,
    /// The pattern that it is of, which frees it when nobody is in it.
    parent: Weak<Parent>,
    /// Sockets that are in it or on their way in; counted only if it is freed when there are none.
    pub(super) claims: AtomicUsize,
}

impl Nsp {
    pub(crate) fn new(
        name: Name,
        params: Params,
        shared: Arc<Shared>,
        common: &Arc<Common>,
        parent: Weak<Parent>,
    ) -> Arc<Self> {
        let nsp = Arc::new(Self {
            name,
            params,
            shared,
            common: Arc::clone(common),
            adapter: OnceLock::new(),
            next_ack: AtomicU64::new(0),
            parent,
            claims: AtomicUsize::new(0),
        });
        let host = HostOf(Arc::downgrade(&nsp), nsp.name.clone());
        let local = Arc::default();
        nsp.shared.meter.watch(&local);
        for watcher in nsp.shared.watchers() {
            local.watch(watcher);
        }
        let adapter = common.adapters.create(Arc::new(host), local);
        let _ = nsp.adapter.set(adapter);
        nsp
    }

    pub(crate) fn adapter(&self) -> &Arc<dyn Adapter> {
        // It was set right after it was made.
        let memory =
            || Arc::new(MemoryAdapter::new(Arc::new(Local::default()))) as Arc<dyn Adapter>;
        self.adapter.get_or_init(memory)
    }

    pub(crate) fn next_ack_id(&self) -> AckId {
        AckId(self.next_ack.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn member(&self, id: &str) -> Option<Arc<Member>> {
        let id = SocketId::from(id);
        self.adapter().local().get(&id).as_ref().and_then(downcast)
    }

    pub(crate) fn members(&self) -> Vec<Arc<Member>> {
        let all = self.adapter().local().select(&Target::all());
        all.iter().filter_map(downcast).collect()
    }

    pub(crate) fn parent(&self) -> Option<Arc<Parent>> {
        self.parent.upgrade()
    }
}

/// What this server has put into an adapter.
pub(crate) fn downcast(recipient: &Arc<dyn Recipient>) -> Option<Arc<Member>> {
    let any: &dyn Any = &**recipient;
    any.downcast_ref::<Member>()?.this()
}

/// A socket is in a namespace or on its way in, which keeps a namespace that would be freed.
#[derive(Debug)]
pub(crate) struct Claim(Arc<Nsp>);

impl Claim {
    /// For namespaces that stay anyhow; those of a pattern are claimed by their [`Parent`].
    pub(crate) fn new(nsp: Arc<Nsp>) -> Self {
        Self(nsp)
    }

    pub(crate) fn nsp(&self) -> &Arc<Nsp> {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(parent) = self.0.parent() {
            parent.release(&self.0);
        }
    }
}

/// A namespace as its adapter sees it. The adapter is owned by the namespace, hence the weak reference.
struct HostOf(Weak<Nsp>, Name);

impl Host for HostOf {
    fn namespace(&self) -> &Name {
        &self.1
    }

    fn next_ack_id(&self) -> AckId {
        self.0.upgrade().map_or(AckId(0), |nsp| nsp.next_ack_id())
    }

    fn server_event(&self, name: &str, arguments: Vec<Value>, reply: Option<Reply>) {
        let Some(nsp) = self.0.upgrade() else { return };
        let event = ServerEvent::new(name, arguments, reply);
        for handler in nsp.shared.server_handlers(name) {
            let (nsp, event) = (Arc::clone(&nsp), event.clone());
            let common = Arc::clone(&nsp.common);
            // All of it in the task: whoever receives for the adapter must not suffer from what a handler does.
            common.spawn(async move {
                let name = event.name().to_owned();
                let handled = caught(|| Ok::<_, Error>(handler(event))).await;
                if let Err((kind, error)) = handled {
                    let failure = Failure {
                        kind,
                        error: &error,
                        namespace: nsp.name.as_str(),
                        event: &name,
                        member: None,
                        wants_answer: false,
                    };
                    nsp.common.hooks.failed(&failure, None);
                }
            });
        }
    }

    fn report(&self, report: Report) {
        let namespace = self.1.as_str();
        match report {
            Report::Up => tracing::info!(namespace, "the broker of the adapter answers again"),
            report => tracing::warn!(namespace, ?report, "the adapter reports"),
        }
    }
}

impl fmt::Debug for HostOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.1).finish()
    }
}

impl fmt::Debug for Nsp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nsp")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
