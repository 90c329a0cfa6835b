//! In which spans an application logs: those of the session and of the event, at first and after it has waited.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use socketio_server::testing::TestServer;
use socketio_server::{Ack, Data, Server};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// The spans that this thread is in, innermost last.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Spans and what is logged, each line with all the spans around it.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Each with those around it, outermost first.
    spans: Vec<String>,
    lines: Vec<String>,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Logged {
    /// The innermost span of this thread, written out.
    fn around(state: &State) -> String {
        let innermost = ENTERED.with_borrow(|entered| entered.last().copied());
        innermost.map_or_else(String::new, |id| {
            state.spans[usize::try_from(id - 1).unwrap()].clone()
        })
    }
}

impl Subscriber for Logged {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() || metadata.target() == "application"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        let mut state = self.0.lock().unwrap();
        let around = Self::around(&state);
        state.spans.push(format!("{around}/{}", text.0));
        Id::from_u64(state.spans.len() as u64)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let mut state = self.0.lock().unwrap();
        let line = format!("{}:{}", Self::around(&state), text.0);
        state.lines.push(line);
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| assert_eq!(entered.pop(), Some(id.into_u64())));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
}

/// One test, because what is logged belongs to the process.
#[tokio::test]
async fn what_a_handler_logs_stands_in_the_spans_of_its_session_and_its_event() {
    let logged = Logged::default();
    tracing::subscriber::set_global_default(logged.clone()).unwrap();
    let io = Server::new();
    io.of("/chat")
        .on("greet", async |Data(secret): Data<String>| {
            tracing::info!(target: "application", "first");
            tokio::task::yield_now().await;
            tracing::info!(target: "application", "then");
            Ack(secret)
        });
    let server = TestServer::new(&io);
    let client = server.client("/chat").await.unwrap();
    let answer: String = client.emit_with_ack("greet", &"hush").await.unwrap();
    assert_eq!(answer, "hush");

    let state = logged.0.lock().unwrap();
    let [first, then] = &state.lines[..] else {
        panic!("{:?}", state.lines)
    };
    for (line, message) in [(first, "first"), (then, "then")] {
        assert!(line.starts_with("/session number="), "{line}");
        assert!(
            line.contains("/event namespace=\"/chat\" event=\"greet\""),
            "{line}"
        );
        assert!(line.ends_with(&format!("message={message}")), "{line}");
    }
    let spans = state.spans.concat();
    assert!(
        !spans.contains("hush"),
        "no span says what was sent: {spans}"
    );
}
