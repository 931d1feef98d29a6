//! Switches: what the documents leave open or an administrator decides, chosen when a simulation starts.

use std::str::FromStr;

/// One way in which the simulated Dataverse differs from the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Errors have an empty code.
    EmptyCodes,
    /// Errors have the code `0x0`.
    ZeroCodes,
    /// Errors have their code as a signed decimal.
    DecimalCodes,
    /// A hit of a duplicate rule is answered 500 instead of 412.
    DuplicatesAre500,
    /// A guarded write to a missing row is answered 412 instead of 404.
    MissingIs412,
    /// The indexes of alternate keys never become active.
    PendingKeys,
    /// Every second change set fails in its middle.
    FailingChangeSets,
    /// The error of a change set stands inside a `changesetresponse_` of its own.
    WrappedChangeSetErrors,
    /// Every second page is empty and has a link to the next.
    EmptyPages,
    /// Pages hold half of what was asked for.
    ShortPages,
    /// The delta link of a first read stands for its last page: what changes while paging is lost.
    FirstReadLoses,
    /// A tracked read with annotations ends without a delta link.
    AnnotationsHideDeltaLinks,
    /// The organisation is in administration mode: only people, who are administrators, get in.
    AdministrationMode,
    /// The organisation is disabled.
    Disabled,
    /// There is no application user.
    UnknownUser,
    /// The application user has no role.
    NoRole,
    /// The application user may not act for others.
    NoDelegation,
    /// The solution of Business Central's own integration is installed, and no company is set up.
    OtherEngineInstalled,
    /// Business Central's own integration is at work for a company.
    OtherEngine,
    /// New products are drafts, whatever state is sent.
    DraftProducts,
    /// A table without change tracking.
    Untracked(String),
    /// A table without conditions on versions.
    Unversioned(String),
    /// A table the application user may not read.
    Unreadable(String),
    /// A table the application user may not write.
    Unwritable(String),
    /// A table without the bulk actions.
    NoBulk(String),
    /// The base currency is that one instead of the dollar.
    BaseCurrency(String),
}

/// A switch that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no switch of the simulated Dataverse; --help lists them")]
pub struct UnknownSwitch(String);

type Of = fn(String) -> Switch;

const PLAIN: &[(&str, Switch, &str)] = &[
    ("empty-codes", Switch::EmptyCodes, "errors with an empty code"),
    ("zero-codes", Switch::ZeroCodes, "errors with the code 0x0"),
    ("decimal-codes", Switch::DecimalCodes, "errors with a signed decimal code"),
    ("duplicates-500", Switch::DuplicatesAre500, "duplicate rules answer 500 instead of 412"),
    ("missing-412", Switch::MissingIs412, "guarded writes to missing rows answer 412 instead of 404"),
    ("pending-keys", Switch::PendingKeys, "indexes of alternate keys never become active"),
    ("failing-change-sets", Switch::FailingChangeSets, "every second change set fails in its middle"),
    (
        "wrapped-change-set-errors",
        Switch::WrappedChangeSetErrors,
        "errors of change sets inside a changesetresponse",
    ),
    ("empty-pages", Switch::EmptyPages, "every second page is empty and links to the next"),
    ("short-pages", Switch::ShortPages, "pages of half the size asked for"),
    ("first-read-loses", Switch::FirstReadLoses, "changes made during a paged first read are not reported"),
    ("annotations-hide-delta-links", Switch::AnnotationsHideDeltaLinks, "no delta link with annotations"),
    ("administration-mode", Switch::AdministrationMode, "only people get in"),
    ("disabled", Switch::Disabled, "the organisation is disabled"),
    ("unknown-user", Switch::UnknownUser, "no application user"),
    ("no-role", Switch::NoRole, "an application user without a role"),
    ("no-delegation", Switch::NoDelegation, "an application user who may not act for others"),
    (
        "other-engine-installed",
        Switch::OtherEngineInstalled,
        "Business Central's own integration, not set up",
    ),
    ("draft-products", Switch::DraftProducts, "new products are drafts"),
    ("other-engine", Switch::OtherEngine, "Business Central's own integration at work"),
];

/// Those that take a word, with what it is.
const OF: &[(&str, Of, &str, &str)] = &[
    ("untracked", Switch::Untracked, "TABLE", "a table without change tracking"),
    ("unversioned", Switch::Unversioned, "TABLE", "a table without optimistic concurrency"),
    ("unreadable", Switch::Unreadable, "TABLE", "a table the application may not read"),
    ("unwritable", Switch::Unwritable, "TABLE", "a table the application may not write"),
    ("no-bulk", Switch::NoBulk, "TABLE", "a table without CreateMultiple and its like"),
    ("base-currency", Switch::BaseCurrency, "CODE", "USD, EUR or GBP: the base currency"),
];

impl Switch {
    /// Returns every switch as it is written on the command line, with what it does.
    pub fn described() -> Vec<(String, &'static str)> {
        let plain = PLAIN.iter().map(|(name, _, meaning)| ((*name).to_owned(), *meaning));
        let of = OF.iter().map(|(name, _, what, meaning)| (format!("{name}={what}"), *meaning));
        plain.chain(of).collect()
    }
}

impl FromStr for Switch {
    type Err = UnknownSwitch;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, switch, _)) = PLAIN.iter().find(|(name, _, _)| *name == text) {
            return Ok(switch.clone());
        }
        let of = text.split_once('=').and_then(|(name, word)| {
            let (_, switch, _, _) = OF.iter().find(|(other, ..)| *other == name)?;
            Some(switch(word.trim().to_owned())).filter(|_| !word.trim().is_empty())
        });
        of.ok_or_else(|| UnknownSwitch(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_read_as_it_is_described() {
        for (text, _) in Switch::described() {
            assert!(text.parse::<Switch>().is_ok(), "{text}");
        }
        assert_eq!("disabled".parse(), Ok(Switch::Disabled));
        assert_eq!("untracked=account".parse(), Ok(Switch::Untracked("account".to_owned())));
        for wrong in ["", "untracked", "untracked=", "empty-codes=account", "dance"] {
            assert!(wrong.parse::<Switch>().is_err(), "{wrong}");
        }
    }
}
