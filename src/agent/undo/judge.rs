//! What undoing one row means, in view of what it holds by now. Pure.

use crate::mapping::{Field, Mapping};
use crate::model::{Record, Side, Version};

use super::goal::Deed;

/// What a row is by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    Row { record: Record, version: Option<Version> },
    Absent,
    Unreadable,
}

/// What undoing one row means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as before the run.
    Done,
    Delete {
        version: Version,
    },
    Update {
        version: Version,
        sent: Record,
        before: Record,
    },
    /// The deleted row is created again.
    Create {
        sent: Record,
    },
    /// It is not as the run left it, or cannot be told.
    Leave(Why),
}

/// Why a row is not undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    EditedSince,
    DeletedSince,
    Unreadable,
    /// The journal does not tell what the row was left as, or what a field held before.
    NotTold,
    NoVersion,
    /// The mapping no longer writes the field there.
    NotMapped(String),
}

/// Says what undoing a deed means. A row is taken for as the run left it only where its version says so, or the fields
/// that the run wrote hold what it wrote; a row it made only where the version says so, for nobody knows what else was
/// entered since.
#[must_use]
pub fn judge(mapping: &Mapping, side: Side, deed: &Deed, now: &Now) -> Verdict {
    let leave = Verdict::Leave;
    match (deed, now) {
        (_, Now::Unreadable) => leave(Why::Unreadable),
        (Deed::Created { .. }, Now::Absent) | (Deed::Deleted { .. }, Now::Row { .. }) => Verdict::Done,
        (Deed::Updated { .. }, Now::Absent) => leave(Why::DeletedSince),
        (Deed::Deleted { values }, Now::Absent) => Verdict::Create { sent: values.clone() },
        (Deed::Created { version: left }, Now::Row { version, .. }) => match (left, version) {
            (None, _) => leave(Why::NotTold),
            (_, None) => leave(Why::NoVersion),
            (Some(left), Some(version)) if left != version => leave(Why::EditedSince),
            (Some(_), Some(version)) => match guards(mapping, version) {
                true => Verdict::Delete { version: version.clone() },
                false => leave(Why::NoVersion),
            },
        },
        (Deed::Updated { fields, version: left }, Now::Row { record, version }) => {
            let is_as_left = left.is_some() && left == version;
            let (mut sent, mut before) = (Record::default(), Record::default());
            for (field, step) in fields {
                let Some(value) = record.get(field) else { return leave(Why::NotMapped(field.to_string())) };
                if step.before.as_ref() == Some(value) {
                    continue;
                }
                if !is_as_left && value != &step.after {
                    return leave(Why::EditedSince);
                }
                let Some(was) = &step.before else { return leave(Why::NotTold) };
                if !mapping.field(field).is_some_and(|field| is_written(field, side)) {
                    return leave(Why::NotMapped(field.to_string()));
                }
                sent.set(field.clone(), was.clone());
                before.set(field.clone(), value.clone());
            }
            match version {
                _ if sent.0.is_empty() => Verdict::Done,
                Some(version) if guards(mapping, version) => {
                    Verdict::Update { version: version.clone(), sent, before }
                }
                Some(_) | None => leave(Why::NoVersion),
            }
        }
    }
}

/// I2: the digest of a row's content is a version only where the mapping says so.
fn guards(mapping: &Mapping, version: &Version) -> bool {
    mapping.unguarded || !version.is_content()
}

/// I11: a field that the mapping does not let flow there is its side's own.
fn is_written(field: &Field, side: Side) -> bool {
    field.direction.flows_to(side) || field.on_create[side]
}

