//! What people call connections, fields and values; the file and the command line share it.

use std::collections::BTreeMap;

use crate::model::{Conflict, ConflictKind, FieldConflict, FieldId, MappingName, Pair, RowId, Side, Value};

/// The names of the two connections of the mappings shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub left: String,
    pub right: String,
}

/// Keys of the file and words of answers: a connection with such a name is shown as `left` or `right`.
const RESERVED: [&str; 14] = [
    "left", "right", "later", "uncouple", "restore", "delete", "blank", "value", "answer", "name", "was",
    "id", "row", "stamp",
];

impl Names {
    /// Returns the words for the two sides: the connections' names, or `left` and `right` where those would mislead.
    #[must_use]
    pub fn shown(&self) -> Pair<&str> {
        let folded = [folded(&self.left), folded(&self.right)];
        let misleads = |name: &String| name.is_empty() || RESERVED.contains(&name.as_str());
        if folded[0] == folded[1] || folded.iter().any(misleads) {
            return Pair::from_fn(Side::word);
        }
        Pair::new(&self.left, &self.right)
    }

    /// Reads a side from a connection's name or from `left` and `right`.
    #[must_use]
    pub fn side(&self, word: &str) -> Option<Side> {
        let word = folded(word);
        let shown = self.shown();
        Side::BOTH.into_iter().find(|side| word == side.word() || word == folded(shown[*side]))
    }
}

/// How the fields of each mapping are shown and read.
pub type Faces = BTreeMap<MappingName, BTreeMap<FieldId, FieldFace>>;

/// How one field is shown and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFace {
    /// What people call the field.
    pub label: String,
    pub kind: FaceKind,
}

/// What kind of value a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaceKind {
    Text,
    Number,
    Flag,
    Date,
    Instant,
    /// Another row, with the names of the rows that are known.
    Reference(BTreeMap<RowId, String>),
}

/// Returns a field's face, made up from the values in conflict where the mapping gives none.
pub(super) fn face_of(faces: &Faces, mapping: &MappingName, field: &FieldConflict) -> FieldFace {
    let known = faces.get(mapping).and_then(|faces| faces.get(&field.field));
    known.cloned().unwrap_or_else(|| FieldFace { label: field.field.to_string(), kind: kind_of(field) })
}

fn kind_of(field: &FieldConflict) -> FaceKind {
    let values = [Some(&field.values.left), Some(&field.values.right), field.base.as_ref()];
    match values.into_iter().flatten().find(|value| !value.is_blank()) {
        None | Some(Value::Blank | Value::Text(_)) => FaceKind::Text,
        Some(Value::Number(_)) => FaceKind::Number,
        Some(Value::Flag(_)) => FaceKind::Flag,
        Some(Value::Date(_)) => FaceKind::Date,
        Some(Value::Instant(_)) => FaceKind::Instant,
        Some(Value::Reference(_) | Value::Uncoupled(..)) => FaceKind::Reference(BTreeMap::new()),
    }
}

/// Returns the fields in conflict; a deletion has none.
pub(super) fn fields_of(conflict: &Conflict) -> &[FieldConflict] {
    match &conflict.kind {
        ConflictKind::Fields(fields) => fields,
        ConflictKind::Deleted { .. } => &[],
    }
}

/// Returns what a field is called within its conflict: its label, or its id where two fields share a label.
pub(super) fn name_in(conflict: &Conflict, faces: &Faces, field: &FieldConflict) -> String {
    let label = face_of(faces, &conflict.mapping, field).label;
    let clashes = |other: &FieldConflict| {
        let other_label = face_of(faces, &conflict.mapping, other).label;
        other.field != field.field
            && (folded(&other_label) == folded(&label) || folded(other.field.as_str()) == folded(&label))
    };
    if folded(&label).is_empty() || fields_of(conflict).iter().any(clashes) {
        return field.field.to_string();
    }
    label
}

/// Finds a field of a conflict by the name it is shown under, or by its id.
pub(super) fn field_named<'a>(
    conflict: &'a Conflict,
    faces: &Faces,
    name: &str,
) -> Option<&'a FieldConflict> {
    let fields = fields_of(conflict);
    let exact = |field: &&FieldConflict| {
        field.field.as_str() == name || name_in(conflict, faces, field).as_str() == name
    };
    let close = |field: &&FieldConflict| {
        folded(field.field.as_str()) == folded(name)
            || folded(&name_in(conflict, faces, field)) == folded(name)
    };
    fields.iter().find(exact).or_else(|| fields.iter().find(close))
}

