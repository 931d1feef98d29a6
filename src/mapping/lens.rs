//! The lens laws (I31) on real values: what was read and would be written must read back as it was.

use crate::model::{FieldId, Record, Row, RowId, Side, TableDescription, Value, ValueDisplay};

use super::definition::{Field, Mapping};
use super::translate::{fits_field, read_back};

/// A value that a side cannot keep as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapse {
    pub field: FieldId,
    /// The side that would be written.
    pub side: Side,
    /// As people read it.
    pub value: String,
    pub problem: String,
}

/// Returns which values of a record the rows of one side could not keep. References are other tables' affair.
#[must_use]
pub fn lapses(mapping: &Mapping, side: Side, record: &Record, table: &TableDescription) -> Vec<Lapse> {
    let is_written = |field: &&Field| !field.is_lookup() && field.direction.flows_to(side);
    let lapse = |field: &Field| {
        let value = record.get(&field.id)?;
        let problem = problem(field, side, value, table)?;
        let value = ValueDisplay(value).to_string();
        Some(Lapse { field: field.id.clone(), side, value, problem })
    };
    mapping.fields.iter().filter(is_written).filter_map(lapse).collect()
}

fn problem(field: &Field, side: Side, value: &Value, table: &TableDescription) -> Option<String> {
    let values = match fits_field(field, side, value, table) {
        Ok(values) => values,
        Err(unfit) => return Some(unfit.to_string()),
    };
    let row = Row {
        id: RowId::new("sample"),
        version: None,
        modified_at: None,
        modified_by: None,
        values: values.into_iter().collect(),
    };
    match read_back(field, side, &row) {
        Ok(read) if read == *value => None,
        Ok(read) => Some(format!("{} would be read back as {}", field.id, ValueDisplay(&read))),
        Err(error) => Some(format!("{} could not be read back: {error}", field.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{Column, ColumnKind, Pair, TableAbilities};

    fn lapses_of(field: &str, value: Value) -> Vec<String> {
        let text = format!(
            "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n[[field]]\nid=\"f\"\nleft=\"a\"\nright=\"a\"\n{field}"
        );
        let mapping = parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap();
        let column = Column {
            kind: ColumnKind::Text,
            max_chars: Some(5),
            scale: None,
            creatable: true,
            updatable: true,
            targets: vec![],
        };
        let table = TableDescription {
            table: "l".into(),
            key: "id".into(),
            columns: [("a".into(), column)].into(),
            abilities: TableAbilities::default(),
        };
        let record = Record::from_iter([("f".into(), value)]);
        lapses(&mapping, Side::Left, &record, &table).into_iter().map(|lapse| lapse.problem).collect()
    }

    /// I31
    #[test]
    fn what_would_not_read_back_is_found() {
        let none: [&str; 0] = [];
        assert_eq!(lapses_of("direction=\"<->\"", Value::text("abc")), none);
        let long = lapses_of("direction=\"<->\"", Value::text("abcdef"));
        assert_eq!(long, ["f has 6 characters; a holds at most 5"]);
        assert_eq!(lapses_of("direction=\"->\"", Value::text("abcdef")), none, "it is not written there");
        let kept = "direction=\"<->\"\nleft_transform=[{ value_map = { x = \"one\" }, otherwise=\"keep\" }]";
        assert_eq!(lapses_of(kept, Value::text("one")), none);
        assert_eq!(lapses_of(kept, Value::text("two")), none);
        // What is kept as it is means something else there.
        assert_eq!(lapses_of(kept, Value::text("x")), ["f would be read back as \"one\""]);
        let map = "direction=\"<->\"\nleft_transform=[{ value_map = { x = \"one\" } }]";
        assert_eq!(lapses_of(map, Value::text("two")), ["f: \"two\" is not in the value map"]);
        let upper = "direction=\"<->\"\nleft_transform=[{ blank_is = \"none\" }]";
        assert_eq!(
            lapses_of(upper, Value::Blank),
            ["f: (blank) cannot be written: a blank there means \"none\""]
        );
        let html = lapses_of("direction=\"<->\"\nleft_transform=[\"html\"]", Value::text("a \nb"));
        assert_eq!(html.len(), 1, "{html:?}");
    }
}
