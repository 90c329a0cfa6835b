//! Who is logged in.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sessions by their id, which only the browser that has it knows.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<Inside>>);

type OnEnd = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
struct Inside {
    users: HashMap<String, String>,
    on_end: Option<OnEnd>,
}

impl Sessions {
    /// A new session; `None` if the system has no randomness.
    pub(crate) fn begin(&self, name: &str) -> Option<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let mut id = String::new();
        for byte in bytes {
            write!(id, "{byte:02x}").ok()?;
        }
        self.lock().users.insert(id.clone(), name.to_owned());
        Some(id)
    }

    /// Whose session it is.
    pub(crate) fn user(&self, id: &str) -> Option<String> {
        self.lock().users.get(id).cloned()
    }

    /// Ends a session, if there is one of this id.
    pub(crate) fn end(&self, id: &str) {
        let mut inside = self.lock();
        let ended = inside.users.remove(id);
        let on_end = inside.on_end.clone();
        drop(inside);
        if let (Some(name), Some(on_end)) = (ended, on_end) {
            on_end(&name);
        }
    }

    /// Called with the name of a user whose session has ended.
    pub(crate) fn on_end(&self, call: impl Fn(&str) + Send + Sync + 'static) {
        self.lock().on_end = Some(Arc::new(call));
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
