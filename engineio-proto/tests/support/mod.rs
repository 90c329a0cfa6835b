//! What the tests of transitions share.

use std::path::Path;

use engineio_proto::Time;

/// So many milliseconds after the start.
pub(crate) fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

/// Fails unless the committed table `name` is `actual`; writes it if `UPDATE_TABLES` is set.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch for the developer who runs the test, not an input of the protocol"
)]
pub(crate) fn compare_with_table(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    let actual: String = actual
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    if std::env::var_os("UPDATE_TABLES").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (expected, actual)) in expected.lines().zip(actual.lines()).enumerate() {
        assert_eq!(actual, expected, "{name}, line {}", number + 1);
    }
    assert_eq!(
        actual.lines().count(),
        expected.lines().count(),
        "lines in {name}"
    );
}
