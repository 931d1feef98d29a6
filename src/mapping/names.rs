//! Lookups by a value: which fields of a mapping name its rows for others, and what they call a row.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FieldId, MappingName, Pair, Row, Side, TableDescription, Value};

use super::nearest::or_nearest;
use super::translate::read_back;
use super::{Field, FieldKind, LeftOut, Mapping, fitted};

/// Why a lookup cannot point to rows by that value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field} points to rows of {target} by {by}, {problem}")]
pub struct NoName {
    pub mapping: MappingName,
    pub field: FieldId,
    pub target: MappingName,
    pub by: FieldId,
    pub problem: String,
}

/// Notes with each mapping by which of its fields others point to its rows.
pub fn note_names(mappings: &mut [Mapping]) -> Result<(), NoName> {
    let mut wanted = Vec::new();
    for mapping in mappings.iter() {
        for (field, side) in mapping.fields.iter().flat_map(|field| Side::BOTH.map(|side| (field, side))) {
            let Some(lookup) = field.lookup() else { continue };
            let Some(by) = &lookup.by[side] else { continue };
            for target in &lookup.mappings {
                // That one is not in use at all is told elsewhere.
                let Some(index) = mappings.iter().position(|other| other.name == *target) else { continue };
                if let Some(problem) = is_no_name(&mappings[index], by) {
                    let (mapping, field) = (mapping.name.clone(), field.id.clone());
                    return Err(NoName { mapping, field, target: target.clone(), by: by.clone(), problem });
                }
                wanted.push((index, side, by.clone(), mapping.name.clone()));
            }
        }
    }
    for (index, side, by, mapping) in wanted {
        mappings[index].names[side].entry(by).or_default().insert(mapping);
    }
    Ok(())
}

/// Returns the mappings of rows to which a mapping's rows point by a value.
pub fn named_targets(mapping: &Mapping) -> BTreeSet<&MappingName> {
    let lookups = mapping.fields.iter().filter_map(Field::lookup);
    let by_value = lookups.filter(|lookup| Side::BOTH.into_iter().any(|side| lookup.by[side].is_some()));
    by_value.flat_map(|lookup| &lookup.mappings).collect()
}

/// Returns the fields that point to rows of `target` by a field of it for which its own tables have no column, and why.
#[must_use]
pub fn nameless(mapping: &Mapping, target: &Mapping, tables: &Pair<TableDescription>) -> Vec<LeftOut> {
    let target = fitted(target.clone(), tables);
    let why = |field: &Field| {
        let lookup = field.lookup().filter(|lookup| lookup.mappings.contains(&target.name))?;
        let mut names = Side::BOTH.into_iter().filter_map(|side| lookup.by[side].as_ref());
        let by = names.find(|by| target.field(by).is_none())?;
        let why = format!("it points to rows of {} by {by}, which these do not have here", target.name);
        Some(LeftOut { field: field.id.clone(), why })
    };
    mapping.fields.iter().filter_map(why).collect()
}

fn is_no_name(target: &Mapping, by: &FieldId) -> Option<String> {
    match target.field(by).map(|field| &field.kind) {
        Some(FieldKind::Text | FieldKind::Code) => None,
        Some(_) => Some("which holds no text".to_owned()),
        None => {
            let fields = target.fields.iter().map(|field| field.id.as_str());
            Some(or_nearest("which is no field of it in use".to_owned(), by.as_str(), fields))
        }
    }
}

