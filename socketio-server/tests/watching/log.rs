//! Everything that is logged up to the level `debug`, as lines of text.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Lines>);

#[derive(Default)]
struct Lines {
    text: Mutex<String>,
    spans: AtomicU64,
}

impl Logged {
    pub(crate) fn text(&self) -> String {
        self.0.text.lock().unwrap().clone()
    }

    fn write(&self, what: &str, record: impl FnOnce(&mut Line)) {
        let mut line = Line(what.to_owned());
        record(&mut line);
        *self.0.text.lock().unwrap() += &(line.0 + "\n");
    }
}

pub(crate) fn install() -> Logged {
    let logged = Logged::default();
    tracing::subscriber::set_global_default(logged.clone()).unwrap();
    logged
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Logged {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let most = if metadata.target() == "socketio_server::door::listen" {
            Level::TRACE
        } else {
            Level::DEBUG
        };
        *metadata.level() <= most && metadata.target().starts_with("socketio_server")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write("span", |line| span.record(line));
        Id::from_u64(self.0.spans.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        self.write("event", |line| event.record(line));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
