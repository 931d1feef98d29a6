//! What people are told about a connection that leads elsewhere, or to a system that was set back.

use crate::agent::desk::control::{FrozenView, IdentityView};
use crate::model::{ConnectionName, Freeze, FreezeCause, Pin, ValueDisplay};

/// Shows a freeze.
pub fn frozen_view(connection: &ConnectionName, freeze: &Freeze) -> FrozenView {
    FrozenView {
        since: freeze.at,
        problem: frozen(connection, freeze),
        remedy: way_out_of_freeze(connection),
    }
}

/// Says what is wrong and what to do where a connection leads to another system than it was first used with.
#[must_use]
pub fn identity_problem(
    connection: &ConnectionName,
    pinned: &IdentityView,
    found: &IdentityView,
) -> Option<(String, String)> {
    let pin = |view: &IdentityView| Pin { identity: view.identity.clone(), name: view.name.clone() };
    let (pinned, found) = (pin(pinned), pin(found));
    (pinned.identity != found.identity)
        .then(|| (other_identity(connection, &pinned, &found), way_back(connection, &pinned, &found)))
}

/// Says why a connection is frozen.
pub fn frozen(connection: &ConnectionName, freeze: &Freeze) -> String {
    match &freeze.cause {
        FreezeCause::Restored { detail } => {
            format!("the database behind {connection} was restored or copied: {detail}; nothing was written")
        }
        FreezeCause::OlderContent { sampled, older } => {
            let shown: Vec<_> = older
                .iter()
                .take(3)
                .map(|row| {
                    let (found, agreed) = (ValueDisplay(&row.found), ValueDisplay(&row.agreed));
                    format!("{} of {} is {found} again, was {agreed}", row.field, row.label)
                })
                .collect();
            format!(
                "{connection} was set back to an earlier state, as from a backup: {} of {sampled} rows looked at are as they \
                 were before ({}); nothing was written",
                older.len(),
                shown.join("; ")
            )
        }
        FreezeCause::Wiped { table, coupled, gone } => format!(
            "{gone} of the {coupled} rows of {table} that Tandem keeps in step are gone from {connection}, and {connection} \
             told of no deletion: the table was emptied, or the database exchanged; nothing was written"
        ),
    }
}

/// Says what to do about a frozen connection.
pub fn way_out_of_freeze(connection: &ConnectionName) -> String {
    format!(
        "find out what happened to {connection}; until then Tandem leaves it alone. To go on with the state it is in: \
         `tandem rebaseline {connection}` shows first what that means and changes nothing until you agree"
    )
}

/// Says that a connection leads to another system, and how it differs.
pub fn other_identity(connection: &ConnectionName, pinned: &Pin, found: &Pin) -> String {
    let difference = Difference::of(pinned, found);
    format!(
        "[connections.{connection}] leads to {}, but Tandem's records are about {}: {}; nothing was written",
        difference.named(found),
        difference.named(pinned),
        difference.reason(pinned, found)
    )
}

/// Says what to do about a connection that leads elsewhere.
pub fn way_back(connection: &ConnectionName, pinned: &Pin, found: &Pin) -> String {
    let setting = match Difference::of(pinned, found) {
        Difference::Company { .. } => "`company`",
        Difference::Environment { .. } | Difference::Whole => "`url`",
    };
    format!(
        "if {setting} of [connections.{connection}] was changed by mistake, put it back; if this one takes the place of the \
         other for good, look at what that means with `tandem rebaseline {connection}`, which changes nothing until you agree"
    )
}

/// In what two systems differ.
enum Difference {
    Company {
        pinned: String,
        found: String,
    },
    Environment {
        pinned: String,
        found: String,
    },
    /// The organisation, or the whole address.
    Whole,
}

impl Difference {
    fn of(pinned: &Pin, found: &Pin) -> Self {
        let (Some((here, company)), Some((there, other))) =
            (pinned.identity.rsplit_once('+'), found.identity.rsplit_once('+'))
        else {
            return Self::Whole;
        };
        if here == there {
            Self::Company { pinned: company.to_owned(), found: other.to_owned() }
        } else {
            Self::Environment { pinned: here.to_owned(), found: there.to_owned() }
        }
    }