/// Folds what people vary without meaning to: case, blanks, hyphens, underscores and quotes around the whole.
pub(super) fn folded(text: &str) -> String {
    unquoted(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Takes off blanks and one pair of quotes, typographic ones included.
pub(super) fn unquoted(text: &str) -> &str {
    const QUOTES: [(char, char); 7] =
        [('"', '"'), ('\'', '\''), ('“', '”'), ('„', '“'), ('‘', '’'), ('«', '»'), ('”', '”')];
    let text = text.trim();
    let inner = |(open, close): (char, char)| text.strip_prefix(open)?.strip_suffix(close);
    QUOTES.into_iter().find_map(inner).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_read_from_its_name_or_its_place() {
        let names = Names { left: "business-central".into(), right: "dataverse".into() };
        for word in ["business-central", "Business Central", " LEFT ", "“business_central”"] {
            assert_eq!(names.side(word), Some(Side::Left), "{word}");
        }
        assert_eq!(names.side("Dataverse"), Some(Side::Right));
        assert_eq!(names.side("bizness"), None);
        assert_eq!(names.side(""), None);
    }

    #[test]
    fn names_that_would_mislead_give_way_to_left_and_right() {
        for (left, right) in
            [("right", "left"), ("crm", "CRM"), ("delete", "crm"), ("", "crm"), ("bc 1", "bc-1")]
        {
            let names = Names { left: left.into(), right: right.into() };
            assert_eq!(names.shown(), Pair::new("left", "right"));
            assert_eq!(names.side("right"), Some(Side::Right));
        }
    }

    fn field(id: &str, base: Option<Value>, values: [Value; 2]) -> FieldConflict {
        let [left, right] = values;
        FieldConflict { field: FieldId::new(id), base, values: Pair::new(left, right) }
    }

    #[test]
    fn a_field_without_a_face_is_of_the_kind_of_its_first_value() {
        let row = || Value::Reference(RowId::new("eur"));
        for (value, expected) in [
            (Value::text("x"), FaceKind::Text),
            (Value::Number(1.into()), FaceKind::Number),
            (Value::Flag(false), FaceKind::Flag),
            (Value::Date("2026-01-31".parse().unwrap()), FaceKind::Date),
            (Value::Instant("2026-01-31T10:00:00Z".parse().unwrap()), FaceKind::Instant),
            (row(), FaceKind::Reference(BTreeMap::new())),
            (Value::Uncoupled(Side::Left, RowId::new("x")), FaceKind::Reference(BTreeMap::new())),
        ] {
            let face = |field: &FieldConflict| face_of(&Faces::new(), &MappingName::new("M"), field);
            let (blank, other) = (|| Value::Blank, value.clone());
            assert_eq!(face(&field("f", None, [value, row()])).kind, expected);
            assert_eq!(face(&field("f", None, [blank(), other.clone()])).kind, expected);
            let only_before = face(&field("f", Some(other), [blank(), blank()]));
            assert_eq!((only_before.kind, only_before.label.as_str()), (expected, "f"));
        }
        assert_eq!(kind_of(&field("f", None, [Value::Blank, Value::Blank])), FaceKind::Text);
    }

    /// A conflict of these fields, each with its label.
    fn labelled(fields: &[(&str, &str)]) -> (Conflict, Faces) {
        let kind = ConflictKind::Fields(
            fields.iter().map(|(id, _)| field(id, None, [Value::text("1"), Value::text("2")])).collect(),
        );
        let conflict = Conflict {
            id: crate::model::ConflictId(1),
            mapping: MappingName::new("M"),
            rows: Pair::new(RowId::new("l"), RowId::new("r")),
            label: String::new(),
            stamp: super::super::stamp_of(&kind),
            kind,
            authors: Pair::default(),
            raised_at: jiff::Timestamp::UNIX_EPOCH,
            answer: None,
            answered_in: None,
            suggestion: None,
        };
        let face = |label: &str| FieldFace { label: label.to_owned(), kind: FaceKind::Text };
        let faces = fields.iter().map(|(id, label)| (FieldId::new(*id), face(label))).collect();
        (conflict, Faces::from([(MappingName::new("M"), faces)]))
    }

    #[test]
    fn a_field_is_called_by_its_label_unless_that_could_mean_another() {
        let check = |fields: &[(&str, &str)], expected: &[&str]| {
            let (conflict, faces) = labelled(fields);
            let names: Vec<_> =
                fields_of(&conflict).iter().map(|field| name_in(&conflict, &faces, field)).collect();
            assert_eq!(names, expected);
            for (name, field) in names.iter().zip(fields_of(&conflict)) {
                assert_eq!(field_named(&conflict, &faces, name), Some(field), "{name}");
            }
        };
        check(&[("a", "Phone"), ("b", "Fax")], &["Phone", "Fax"]);
        check(&[("a", "Phone"), ("b", "PHONE ")], &["a", "b"]);
        // One's label is the other's id.
        check(&[("a", "b"), ("b", "Fax")], &["a", "Fax"]);
        check(&[("a", " - "), ("b", "Fax")], &["a", "Fax"]);
        check(&[("phone", "Phone")], &["Phone"]);
    }

    #[test]
    fn a_field_is_found_by_label_or_id_however_it_is_written() {
        let (conflict, faces) = labelled(&[("phone_1", "Work phone"), ("phone_2", "Mobile")]);
        let found = |name: &str| field_named(&conflict, &faces, name).map(|field| field.field.as_str());
        for name in ["Work phone", "phone_1", "work-phone", "PHONE 1", " “Work phone” "] {
            assert_eq!(found(name), Some("phone_1"), "{name}");
        }
        assert_eq!((found("mobile"), found("fax"), found("")), (Some("phone_2"), None, None));
        // What is written exactly comes before what is only close.
        let (conflict, faces) = labelled(&[("ab", "x"), ("AB", "y")]);
        assert_eq!(field_named(&conflict, &faces, "AB").unwrap().field.as_str(), "AB");
    }

    #[test]
    fn one_pair_of_quotes_is_taken_off() {
        for text in ["x", "\"x\"", " 'x' ", "„x“", "«x»", "‘x’", "”x”"] {
            assert_eq!(unquoted(text), "x", "{text}");
        }
        for text in ["\"x", "x'", "\"x'"] {
            assert_eq!(unquoted(text), text);
        }
    }
}
