//! What new rows would lack, and options of choices that are not there.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ColumnName, FieldId, Record, Side, TableDescription, Value, ValueDisplay};

use super::definition::{End, Field, Mapping};
use super::plain_values;
use super::transform::Transform;

/// The options of a table's choice columns: number and label.
pub type Choices = BTreeMap<ColumnName, Vec<(String, String)>>;

/// Returns the columns that a new row of a side must have and that no field, no `new_row` and no template is sure to fill.
#[must_use]
pub fn unfilled(
    mapping: &Mapping,
    side: Side,
    table: &TableDescription,
    required: &BTreeSet<ColumnName>,
) -> Vec<ColumnName> {
    if !mapping.may_create(side) {
        return Vec::new();
    }
    let sent =
        mapping.fields.iter().filter(|field| field.on_create[side]).flat_map(|field| field.columns(side));
    let filled: BTreeSet<&ColumnName> = sent.chain([&table.key]).collect();
    let is_filled = |column: &ColumnName| filled.contains(column) || mapping.always_sets(side, column);
    required.iter().filter(|column| !is_filled(column)).cloned().collect()
}

/// Returns what the mapping itself writes into choice columns of a side, or expects there, and is none of their options: values
/// of `new_row` and templates, constants, and keys of value maps.
#[must_use]
pub fn strange_options(mapping: &Mapping, side: Side, choices: &Choices) -> Vec<(ColumnName, String)> {
    let mut named: Vec<(&ColumnName, &Value)> =
        mapping.all_defaults(side).map(|(column, value)| (column, value)).collect();
    for field in &mapping.fields {
        let Some(column) = field.column(side) else { continue };
        if let Some(Transform::ValueMap(map)) = field.steps[side].first() {
            named.extend(map.pairs.iter().map(|(key, _)| (column, key)));
        } else if let (true, End::Constant(value)) =
            (field.direction.flows_to(side), &field.ends[side.other()])
        {
            named.push((column, value));
        }
    }
    let strange = named.into_iter().filter(|(column, value)| is_strange(choices, column, value));
    strange.map(|(column, value)| (column.clone(), ValueDisplay(value).to_string())).collect()
}

/// Returns the fields of a record whose values would be written into a choice column that has no such option.
#[must_use]
pub fn strange_values(
    mapping: &Mapping,
    side: Side,
    record: &Record,
    choices: &Choices,
) -> Vec<(FieldId, String)> {
    let is_written = |field: &&Field| !field.is_lookup() && field.direction.flows_to(side);
    let mut strange = Vec::new();
    for field in mapping.fields.iter().filter(is_written) {
        let Some(value) = record.get(&field.id) else { continue };
        for (column, value) in plain_values(field, side, value.clone()) {
            if is_strange(choices, &column, &value) {
                strange.push((field.id.clone(), ValueDisplay(&value).to_string()));
            }
        }
    }
    strange
}

fn is_strange(choices: &Choices, column: &ColumnName, value: &Value) -> bool {
    let (Some(options), Value::Number(number)) = (choices.get(column), value) else { return false };
    let number = number.normalize().to_string();
    options.iter().all(|(option, _)| *option != number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{Pair, TableAbilities};

    fn mapping(more: &str) -> Mapping {
        let text = format!(
            "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\ncreate=true\nnew_row={{kind=3}}\n\
             [[field]]\nid=\"f\"\nleft=\"a\"\nright=\"name\"\ndirection=\"->\"\n{more}"
        );
        parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap()
    }

    fn choices() -> Choices {
        let options =
            |numbers: &[&str]| numbers.iter().map(|number| ((*number).to_owned(), String::new())).collect();
        [("kind".into(), options(&["1", "2"])), ("state".into(), options(&["0", "1"]))].into()
    }

    #[test]
    fn a_required_column_is_filled_by_a_field_or_by_new_row() {
        let table = TableDescription {
            table: "r".into(),
            key: "id".into(),
            columns: [].into(),
            abilities: TableAbilities::default(),
        };
        let required = ["id".into(), "kind".into(), "name".into(), "quantity".into()].into();
        assert_eq!(unfilled(&mapping(""), Side::Right, &table, &required), ["quantity".into()]);
        assert_eq!(unfilled(&mapping(""), Side::Left, &table, &required), [], "nothing is made there");
    }

    #[test]
    fn options_that_are_not_there_are_named() {
        let found = |more: &str| strange_options(&mapping(more), Side::Right, &choices());
        assert_eq!(found(""), [("kind".into(), "3".to_owned())]);
        let field = |keys: &str| {
            format!("[[field]]\nid=\"g\"\nright=\"state\"\ndirection=\"->\"\ntype=\"number\"\n{keys}\n")
        };
        assert_eq!(found(&field("left_value=1")).len(), 1);
        assert_eq!(found(&field("left_value=7"))[1], ("state".into(), "7".to_owned()));
        let mut mapped = mapping(&field("left=\"b\"\nright_transform=[{ value_map = { 0 = 10, 5 = 20 } }]"));
        if let Some(Transform::ValueMap(map)) = mapped.fields[1].steps.right.first_mut() {
            map.fit(crate::model::ColumnKind::Choice);
        }
        assert_eq!(strange_options(&mapped, Side::Right, &choices())[1], ("state".into(), "5".to_owned()));
    }

    #[test]
    fn values_of_rows_that_no_option_is_for_are_found() {
        let field = "[[field]]\nid=\"g\"\nleft=\"b\"\nright=\"state\"\ndirection=\"->\"\ntype=\"number\"\n";
        let found = |field: &str, number: i64| {
            let record = Record::from_iter([("g".into(), Value::Number(number.into()))]);
            strange_values(&mapping(field), Side::Right, &record, &choices())
        };
        assert_eq!(found(field, 1), []);
        assert_eq!(found(field, 4), [("g".into(), "4".to_owned())]);
        assert_eq!(found(&field.replace("->", "<-"), 4), [], "nothing of it is written there");
    }
}
