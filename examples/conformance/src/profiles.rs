//! Which profiles there are.

use std::pin::Pin;

use crate::arguments::Arguments;
use crate::{bench, defaults, interop, raw_echo, sio_client, sio_protocol};

/// One profile: a row of the table.
pub(crate) struct Profile {
    name: &'static str,
    pub(crate) runtime: Threads,
    /// Serves until the process is to end, or cannot listen.
    pub(crate) serve: fn(&Arguments) -> Serving<'_>,
}

/// How many threads serve.
pub(crate) enum Threads {
    One,
    Cores,
    /// What `--runtime` says; as many as there are cores if it says nothing.
    Chosen,
}

pub(crate) type Serving<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

// The suites of raw messages post a body of several messages, and expect the next poll to bring the answers to all of them.
// An application is a task of its own; on one thread it has answered all before the next request is read.
const PROFILES: [Profile; 11] = [
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
    Profile {
        name: "sio-protocol",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(sio_protocol::serve(arguments)),
    },
    Profile {
        name: "sio-client",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(sio_client::serve(arguments)),
    },
    Profile {
        name: "interop",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(interop::serve(arguments, interop::Variant::Plain)),
    },
    Profile {
        name: "interop-msgpack",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(interop::serve(arguments, interop::Variant::MessagePack)),
    },
    // Until sessions are kept, clients of this one get a fresh session each time.
    Profile {
        name: "interop-csr",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(interop::serve(arguments, interop::Variant::Plain)),
    },
    Profile {
        name: "interop-proxied",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(interop::serve(arguments, interop::Variant::Proxied)),
    },
    Profile {
        name: "abuse",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(interop::serve(arguments, interop::Variant::ShortTimers)),
    },
    Profile {
        name: "defaults",
        runtime: Threads::Cores,
        serve: |arguments| Box::pin(defaults::serve(arguments)),
    },
    Profile {
        name: "bench",
        runtime: Threads::Chosen,
        serve: |arguments| Box::pin(bench::serve(arguments)),
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
