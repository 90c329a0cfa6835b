//! Which profiles there are. Each is a function that serves until the process is to end.

use std::pin::Pin;

use crate::arguments::Arguments;
use crate::raw_echo;

/// Serves one profile.
pub(crate) type Profile = fn(&Arguments) -> Serving<'_>;

/// Ends with the process, or when it cannot listen.
pub(crate) type Serving<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

const PROFILES: [(&str, Profile); 2] = [
    ("eio4", |arguments| {
        Box::pin(raw_echo::serve(arguments, false))
    }),
    ("eio3", |arguments| {
        Box::pin(raw_echo::serve(arguments, true))
    }),
];

pub(crate) fn find(name: &str) -> Result<Profile, String> {
    let found = PROFILES.iter().find(|(known, _)| *known == name);
    found.map(|(_, profile)| *profile).ok_or_else(|| {
        let known: Vec<_> = PROFILES.iter().map(|(name, _)| *name).collect();
        format!("there is no profile {name}, only {}", known.join(", "))
    })
}
