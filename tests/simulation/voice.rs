//! Tells whoever replays a seed what happens.

use std::sync::LazyLock;

use super::clock::START;

static IS_LOUD: LazyLock<bool> = LazyLock::new(|| std::env::var_os("TANDEM_TEST_LOUD").is_some());

/// Tells what happens at a second, if somebody listens.
#[expect(clippy::print_stderr, reason = "told to whoever replays a seed")]
pub fn say(now: i64, what: impl FnOnce() -> String) {
    if *IS_LOUD {
        eprintln!("{} {}", now - START, what());
    }
}