    /// Names a system by what tells it from the other.
    fn named(&self, pin: &Pin) -> String {
        let name = if pin.name.is_empty() { String::new() } else { format!(" \"{}\"", pin.name) };
        let id = pin.identity.as_str();
        match self {
            Self::Company { .. } => {
                format!("the company{name} ({})", id.rsplit('+').next().unwrap_or(id))
            }
            Self::Environment { .. } => {
                format!("the company{name} of {}", id.rsplit_once('+').map_or(id, |(at, _)| at))
            }
            Self::Whole => format!("the organisation{name} ({id})"),
        }
    }

    fn reason(&self, pinned: &Pin, found: &Pin) -> String {
        let has_same_name = !found.name.is_empty() && pinned.name == found.name;
        match self {
            Self::Company { .. } if has_same_name => {
                "a company of the same name but another id, perhaps a copy".to_owned()
            }
            Self::Company { pinned, found } => format!("company {found} instead of {pinned}"),
            Self::Environment { pinned, found } => format!("environment {found} instead of {pinned}"),
            Self::Whole => {
                "another organisation, perhaps a copy of the environment or its successor".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OlderRow, RowId, Timestamp, Value};

    fn pin(identity: &str, name: &str) -> Pin {
        Pin { identity: identity.to_owned(), name: name.to_owned() }
    }

    /// I13
    #[test]
    fn what_differs_is_named_by_name_and_id() {
        let erp = ConnectionName::new("erp");
        let said = |pinned: &Pin, found: &Pin| {
            format!("{}\n{}", other_identity(&erp, pinned, found), way_back(&erp, pinned, found))
        };
        let bikes = pin("t/production+1", "Bikes Ltd");
        insta::assert_snapshot!(said(&bikes, &pin("t/production+2", "Boats Ltd")), @r#"
        [connections.erp] leads to the company "Boats Ltd" (2), but Tandem's records are about the company "Bikes Ltd" (1): company 2 instead of 1; nothing was written
        if `company` of [connections.erp] was changed by mistake, put it back; if this one takes the place of the other for good, look at what that means with `tandem rebaseline erp`, which changes nothing until you agree
        "#);
        let copy = other_identity(&erp, &bikes, &pin("t/production+2", "Bikes Ltd"));
        assert!(copy.contains("a company of the same name but another id, perhaps a copy"), "{copy}");
        let sandbox = said(&bikes, &pin("t/sandbox+1", "Bikes Ltd"));
        assert!(sandbox.contains("the company \"Bikes Ltd\" of t/sandbox, but"), "{sandbox}");
        assert!(sandbox.contains("environment t/sandbox instead of t/production"), "{sandbox}");
        let crm = said(&pin("a", "Contoso"), &pin("b", "Contoso (copy)"));
        assert!(crm.contains("the organisation \"Contoso (copy)\" (b), but"), "{crm}");
        assert!(crm.contains("perhaps a copy of the environment") && crm.contains("if `url` of"), "{crm}");
        assert!(other_identity(&erp, &pin("a", ""), &pin("b", "B")).contains("about the organisation (a):"));
    }

    /// I14
    #[test]
    fn a_freeze_tells_what_was_found() {
        let crm = ConnectionName::new("crm");
        let said = |cause| frozen(&crm, &Freeze { at: Timestamp::UNIX_EPOCH, cause });
        let row = OlderRow {
            mapping: "CUSTOMER".into(),
            row: RowId::new("1"),
            label: "Alfreds".to_owned(),
            field: "phone".into(),
            agreed: Value::text("2"),
            found: Value::text("1"),
        };
        insta::assert_snapshot!(said(FreezeCause::OlderContent { sampled: 20, older: vec![row.clone(), row] }), @r#"crm was set back to an earlier state, as from a backup: 2 of 20 rows looked at are as they were before (phone of Alfreds is "1" again, was "2"; phone of Alfreds is "1" again, was "2"); nothing was written"#);
        insta::assert_snapshot!(said(FreezeCause::Wiped { table: "accounts".into(), coupled: 91, gone: 90 }), @"90 of the 91 rows of accounts that Tandem keeps in step are gone from crm, and crm told of no deletion: the table was emptied, or the database exchanged; nothing was written");
    }
}