/// Returns what a row is called, by field. A value that cannot be read names nothing.
#[must_use]
pub fn names_of(mapping: &Mapping, side: Side, row: &Row) -> BTreeMap<FieldId, String> {
    let is_name = |field: &&Field| mapping.names[side].contains_key(&field.id);
    let fields = mapping.fields.iter().filter(is_name);
    let name = |field: &Field| match read_back(field, side, row) {
        Ok(Value::Text(name)) => Some((field.id.clone(), name)),
        _ => None,
    };
    fields.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{Column, ColumnKind, RowId, TableAbilities};

    fn mapping(name: &str, fields: &str) -> Mapping {
        let text = format!(
            "name=\"{name}\"\nlabel=\"code\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n[[field]]\nid=\"code\"\nleft=\"code\"\n\
             right_value=\"\"\ndirection=\"match\"\ntype=\"code\"\n{fields}"
        );
        parse(name, &text, &Pair::new("erp".into(), "crm".into())).unwrap()
    }

    fn pointing(by: &str) -> Mapping {
        let owner = format!(
            "[[field]]\nid=\"owner\"\nleft=\"salesperson\"\nright=\"ownerid\"\ndirection=\"->\"\ntype=\"lookup\"\nlookup=\"PEOPLE\"\n\
             left_by=\"{by}\"\n"
        );
        mapping("CUSTOMER", &owner)
    }

    #[test]
    fn a_field_points_by_nothing_that_the_other_mapping_does_not_have_here() {
        let column = Column {
            kind: ColumnKind::Text,
            max_chars: None,
            scale: None,
            creatable: true,
            updatable: true,
            targets: vec![],
        };
        let table = |columns: &[&str]| TableDescription {
            table: "t".into(),
            key: "id".into(),
            columns: columns.iter().map(|name| ((*name).into(), column.clone())).collect(),
            abilities: TableAbilities::default(),
        };
        let alias =
            "[[field]]\nid=\"alias\"\nleft=\"alias\"\nright_value=\"\"\ndirection=\"match\"\noptional=true\n";
        let people = mapping("PEOPLE", alias);
        let told = |by: &str, columns: &[&str]| {
            let found = nameless(&pointing(by), &people, &Pair::new(table(columns), table(&[])));
            found.into_iter().map(|left| format!("{}: {}", left.field, left.why)).collect::<Vec<_>>()
        };
        assert_eq!(told("alias", &["code", "alias"]), Vec::<String>::new());
        assert_eq!(
            told("alias", &["code"]),
            ["owner: it points to rows of PEOPLE by alias, which these do not have here"]
        );
        assert_eq!(
            nameless(&people, &people, &Pair::new(table(&["code"]), table(&[]))),
            [],
            "points to none"
        );
        assert_eq!(named_targets(&pointing("code")), [&"PEOPLE".into()].into());
        assert_eq!(named_targets(&people), [].into());
    }

    #[test]
    fn a_row_is_called_by_the_fields_that_others_point_by() {
        let limit =
            "[[field]]\nid=\"limit\"\nleft=\"limit\"\nright=\"limit\"\ndirection=\"->\"\ntype=\"number\"\n";
        let mut mappings = [pointing("code"), mapping("PEOPLE", limit)];
        note_names(&mut mappings).unwrap();
        let names = Pair::new([("code".into(), ["CUSTOMER".into()].into())].into(), [].into());
        assert_eq!((&mappings[1].names, &mappings[0].names), (&names, &Pair::default()));
        let row = |code: Value| Row {
            id: RowId::new("ida"),
            version: None,
            modified_at: None,
            modified_by: None,
            values: [("code".into(), code)].into(),
        };
        let called =
            |code: Value| names_of(&mappings[1], Side::Left, &row(code)).into_iter().collect::<Vec<_>>();
        assert_eq!(called(Value::text("ih")), [("code".into(), "IH".to_owned())]);
        assert_eq!((called(Value::Blank), called(Value::Flag(true))), (vec![], vec![]));
        assert_eq!(names_of(&mappings[1], Side::Right, &row(Value::text("ih"))).len(), 0);
        let problem =
            |by: &str| note_names(&mut [pointing(by), mapping("PEOPLE", limit)]).unwrap_err().to_string();
        assert_eq!(
            problem("coed"),
            "field owner points to rows of PEOPLE by coed, which is no field of it in use; did you mean code?"
        );
        assert_eq!(problem("limit"), "field owner points to rows of PEOPLE by limit, which holds no text");
        assert_eq!(note_names(&mut [pointing("code")]), Ok(()), "what is not in use is told elsewhere");
    }
}
