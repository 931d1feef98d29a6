//! The stamp of a conflict: a digest of the values shown, which an answer carries back.

use sha2::{Digest, Sha256};

use crate::model::{ConflictKind, Stamp, Value};

/// Returns the stamp of what collided. Any change of a field, a base or a value changes it; the order of fields
/// does not.
#[must_use]
pub fn stamp_of(kind: &ConflictKind) -> Stamp {
    let mut digest = Sha256::new();
    match kind {
        ConflictKind::Deleted { on } => feed(&mut digest, &["deleted", on.word()]),
        ConflictKind::Fields(fields) => {
            feed(&mut digest, &["fields"]);
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|a, b| a.field.cmp(&b.field));
            for field in fields {
                feed(&mut digest, &[field.field.as_str()]);
                match &field.base {
                    None => feed(&mut digest, &["no base"]),
                    Some(base) => feed_value(&mut digest, base),
                }
                feed_value(&mut digest, &field.values.left);
                feed_value(&mut digest, &field.values.right);
            }
        }
    }
    let hex: String = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Stamp::new(hex)
}

fn feed_value(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Blank => feed(digest, &["blank"]),
        Value::Text(text) => feed(digest, &["text", text]),
        Value::Number(number) => feed(digest, &["number", &number.normalize().to_string()]),
        Value::Flag(flag) => feed(digest, &["flag", if *flag { "yes" } else { "no" }]),
        Value::Date(date) => feed(digest, &["date", &date.to_string()]),
        Value::Instant(instant) => feed(digest, &["instant", &instant.to_string()]),
        Value::Reference(row) => feed(digest, &["row", row.as_str()]),
        Value::Uncoupled(side, row) => feed(digest, &["uncoupled", side.word(), row.as_str()]),
    }
}

/// Feeds each text with its length, so that no two lists of texts look alike.
fn feed(digest: &mut Sha256, texts: &[&str]) {
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FieldConflict, FieldId, Pair, RowId, Side};

    fn stamp(base: Option<Value>, left: Value, right: Value) -> Stamp {
        let field = FieldConflict { field: FieldId::new("phone"), base, values: Pair::new(left, right) };
        stamp_of(&ConflictKind::Fields(vec![field]))
    }

    #[test]
    fn any_change_of_a_value_changes_the_stamp() {
        let text = |text: &str| Value::Text(text.to_owned());
        let shown = stamp(Some(text("a")), text("b"), text("c"));
        let others = [
            stamp(None, text("b"), text("c")),
            stamp(Some(text("x")), text("b"), text("c")),
            stamp(Some(text("a")), text("c"), text("b")),
            stamp(Some(text("a")), Value::Blank, text("c")),
            stamp(Some(text("a")), text("b"), Value::Number(1.into())),
            stamp_of(&ConflictKind::Deleted { on: Side::Left }),
            stamp_of(&ConflictKind::Deleted { on: Side::Right }),
        ];
        assert!(others.iter().all(|other| *other != shown));
        assert_eq!(shown.as_str().len(), 12);
        assert_eq!(shown, stamp(Some(text("a")), text("b"), text("c")));
    }

    #[test]
    fn each_kind_of_value_has_a_stamp_of_its_own() {
        let number = |text: &str| Value::Number(text.parse().unwrap());
        let values = [
            Value::Blank,
            Value::text("1"),
            Value::text("yes"),
            number("1"),
            Value::Flag(true),
            Value::Flag(false),
            Value::Date("2026-01-31".parse().unwrap()),
            Value::Instant("2026-01-31T00:00:00Z".parse().unwrap()),
            Value::Reference(RowId::new("1")),
            Value::Uncoupled(Side::Left, RowId::new("1")),
            Value::Uncoupled(Side::Right, RowId::new("1")),
        ];
        let stamps: Vec<_> = values.map(|value| stamp(None, value, Value::Blank)).into();
        for (at, one) in stamps.iter().enumerate() {
            assert!(!stamps[..at].contains(one), "{at}");
        }
        assert_eq!(stamp(None, number("1.50"), Value::Blank), stamp(None, number("1.5"), Value::Blank));
    }

    #[test]
    fn the_order_of_fields_is_no_part_of_a_stamp() {
        let field = |id: &str| FieldConflict {
            field: FieldId::new(id),
            base: None,
            values: Pair::new(Value::text(id), Value::Blank),
        };
        let of = |ids: [&str; 2]| stamp_of(&ConflictKind::Fields(ids.map(field).into()));
        assert_eq!(of(["a", "b"]), of(["b", "a"]));
    }
}
