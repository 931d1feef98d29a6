//! What people are told of the companion when they test a connection.

use super::presence::Installed;
use crate::systems::{Check, Finding, Verdict};

/// What goes without it.
const LOST: &str = "not installed: deletions are found by sweeps only, and merged rows look deleted; new rows have no id of \
                    Tandem's; conflicts show no author on this side; a restored database is not noticed; tables and \
                    columns that API v2.0 lacks cannot be mapped";

/// Says what was found of the companion.
pub fn finding(installed: Option<&Installed>) -> Finding {
    let Some(Installed { state, .. }) = installed else {
        let remedy = "install the Tandem companion extension in this environment, or set `companion` to \"off\" if it is \
                      not wanted";
        return Finding::bad(Check::Companion, Verdict::Warning, LOST, remedy);
    };
    let version = match state.extension_version.as_str() {
        "" => String::new(),
        version => format!(", version {version}"),
    };
    let held = match state.committed_below {
        from if from <= state.last_used => "; the latest changes wait for a transaction to end",
        _ => "",
    };
    Finding::good(Check::Companion, format!("installed: revision {}{version}{held}", state.revision))
}

/// Says that the companion is not to be used.
pub fn switched_off() -> Finding {
    Finding::good(Check::Companion, "not used (`companion` is \"off\")")
}

#[cfg(test)]
mod tests {
    use super::super::presence::tests::installed;
    use super::super::state::tests::state;
    use super::*;

    #[test]
    fn people_are_told_what_goes_without_it() {
        let found = finding(None);
        assert_eq!(found.verdict, Verdict::Warning);
        assert!(found.found.contains("deletions are found by sweeps only"), "{}", found.found);
        assert!(found.remedy.is_some_and(|remedy| remedy.contains("install")));
    }

    #[test]
    fn what_is_installed_is_named() {
        let found = |state| finding(Some(&installed(state))).found;
        assert_eq!(found(state(100, 101)), "installed: revision 1, version 1.0.0.0");
        assert!(found(state(100, 90)).ends_with("; the latest changes wait for a transaction to end"));
    }
}
