//! Which profiles there are.

use std::pin::Pin;

use crate::arguments::Arguments;
use crate::raw_echo;

/// One profile: a row of the table.
pub(crate) struct Profile {
    name: &'static str,
    pub(crate) runtime: Threads,
    /// Serves until the process is to end, or cannot listen.
    pub(crate) serve: fn(&Arguments) -> Serving<'_>,
}

/// How many threads serve.
#[expect(
    dead_code,
    reason = "the profiles of raw messages need one thread only"
)]
pub(crate) enum Threads {
    One,
    Cores,
}

pub(crate) type Serving<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

// The suites of raw messages post a body of several messages, and expect the next poll to bring the answers to all of them.
// An application is a task of its own; on one thread it has answered all before the next request is read.
const PROFILES: [Profile; 2] = [
    Profile {
        name: "eio4",
        runtime: Threads::One,
        serve: |arguments| Box::pin(raw_echo::serve(arguments, false)),
    },
    Profile {
        name: "eio3",
        runtime: Threads::One,
        serve: |arguments| Box::pin(raw_echo::serve(arguments, true)),
    },
];

pub(crate) fn find(name: &str) -> Result<&'static Profile, String> {
    const TABLE: &[Profile] = &PROFILES;
    TABLE
        .iter()
        .find(|known| known.name == name)
        .ok_or_else(|| {
            let known: Vec<_> = TABLE.iter().map(|known| known.name).collect();
            format!("there is no profile {name}, only {}", known.join(", "))
        })
}
