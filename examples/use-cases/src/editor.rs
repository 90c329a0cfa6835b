//! A text that several people edit at once. The server gives every edit its number; whoever applies them in that order has the
//! same text as everybody else.
//!
//! An edit says on which version it was made. What others did since is taken into account: positions move. Who comes back after
//! a lost connection asks for what it missed, by number.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use socketio_server::{Ack, Data, EmitError, Server, Socket};

/// Characters in the text.
const MAX_TEXT: usize = 100_000;

/// At this place, so many characters away, and these there instead.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Edit {
    /// As it is sent to the server: the version it was made on. As it comes from the server: the version it makes.
    version: usize,
    at: usize,
    #[serde(default)]
    delete: usize,
    #[serde(default)]
    insert: String,
}

#[derive(Default)]
struct Document {
    text: Vec<char>,
    /// All of them, so the version is how many there are. A server that runs for long would keep only the last ones.
    edits: Vec<Edit>,
}

/// What somebody who opens it gets.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Opened {
    Text { version: usize, text: String },
    Missed { edits: Vec<Edit> },
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Document>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Document> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn register(io: &Server) {
    let shared = Shared::default();
    let editor = io.of("/editor");

    let opening = shared.clone();
    editor.on(
        "open",
        async move |socket: Socket, Data(since): Data<Option<usize>>| {
            // First the room, then the text: nothing is missed in between, and the version tells what comes twice.
            socket.join("editors");
            let document = opening.lock();
            let missed = since.and_then(|since| document.edits.get(since..));
            Ack(match missed {
                Some(edits) => Opened::Missed {
                    edits: edits.to_vec(),
                },
                None => Opened::Text {
                    version: document.edits.len(),
                    text: document.text.iter().collect(),
                },
            })
        },
    );

    editor.on(
        "edit",
        async move |socket: Socket, Data(edit): Data<Edit>| {
            // Sent while the lock is held: so everybody gets edits in the order of their numbers.
            let mut document = shared.lock();
            let Some(applied) = document.apply(edit) else {
                return Ok(Ack(None));
            };
            socket.namespace().to("editors").emit("edited", &applied)?;
            Ok::<_, EmitError>(Ack(Some(applied.version)))
        },
    );
}

impl Document {
    /// `None` if it cannot be applied: to a version that never was, or the text would be too long.
    fn apply(&mut self, mut edit: Edit) -> Option<Edit> {
        edit.at = edit.at.min(MAX_TEXT);
        edit.delete = edit.delete.min(MAX_TEXT);
        for other in self.edits.get(edit.version..)? {
            edit.follow(other);
        }
        edit.at = edit.at.min(self.text.len());
        edit.delete = edit.delete.min(self.text.len() - edit.at);
        if self.text.len() - edit.delete + edit.insert.chars().count() > MAX_TEXT {
            return None;
        }
        self.text
            .splice(edit.at..edit.at + edit.delete, edit.insert.chars());
        edit.version = self.edits.len() + 1;
        self.edits.push(edit.clone());
        Some(edit)
    }
}

impl Edit {
    /// Moves to where it belongs after another one.
    fn follow(&mut self, other: &Self) {
        let inserted = other.insert.chars().count();
        if self.at >= other.at.saturating_add(other.delete) {
            self.at = self.at - other.delete + inserted;
            return;
        }
        // What the other one has removed cannot be removed again.
        let begin = self.at.max(other.at);
        let end = self
            .at
            .saturating_add(self.delete)
            .min(other.at.saturating_add(other.delete));
        self.delete -= end.saturating_sub(begin);
        if self.at > other.at {
            self.at = other.at.saturating_add(inserted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(version: usize, at: usize, delete: usize, insert: &str) -> Edit {
        Edit {
            version,
            at,
            delete,
            insert: insert.into(),
        }
    }

    #[test]
    fn edits_that_were_made_at_once_keep_what_both_meant() {
        for (first, second, text) in [
            (edit(1, 0, 0, "A"), edit(1, 5, 0, "B"), "AhelloB"),
            (edit(1, 0, 3, ""), edit(1, 1, 3, "x"), "xo"),
            (edit(1, 1, 3, ""), edit(1, 0, 5, "x"), "x"),
            (edit(1, 2, 0, "XY"), edit(1, 2, 0, "Z"), "heXYZllo"),
        ] {
            let mut document = Document::default();
            document.apply(edit(0, 0, 0, "hello"));
            document.apply(first);
            document.apply(second);
            assert_eq!(document.text.iter().collect::<String>(), text);
        }
    }

    #[test]
    fn what_makes_no_sense_does_no_harm() {
        let mut document = Document::default();
        assert!(document.apply(edit(9, 0, 0, "x")).is_none());
        assert!(
            document
                .apply(edit(0, usize::MAX, usize::MAX, "é"))
                .is_some()
        );
        assert!(
            document
                .apply(edit(0, usize::MAX, usize::MAX, "x"))
                .is_some()
        );
        assert!(
            document
                .apply(edit(0, 0, 0, &"x".repeat(MAX_TEXT)))
                .is_none()
        );
        assert_eq!(document.text.len(), 2);
    }
}