impl Why {
    /// Says it to a person.
    #[must_use]
    pub fn text(&self, system: &str) -> String {
        match self {
            Self::EditedSince => format!("edited in {system} since"),
            Self::DeletedSince => format!("deleted in {system} since"),
            Self::Unreadable => format!("cannot be read in {system}"),
            Self::NotTold => format!("the journal does not tell what it was in {system}"),
            Self::NoVersion => format!("{system} gives it no version to write by"),
            Self::NotMapped(field) => format!("the mapping does not write {field} in {system} any more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::agent::undo::goal::Step;
    use crate::mapping;
    use crate::model::{FieldId, Pair, Value};

    fn customer() -> Mapping {
        let text = mapping::standard("CUSTOMER").unwrap();
        mapping::parse("test", text, &Pair::new("erp".into(), "crm".into())).unwrap()
    }

    fn record(fields: &[(&str, &str)]) -> Record {
        fields.iter().map(|(field, value)| (FieldId::new(*field), Value::text(*value))).collect()
    }

    fn now(version: &str, fields: &[(&str, &str)]) -> Now {
        Now::Row { record: record(fields), version: Some(version.into()) }
    }

    fn updated(before: Option<&str>) -> Deed {
        let before = before.map(Value::text);
        let step = Step { before, after: Value::text("2"), is_answer: false };
        Deed::Updated { fields: BTreeMap::from([("phone".into(), step)]), version: Some("W/2".into()) }
    }

    fn check(deed: &Deed, now: &Now, expected: &Verdict) {
        assert_eq!(&judge(&customer(), Side::Right, deed, now), expected);
    }

    /// I33
    #[test]
    fn a_field_goes_back_only_while_it_is_as_the_run_left_it() {
        let deed = updated(Some("1"));
        let back = |version: &str| Verdict::Update {
            version: version.into(),
            sent: record(&[("phone", "1")]),
            before: record(&[("phone", "2")]),
        };
        check(&deed, &now("W/2", &[("phone", "2")]), &back("W/2"));
        check(&deed, &now("W/3", &[("phone", "2")]), &back("W/3"));
        check(&deed, &now("W/3", &[("phone", "1")]), &Verdict::Done);
        check(&deed, &now("W/3", &[("phone", "3")]), &Verdict::Leave(Why::EditedSince));
        check(&deed, &Now::Absent, &Verdict::Leave(Why::DeletedSince));
        check(&deed, &Now::Unreadable, &Verdict::Leave(Why::Unreadable));
    }

    /// What the server made of a value is still what the run left, by the row's version.
    #[test]
    fn a_value_that_the_server_rewrote_is_as_the_run_left_it() {
        let verdict = judge(&customer(), Side::Right, &updated(Some("1")), &now("W/2", &[("phone", "+2")]));
        assert!(matches!(verdict, Verdict::Update { .. }), "{verdict:?}");
    }

    #[test]
    fn a_value_nobody_knows_is_not_guessed() {
        check(&updated(None), &now("W/2", &[("phone", "2")]), &Verdict::Leave(Why::NotTold));
    }

    /// I33: nobody knows what else was entered into a row that has another version by now.
    #[test]
    fn a_row_that_was_made_goes_only_with_the_version_it_was_made_with() {
        let made = |version: Option<&str>| Deed::Created { version: version.map(Into::into) };
        let row = now("W/2", &[("phone", "2")]);
        check(&made(Some("W/2")), &row, &Verdict::Delete { version: "W/2".into() });
        check(&made(Some("W/1")), &row, &Verdict::Leave(Why::EditedSince));
        check(&made(None), &row, &Verdict::Leave(Why::NotTold));
        check(&made(Some("W/2")), &Now::Absent, &Verdict::Done);
    }

    /// I2
    #[test]
    fn nothing_is_written_without_a_version() {
        let digest = Version::of_content("5c1e");
        let row = Now::Row { record: record(&[("phone", "2")]), version: Some(digest.clone()) };
        check(&updated(Some("1")), &row, &Verdict::Leave(Why::NoVersion));
        check(&Deed::Created { version: Some(digest) }, &row, &Verdict::Leave(Why::NoVersion));
    }

    #[test]
    fn a_deleted_row_is_made_again_unless_it_is_there() {
        let deed = Deed::Deleted { values: record(&[("phone", "2")]) };
        check(&deed, &Now::Absent, &Verdict::Create { sent: record(&[("phone", "2")]) });
        check(&deed, &now("W/9", &[]), &Verdict::Done);
    }
}
