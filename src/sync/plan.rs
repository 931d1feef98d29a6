//! Digests of planned writes and of whole plans, by which a person approves exactly what was shown.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::model::{DecisionHash, FieldChange, MappingName, PlanHash, PlanKey, PlannedWrite, Value};

/// Hex digits of a plan's hash: short enough to type.
const DIGITS: usize = 12;

/// Returns the digest of everything a planned write would do: to which row, which values in place of which.
#[must_use]
pub fn decision_hash(mapping: &MappingName, planned: &PlannedWrite) -> DecisionHash {
    let mut text = Canonical::default();
    text.part(mapping.as_str());
    text.part(planned.on.word());
    text.part(planned.verb.word());
    text.part(planned.row.as_str());
    for FieldChange { field, before, after } in &planned.fields {
        text.part(field.as_str());
        match before {
            Some(before) => text.value(before),
            None => text.part("unknown"),
        }
        text.value(after);
    }
    let digest = text.0.finalize();
    let first = digest.iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte));
    DecisionHash(first)
}

/// Returns the digest of a whole plan. The order in which its rows were found does not matter.
#[must_use]
pub fn plan_hash(mapping: &MappingName, rows: &BTreeMap<PlanKey, DecisionHash>) -> PlanHash {
    let mut text = Canonical::default();
    text.part(mapping.as_str());
    for hash in rows.values() {
        text.0.update(hash.0.to_be_bytes());
    }
    let digest: String = text.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    PlanHash::new(&digest[..DIGITS])
}

/// Text in parts that cannot run into each other.
#[derive(Default)]
struct Canonical(Sha256);

impl Canonical {
    fn part(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn value(&mut self, value: &Value) {
        let (kind, text) = match value {
            Value::Blank => ("blank", String::new()),
            Value::Text(text) => ("text", text.clone()),
            Value::Number(number) => ("number", number.normalize().to_string()),
            Value::Flag(flag) => ("flag", flag.to_string()),
            Value::Date(date) => ("date", date.to_string()),
            Value::Instant(instant) => ("instant", instant.to_string()),
            Value::Reference(row) => ("row", row.to_string()),
            Value::Uncoupled(side, row) => ("uncoupled row", format!("{side} {row}")),
        };
        self.part(kind);
        self.part(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PlanVerb, RowId, Side};

    fn planned(before: Option<&str>, after: &str) -> PlannedWrite {
        let value = |text: &str| Value::text(text);
        PlannedWrite {
            on: Side::Right,
            verb: PlanVerb::Update,
            row: RowId::new("r"),
            label: "Alfreds".to_owned(),
            fields: vec![FieldChange {
                field: "phone".into(),
                before: before.map(value),
                after: value(after),
            }],
        }
    }

    fn hash(planned: &PlannedWrite) -> DecisionHash {
        decision_hash(&"CUSTOMER".into(), planned)
    }

    /// I17
    #[test]
    fn a_hash_changes_with_all_that_would_be_done_and_with_nothing_else() {
        let one = planned(Some("1"), "2");
        assert_eq!(hash(&one), hash(&PlannedWrite { label: "Berglunds".to_owned(), ..one.clone() }));
        for other in [
            planned(Some("1"), "3"),
            planned(Some("0"), "2"),
            planned(None, "2"),
            PlannedWrite { on: Side::Left, ..one.clone() },
            PlannedWrite { verb: PlanVerb::Create, ..one.clone() },
            PlannedWrite { row: RowId::new("s"), ..one.clone() },
            PlannedWrite { fields: vec![], ..one.clone() },
        ] {
            assert_ne!(hash(&one), hash(&other), "{other:?}");
        }
        assert_ne!(hash(&one), decision_hash(&"VENDOR".into(), &one));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash(&planned(Some("ab"), "c")), hash(&planned(Some("a"), "bc")));
        assert_ne!(hash(&planned(None, "x")), hash(&planned(Some(""), "x")));
    }

    #[test]
    fn a_number_counts_by_its_value() {
        let with = |number: &str| {
            let mut planned = planned(None, "");
            planned.fields[0].after = Value::Number(number.parse().unwrap());
            hash(&planned)
        };
        assert_eq!(with("1.50"), with("1.5"));
        assert_ne!(with("1.50"), with("15"));
    }

    #[test]
    fn the_hash_of_a_plan_is_short_and_tells_every_row() {
        let row = |row: &str, hash| {
            let key = PlanKey { on: Side::Left, verb: PlanVerb::Delete, row: RowId::new(row).to_bytes() };
            (key, DecisionHash(hash))
        };
        let plan =
            |rows: &[(PlanKey, DecisionHash)]| plan_hash(&"CUSTOMER".into(), &rows.iter().copied().collect());
        let both = plan(&[row("a", 1), row("b", 2)]);
        assert_eq!(both.as_str().len(), DIGITS);
        assert_eq!(both, plan(&[row("b", 2), row("a", 1)]));
        assert_ne!(both, plan(&[row("a", 1)]));
        assert_ne!(both, plan(&[row("a", 1), row("b", 3)]));
    }

    /// I17: so many bits that no two writes of a plan are taken for each other.
    #[test]
    fn a_hash_uses_all_of_its_bits() {
        let hashes = (0..64).map(|n| hash(&planned(None, &n.to_string())).0);
        let (some, all) = hashes.fold((0, u128::MAX), |(some, all), hash| (some | hash, all & hash));
        assert_eq!((some, all), (u128::MAX, 0));
    }
}
