"""Shows that .ci/public_api.py sees a change of each kind: a small crate, and what becomes of its list when it is changed."""

import difflib
import pathlib
import subprocess
import tempfile

SAMPLE = """
#![allow(warnings)]
mod inner {
    pub struct Shown<'a, T: Clone = u8> { pub field: &'a [T], hidden: u8 }
    impl<'a, T: Clone> Shown<'a, T> {
        pub fn method(&mut self, x: impl Fn(&str) -> bool + Send, y: [u8; 4]) -> Option<(T, u8)> { None }
        fn private(&self) {}
    }
    impl Shown<'static, u8> { pub const SIZE: usize = 4; }
    impl<'a, T: Clone> core::fmt::Debug for Shown<'a, T> {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { Ok(()) }
    }
    pub struct Unreachable;
}
pub use inner::Shown;
pub use std::time::Duration as Long;
#[non_exhaustive] pub enum Kind { One, Two(u8), Three { x: Box<dyn Fn(u8) + Send> } }
pub trait Error: 'static { type Item: Clone; fn must(&self) -> Self::Item; fn may(&self) {} }
impl Error for u8 { type Item = u16; fn must(&self) -> u16 { 0 } }
pub mod deep {
    pub async fn run<F>(f: F) -> Result<(), std::io::Error> where F: for<'a> FnOnce(&'a str) -> u8 { Ok(()) }
    pub type Pair<T> = (T, T);
    pub const LIMIT: u32 = 1 << 4;
    #[doc(hidden)] pub fn secret() {}
}
pub struct NotSend(*const u8);
"""
EXPECTED = """
auto Kind: !Sync, Send, Unpin
#[non_exhaustive] pub enum Kind
pub Kind::One
pub Kind::Three { x: Box<dyn Fn(u8) + Send> }
pub Kind::Two(u8)
"""
# What is replaced, by what, and what the difference has to show.
PLANTED = [
    ("pub fn method", "fn method", "-pub fn Shown::method"),
    ("[u8; 4]", "[u8; 5]", "y: [u8; 5]"),
    ("Fn(&str) -> bool + Send", "Fn(&str) -> bool", "x: impl Fn(&str) -> bool, "),
    ("T: Clone = u8", "T: Clone", "-pub struct Shown<'a, T: Clone = u8>"),
    ("#[non_exhaustive] pub enum", "pub enum", "+pub enum Kind"),
    ("Two(u8)", "Two(u16)", "+pub Kind::Two(u16)"),
    ("One,", "", "-pub Kind::One"),
    ("hidden: u8", "hidden: *const u8", "-auto Shown: Send"),
    ("-> Self::Item;", "-> Self::Item { loop {} }", "// provided"),
    ("pub field", "field", "-pub Shown::field"),
    ("impl<'a, T: Clone> core::fmt::Debug", "impl<'a, T: Clone> core::fmt::Display", "-impl<'a, T: Clone> Debug for Shown"),
    ("type Item = u16; fn must(&self) -> u16", "type Item = u32; fn must(&self) -> u32", "{ Item = u32 }"),
    ("where F: for<'a> FnOnce(&'a str)", "where F: for<'a> Fn(&'a str)", "+pub async fn deep::run"),
    ("pub async fn", "pub fn", "+pub fn deep::run"),
    ("(T, T)", "(T, T, T)", "+pub type deep::Pair<T> = (T, T, T)"),
    ("1 << 4", "1 << 5", "+pub const deep::LIMIT"),
    ("pub use inner::Shown;", "pub use inner::*;", "+pub struct Unreachable"),
    ("as Long", "as Longer", "+pub use Longer = core::time::Duration"),
    ("#[doc(hidden)] pub fn secret", "pub fn secret", "+pub fn deep::secret()"),
]


def run(rustdoc, lines_of):
    """What was planted and not found. Each is a small crate of its own, described by rustdoc."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        def lines(source):
            file = pathlib.Path(folder) / "sample.rs"
            file.write_text(source)
            subprocess.run([rustdoc, "--edition", "2024", "--crate-name", "sample", "-Z", "unstable-options", "--output-format",
                            "json", "-o", folder, "-A", "warnings", str(file)], check=True)
            return lines_of(pathlib.Path(folder) / "sample.json")

        clean = lines(SAMPLE)
        for line in EXPECTED.strip().splitlines():
            if line not in clean:
                wrong.append(f"in a clean list: {line!r} is missing from {clean}")
        for before, after, words in PLANTED:
            assert before in SAMPLE, before
            diff = list(difflib.unified_diff(clean, lines(SAMPLE.replace(before, after)), lineterm="", n=0))
            if not any(words in line for line in diff):
                wrong.append(f"planted and not found: {words!r}; found {diff}")
    return wrong, f"self-test: {len(PLANTED)} planted changes found"
