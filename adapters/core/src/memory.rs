//! The adapter of a single node.

use std::sync::Arc;

use crate::{Adapter, AdapterFactory, Host, Local};

/// Chooses [`MemoryAdapter`], which is what a server does unless it is told otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to choose")]
pub struct Memory;

impl AdapterFactory for Memory {
    fn create(&self, _host: Arc<dyn Host>, local: Arc<Local>) -> Arc<dyn Adapter> {
        Arc::new(MemoryAdapter::new(local))
    }
}

/// One node, and nobody else.
///
/// ```
/// use std::sync::Arc;
/// use socketio_adapter::{Adapter, Local, MemoryAdapter};
/// # use std::future::Future;
/// # use std::task::{Context, Poll, Waker};
///
/// let adapter = MemoryAdapter::new(Arc::new(Local::new()));
/// assert!(adapter.local().is_empty());
/// # let mut nodes = adapter.nodes();
/// # let nodes = nodes.as_mut().poll(&mut Context::from_waker(Waker::noop()));
/// assert_eq!(nodes, Poll::Ready(1)); // in a server: adapter.nodes().await
/// ```
#[derive(Clone, Debug)]
pub struct MemoryAdapter {
    local: Arc<Local>,
}

impl MemoryAdapter {
    /// The adapter of the sockets in `local`.
    pub fn new(local: Arc<Local>) -> Self {
        Self { local }
    }
}

impl Adapter for MemoryAdapter {
    fn local(&self) -> &Arc<Local> {
        &self.local
    }
}
